import type { Lease } from '../../kernels/lease.ts';
import type { ClientCiphers } from '../../kernels/relay-cells.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import { encodeDestroyReason } from '../cell/circuit-messages.ts';
import { CELL, CELL_BODY_AT } from '../cell/command.ts';
import { DESTROY_REASON } from '../cell/reason.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import type { ClockHealth } from '../flow/vegas.ts';
import type { CellBatch, Channel, ChannelEnd, ControlCell, LinkPeer } from '../link/types.ts';
import { type CircuitId, circuitId } from '../units.ts';
import { uint32At } from './bytes.ts';
import { type CircuitLink, ClientCircuit } from './circuit.ts';
import { CircuitInbox } from './circuit-inbox.ts';
import type { CircuitHandler, HopPlan } from './circuit-types.ts';
import type { HandshakeTurns } from './handshake-turns.ts';
import { CellOutbox } from './outbox.ts';
import { PayloadJoiner } from './payload-joiner.ts';
import type { ChannelConnector } from './types.ts';

/** Cells of one circuit before the next one has its turn. */
const CELLS_PER_TURN = 32;

export interface LinkModules {
  readonly slab: Slab;
  readonly ciphers: ClientCiphers;
  readonly clock: Clock;
  readonly random: Random;
  readonly clockHealth: ClockHealth;
  readonly connect: ChannelConnector;
}

export interface ClientLinkOptions {
  /** Whom to reach: what of it is known is checked. */
  readonly host: string;
  readonly port: number;
  readonly rsaFingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array | undefined;
  readonly allowPrivateAnswers: boolean;
}

/** Who owns a link. */
export interface ClientLinkHandler {
  onOpen(peer: LinkPeer): void;
  /** Once; its circuits have been told before. */
  onClosed(end: ChannelEnd): void;
}

/** A link to a first relay and the circuits over it. */
export class ClientLink implements CircuitLink {
  state: 'opening' | 'open' | 'closed' = 'opening';
  /** When its last circuit went; undefined while it has any. Milliseconds. */
  idleSinceMs: number | undefined;
  isDoubtful = false;
  /** When anything last came for a circuit. */
  #heardMs: number;
  readonly #modules: LinkModules & { readonly handshakes: HandshakeTurns };
  readonly #handler: ClientLinkHandler;
  readonly #channel: Channel;
  readonly #outbox: CellOutbox;
  readonly #joiner: PayloadJoiner;
  readonly #inbox: CircuitInbox;
  readonly #circuits = new Map<CircuitId, ClientCircuit>();
  /** Who has cells to send, in turn. */
  readonly #ready = new Set<ClientCircuit>();
  /** Who has more to send once the channel takes it. */
  readonly #blocked = new Set<ClientCircuit>();
  /** Closed in this turn; true: the relay has to be told. */
  readonly #closing = new Map<ClientCircuit, boolean>();
  #isFlushDue = false;
  #isWaitingForRoom = false;
  /** Of the batch being looked at: which cells are in the run of the kernel. */
  readonly #batchCircuits: ClientCircuit[] = [];
  readonly #batchBodies: number[] = [];
  readonly #batchIndexes: number[] = [];

  constructor(
    options: ClientLinkOptions,
    modules: LinkModules & { readonly handshakes: HandshakeTurns },
    handler: ClientLinkHandler,
  ) {
    this.#modules = modules;
    this.idleSinceMs = modules.clock.now();
    this.#heardMs = this.idleSinceMs;
    this.#handler = handler;
    const { host, port, rsaFingerprint, ed25519Id } = options;
    const expected = ed25519Id === undefined ? { rsaFingerprint } : { rsaFingerprint, ed25519Id };
    this.#channel = modules.connect(
      { host, port, expected },
      {
        onOpen: (peer) => this.#onOpen(peer),
        onCells: (batch) => this.#onCells(batch),
        onControl: (cell) => this.#onControl(cell),
        onWritable: () => this.#onWritable(),
        onClose: (end) => this.#onClose(end),
      },
    );
    this.#outbox = new CellOutbox({ ...modules, channel: this.#channel });
    this.#joiner = new PayloadJoiner(modules);
    this.#inbox = new CircuitInbox(options, {
      bytes: modules.slab.bytes,
      ciphers: modules.ciphers,
      joiner: this.#joiner,
    });
  }

  get circuitCount(): number {
    return this.#circuits.size;
  }

  get isBlocked(): boolean {
    return !this.#channel.writable;
  }

  /** Begins a circuit along these hops; the first is this link's relay. Throws SLAB_FULL beyond the kernel's room. */
  createCircuit(plans: readonly HopPlan[], params: ConsensusParams, handler: CircuitHandler): ClientCircuit {
    const circuit = new ClientCircuit(
      { id: this.#freeId(), plans, params },
      { ...this.#modules, link: this, handler },
    );
    this.#circuits.set(circuit.id, circuit);
    this.idleSinceMs = undefined;
    if (this.state === 'open') circuit.begin();
    return circuit;
  }

  /** Closes it, and the circuits with it; the link itself at the end of the turn. */
  close(reason: string): void {
    for (const circuit of [...this.#circuits.values()]) circuit.close(reason);
    // Not now: this may be a call from the middle of a batch, whose outcomes enciphering would overwrite.
    queueMicrotask(() => {
      if (this.state === 'closed') return;
      this.#flush();
      if (this.state === 'open') this.#channel.close(reason);
      else this.#channel.destroy(reason);
    });
  }

  doubt(sinceMs: number): void {
    if (this.#heardMs < sinceMs) this.isDoubtful = true;
  }

  sendControl(circuit: CircuitId, command: number, body: Uint8Array): void {
    this.#channel.sendControl(circuit, command, body);
  }

  wake(circuit: ClientCircuit): void {
    this.#ready.add(circuit);
    this.#scheduleFlush();
  }

  release(circuit: ClientCircuit, isDestroyDue: boolean): void {
    this.#circuits.delete(circuit.id);
    this.#ready.delete(circuit);
    this.#blocked.delete(circuit);
    this.#closing.set(circuit, isDestroyDue);
    if (this.#circuits.size === 0) this.idleSinceMs = this.#modules.clock.now();
    this.#scheduleFlush();
  }

  #hear(): void {
    this.#heardMs = this.#modules.clock.now();
    this.isDoubtful = false;
  }

  #onOpen(peer: LinkPeer): void {
    this.#hear();
    this.state = 'open';
    this.#handler.onOpen(peer);
    for (const circuit of [...this.#circuits.values()]) circuit.begin();
  }

  #onControl(cell: ControlCell): void {
    this.#hear();
    this.#circuits.get(cell.circuitId)?.onControl(cell.command, cell.body);
  }

  #onCells(batch: CellBatch): void {
    this.#hear();
    const { bytes } = this.#modules.slab;
    const { ciphers } = this.#modules;
    const { offsets, count, lease } = batch;
    let lastId = -1;
    let circuit: ClientCircuit | undefined;
    for (let i = 0; i < count; i++) {
      const at = offsets[i]!;
      const id = uint32At(bytes, at);
      if (id !== lastId) circuit = this.#circuits.get(circuitId(id));
      lastId = id;
      // A circuit that we have just closed is not known any more.
      if (circuit === undefined || circuit.state === 'closed') continue;
      if (bytes[at + 4] === CELL.relayEarly) {
        circuit.fail('relay-early-backwards');
        continue;
      }
      if (ciphers.full) this.#open(lease);
      this.#batchIndexes.push(ciphers.receive(circuit.cipher, at + CELL_BODY_AT, bytes[at + 4]!));
      this.#batchCircuits.push(circuit);
      this.#batchBodies.push(at + CELL_BODY_AT);
    }
    this.#open(lease);
    this.#joiner.flush();
  }

  /** Takes the layers off what was gathered and acts on it. Nothing is enciphered meanwhile: tags stay readable. */
  #open(lease: Lease): void {
    const { ciphers } = this.#modules;
    if (this.#batchCircuits.length === 0) return;
    ciphers.run();
    for (let i = 0; i < this.#batchCircuits.length; i++) {
      const circuit = this.#batchCircuits[i]!;
      if (circuit.state === 'closed') continue;
      this.#inbox.onCell(circuit, this.#batchBodies[i]!, this.#batchIndexes[i]!, lease);
    }
    this.#batchCircuits.length = 0;
    this.#batchBodies.length = 0;
    this.#batchIndexes.length = 0;
  }

  #scheduleFlush(): void {
    if (this.#isFlushDue || this.state === 'closed') return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /** Sends what circuits have, in turns, then gives back those that were closed. */
  #flush(): void {
    if (this.state === 'closed') return;
    const { bytes } = this.#modules.slab;
    let hasRoom = true;
    while (this.#ready.size > 0 && hasRoom) {
      const isBlocked = this.isBlocked;
      for (const circuit of [...this.#ready]) {
        hasRoom = circuit.fill(this.#outbox, CELLS_PER_TURN, isBlocked, bytes);
        if (!hasRoom) break;
        const hasWork = circuit.hasWork;
        if (hasWork && isBlocked) this.#blocked.add(circuit);
        if (!hasWork || isBlocked) this.#ready.delete(circuit);
      }
      this.#outbox.send();
    }
    this.#outbox.send();
    if (!hasRoom) this.#waitForRoom();
    this.#finishClosing();
  }

  #onWritable(): void {
    for (const circuit of this.#blocked) this.#ready.add(circuit);
    this.#blocked.clear();
    this.#scheduleFlush();
  }

  #waitForRoom(): void {
    if (this.#isWaitingForRoom) return;
    this.#isWaitingForRoom = true;
    this.#modules.slab.whenFree(() => {
      this.#isWaitingForRoom = false;
      this.#scheduleFlush();
    });
  }

  #finishClosing(): void {
    for (const [circuit, isDestroyDue] of this.#closing) {
      // tor-spec: a client gives no reason.
      if (isDestroyDue && this.state === 'open') {
        this.#channel.sendControl(circuit.id, CELL.destroy, encodeDestroyReason(DESTROY_REASON.none));
      }
      this.#modules.ciphers.close(circuit.cipher);
    }
    this.#closing.clear();
  }

  #onClose(end: ChannelEnd): void {
    if (this.state === 'closed') return;
    for (const circuit of [...this.#circuits.values()]) {
      circuit.end({ kind: 'channel', reason: end.reason === '' ? end.kind : end.reason }, false);
    }
    this.state = 'closed';
    this.#outbox.discard();
    this.#finishClosing();
    this.#ready.clear();
    this.#blocked.clear();
    this.#handler.onClosed(end);
  }

  /** tor-spec: whoever made the connection sets the top bit. By chance, so that old numbers hardly ever come again. */
  #freeId(): CircuitId {
    for (;;) {
      const id = circuitId((0x80000000 | this.#modules.random.below(0x7fffffff)) >>> 0);
      if (!this.#circuits.has(id)) return id;
    }
  }
}
