import type { ByteStream, Runtime, StreamHandler, Timer } from '../../runtime/port.ts';
import type { Torrent } from '../torrent/torrent.ts';
import { askWebSeed } from './ask.ts';
import { filePartsOf, piecePartsOf } from './file-map.ts';
import { type WebSeedEnd, WebSeedStream } from './stream.ts';
import type { Span, WebSeedAddress, WebSeedPart } from './types.ts';

/** Web seeds of one torrent that are in use at once. */
export const CONNECTED_MAX = 8;
const TICK_MS = 1_000;
const RETRY_FIRST_MS = 5_000;
const RETRY_LAST_MS = 10 * 60_000;
/** BEP 20: names no program of the swarm. */
const PEER_ID_PREFIX = '-WS0001-';

export interface WebSeedsModules {
  readonly runtime: Runtime;
  readonly torrent: Torrent;
  /** Makes a peer of this process known to the shard; false: there is no room. */
  readonly admit: (open: (owner: StreamHandler) => ByteStream) => boolean;
}

/** What is known of one web seed. */
export interface WebSeed extends WebSeedAddress {
  state: 'waiting' | 'connected' | 'given-up';
  downloadedBytes: number;
  failures: number;
  nextTryMs: number;
}

/**
 * The web seeds of one torrent: keeps some of them connected while there is something to download, waits longer and
 * longer for those that fail, and gives up those that refuse or lie.
 */
export class WebSeeds {
  readonly seeds: readonly WebSeed[];
  private readonly modules: WebSeedsModules;
  private readonly open = new Set<WebSeedStream>();
  private ticker: Timer | undefined;

  constructor(addresses: readonly WebSeedAddress[], modules: WebSeedsModules) {
    this.seeds = addresses.map((address) => ({
      ...address,
      ...{ state: 'waiting', downloadedBytes: 0, failures: 0, nextTryMs: 0 },
    }));
    this.modules = modules;
  }

  start(): void {
    if (this.seeds.length > 0 && this.ticker === undefined) this.tick();
  }

  stop(): void {
    this.ticker?.cancel();
    this.ticker = undefined;
    for (const stream of this.open) stream.destroy();
  }

  private tick(): void {
    const { runtime, torrent } = this.modules;
    this.ticker = runtime.clock.setTimer(TICK_MS, () => this.tick());
    if (torrent.isStopped || torrent.picker.isDone) return;
    const now = runtime.clock.now();
    for (const seed of this.seeds) {
      if (this.open.size >= CONNECTED_MAX) return;
      if (seed.state === 'waiting' && now >= seed.nextTryMs) this.connect(seed);
    }
  }

  private connect(seed: WebSeed): void {
    const { runtime, torrent, admit } = this.modules;
    const peerId = new Uint8Array(20);
    peerId.set(new TextEncoder().encode(PEER_ID_PREFIX));
    peerId.set(runtime.random.bytes(20 - PEER_ID_PREFIX.length), PEER_ID_PREFIX.length);
    const { pieceLength } = torrent.layout;
    const before = seed.downloadedBytes;
    const asking = new AbortController();
    admit((owner) => {
      const stream: WebSeedStream = new WebSeedStream(
        { url: seed.url, infoHash: torrent.infoHashes[0]!, peerId, pieceLength },
        {
          clock: runtime.clock,
          ask: (span) => askWebSeed(this.partsOf(seed, span), runtime.network, asking.signal),
          onBytes: (byteLength) => {
            seed.downloadedBytes += byteLength;
          },
          onEnd: (end) => {
            this.open.delete(stream);
            asking.abort(); // nobody waits for what is under way
            if (seed.downloadedBytes > before) seed.failures = 0;
            this.ended(seed, end, torrent.pool.isBanned(stream.remote, peerId));
          },
        },
        owner,
      );
      this.open.add(stream);
      seed.state = 'connected';
      return stream;
    });
  }

  private partsOf(seed: WebSeed, span: Span): readonly WebSeedPart[] {
    const { metainfo, layout } = this.modules.torrent;
    if (seed.kind === 'files') return filePartsOf(seed.url, span, { metainfo, layout });
    return piecePartsOf(seed.url, span, { infoHash: metainfo.infoHashV1!, layout });
  }

  private ended(seed: WebSeed, end: WebSeedEnd, isBanned: boolean): void {
    seed.state = end.kind === 'refused' || isBanned ? 'given-up' : 'waiting';
    const pauseMs = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** seed.failures);
    const asked = end.kind === 'failed' ? end.retryAfterMs : 0;
    seed.nextTryMs = this.modules.runtime.clock.now() + Math.max(pauseMs, asked);
    if (end.kind === 'failed') seed.failures++;
  }
}
