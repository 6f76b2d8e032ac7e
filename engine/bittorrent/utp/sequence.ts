/** Sequence numbers of uTP have 16 bits and go round (BEP 29). */
export const SEQUENCE_MASK = 0xffff;

/** `seq` and `count` further, or back when it is negative. */
export function sequenceAdd(seq: number, count: number): number {
  return (seq + count) & SEQUENCE_MASK;
}

/** How far `to` is ahead of `from`: 0 to 65,535. Above 32,767 it is rather behind. */
export function sequenceDistance(from: number, to: number): number {
  return (to - from) & SEQUENCE_MASK;
}
