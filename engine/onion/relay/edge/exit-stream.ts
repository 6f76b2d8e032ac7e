import type { Lease } from '../../../kernels/lease.ts';
import type { ByteStream, Endpoint, Network, StreamEnd, StreamHandler } from '../../../runtime/port.ts';
import { encodeXoff, encodeXon } from '../../cell/flow-messages.ts';
import { RELAY } from '../../cell/relay-command.ts';
import { encodeConnected } from '../../cell/stream-messages.ts';
import { streamSendmesDue } from '../../flow/fixed-window.ts';
import {
  type DrainState,
  drainState,
  type FlowMessage,
  onStreamData,
  onStreamDrained,
} from '../../flow/xon-xoff.ts';
import type { StreamId } from '../../units.ts';
import type { RelayCircuit } from '../circuit.ts';
import { ROOM_SLOTS } from '../originator.ts';
import { type EdgeRoom, endReasonOf, TTL_SEC } from './edge-room.ts';
import { EdgeStream } from './edge-stream.ts';

const CONNECT_TIMEOUT_MS = 15_000;
/** Cells read ahead of what may be sent: a SENDME allows 31 or 50 more, and a read beyond that may be under way. */
const AHEAD_CELLS = 64;
/** With so much read ahead a stream stops reading. */
const AHEAD_BYTES = 16 * 1024;
const NOTHING = new Uint8Array(0);

/** A stream to the outside. Data that comes before the connection stands is kept until it does. */
export class ExitStream extends EdgeStream implements StreamHandler {
  readonly #room: EdgeRoom;
  readonly #drain: DrainState;
  #socket: ByteStream | undefined;
  #isPaused = false;
  /** The client has finished, and the connection is still there. */
  #isLingering = false;
  #isMemoryAwaited = false;
  /** Read, and not allowed out yet. */
  #held: Uint8Array = NOTHING;
  /** The connection is gone; END follows what is held. */
  #end: StreamEnd | undefined;
  /** Came before it is known where to connect to. */
  #early: Uint8Array[] = [];
  waitingBytes = 0;
  waitingSinceMs: number | undefined;

  constructor(circuit: RelayCircuit, id: StreamId, room: EdgeRoom) {
    super(circuit, id);
    this.#room = room;
    this.#drain = drainState(room.xon, true);
  }

  connect(to: Endpoint, network: Network): void {
    this.#socket = network.connect(to, this, { timeoutMs: CONNECT_TIMEOUT_MS });
    for (const bytes of this.#early.splice(0)) this.#socket.write(bytes, () => this.#taken(bytes.length));
  }

  onOpen(): void {
    if (this.isClosed) return;
    const { host } = this.#socket!.remote;
    this.#room.message(this, RELAY.connected, encodeConnected({ host, ttlSec: TTL_SEC }));
    this.#room.modules.turn.end();
  }

  /** As much as may be sent now, and at least what the next SENDME will allow: it is to find data ready. */
  readTarget(): Uint8Array {
    const { scratchAt, scratchBytes, modules } = this.#room;
    const cellBytes = this.circuit.format.dataBytesMax(RELAY.data);
    const wanted = Math.max(AHEAD_CELLS, this.#room.sendable(this));
    const cells = Math.min(wanted, Math.floor(scratchBytes / cellBytes));
    return modules.slab.bytes.subarray(scratchAt, scratchAt + cells * cellBytes);
  }

  onRead(length: number): void {
    if (this.isClosed) return;
    const { scratchAt, modules } = this.#room;
    const sent = this.#held.length > 0 ? 0 : this.#room.send(this, scratchAt, length);
    if (sent < length) {
      this.#hold(modules.slab.bytes.slice(scratchAt + sent, scratchAt + length));
      if (this.#room.sendable(this) > 0) this.#awaitMemory();
    }
    if (this.#held.length >= AHEAD_BYTES) this.#pause();
    modules.turn.end();
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    this.#socket = undefined;
    if (this.#isLingering) this.#room.lingering -= 1;
    this.#isLingering = false;
    if (this.isClosed) return;
    this.#end = end;
    this.#finish();
    this.#room.modules.turn.end();
  }

  onData(lease: Lease, offset: number, length: number): void {
    // The connection is gone, and END waits for what came over it.
    if (this.#end !== undefined) return;
    const { slab, room, clock, counters } = this.#room.modules;
    this.waitingBytes += length;
    room.streamBytes += length;
    this.waitingSinceMs ??= clock.now();
    counters.streamBytesOut += length;
    const { bytes } = slab;
    if (this.#socket === undefined) {
      this.#early.push(bytes.slice(offset, offset + length));
    } else if (room.isTight) {
      this.#socket.write(bytes.slice(offset, offset + length), () => this.#taken(length));
    } else {
      lease.retain();
      this.#socket.write(bytes.subarray(offset, offset + length), () => {
        lease.release();
        this.#taken(length);
      });
    }
    if (this.window !== undefined) return;
    this.#tell(onStreamData(this.#drain, this.#room.xon, this.waitingBytes, clock.now()));
  }

  onEnd(): void {
    this.isClosed = true;
    this.#dropEarly();
    this.#dropHeld();
    if (this.#socket === undefined) return;
    // What was sent is still to go out, at the pace of whoever takes it.
    this.#isLingering = true;
    this.#room.lingering += 1;
    this.#socket.end();
  }

  pump(): void {
    const cellBytes = this.circuit.format.dataBytesMax(RELAY.data);
    while (this.#held.length > 0) {
      const allowed = this.#room.sendable(this) * cellBytes;
      const length = Math.min(this.#held.length, this.#room.scratchBytes, allowed);
      if (length === 0) break;
      this.#room.modules.slab.bytes.set(this.#held.subarray(0, length), this.#room.scratchAt);
      const sent = this.#room.send(this, this.#room.scratchAt, length);
      this.#keep(this.#held.subarray(sent));
      if (sent === length) continue;
      this.#awaitMemory();
      break;
    }
    if (this.#end !== undefined) this.#finish();
    else if (this.#isPaused && this.#held.length < AHEAD_BYTES) {
      this.#isPaused = false;
      this.#socket?.resume();
    }
  }

  close(): void {
    this.isClosed = true;
    this.#dropEarly();
    this.#dropHeld();
    this.#socket?.destroy();
  }

  #dropEarly(): void {
    for (const { length } of this.#early.splice(0)) this.#taken(length);
  }

  /** Nobody wants any more what was read. */
  #dropHeld(): void {
    this.#keep(NOTHING);
  }

  /** It may send, and there is no room for cells: no SENDME will come to wake it. */
  #awaitMemory(): void {
    const { slab, turn } = this.#room.modules;
    if (this.#isMemoryAwaited) return;
    this.#isMemoryAwaited = true;
    slab.whenFree(() => {
      this.#isMemoryAwaited = false;
      if (this.isClosed || this.circuit.isClosed) return;
      turn.wake(this.circuit);
      turn.end();
    }, ROOM_SLOTS);
  }

  #pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#socket?.pause();
  }

  #hold(bytes: Uint8Array): void {
    if (this.#held.length === 0) {
      this.#keep(bytes);
      return;
    }
    const both = new Uint8Array(this.#held.length + bytes.length);
    both.set(this.#held);
    both.set(bytes, this.#held.length);
    this.#keep(both);
  }

  /** Notes what is held now, which is memory like any other. */
  #keep(bytes: Uint8Array): void {
    const { room, clock } = this.#room.modules;
    if (bytes.length < this.#held.length) this.heldSinceMs = undefined;
    room.streamBytes += bytes.length - this.#held.length;
    this.#held = bytes;
    this.heldBytes = bytes.length;
    if (bytes.length > 0) this.heldSinceMs ??= clock.now();
  }

  /** Says that the connection is gone, once all that came over it has been sent. */
  #finish(): void {
    if (this.#held.length > 0 || this.isClosed) return;
    this.isClosed = true;
    const { kind, code } = this.#end!;
    const reason = endReasonOf(kind, code);
    this.#room.end(this, reason);
  }

  /** The system took so many bytes, or never will. */
  #taken(length: number): void {
    this.waitingBytes -= length;
    const { clock, turn, room } = this.#room.modules;
    room.streamBytes -= length;
    if (this.waitingBytes === 0) this.waitingSinceMs = undefined;
    if (this.isClosed || this.circuit.isClosed) return;
    if (this.window !== undefined) {
      this.#room.sendStreamSendmes(this, streamSendmesDue(this.window, this.waitingBytes));
    } else {
      this.#tell(onStreamDrained(this.#drain, this.#room.xon, this.waitingBytes, length, clock.now()));
    }
    turn.end();
  }

  #tell(message: FlowMessage | undefined): void {
    if (message === undefined) return;
    if (message.kind === 'xoff') this.#room.message(this, RELAY.xoff, encodeXoff());
    else this.#room.message(this, RELAY.xon, encodeXon({ rateKbPerSec: message.kbps }));
  }
}
