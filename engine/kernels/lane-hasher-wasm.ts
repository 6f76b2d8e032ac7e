import type { WholeHasher } from './lane-hasher.ts';
import type { Kernels } from './module.ts';
import { checkRun, HASH_BYTES, openHashContext } from './sha.ts';
import type { HashName } from './types.ts';

/** The WebAssembly twin: one message, or four side by side where there is SIMD. Holds 0.8 KiB of scratch for life. */
export class WasmLaneHasher implements WholeHasher {
  readonly name: HashName;
  readonly lanes: 1 | 4;
  readonly #kernels: Kernels;
  readonly #context: number;
  readonly #digestBytes: number;
  readonly #out: number;

  /** `lanes` 4 only with the SIMD build. Throws AlliumError SLAB_FULL when this thread's scratch area is used up. */
  constructor(
    options: { readonly name: HashName; readonly lanes: 1 | 4 },
    modules: { readonly kernels: Kernels },
  ) {
    const { kernels } = modules;
    this.name = options.name;
    this.lanes = options.lanes;
    this.#kernels = kernels;
    this.#context = openHashContext(kernels, options.name, options.lanes);
    this.#digestBytes = HASH_BYTES[options.name];
    this.#out = kernels.reserve(options.lanes * this.#digestBytes);
  }

  update(offsets: ArrayLike<number>, count: number, byteLength: number): void {
    const { bytes, exports } = this.#kernels;
    for (let lane = 0; lane < count; lane += 1) checkRun(bytes, offsets[lane]!, byteLength);
    const p0 = offsets[0]!;
    // Lanes without a message repeat the first.
    const p1 = count > 1 ? offsets[1]! : p0;
    const p2 = count > 2 ? offsets[2]! : p0;
    const p3 = count > 3 ? offsets[3]! : p0;
    exports.hashUpdate(this.#context, p0, p1, p2, p3, byteLength);
  }

  digest(count: number, out: Uint8Array): void {
    this.#kernels.exports.hashDigest(this.#context, this.#out);
    out.set(this.#kernels.bytes.subarray(this.#out, this.#out + count * this.#digestBytes));
  }

  whole(offsets: ArrayLike<number>, count: number, byteLength: number, out: Uint8Array): void {
    this.update(offsets, count, byteLength);
    this.digest(count, out);
  }
}
