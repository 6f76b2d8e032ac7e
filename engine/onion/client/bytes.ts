/** Reads the circuit number of a cell, or any 32-bit number. */
export { readUint32 as uint32At } from '../../codec/big-endian.ts';

/** 20 or 32 bytes from upper-case hex digits. */
export function hexBytes(hex: string): Uint8Array {
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}
