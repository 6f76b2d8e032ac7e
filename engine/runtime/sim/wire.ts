import type { SimRandom } from './chance.ts';
import type { Pacer } from './pacer.ts';
import type { Path } from './path.ts';
import type { Segment, SegmentPool } from './segment.ts';
import type { Timeline } from './timeline.ts';

export interface WireOptions {
  /** Bytes the sender's system takes before it makes the writer wait. */
  readonly sendBufferBytes: number;
  /** Bytes that may be under way or lie unread at the receiver. */
  readonly windowBytes: number;
}

export interface WireModules {
  readonly timeline: Timeline;
  readonly pool: SegmentPool;
  /** The sender's luck. */
  readonly chance: SimRandom;
  readonly path: Path;
  readonly back: Path;
  /** The sender's and the receiver's own lines. */
  readonly up: Pacer;
  readonly down: Pacer;
  readonly sender: WireSender;
  /** The next segment is there; from now on the receiver's. */
  readonly arrived: (segment: Segment) => void;
  /** Whether the receiver's machine runs. */
  readonly isUp: () => boolean;
}

/** The writer's side. */
export interface WireSender {
  /** There may be room in the send buffer again. */
  drained(): void;
  /** The path was cut for too long: the system gives up. */
  gaveUp(): void;
  /** The other end knows nothing of this stream. */
  refused(): void;
}

/** One direction of a stream, ordered and reliable. */
export interface StreamWire {
  /** Bytes the send buffer takes now. */
  readonly room: number;
  /** Bytes taken that have not left. */
  readonly waitingBytes: number;
  /** Copies as much of `bytes` from `start` on as there is room for; the count. {@link push} sends it. */
  take(bytes: Uint8Array, start: number): number;
  /** Ends the stream, behind what was taken before. */
  mark(kind: 'end' | 'reset'): void;
  /** Sends what may be sent. */
  push(): void;
  /** The receiver has read so many bytes. */
  read(length: number): void;
  /** The receiver is gone and says so to the sender. */
  bounce(): void;
  /** Nothing more will arrive, not even what is under way. */
  kill(): void;
}

/** Linux gives up after about so many repetitions (tcp_retries2). */
const ATTEMPTS_MAX = 15;
const RETRANSMIT_MS_MAX = 120_000;
/** A slow line is cut finer, so that streams take turns: so long may one segment occupy it. */
const TURN_MS = 20;
const SEGMENT_BYTES_MIN = 1460;

/**
 * One direction of a stream: ordered and reliable, through the sender's line, the path and the receiver's line.
 * Each stream has at most one segment in either line, so streams share a line fairly. Loss is delay.
 */
export class Wire implements StreamWire {
  readonly #options: WireOptions;
  readonly #modules: WireModules;
  /** In the send buffer. The last one may still be filled up. */
  #waiting: Segment[] = [];
  #waitingBytes = 0;
  /** Sent, not arrived. */
  #flying: Segment[] = [];
  /** There is an event for the first of them. */
  #awaiting = false;
  /** The last one sent is still in the sender's line. */
  #leaving = false;
  #lastArrivalMs = 0;
  /** Sent and, as far as the sender knows, not read. */
  #windowUsed = 0;
  /** Acknowledgements on their way back: when, how many bytes. */
  #acks: { readonly timeMs: number; readonly length: number }[] = [];
  #wakeAtMs = Infinity;
  #dead = false;

  constructor(options: WireOptions, modules: WireModules) {
    this.#options = options;
    this.#modules = modules;
  }

  get room(): number {
    return Math.max(0, this.#options.sendBufferBytes - this.#waitingBytes);
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  take(bytes: Uint8Array, start: number): number {
    const total = Math.min(this.room, bytes.length - start);
    const limit = this.#segmentBytes();
    for (let done = 0; done < total; ) {
      const last = this.#openSegment(limit, total - done);
      const length = Math.min(Math.min(limit, last.buffer.length) - last.end, total - done);
      last.buffer.set(bytes.subarray(start + done, start + done + length), last.end);
      last.end += length;
      done += length;
    }
    this.#waitingBytes += total;
    return total;
  }

  mark(kind: 'end' | 'reset'): void {
    if (kind === 'reset') this.#dropWaiting();
    this.#waiting.push(this.#modules.pool.mark(kind));
    this.push();
  }

  push(): void {
    const { timeline, up, path, chance } = this.#modules;
    while (!this.#dead && !this.#leaving && this.#waiting.length > 0) {
      const next = this.#waiting[0]!;
      const length = next.end - next.start;
      if (length > 0 && !this.#windowAllows(length)) return;
      this.#waiting.shift();
      this.#waitingBytes -= length;
      this.#windowUsed += length;
      const outMs = up.pass(timeline.nowMs, length);
      const leftMs = path.pacer.pass(outMs, length);
      let arrivalMs = leftMs + path.delayMs(chance);
      for (let lost = 0; lost < ATTEMPTS_MAX && path.loses(length, chance); lost++) {
        arrivalMs += path.retransmitMs * 2 ** lost;
      }
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs);
      next.arrivalMs = this.#lastArrivalMs;
      this.#flying.push(next);
      this.#awaitFirst();
      // The next one may follow when this one has left the line and entered the path.
      const nextMs = Math.max(outMs, leftMs - path.pacer.durationMs(length));
      if (nextMs > timeline.nowMs) this.#leave(nextMs);
    }
  }

  read(length: number): void {
    const { timeline, back } = this.#modules;
    this.#acks.push({ timeMs: timeline.nowMs + back.latencyMs, length });
    if (this.#waiting.length > 0) this.#wakeForAck();
  }

  bounce(): void {
    const { timeline, back, sender } = this.#modules;
    if (this.#dead) return;
    timeline.at(timeline.nowMs + back.latencyMs, () => sender.refused());
  }

  kill(): void {
    this.#dead = true;
    this.#dropWaiting();
    for (const segment of this.#flying) this.#modules.pool.release(segment);
    this.#flying = [];
  }

  #segmentBytes(): number {
    const { pool, up, path } = this.#modules;
    const rate = Math.min(up.rateBytesPerSec, path.pacer.rateBytesPerSec);
    const turn = Math.floor((rate * TURN_MS) / 1000);
    return Math.min(pool.segmentBytes, Math.max(SEGMENT_BYTES_MIN, turn));
  }

  #openSegment(limit: number, wanted: number): Segment {
    const last = this.#waiting.at(-1);
    if (last?.kind === 'data' && last.end < Math.min(limit, last.buffer.length)) return last;
    const fresh = this.#modules.pool.data(wanted);
    this.#waiting.push(fresh);
    return fresh;
  }

  #leave(nextMs: number): void {
    this.#leaving = true;
    this.#modules.timeline.at(nextMs, () => {
      this.#leaving = false;
      if (this.#dead) return;
      this.push();
      this.#modules.sender.drained();
    });
  }

  #windowAllows(length: number): boolean {
    const { nowMs } = this.#modules.timeline;
    let known = 0;
    while (known < this.#acks.length && this.#acks[known]!.timeMs <= nowMs) {
      this.#windowUsed -= this.#acks[known]!.length;
      known++;
    }
    if (known > 0) this.#acks.splice(0, known);
    if (this.#windowUsed + length <= this.#options.windowBytes || this.#windowUsed === 0) return true;
    this.#wakeForAck();
    return false;
  }

  #wakeForAck(): void {
    const { timeline, sender } = this.#modules;
    const timeMs = this.#acks[0]?.timeMs;
    if (timeMs === undefined || this.#wakeAtMs <= timeMs) return;
    this.#wakeAtMs = timeMs;
    timeline.at(timeMs, () => {
      this.#wakeAtMs = Infinity;
      if (this.#dead) return;
      this.push();
      sender.drained();
    });
  }

  #awaitFirst(): void {
    if (this.#awaiting) return;
    this.#awaiting = true;
    this.#modules.timeline.at(this.#flying[0]!.arrivalMs, () => {
      this.#awaiting = false;
      this.#arrive();
    });
  }

  #arrive(): void {
    for (;;) {
      const segment = this.#flying[0];
      if (this.#dead || segment === undefined) return;
      if (!this.#comesThrough(segment)) {
        // It may have given up on it.
        if (!this.#dead) this.#awaitFirst();
        return;
      }
      this.#flying.shift();
      this.#modules.arrived(segment);
    }
  }

  /** Whether the first segment is there now; if not, its `arrivalMs` says when to look again. */
  #comesThrough(segment: Segment): boolean {
    const { timeline, path, down, isUp } = this.#modules;
    if (segment.arrivalMs > timeline.nowMs) return false;
    if (path.cut || !isUp()) {
      this.#repeat(segment);
      return false;
    }
    if (!segment.paced) {
      segment.paced = true;
      segment.arrivalMs = down.pass(timeline.nowMs, segment.end - segment.start);
    }
    return segment.arrivalMs <= timeline.nowMs;
  }

  #repeat(segment: Segment): void {
    const { timeline, path, sender } = this.#modules;
    const waitMs = Math.min(RETRANSMIT_MS_MAX, path.retransmitMs * 2 ** segment.attempts);
    segment.attempts++;
    segment.arrivalMs = timeline.nowMs + waitMs;
    if (segment.attempts <= ATTEMPTS_MAX) return;
    this.kill();
    sender.gaveUp();
  }

  #dropWaiting(): void {
    for (const segment of this.#waiting) this.#modules.pool.release(segment);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
