import { equalBytes, joinBytes } from './bytes.ts';
import { HANDSHAKE_BINDING_BYTES, keyMaterialBytes } from './circuit-keys.ts';
import { sha1 } from './digest.ts';
import { bad, good, type Outcome } from './outcome.ts';

/** Body of CREATE_FAST: the client's 20 random bytes. */
export const CREATE_FAST_BYTES = 20;
/** Body of CREATED_FAST: the relay's 20 random bytes, and KH. */
export const CREATED_FAST_BYTES = 40;

export type CreateFastFault = 'bad-length' | 'wrong-derivation';

/**
 * The relay's answer to CREATE_FAST, for circuits of one hop whose secrecy is that of the TLS connection.
 * `x`: what came; `y`: 20 fresh random bytes. `keys`: 92 bytes in the order of {@link splitTor1Keys}.
 */
export function answerCreateFast(
  x: Uint8Array,
  y: Uint8Array,
): Outcome<{ readonly reply: Uint8Array; readonly keys: Uint8Array }, CreateFastFault> {
  if (x.length !== CREATE_FAST_BYTES) return bad('bad-length');
  if (y.length !== CREATE_FAST_BYTES) throw new RangeError('CREATED_FAST needs 20 random bytes');
  const keys = kdfTor(x, y);
  return good({ reply: joinBytes(y, bindingOf(keys)), keys });
}

/** The client's side, once CREATED_FAST came. `x`: what was sent. The keys as from {@link answerCreateFast}. */
export function finishCreateFast(x: Uint8Array, reply: Uint8Array): Outcome<Uint8Array, CreateFastFault> {
  if (reply.length !== CREATED_FAST_BYTES) return bad('bad-length');
  const keys = kdfTor(x, reply.subarray(0, CREATE_FAST_BYTES));
  return equalBytes(bindingOf(keys), reply.subarray(CREATE_FAST_BYTES))
    ? good(keys)
    : bad('wrong-derivation');
}

function bindingOf(keys: Uint8Array): Uint8Array {
  return keys.subarray(keys.length - HANDSHAKE_BINDING_BYTES);
}

/** KDF-TOR of tor-spec: SHA-1 of the secret and a counter. It gives KH first; here it moves to the end. */
function kdfTor(x: Uint8Array, y: Uint8Array): Uint8Array {
  const byteLength = keyMaterialBytes('tor1');
  const input = joinBytes(x, y, Uint8Array.of(0));
  const blocks: Uint8Array[] = [];
  for (let counter = 0; counter * 20 < byteLength; counter++) {
    input[input.length - 1] = counter;
    blocks.push(sha1(input));
  }
  const stream = joinBytes(...blocks).subarray(0, byteLength);
  return joinBytes(stream.subarray(HANDSHAKE_BINDING_BYTES), stream.subarray(0, HANDSHAKE_BINDING_BYTES));
}
