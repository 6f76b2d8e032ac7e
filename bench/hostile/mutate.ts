import type { Random } from '../../engine/runtime/port.ts';

/** Some bytes of a message changed, moved, cut off or put behind by chance. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  for (let left = random.below(5); left > 0 && changed.length > 0; left--) {
    const at = random.below(changed.length);
    const kind = random.below(5);
    if (kind === 0) changed[at] = random.below(256);
    else if (kind === 1) changed[at] = 'dlie0123456789:-'.charCodeAt(random.below(16));
    else if (kind === 2) changed.copyWithin(at, random.below(changed.length));
    else if (kind === 3) return changed.subarray(0, at);
    else return Buffer.concat([changed, random.bytes(random.below(64))]);
  }
  return changed;
}
