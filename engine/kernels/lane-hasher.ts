import type { HashName, LaneHasher } from './types.ts';

/** A {@link LaneHasher} that also takes messages in one go, which the native twin does at less cost per message. */
export interface WholeHasher extends LaneHasher {
  /**
   * Hashes `count` messages (1 ≤ count ≤ lanes), message i being the `byteLength` bytes at offsets[i]; digest i goes
   * to out[i × digest length …]. No message may be under way.
   */
  whole(offsets: ArrayLike<number>, count: number, byteLength: number, out: Uint8Array): void;
}

/** Which twin of a kernel. */
export type Twin = 'wasm' | 'native';

/** The hashers of one thread: `wide` gains from several messages side by side, `single` is the best for one. */
export interface LaneHashers {
  readonly name: HashName;
  readonly wide: WholeHasher;
  readonly single: WholeHasher;
}
