const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * RFC 4648 base32 without padding, of either case; undefined for a letter that is none, and for letters at the end that
 * make no whole byte.
 */
export function readBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let value = 0;
  let at = 0;
  for (const letter of text.toUpperCase()) {
    const digit = LETTERS.indexOf(letter);
    if (digit < 0) return undefined;
    value = ((value << 5) | digit) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (value >>> bits) & 0xff;
    }
  }
  // What is left over is padding: less than a digit, and zero.
  return bits < 5 && (value & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
