import type { OnionAddress, StreamReason } from '../client/types.ts';

/** `connect`: a stream; the two others are Tor's extensions of SOCKS: the address of a name, the name of an address. */
export type ProxyCommand = 'connect' | 'resolve' | 'resolve-ptr';

/** What a program asks a proxy for. Host and credentials are for no log. */
export interface ProxyRequest {
  readonly command: ProxyCommand;
  /** A literal address or a name, as it came: nothing has been checked but its length. */
  readonly host: string;
  /** 1 … 65535; 0 where it is of no meaning. */
  readonly port: number;
  /** What keeps streams apart, one character for each byte; undefined where none was given. */
  readonly user: string | undefined;
  readonly password: string | undefined;
}

/**
 * Why a program is turned away before it has asked for anything that can be had. `not-proxy`: another protocol
 * altogether; `socks4`; `http`: HTTP where SOCKS is spoken, or a method other than CONNECT; `method`: no way of
 * logging in that is known; `credentials`: in a form that is not known; `command`, `address`: of another kind;
 * `malformed`: breaks the rules; `too-long`: more bytes than a request can have.
 */
export type ProxyFault =
  | 'not-proxy'
  | 'socks4'
  | 'http'
  | 'method'
  | 'credentials'
  | 'command'
  | 'address'
  | 'malformed'
  | 'too-long';

/**
 * What came of some bytes. `used`: so many of them are dealt with; `reply`: to be sent back now, may be empty.
 * `more`: the next bytes are to follow those that were not used; `request`: it is complete, what follows is data;
 * `refused`: the end, once the reply is out.
 */
export type NegotiationStep =
  | { readonly kind: 'more'; readonly used: number; readonly reply: Uint8Array }
  | {
      readonly kind: 'request';
      readonly used: number;
      readonly reply: Uint8Array;
      readonly request: ProxyRequest;
    }
  | {
      readonly kind: 'refused';
      readonly used: number;
      readonly reply: Uint8Array;
      readonly fault: ProxyFault;
    };

/** One conversation of a proxy protocol, from the first byte to the answer. Pure: bytes in, bytes out. */
export interface Negotiation {
  readonly protocol: 'socks5' | 'http-connect';
  /** Takes what has come and is not used yet, all of it. Not to be called after `request` or `refused`. */
  take(bytes: Uint8Array): NegotiationStep;
  /** The answer when the stream stands. */
  connected(): Uint8Array;
  /** The answer with what was found. */
  resolved(address: OnionAddress): Uint8Array;
  /** The answer when it did not work out. */
  failed(reason: StreamReason): Uint8Array;
}

/** No bytes at all. */
export const NOTHING = new Uint8Array(0);
