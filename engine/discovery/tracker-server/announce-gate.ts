import type { AnnounceEvent } from '../tracker/types.ts';

/** An announce as it is shown to whoever decides whether it is allowed. Views, valid during the call. */
export interface GatedAnnounce {
  /** The info-hash is the 20 bytes from `hashAt` on. */
  readonly hashBytes: Uint8Array;
  readonly hashAt: number;
  /** Compact form in 16-bit halves: 3 (IPv4) or 9 (IPv6). */
  readonly endpoint: Uint16Array;
  /** Path and query of the announce URL: where a passkey stands. */
  readonly urlData: string;
  /** Bytes since the peer's `started`. */
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
  readonly event: AnnounceEvent;
}

/** Decides who may announce what, and keeps account. */
export interface AnnounceGate {
  /** Why not, in words for the user; undefined: it may. */
  check(announce: GatedAnnounce): string | undefined;
  /** The same of a scrape; `urlData`: path and query, '' over UDP, where a scrape has none (BEP 15, 41). */
  checkScrape(urlData: string): string | undefined;
}

const PASSKEY =
  /^(?:\/([0-9A-Za-z_-]{16,128})(?=\/)|[^?]*\?(?:[^#]*&)?passkey=([0-9A-Za-z_-]{16,128})(?:&|#|$))/;

/** The passkey of `/KEY/announce` or `/announce?passkey=KEY`. */
export function passkeyOf(urlData: string): string | undefined {
  const found = PASSKEY.exec(urlData);
  return found?.[1] ?? found?.[2];
}
