import type { Random } from '../../runtime/port.ts';
import { PRIVATE_KEY_BYTES } from './diffie-hellman.ts';
import { PAD_BYTES_MAX } from './types.ts';

/** A private key that is never 0. */
export function privateKey(random: Random): Uint8Array {
  const key = random.bytes(PRIVATE_KEY_BYTES);
  key[0]! |= 0x80;
  return key;
}

/** Random bytes, 0 to {@link PAD_BYTES_MAX} of them: the length of a handshake shall say nothing. */
export function randomPad(random: Random): Uint8Array {
  return random.bytes(random.below(PAD_BYTES_MAX + 1));
}

/** Both, one behind the other. */
export function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
