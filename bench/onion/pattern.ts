import { createCipheriv } from 'node:crypto';

const PERIOD = 1 << 20;
/** The most that is looked at in one piece; longer pieces are cut. */
const PIECE_MAX = 1 << 18;
/** One period and a bit of the next, so that no piece wraps around. */
const bytes = createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16)).update(
  new Uint8Array(PERIOD),
);
const PATTERN = Buffer.concat([bytes, bytes.subarray(0, PIECE_MAX)]);

/** Up to `lengthMax` bytes of what every source sends, from this place of the stream on. A view. */
export function patternAt(offset: number, lengthMax: number): Buffer {
  const at = offset % PERIOD;
  return PATTERN.subarray(at, at + Math.min(lengthMax, PIECE_MAX));
}

/** Whether `chunk` is what a source sends at this place of its stream. */
export function isPattern(chunk: Buffer, offset: number): boolean {
  for (let at = 0; at < chunk.length; at += PIECE_MAX) {
    const piece = chunk.subarray(at, at + PIECE_MAX);
    if (!piece.equals(patternAt(offset + at, piece.length))) return false;
  }
  return true;
}
