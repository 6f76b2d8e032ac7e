import { HASH_BYTES } from '../sha.ts';
import type { HashName } from '../types.ts';
import type { TaskContext } from './context.ts';

export interface HashPayload {
  readonly name: HashName;
  /** See `packMessages`. */
  readonly packed: Uint32Array;
  readonly messageCount: number;
}

/** Hashes messages that lie in the slab; the digests one behind the other. */
export function hash(payload: HashPayload, context: TaskContext): Uint8Array {
  const out = new Uint8Array(payload.messageCount * HASH_BYTES[payload.name]);
  context.messageHasher(payload.name).run(payload.packed, out);
  return out;
}
