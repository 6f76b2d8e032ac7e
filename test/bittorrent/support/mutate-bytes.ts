import type { Random } from '../../../engine/runtime/port.ts';

/** `bytes` with up to four changes: bits and bytes flipped, parts cut out, doubled or replaced by chance. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let count = random.below(5); count > 0 && changed.length > 0; count--) {
    const at = random.below(changed.length);
    const end = Math.min(changed.length, at + 1 + random.below(20));
    const kind = random.below(5);
    if (kind === 0) changed[at]! ^= 1 << random.below(8);
    else if (kind === 1) changed[at] = 0x30 + random.below(10);
    else if (kind === 2) changed = Buffer.concat([changed.subarray(0, at), changed.subarray(end)]);
    else if (kind === 3) changed = Buffer.concat([changed.subarray(0, end), changed.subarray(at)]);
    else changed.set(random.bytes(end - at), at);
  }
  return changed;
}
