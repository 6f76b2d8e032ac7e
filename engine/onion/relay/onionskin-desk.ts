import type { Clock, Random } from '../../runtime/port.ts';
import type { Create2Fault, HandshakeDone } from '../crypto/create2-server.ts';
import { NTOR_V3_HANDSHAKE } from '../crypto/ntor-v3.ts';
import type { Outcome } from '../crypto/outcome.ts';
import { HandshakeQueue, type HandshakeQueueOptions } from '../flow/handshake-queue.ts';
import type { RelayCircuit } from './circuit.ts';
import type { RelayCounters } from './counters.ts';
import type { OnionskinService } from './services.ts';

interface Task {
  readonly circuit: RelayCircuit;
  readonly type: number;
  readonly onionSkin: Uint8Array;
}

const KEY_BYTES = 32;

/** The CREATE2 cells of all links on their way through the {@link OnionskinService}, and those that wait for it. */
export class OnionskinDesk {
  readonly #queue: HandshakeQueue<Task>;
  readonly #service: OnionskinService;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #counters: RelayCounters;
  readonly #done: (circuit: RelayCircuit, outcome: Outcome<HandshakeDone, Create2Fault>) => void;
  readonly #dropped: (circuit: RelayCircuit) => void;
  #inFlight = 0;
  #isScheduled = false;

  constructor(
    options: HandshakeQueueOptions,
    modules: {
      readonly service: OnionskinService;
      readonly clock: Clock;
      readonly random: Random;
      readonly counters: RelayCounters;
      /** The circuit may be closed by then. */
      readonly done: (circuit: RelayCircuit, outcome: Outcome<HandshakeDone, Create2Fault>) => void;
      /** It has waited for so long that nobody wants it any more. */
      readonly dropped: (circuit: RelayCircuit) => void;
    },
  ) {
    this.#queue = new HandshakeQueue(options);
    this.#service = modules.service;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#counters = modules.counters;
    this.#done = modules.done;
    this.#dropped = modules.dropped;
  }

  get length(): number {
    return this.#queue.length + this.#inFlight;
  }

  /** Takes one in; `onionSkin` is kept. False: there are too many. */
  push(circuit: RelayCircuit, type: number, onionSkin: Uint8Array): boolean {
    const kind = kindOf(type);
    if (!this.#queue.push({ circuit, type, onionSkin }, kind, this.#clock.now())) {
      this.#counters.handshakesDropped[kind] += 1;
      return false;
    }
    this.#work();
    return true;
  }

  #work(): void {
    if (this.#isScheduled) return;
    const room = this.#service.parallelMax - this.#inFlight;
    if (room > 0) {
      const tasks = this.#queue.take(room, this.#clock.now(), (task) => {
        this.#counters.handshakesDropped[kindOf(task.type)] += 1;
        this.#dropped(task.circuit);
      });
      for (const task of tasks) this.#answer(task);
    }
    // A service that answers at once is given a turn for each of its handfuls.
    if (this.#queue.length === 0 || this.#inFlight > 0) return;
    this.#isScheduled = true;
    this.#clock.setTimer(0, () => {
      this.#isScheduled = false;
      this.#work();
    });
  }

  #answer(task: Task): void {
    const { circuit, type, onionSkin } = task;
    if (circuit.isClosed) return;
    const kind = kindOf(type);
    const beganMs = this.#clock.now();
    let isLate = false;
    this.#inFlight += 1;
    const ephemeralPrivateKey = this.#random.bytes(KEY_BYTES);
    this.#service.answer({ type, onionSkin, ephemeralPrivateKey }, (outcome) => {
      this.#inFlight -= 1;
      this.#queue.noteDone(kind, 1, this.#clock.now() - beganMs);
      this.#counters.handshakes[kind] += 1;
      this.#done(circuit, outcome);
      if (isLate) this.#work();
    });
    isLate = true;
  }
}

function kindOf(type: number): 'ntor' | 'ntor3' {
  return type === NTOR_V3_HANDSHAKE ? 'ntor3' : 'ntor';
}
