/** The k nearest by XOR distance, found in a list of buffers: the best so far, each compared up to the first difference. */
export function scanBuffers(ids: readonly Uint8Array[], target: Uint8Array, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < ids.length; i += 1) {
    const id = ids[i]!;
    if (best.length === k && !isNearer(id, ids[best[k - 1]!]!, target)) continue;
    let place = best.length;
    while (place > 0 && isNearer(id, ids[best[place - 1]!]!, target)) place -= 1;
    best.splice(place, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}

function isNearer(one: Uint8Array, other: Uint8Array, target: Uint8Array): boolean {
  for (let at = 0; at < target.length; at += 1) {
    const a = one[at]! ^ target[at]!;
    const b = other[at]! ^ target[at]!;
    if (a !== b) return a < b;
  }
  return false;
}
