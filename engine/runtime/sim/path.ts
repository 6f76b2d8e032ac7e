import type { SimRandom } from './chance.ts';
import { Pacer } from './pacer.ts';

/** One way between two hosts, or a host's own access to the network. */
export interface LinkOptions {
  /** One way. */
  readonly latencyMs?: number;
  /** Up to so much more, by chance. */
  readonly jitterMs?: number;
  /** Share of packets (of 1,460 bytes) that get lost. A stream repeats them later, a datagram is gone. */
  readonly lossRate?: number;
  /** Capacity of this path alone, beside what its hosts can send and receive. */
  readonly rateBytesPerSec?: number;
}

const PACKET_BYTES = 1460;
/** RFC 6298: no retransmission timer is shorter on the systems in use (Linux), whatever the measured delay. */
const RETRANSMIT_MS_MIN = 200;

/** The way from one host to another. Both directions of a link are two paths. */
export class Path {
  latencyMs: number;
  jitterMs: number;
  lossRate: number;
  readonly pacer: Pacer;
  /** Nothing comes through. */
  cut = false;

  constructor(options: Required<LinkOptions>) {
    this.latencyMs = options.latencyMs;
    this.jitterMs = options.jitterMs;
    this.lossRate = options.lossRate;
    this.pacer = new Pacer(options.rateBytesPerSec);
  }

  change(options: LinkOptions): void {
    this.latencyMs = options.latencyMs ?? this.latencyMs;
    this.jitterMs = options.jitterMs ?? this.jitterMs;
    this.lossRate = options.lossRate ?? this.lossRate;
    this.pacer.rateBytesPerSec = options.rateBytesPerSec ?? this.pacer.rateBytesPerSec;
  }

  /** Time on the way, drawn anew for every packet. */
  delayMs(chance: SimRandom): number {
    return this.jitterMs === 0 ? this.latencyMs : this.latencyMs + this.jitterMs * chance.fraction();
  }

  /** Whether one of the packets that `length` bytes make is lost. */
  loses(length: number, chance: SimRandom): boolean {
    if (this.lossRate === 0) return false;
    return chance.fraction() >= (1 - this.lossRate) ** Math.max(1, Math.ceil(length / PACKET_BYTES));
  }

  /** The first wait before lost bytes are sent again; it doubles each time. */
  get retransmitMs(): number {
    return Math.max(RETRANSMIT_MS_MIN, 2 * (this.latencyMs + this.jitterMs));
  }
}
