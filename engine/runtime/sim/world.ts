import { type HostOptions, SimHost } from './host.ts';
import type { VirtualServer } from './http.ts';
import { SimGroups } from './multicast.ts';
import { Pacer } from './pacer.ts';
import { type LinkOptions, Path } from './path.ts';
import { SegmentPool } from './segment.ts';
import { type RunEnd, type RunOptions, Timeline } from './timeline.ts';
import { Trace } from './trace.ts';
import type { WireOptions } from './wire.ts';

export interface WorldOptions {
  /** Decides every chance in the world. An integer, 0 ≤ seed < 2^53. */
  readonly seed: number;
  /** Keep the trace's lines, not only their hash. Default false. */
  readonly recordTrace?: boolean;
  /** Default 256 KiB. */
  readonly sendBufferBytes?: number;
  /** What may be under way in one direction of a stream. Default 1 MiB. */
  readonly windowBytes?: number;
  /** Data travels in parts of at most so much; smaller is finer and slower. Default 16 KiB. */
  readonly segmentBytes?: number;
  /**
   * `ideal` (default): streams share lines fairly, and a loss is a delay. `reno`: they send packets as TCP does, lose
   * them where a line's queue is full, and compete for it with datagrams; slower by far.
   */
  readonly tcp?: 'ideal' | 'reno';
  /** As for the real runtime. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

/**
 * A deterministic world: hosts, the network between them, their disks and one virtual clock. Equal seeds and
 * equal programs give equal traces. Nothing happens except in {@link run}.
 */
export class SimWorld {
  readonly groups = new SimGroups();
  readonly seed: number;
  readonly timeline = new Timeline();
  readonly trace: Trace;
  readonly pool: SegmentPool;
  readonly wireOptions: WireOptions;
  readonly closeTimeoutMs: number;
  readonly tcp: 'ideal' | 'reno';
  /** The line between programs of one host: as fast as you like. */
  readonly loopback = new Pacer(Infinity);
  /** Virtual HTTP servers by `host` or `host:port`. */
  readonly servers = new Map<string, VirtualServer>();
  /** DNS text records by name. */
  readonly texts = new Map<string, readonly string[]>();
  readonly #hosts = new Map<string, SimHost>();
  #streams = 0;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.trace = new Trace({ recordLines: options.recordTrace ?? false });
    this.pool = new SegmentPool({ segmentBytes: options.segmentBytes ?? 16384 });
    this.tcp = options.tcp ?? 'ideal';
    this.closeTimeoutMs = options.closeTimeoutMs ?? 5000;
    this.wireOptions = {
      sendBufferBytes: options.sendBufferBytes ?? 1 << 18,
      windowBytes: options.windowBytes ?? 1 << 20,
    };
  }

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.timeline.nowMs;
  }

  /** Adds a host, running. */
  host(options: HostOptions): SimHost {
    if (this.#hosts.has(options.address)) throw new Error(`there is a host ${options.address} already`);
    const host = new SimHost({ ...options, index: this.#hosts.size }, { world: this });
    this.#hosts.set(options.address, host);
    return host;
  }

  /** The host with that address or name, seen from `from`. */
  find(hostOrName: string, from: SimHost): SimHost | undefined {
    if (hostOrName === '127.0.0.1' || hostOrName === '::1' || hostOrName === 'localhost') return from;
    const direct = this.#hosts.get(hostOrName);
    if (direct !== undefined) return direct;
    for (const host of this.#hosts.values()) if (host.names.includes(hostOrName)) return host;
    return undefined;
  }

  /** Lets time pass; see {@link RunOptions}. An exception in a callback of the programs comes out here. */
  run(options: RunOptions = {}): Promise<RunEnd> {
    return this.timeline.run(options);
  }

  /** Changes the path between two hosts, in both directions. */
  link(a: SimHost, b: SimHost, options: LinkOptions): void {
    this.path(a, b).change(options);
    this.path(b, a).change(options);
  }

  /** Nothing comes through between any of `some` and any of `others` until {@link heal}. */
  partition(some: readonly SimHost[], others: readonly SimHost[]): void {
    this.#cut(some, others, true);
  }

  heal(some: readonly SimHost[], others: readonly SimHost[]): void {
    this.#cut(some, others, false);
  }

  /** Breaks the connections between two hosts, or all of one: both ends see a reset. */
  reset(a: SimHost, b?: SimHost): void {
    for (const stream of [...a.machine.streams]) {
      if (b === undefined || this.find(stream.remote.host, a) === b) stream.breakDown();
    }
  }

  /** Answers requests for `http://authority/…`; `authority` is `host` or `host:port` as in the URL. */
  serveHttp(authority: string, server: VirtualServer): void {
    this.servers.set(authority, server);
  }

  /** The way from one host to another. */
  path(from: SimHost, to: SimHost): Path {
    const known = from.paths.get(to);
    if (known !== undefined) return known;
    const path = new Path(
      from === to
        ? { latencyMs: 0.02, jitterMs: 0, lossRate: 0, rateBytesPerSec: Infinity }
        : {
            latencyMs: from.access.latencyMs + to.access.latencyMs,
            jitterMs: from.access.jitterMs + to.access.jitterMs,
            lossRate: 1 - (1 - from.access.lossRate) * (1 - to.access.lossRate),
            rateBytesPerSec: Infinity,
          },
    );
    from.paths.set(to, path);
    return path;
  }

  /** A number for a new connection's end. */
  nextStreamId(): number {
    return this.#streams++;
  }

  #cut(some: readonly SimHost[], others: readonly SimHost[], cut: boolean): void {
    for (const a of some) {
      for (const b of others) {
        if (a === b) continue;
        this.path(a, b).cut = cut;
        this.path(b, a).cut = cut;
      }
    }
  }
}
