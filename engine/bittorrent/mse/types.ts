import type { Random } from '../../runtime/port.ts';

/**
 * What connections with peers look like from outside. `off`: plain only; `prefer`: peers are dialled encrypted, then
 * plain where that fails, and whatever they come with is taken; a peer that takes plain bytes behind the hidden
 * handshake gets them, as it would from libtorrent, since RC4 costs several times what sending does, and one that
 * offers RC4 alone gets RC4. `require`: nothing but encrypted, RC4 all through.
 */
export type EncryptionMode = 'off' | 'prefer' | 'require';

/** Bits of crypto_provide and crypto_select. */
export const METHOD = { plain: 1, rc4: 2 } as const;
/** What follows the handshake: bytes as they are, or RC4. */
export type MethodName = keyof typeof METHOD;

/** Bytes of random padding behind each key, and of zeros in the encrypted part. */
export const PAD_BYTES_MAX = 512;
/** The verification constant: so many zeros. */
export const CONSTANT_BYTES = 8;
/** RC4's first bytes betray the key; MSE throws these away. */
export const SKIPPED_BYTES = 1024;
/** The initial payload of a caller has its length in 16 bits. */
export const INITIAL_PAYLOAD_BYTES_MAX = 65_535;

/** Why a handshake came to nothing. */
export type MseFault =
  | 'bad-key' // a public key that makes the secret foreseeable
  | 'plain-answer' // the other side has begun a handshake without encryption
  | 'no-sync' // what marks the end of the padding did not come in time
  | 'unknown-torrent' // the caller means a torrent that is not here
  | 'bad-constant' // deciphered, it is not what was agreed: other keys
  | 'pad-too-long'
  | 'no-common-method' // it offers, or has chosen, nothing that is allowed here
  | 'no-memory'; // no room for one more cipher

/** One direction of one stream under RC4. */
export interface MseCipher {
  /** Enciphers or deciphers the first `length` bytes in place. */
  crypt(bytes: Uint8Array, length: number): void;
  /** Gives its memory back. Idempotent. */
  close(): void;
}

/** Where ciphers come from; undefined when there is no room. */
export type OpenCipher = (key: Uint8Array) => MseCipher | undefined;

/** What a handshake needs of the world. */
export interface MseModules {
  readonly random: Random;
  readonly openCipher: OpenCipher;
}

/** How a handshake ended well. Both ciphers are the receiver's to close. */
export interface MseResult {
  readonly method: MethodName;
  /** For what is sent from now on; undefined: as it is. */
  readonly encrypt: MseCipher | undefined;
  /** For what comes from now on: the next `decryptBytes`, and then as it is. */
  readonly decrypt: MseCipher | undefined;
  readonly decryptBytes: number;
  /** What has come behind the handshake, deciphered. */
  readonly rest: Uint8Array;
}

/** What comes of some bytes. `send` goes out in any case. */
export type MseStep =
  | { readonly kind: 'more'; readonly send: Uint8Array }
  | { readonly kind: 'done'; readonly send: Uint8Array; readonly result: MseResult }
  | { readonly kind: 'fault'; readonly fault: MseFault };

/** One side of the handshake. Plain bytes in, plain bytes out; it holds ciphers until it is done or closed. */
export interface MseHandshake {
  /** What is sent before anything has come. */
  start(): Uint8Array;
  /** Some more of what the other side sends. Not to be called again after `done` or `fault`. */
  take(bytes: Uint8Array): MseStep;
  /** Gives back what it holds. Idempotent; nothing after `done`. */
  close(): void;
}
