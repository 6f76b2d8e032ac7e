import type { Endpoint } from '../port.ts';

/** Where everything is to go through, and how. */
export interface ProxyOptions {
  readonly kind: 'socks5' | 'http';
  readonly at: Endpoint;
  /** RFC 1929, or Basic of RFC 7617; texts of up to 255 bytes. */
  readonly user?: string;
  readonly password?: string;
  /**
   * Nothing at all leaves outside the proxy: what it cannot carry (listeners, TLS of our own, names looked up here,
   * datagrams where it refuses them) is refused. Without it those go out directly.
   */
  readonly only: boolean;
}

/** Why a proxy did not do what it was asked. */
export interface ProxyRefusal {
  /** As the code of a stream's end: `EPROXY…`. */
  readonly code: string;
  readonly message: string;
}

/** What comes of some bytes of a proxy; `used`: how many of them were its own, the rest is for the owner. */
export type ProxyStep =
  | { readonly kind: 'more'; readonly send: Uint8Array }
  | { readonly kind: 'done'; readonly used: number; readonly bound: Endpoint | undefined }
  | { readonly kind: 'refused'; readonly refusal: ProxyRefusal };

/** The conversation in front of a tunnel. Plain bytes in, plain bytes out. */
export interface ProxyTalk {
  /** Said as soon as the connection stands. */
  start(): Uint8Array;
  /** All bytes that the proxy has sent since its last answer was taken, from the first on. */
  take(bytes: Uint8Array): ProxyStep;
}

export const NOTHING: Uint8Array = new Uint8Array(0);

/** What a proxy may say before the tunnel stands. */
export const PROXY_ANSWER_BYTES_MAX = 16 * 1024;
