import type { Random } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

/** Bytes of hex digits; blanks are skipped. */
export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const out = bytes.slice();
  out[bit >>> 3]! ^= 1 << (bit & 7);
  return out;
}

/** The same bytes in shared memory, in the middle of it: as they lie in the slab. */
export function inSharedMemory(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(new SharedArrayBuffer(bytes.length + 64), 32, bytes.length);
  out.set(bytes);
  return out;
}

/** Seed of a run: ALLIUM_FUZZ_SEED, or a fixed one. */
export function fuzzRandom(fallback: number): { readonly seed: number; readonly random: Random } {
  const seed = Number(process.env['ALLIUM_FUZZ_SEED'] ?? fallback);
  return { seed, random: seededRandom(seed) };
}

/** Cuts, doubles, lengthens or changes some bytes. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let out = bytes.slice();
  for (let count = 1 + random.below(3); count > 0; count--) {
    const at = random.below(out.length + 1);
    switch (random.below(5)) {
      case 0:
        out = out.slice(0, at);
        break;
      case 1:
        out = new Uint8Array(Buffer.concat([out.slice(0, at), random.bytes(random.below(9)), out.slice(at)]));
        break;
      case 2:
        out = new Uint8Array(Buffer.concat([out.slice(0, at), out.slice(at + 1 + random.below(40))]));
        break;
      case 3:
        if (at < out.length) out[at] = [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff][random.below(8)]!;
        break;
      default:
        if (at < out.length) out[at]! ^= 1 << random.below(8);
    }
  }
  return out;
}
