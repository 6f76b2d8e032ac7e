import {
  foldLayer,
  hashAt,
  hashPair,
  LEAF_BYTES,
  layerCount,
  levelsAbove,
  MERKLE_HASH_BYTES,
} from './merkle.ts';

/** What BEP 52 lets a peer ask for in one message; others refuse more (libtorrent: 8192). */
export const HASHES_PER_REQUEST_MAX = 8192;

/** The numbers of a BEP 52 `hash request`, `hashes` and `hash reject`. */
export interface HashRange {
  /** Level of the hashes asked for, 0 for leaves. */
  readonly baseLayer: number;
  /** First hash, a multiple of {@link length}. */
  readonly index: number;
  /** How many hashes: a power of two, at least 2. */
  readonly length: number;
  /** Levels above the base layer that the proof reaches; the levels under the range's own subtree need no hash. */
  readonly proofLayers: number;
}

/** Levels of the tree over a file of `fileBytes`, from the leaves to the root. */
export function treeLevels(fileBytes: number): number {
  return levelsAbove(Math.ceil(fileBytes / LEAF_BYTES));
}

/** Whether a range can be asked about a file of this length (more than one leaf). A stranger's numbers go here. */
export function isValidRange(range: HashRange, fileBytes: number): boolean {
  const { baseLayer, index, length, proofLayers } = range;
  if (![baseLayer, index, length, proofLayers].every((value) => Number.isSafeInteger(value) && value >= 0)) {
    return false;
  }
  const levels = treeLevels(fileBytes) - baseLayer;
  if (levels < 1 || proofLayers >= levels) return false; // the root itself is never sent
  if (length < 2 || length > HASHES_PER_REQUEST_MAX || 2 ** levelsAbove(length) !== length) return false;
  return index % length === 0 && index + length <= 2 ** levels;
}

/** Uncle hashes that follow the asked ones. */
export function uncleCount(range: HashRange): number {
  return Math.max(0, range.proofLayers - levelsAbove(range.length) + 1);
}

/**
 * The body of a `hashes` message: the range's hashes, then its uncles from below upwards. `layer` is the whole base
 * layer of the file; padding is filled in. The range must be valid for the file.
 */
export function hashesOfRange(layer: Uint8Array, range: HashRange): Uint8Array {
  const uncles = uncleCount(range);
  const body = new Uint8Array((range.length + uncles) * MERKLE_HASH_BYTES);
  for (let offset = 0; offset < range.length; offset += 1) {
    body.set(hashAt(layer, range.baseLayer, range.index + offset), offset * MERKLE_HASH_BYTES);
  }
  const own = levelsAbove(range.length);
  let level = range.baseLayer + own;
  let above = uncles === 0 ? layer : foldLayer(layer, range.baseLayer, own);
  let index = range.index / range.length;
  for (let uncle = 0; uncle < uncles; uncle += 1) {
    body.set(hashAt(above, level, index ^ 1), (range.length + uncle) * MERKLE_HASH_BYTES);
    if (uncle + 1 < uncles && layerCount(above) > 1) above = foldLayer(above, level, 1);
    level += 1;
    index >>>= 1;
  }
  return body;
}

/** A hash with its place in the tree. */
export interface TreeNode {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/**
 * The node that a `hashes` body leads to: when its hash is the one known for that place, everything in the body is
 * right. With `proofLayers` one less than the levels above the base layer this is the root. undefined when the
 * body has the wrong length.
 */
export function nodeOfProof(range: HashRange, body: Uint8Array): TreeNode | undefined {
  const uncles = uncleCount(range);
  if (body.length !== (range.length + uncles) * MERKLE_HASH_BYTES) return undefined;
  const own = levelsAbove(range.length);
  const asked = body.subarray(0, range.length * MERKLE_HASH_BYTES);
  let hash: Uint8Array = foldLayer(asked, range.baseLayer, own);
  let index = range.index / range.length;
  for (let uncle = 0; uncle < uncles; uncle += 1) {
    const sibling = hashAt(body, 0, range.length + uncle);
    hash = index % 2 === 0 ? hashPair(hash, sibling) : hashPair(sibling, hash);
    index >>>= 1;
  }
  return { level: range.baseLayer + own + uncles, index, hash };
}

/** Whether a body proves its hashes against the root of a file. */
export function provesRoot(range: HashRange, body: Uint8Array, root: Uint8Array, fileBytes: number): boolean {
  if (!isValidRange(range, fileBytes)) return false;
  const node = nodeOfProof(range, body);
  return node?.level === treeLevels(fileBytes) && Buffer.compare(node.hash, root) === 0;
}
