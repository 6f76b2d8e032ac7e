/* CRC-32C (RFC 3720 appendix B.4), eight bytes a step with eight tables. */

/** x^32 + … of Castagnoli, lowest bit first. */
const POLYNOMIAL: u32 = 0x82f63b78;
const TABLE_BYTES: usize = 1024;

/** This instance's tables: a global, so each thread has its own. */
let tables: usize = 0;

/** Fills the 8 KiB at `at`: table n takes a byte n places further. */
export function crc32cInit(at: usize): void {
  tables = at;
  for (let byte: u32 = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? POLYNOMIAL : 0);
    store<u32>(at + 4 * byte, crc);
  }
  for (let i: usize = 0; i < 7 * 256; i++) {
    const crc = load<u32>(at + 4 * i);
    store<u32>(at + TABLE_BYTES + 4 * i, (crc >> 8) ^ load<u32>(at + 4 * (crc & 255)));
  }
}

// @ts-ignore: decorator
@inline
function look(table: usize, byte: u32): u32 {
  return load<u32>(tables + table * TABLE_BYTES + 4 * (byte & 255));
}

/** The checksum of what `crc` is the checksum of (0: nothing), continued by `byteLength` bytes at `at`. */
export function crc32cUpdate(crc: u32, at: usize, byteLength: usize): u32 {
  crc = ~crc;
  const end = at + byteLength;
  for (; at + 8 <= end; at += 8) {
    const low = load<u32>(at) ^ crc;
    const high = load<u32>(at, 4);
    crc = look(7, low) ^ look(6, low >> 8) ^ look(5, low >> 16) ^ look(4, low >> 24) ^
      look(3, high) ^ look(2, high >> 8) ^ look(1, high >> 16) ^ look(0, high >> 24);
  }
  for (; at < end; at++) crc = (crc >> 8) ^ look(0, crc ^ load<u8>(at));
  return ~crc;
}
