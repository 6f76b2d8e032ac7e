import type { Lease } from '../../../kernels/lease.ts';
import { END_REASON } from '../../cell/reason.ts';
import { streamSendmesDue } from '../../flow/fixed-window.ts';
import type { StreamId } from '../../units.ts';
import type { RelayCircuit } from '../circuit.ts';
import { ROOM_SLOTS } from '../originator.ts';
import type { DirectoryHandler } from '../services.ts';
import type { EdgeRoom } from './edge-room.ts';
import { EdgeStream } from './edge-stream.ts';

/** A stream to the relay's own directory: one request, one answer, END. tor-spec, BEGIN_DIR. */
export class DirectoryStream extends EdgeStream {
  readonly #room: EdgeRoom;
  readonly #handler: DirectoryHandler;
  readonly #requestBytesMax: number;
  #request: Uint8Array;
  #length = 0;
  /** What of the answer is left; undefined: there is none yet. */
  #answer: Uint8Array | undefined;
  #isAnswering = false;
  #isMemoryAwaited = false;
  waitingBytes = 0;
  waitingSinceMs: number | undefined;

  constructor(
    circuit: RelayCircuit,
    id: StreamId,
    options: { readonly requestBytesMax: number },
    modules: { readonly room: EdgeRoom; readonly handler: DirectoryHandler },
  ) {
    super(circuit, id);
    this.#room = modules.room;
    this.#handler = modules.handler;
    this.#requestBytesMax = options.requestBytesMax;
    this.#request = new Uint8Array(1024);
  }

  onData(_lease: Lease, offset: number, length: number): void {
    if (this.#isAnswering) return;
    if (this.#length + length > this.#requestBytesMax) {
      this.#stop(END_REASON.resourceLimit);
      return;
    }
    const { slab, clock, counters } = this.#room.modules;
    this.#grow(this.#length + length);
    this.#request.set(slab.bytes.subarray(offset, offset + length), this.#length);
    this.#length += length;
    this.#setWaiting(this.#length);
    this.waitingSinceMs ??= clock.now();
    counters.streamBytesOut += length;
    if (this.window !== undefined) {
      this.#room.sendStreamSendmes(this, streamSendmesDue(this.window, 0));
    }
    this.#ask();
  }

  onEnd(): void {
    this.close();
  }

  pump(): void {
    const { slab, turn } = this.#room.modules;
    let answer = this.#answer;
    while (answer !== undefined && answer.length > 0 && !this.isClosed) {
      const length = Math.min(answer.length, this.#room.scratchBytes);
      slab.bytes.set(answer.subarray(0, length), this.#room.scratchAt);
      const sent = this.#room.send(this, this.#room.scratchAt, length);
      answer = answer.subarray(sent);
      this.#answer = answer;
      this.#setWaiting(answer.length);
      if (sent < length) {
        // Without memory for cells nothing else would wake it.
        if (!this.#isMemoryAwaited && this.#room.sendable(this) > 0) {
          this.#isMemoryAwaited = true;
          slab.whenFree(() => this.#goOn(), ROOM_SLOTS);
        }
        return;
      }
    }
    if (answer !== undefined && !this.isClosed) this.#stop(END_REASON.done);
    if (this.isClosed) turn.wake(this.circuit);
  }

  close(): void {
    this.isClosed = true;
    this.#answer = undefined;
    this.#setWaiting(0);
    this.waitingSinceMs = undefined;
  }

  #setWaiting(byteLength: number): void {
    this.#room.modules.room.streamBytes += byteLength - this.waitingBytes;
    this.waitingBytes = byteLength;
  }

  #goOn(): void {
    this.#isMemoryAwaited = false;
    if (this.isClosed) return;
    this.pump();
    this.#room.modules.turn.end();
  }

  #ask(): void {
    const answer = this.#handler(
      this.#request.subarray(0, this.#length),
      this.circuit.prev.port.channel.peer,
    );
    if (answer === undefined) return;
    this.#isAnswering = true;
    this.#room.modules.counters.directoryRequests += 1;
    if (answer instanceof Uint8Array) {
      this.#begin(answer);
      return;
    }
    answer.then(
      (bytes) => this.#begin(bytes),
      () => this.#fail(),
    );
  }

  /** Goes out at the end of the turn: an answer at once would come in the middle of the cells being worked on. */
  #begin(answer: Uint8Array): void {
    if (this.isClosed) return;
    this.#answer = answer;
    this.#setWaiting(answer.length);
    const { turn } = this.#room.modules;
    turn.wake(this.circuit);
    queueMicrotask(() => turn.end());
  }

  #fail(): void {
    if (this.isClosed) return;
    this.#stop(END_REASON.internal);
    this.#room.modules.turn.end();
  }

  #stop(reason: (typeof END_REASON)[keyof typeof END_REASON]): void {
    this.close();
    this.#room.end(this, reason);
  }

  #grow(length: number): void {
    if (length <= this.#request.length) return;
    const larger = new Uint8Array(
      Math.min(Math.max(length, 2 * this.#request.length), this.#requestBytesMax),
    );
    larger.set(this.#request.subarray(0, this.#length));
    this.#request = larger;
  }
}
