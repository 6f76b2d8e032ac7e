/** Where a web seed is, and how it is asked. `files`: BEP 19, ranges of files. `pieces`: BEP 17, ranges of pieces. */
export interface WebSeedAddress {
  readonly kind: 'files' | 'pieces';
  readonly url: string;
}

/** A stretch of a torrent: `byteLength` bytes from `offset` on in the piece space. */
export interface Span {
  readonly offset: number;
  readonly byteLength: number;
}

/** One request for a part of a {@link Span}; without a URL it is padding, which is all zero. */
export interface WebSeedPart {
  readonly url: string | undefined;
  /** Inside the file; what `Range` asks for. */
  readonly position: number;
  readonly byteLength: number;
  /** What a server that knows no ranges would send; 0: the URL itself names the range (BEP 17). */
  readonly fileBytes: number;
}

/**
 * How asking went. `failed`: worth another try later, `retryAfterMs` if it says when. `refused`: not this server, not
 * for this.
 */
export type WebSeedAnswer =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'failed'; readonly retryAfterMs: number }
  | { readonly kind: 'refused' };
