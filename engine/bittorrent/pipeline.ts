/** BEP 3 asks for several requests in flight; five is what it names. */
export const PIPELINE_START = 5;
/** What a peer may be asked for at once when it does not say (`reqq`, BEP 10). */
export const REQQ_DEFAULT = 250;

export interface PipelineOptions {
  /** Most requests in flight whatever the peer allows: each stands for a 16 KiB slot. */
  readonly blocksMax: number;
  /** Work to leave at the peer beyond what is on its way, so that it never runs dry. */
  readonly queueTimeMs?: number;
}

const QUEUE_TIME_MS = 1000;
const RUN_BLOCKS_MAX = 16;
/** The rate is measured over 8 × 250 ms. */
const TICKS = 8;
const TICK_MS = 250;
const SHORT_TICKS = 4;

/**
 * How many requests to keep in flight with one peer. Starts at five and grows by one for each block that comes, so
 * it doubles with each round trip, as long as what is in flight is worth less than the shortest delay seen plus
 * {@link PipelineOptions.queueTimeMs} at the measured rate: bandwidth × delay, and a bounded queue. Falls with the
 * rate, never under five. Times are those of the runtime's clock.
 */
export class Pipeline {
  readonly #blocksMax: number;
  readonly #queueTimeMs: number;
  #peerMax = REQQ_DEFAULT;
  #target = PIPELINE_START;
  #outstanding = 0;
  /** Blocks of each tick of the window; the tick of a time is its number modulo {@link TICKS}. */
  readonly #ticks = new Uint32Array(TICKS);
  #tick = 0;
  #windowBlocks = 0;
  /** When the peer last went from idle to busy. */
  #busySinceMs = 0;
  /** When the last block came that left nothing in flight. */
  #idleSinceMs = Number.NEGATIVE_INFINITY;
  #shortestDelayMs = 0;
  #hasDelay = false;
  /** Requests that were answered, or will not be. */
  #settled = 0;
  /** Requests up to this one, counted like {@link #settled}, were in flight when the pipe was last filled. */
  #fullUntil = 0;
  /** One request is timed at once: answers come in order, so it is this many-th to settle. */
  #timed = -1;
  #timedAtMs = 0;

  constructor(options: PipelineOptions) {
    this.#blocksMax = Math.max(1, options.blocksMax);
    this.#queueTimeMs = options.queueTimeMs ?? QUEUE_TIME_MS;
    this.#clamp();
  }

  /** Requests to keep in flight now. */
  get target(): number {
    return this.#target;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /** How many more may be sent. */
  get room(): number {
    return Math.max(0, this.#target - this.#outstanding);
  }

  /**
   * Blocks to ask for in one run: a quarter of the pipe, 16 at most; so a slow peer holds few blocks of a piece.
   */
  get runBlocks(): number {
    return Math.min(RUN_BLOCKS_MAX, Math.max(1, this.#target >>> 2));
  }

  /**
   * Whether it is time to ask, for all that there is {@link room} for: when there is room for one run, and in a long pipe
   * for an eighth of it, so that a fast peer gets many requests at once and not a few with every read.
   */
  get isDue(): boolean {
    return this.room >= this.#step;
  }

  get #step(): number {
    return Math.max(this.runBlocks, this.#target >>> 3);
  }

  /** The shortest time from request to block, 0 before the first. */
  get shortestDelayMs(): number {
    return this.#shortestDelayMs;
  }

  /** `reqq` of the peer's extension handshake (BEP 10); what it makes no sense to obey is put right. */
  setPeerMax(reqq: number): void {
    this.#peerMax = Number.isFinite(reqq) && reqq >= 1 ? Math.floor(reqq) : REQQ_DEFAULT;
    this.#clamp();
  }

  /** `blocks` requests were sent. */
  sent(blocks: number, nowMs: number): void {
    // A pipe that a lump has emptied and that is filled again at once was not idle.
    if (this.#outstanding === 0 && nowMs - this.#idleSinceMs >= TICK_MS) this.#begin(nowMs);
    this.#outstanding += blocks;
    if (this.#outstanding + this.#step > this.#target) this.#fullUntil = this.#settled + this.#outstanding;
    if (this.#timed < 0) {
      this.#timed = this.#settled + this.#outstanding;
      this.#timedAtMs = nowMs;
    }
  }

  /** A block that was asked for is here. */
  received(nowMs: number): void {
    // Asked of the time it was sent: blocks often come in lumps, and only after the last one is there a new request.
    const wasFull = this.#settled < this.#fullUntil;
    this.#outstanding--;
    if (this.#outstanding === 0) this.#idleSinceMs = nowMs;
    this.#settled++;
    this.#count(nowMs);
    if (this.#timed >= 0 && this.#settled >= this.#timed) this.#timeDelay(nowMs);
    if (wasFull) this.#target++;
    const worth = this.blocksPerMs(nowMs) * (this.#shortestDelayMs + this.#queueTimeMs);
    this.#target = Math.min(this.#target, Math.ceil(worth));
    this.#clamp();
  }

  /** These requests will not be answered: rejected, cancelled, or dropped by a choke. */
  dropped(blocks: number): void {
    this.#outstanding = Math.max(0, this.#outstanding - blocks);
    this.#fullUntil = Math.min(this.#fullUntil, this.#settled + this.#outstanding);
    this.#timed = -1;
  }

  /**
   * The rate over the last two seconds or the last one, whichever is higher: the short one keeps up while the pipe
   * doubles, the long one bridges a stall. Both start when the peer became busy.
   */
  blocksPerMs(nowMs: number): number {
    this.#advance(nowMs);
    let shortBlocks = 0;
    for (let age = 0; age < SHORT_TICKS; age++) {
      shortBlocks += this.#ticks[(this.#tick + TICKS - age) % TICKS]!;
    }
    const busyMs = Math.max(nowMs - this.#busySinceMs, 0.1);
    const partMs = nowMs - this.#tick * TICK_MS;
    return Math.max(
      this.#windowBlocks / Math.min(busyMs, (TICKS - 1) * TICK_MS + partMs),
      shortBlocks / Math.min(busyMs, (SHORT_TICKS - 1) * TICK_MS + partMs),
    );
  }

  #begin(nowMs: number): void {
    this.#busySinceMs = nowMs;
    this.#ticks.fill(0);
    this.#windowBlocks = 0;
    this.#tick = Math.floor(nowMs / TICK_MS);
  }

  #count(nowMs: number): void {
    this.#advance(nowMs);
    this.#ticks[this.#tick % TICKS]!++;
    this.#windowBlocks++;
  }

  #advance(nowMs: number): void {
    const tick = Math.floor(nowMs / TICK_MS);
    if (tick - this.#tick >= TICKS) {
      this.#ticks.fill(0);
      this.#windowBlocks = 0;
      this.#tick = tick;
    }
    while (this.#tick < tick) {
      this.#tick++;
      const slot = this.#tick % TICKS;
      this.#windowBlocks -= this.#ticks[slot]!;
      this.#ticks[slot] = 0;
    }
  }

  #timeDelay(nowMs: number): void {
    const delayMs = nowMs - this.#timedAtMs;
    if (!this.#hasDelay || delayMs < this.#shortestDelayMs) this.#shortestDelayMs = delayMs;
    this.#hasDelay = true;
    this.#timed = -1;
  }

  #clamp(): void {
    const max = Math.min(this.#peerMax, this.#blocksMax);
    this.#target = Math.min(Math.max(this.#target, PIPELINE_START), max);
  }
}
