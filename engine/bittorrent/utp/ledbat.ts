/** BEP 29, CCONTROL_TARGET: the queue that uTP allows itself. */
export const TARGET_DELAY_MS = 100;
/** BEP 29, MAX_CWND_INCREASE_PACKETS_PER_RTT, in bytes. */
const GAIN_BYTES_PER_ROUND = 3000;
/** For so many round trips after a loss to congestion the window grows no faster than TCP's (RFC 6817, GAIN). */
const CAREFUL_ROUNDS = 100;
/** RFC 6817, MIN_CWND, in packets. */
const WINDOW_PACKETS_MIN = 2;
/** RFC 6928: about as much as TCP begins with. */
const WINDOW_BYTES_START = 14_600;
/** Of a round's packets; more losses than this are no bad luck. */
const LUCK_SHARE = 0.02;
/** Of the longest queue seen: a full one is at least so long when its losses are noticed. */
const FULL_SHARE = 0.75;

export interface LedbatOptions {
  /** Payload of a full packet. */
  readonly packetBytes: number;
  readonly windowBytesMax: number;
}

/** A loss, as {@link Ledbat.onLoss} judges it. */
export interface Loss {
  /** The queue now, and the longest of the last minutes. */
  readonly queueMs: number;
  readonly longestQueueMs: number;
  /** Packets lost in this round, and under way when it began. */
  readonly lost: number;
  readonly outstanding: number;
}

/**
 * How much may be under way (BEP 29, RFC 6817): grows while the queue is shorter than the target, shrinks while it is
 * longer, so that anything that fills queues, TCP above all, comes first.
 *
 * One rule is ours. BEP 29 halves the window for every loss; on a path that loses a packet in a thousand for no
 * reason that leaves most of it unused. A loss comes of congestion when the queue is nearly as long as it ever gets,
 * or when more than two in a hundred packets of a round are gone; then the window is halved. Otherwise it stays.
 */
export class Ledbat {
  /** Bytes of payload that may be under way. */
  windowBytes: number;
  private readonly options: LedbatOptions;
  private slowStart = true;
  /** Where slow start ends at the latest. */
  private thresholdBytes = Infinity;
  private carefulRounds = 0;

  constructor(options: LedbatOptions) {
    this.options = options;
    this.windowBytes = Math.max(options.packetBytes, WINDOW_BYTES_START);
  }

  get isSlowStart(): boolean {
    return this.slowStart;
  }

  /**
   * `ackedBytes` have arrived, of `flightBytes` that were under way. `isLimited`: more would have been sent if the
   * window had been larger; RFC 6817 lets it grow only then.
   */
  onAck(ackedBytes: number, flightBytes: number, queueMs: number, isLimited: boolean): void {
    if (ackedBytes === 0) return;
    if (this.slowStart && (queueMs > TARGET_DELAY_MS / 2 || this.windowBytes >= this.thresholdBytes)) {
      this.slowStart = false;
    }
    if (this.slowStart) {
      if (isLimited) this.set(this.windowBytes + ackedBytes);
      return;
    }
    const offTarget = (TARGET_DELAY_MS - queueMs) / TARGET_DELAY_MS;
    if (offTarget > 0 && !isLimited) return;
    const share = Math.min(ackedBytes, this.windowBytes) / Math.max(this.windowBytes, flightBytes);
    const isCareful = this.carefulRounds > 0 && offTarget > 0;
    const gainBytes = isCareful ? this.options.packetBytes : GAIN_BYTES_PER_ROUND;
    this.carefulRounds = Math.max(0, this.carefulRounds - share);
    this.set(this.windowBytes + gainBytes * offTarget * share);
  }

  /** A packet is known to be lost. To be called at most until it answers true, once in a round. */
  onLoss(loss: Loss): boolean {
    // In slow start nobody knows yet how long the queue gets; a full one loses far more than a few packets then.
    const isShort = this.slowStart || loss.queueMs < loss.longestQueueMs * FULL_SHARE;
    const isLuck = isShort && loss.lost <= loss.outstanding * LUCK_SHARE;
    if (isLuck) return false;
    this.slowStart = false;
    this.carefulRounds = CAREFUL_ROUNDS;
    this.set(this.windowBytes / 2);
    this.thresholdBytes = this.windowBytes;
    return true;
  }

  /** BEP 29: nothing came back at all; one packet, and from there anew. */
  onTimeout(): void {
    const { packetBytes } = this.options;
    this.thresholdBytes = Math.max(this.windowBytes / 2, WINDOW_PACKETS_MIN * packetBytes);
    this.windowBytes = packetBytes;
    this.slowStart = true;
  }

  private set(bytes: number): void {
    const { packetBytes, windowBytesMax } = this.options;
    this.windowBytes = Math.min(windowBytesMax, Math.max(WINDOW_PACKETS_MIN * packetBytes, bytes));
  }
}
