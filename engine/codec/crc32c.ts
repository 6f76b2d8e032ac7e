/** Castagnoli's polynomial, reflected: the checksum of iSCSI (RFC 3720) and of many file formats. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    remainder = (remainder >>> 1) ^ ((remainder & 1) === 1 ? POLYNOMIAL : 0);
  }
  TABLE[byte] = remainder;
}

/** CRC-32C of small things: records, headers. About 400 MB/s; payload belongs to the kernels. */
export function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (let at = 0; at < bytes.length; at += 1) {
    remainder = (remainder >>> 8) ^ TABLE[(remainder ^ bytes[at]!) & 0xff]!;
  }
  return (remainder ^ 0xffffffff) >>> 0;
}
