import { createHash, hash } from 'node:crypto';

/** 20 bytes. */
export function sha1(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha1', bytes, 'buffer'));
}

/** 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha256', bytes, 'buffer'));
}

/** 64 bytes. */
export function sha512(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha512', bytes, 'buffer'));
}

/** 32 bytes. */
export function sha3(bytes: Uint8Array): Uint8Array {
  return plain(hash('sha3-256', bytes, 'buffer'));
}

/** The first `byteLength` bytes of SHAKE-256. */
export function shake256(bytes: Uint8Array, byteLength: number): Uint8Array {
  return plain(createHash('shake256', { outputLength: byteLength }).update(bytes).digest());
}

/** The same bytes as a plain array: callers compare and slice, and never meet the other semantics of `Buffer`. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
