import type { Endpoint } from '../../runtime/port.ts';

/** Files first to last of a torrent, both included, counted from 0. */
export interface FileSpan {
  readonly first: number;
  readonly last: number;
}

/** BEP 46: a torrent that its publisher may replace, found in the DHT by a key. */
export interface MutableSource {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** At most 64 bytes; empty for none. */
  readonly salt: Uint8Array;
}

/** Everything a magnet link may say. At least one of the hashes or {@link mutable} is there. */
export interface Magnet {
  /** `xt=urn:btih:`, 20 bytes. */
  readonly infoHashV1: Uint8Array | undefined;
  /** `xt=urn:btmh:1220`, 32 bytes. BEP 52. */
  readonly infoHashV2: Uint8Array | undefined;
  /** `xs=urn:btpk:` and `s`. */
  readonly mutable: MutableSource | undefined;
  /** `dn`: what to show until the metadata is there. A stranger's text, no file name. */
  readonly name: string | undefined;
  /** `xl`: bytes in all. */
  readonly byteLength: number | undefined;
  /** `tr`. */
  readonly trackers: readonly string[];
  /** `ws`. BEP 19. */
  readonly webSeeds: readonly string[];
  /** `x.pe`. The host may be a name. BEP 9. */
  readonly peers: readonly Endpoint[];
  /** `so`: the files that are wanted; undefined: all. BEP 53. In order, without overlaps. */
  readonly files: readonly FileSpan[] | undefined;
  /** `xs` and `as` that are URLs of the torrent file itself. */
  readonly torrentUrls: readonly string[];
}
