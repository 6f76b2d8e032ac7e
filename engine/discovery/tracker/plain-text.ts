/** A stranger's text for a terminal: no control characters, at most `lengthMax` characters. */
export function plainText(bytes: Uint8Array, lengthMax: number): string {
  const text = new TextDecoder().decode(bytes.subarray(0, lengthMax * 4));
  return text
    .replaceAll(/[\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
    .slice(0, lengthMax);
}
