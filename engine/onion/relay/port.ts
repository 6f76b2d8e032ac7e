import type { Lease } from '../../kernels/lease.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { CELL_BYTES, type CellCommand } from '../cell/command.ts';
import { EwmaScheduler } from '../flow/ewma-scheduler.ts';
import type { Channel } from '../link/types.ts';
import { type CircuitId, circuitId } from '../units.ts';
import type { RelayCounters } from './counters.ts';
import type { Leg } from './leg.ts';

/** tor-spec: who made the connection sets the highest bit of the circuit numbers that he chooses. */
const INITIATOR_BIT = 0x8000_0000;
/** Draws of a number before a link counts as full. */
const ID_DRAWS_MAX = 64;
/** Cells that a circuit sends before the scheduler looks again. */
const TURN_CELLS = 16;
/** From so many waiting cells on a circuit counts as clogged, until few are left. C tor: CELL_QUEUE_HIGHWATER_SIZE. */
const QUEUE_HIGH_CELLS = 256;
const QUEUE_LOW_CELLS = 64;

/** What a {@link Port} tells. */
export interface PortEvents {
  /** A direction of a circuit that had cells waiting has few left. */
  onRoom(leg: Leg): void;
  /** There was no memory to let a cell wait, or too many wait. */
  onOverflow(leg: Leg, reason: 'queue-cells' | 'memory'): void;
}

/**
 * A link as the circuits on it see it: who has which number, and whose cells go out next. Cells go to the link at
 * once while it takes them; else they wait, circuit by circuit.
 */
export class Port {
  readonly channel: Channel;
  /** By circuit number. */
  readonly legs = new Map<number, Leg>();
  /** Since when nothing runs over it, milliseconds. */
  idleSinceMs: number;
  isOpen = false;
  /** Since when cells have been waiting without any of them being taken, milliseconds; undefined: none are. */
  stuckSinceMs: number | undefined;
  readonly #events: PortEvents;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #counters: RelayCounters;
  readonly #queueCellsMax: number;
  readonly #scheduler: EwmaScheduler<Leg>;

  constructor(
    options: { readonly halflifeMs: number; readonly queueCellsMax: number },
    modules: {
      readonly channel: Channel;
      readonly clock: Clock;
      readonly random: Random;
      readonly counters: RelayCounters;
      readonly events: PortEvents;
    },
  ) {
    this.channel = modules.channel;
    this.#clock = modules.clock;
    this.#random = modules.random;
    this.#counters = modules.counters;
    this.#events = modules.events;
    this.#queueCellsMax = options.queueCellsMax;
    this.#scheduler = new EwmaScheduler(options);
    this.idleSinceMs = modules.clock.now();
  }

  /** Whether cells go to the link at once, whoever's they are. */
  get isDirect(): boolean {
    return this.#scheduler.activeCount === 0 && this.channel.writable;
  }

  /** Whether a number is one that the peer may choose. */
  isPeersId(id: number): boolean {
    return id !== 0 && ((id & INITIATOR_BIT) !== 0) !== this.channel.initiated;
  }

  /** A number of ours that is free; undefined when the link is full. */
  freshId(): CircuitId | undefined {
    const bit = this.channel.initiated ? INITIATOR_BIT : 0;
    for (let draw = 0; draw < ID_DRAWS_MAX; draw += 1) {
      const id = (this.#random.below(INITIATOR_BIT) + bit) >>> 0;
      if (id !== 0 && !this.legs.has(id)) return circuitId(id);
    }
    return undefined;
  }

  /** Cells that {@link isDirect} was true for; `leg` has `cells` of them on its account. */
  sendDirect(lease: Lease, offset: number, byteLength: number): void {
    this.#counters.cellsOut += byteLength / CELL_BYTES;
    this.channel.sendRange(lease, offset, byteLength);
  }

  charge(leg: Leg, cells: number): void {
    this.#scheduler.charge(leg, cells, this.#clock.now());
  }

  /** Cells of one circuit that have to wait. */
  enqueue(leg: Leg, lease: Lease, offset: number, cells: number): void {
    this.#counters.cellsQueued += cells;
    if (leg.queue.cells + cells > this.#queueCellsMax) {
      this.#events.onOverflow(leg, 'queue-cells');
    } else if (!leg.queue.push(lease, offset, cells, this.#clock.now())) {
      this.#events.onOverflow(leg, 'memory');
    } else {
      if (leg.queue.cells >= QUEUE_HIGH_CELLS) leg.isClogged = true;
      this.#scheduler.activate(leg);
      this.stuckSinceMs ??= this.#clock.now();
      if (this.channel.writable) this.drain();
    }
  }

  /** Sends what waits, circuit by circuit, until the link is full. */
  drain(): void {
    const nowMs = this.#clock.now();
    while (this.channel.writable) {
      const leg = this.#scheduler.next();
      this.stuckSinceMs = leg === undefined ? undefined : nowMs;
      if (leg === undefined) return;
      const cells = leg.queue.shift(TURN_CELLS, this.#send);
      if (leg.queue.cells === 0) this.#scheduler.deactivate(leg);
      this.#scheduler.charge(leg, cells, nowMs);
      if (leg.isClogged && leg.queue.cells <= QUEUE_LOW_CELLS) {
        leg.isClogged = false;
        this.#events.onRoom(leg);
      }
    }
  }

  sendControl(id: CircuitId, command: CellCommand, body: Uint8Array): void {
    this.#counters.controlOut += 1;
    this.channel.sendControl(id, command, body);
  }

  add(leg: Leg): void {
    this.legs.set(leg.id, leg);
  }

  /** The circuit is gone from this link; what waits for it is forgotten. */
  remove(leg: Leg): void {
    if (this.legs.get(leg.id) === leg) this.legs.delete(leg.id);
    this.#scheduler.deactivate(leg);
    leg.queue.clear();
    if (this.legs.size === 0) this.idleSinceMs = this.#clock.now();
  }

  setHalflife(halflifeMs: number): void {
    this.#scheduler.setHalflife(halflifeMs, this.#clock.now());
  }

  readonly #send = (lease: Lease, offset: number, byteLength: number): void => {
    this.sendDirect(lease, offset, byteLength);
  };
}
