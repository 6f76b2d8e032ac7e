import { compactKey, roundsOf } from './aes-key';

/*
 * AES of one block in a v128, both ways. The S-box is looked up in all of its 16 rows by every byte, with shuffles of
 * registers, of which the one that a byte belongs to gives its value and the others zero: no address and no branch
 * depends on data.
 */

/** Row `row` of a table where x lies in it, else zero. */
// @ts-ignore: decorator
@inline function picked(values: v128, x: v128, row: i32): v128 {
  return i8x16.swizzle(values, v128.xor(x, i8x16.splat((row << 4) as i8)));
}

/** SubBytes, less its constant. */
// @ts-ignore: decorator
@inline export function substituted(x: v128): v128 {
  let y = i8x16.swizzle(
    i8x16(0, 31, 20, 24, -111, 8, 12, -90, 83, 98, 4, 72, -99, -76, -56, 21), x,
  );
  y = v128.or(y, picked(
    i8x16(-87, -31, -86, 30, -103, 58, 36, -109, -50, -73, -63, -52, -1, -57, 17, -93), x, 1,
  ));
  y = v128.or(y, picked(
    i8x16(-44, -98, -16, 69, 85, 92, -108, -81, 87, -58, -122, -110, 18, -69, 82, 118), x, 2,
  ));
  y = v128.or(y, picked(
    i8x16(103, -92, 64, -96, 123, -11, 102, -7, 100, 113, -29, -127, -120, 68, -47, 22), x, 3,
  ));
  y = v128.or(y, picked(
    i8x16(106, -32, 79, 121, 120, 13, 57, -61, 49, 88, -75, -48, 74, -128, 76, -25), x, 4,
  ));
  y = v128.or(y, picked(
    i8x16(48, -78, 99, -114, 67, -97, -46, 56, 9, -88, -35, 90, 41, 47, 59, -84), x, 5,
  ));
  y = v128.or(y, picked(
    i8x16(-77, -116, -55, -104, 32, 46, 80, -26, 38, -102, 97, 28, 51, 95, -4, -53), x, 6,
  ));
  y = v128.or(y, picked(
    i8x16(50, -64, 35, -20, -15, -2, 91, -106, -33, -43, -71, 66, 115, -100, -112, -79), x, 7,
  ));
  y = v128.or(y, picked(
    i8x16(-82, 111, 112, -113, 60, -12, 39, 116, -89, -60, 29, 94, 7, 62, 122, 16), x, 8,
  ));
  y = v128.or(y, picked(
    i8x16(3, -30, 44, -65, 65, 73, -13, -21, 37, -115, -37, 119, -67, 61, 104, -72), x, 9,
  ));
  y = v128.or(y, picked(
    i8x16(-125, 81, 89, 105, 42, 101, 71, 63, -95, -80, -49, 1, -14, -10, -121, 26), x, 10,
  ));
  y = v128.or(y, picked(
    i8x16(-124, -85, 84, 14, -18, -74, 45, -54, 15, 53, -105, -119, 6, 25, -51, 107), x, 11,
  ));
  y = v128.or(y, picked(
    i8x16(-39, 27, 70, 77, 127, -59, -41, -91, -117, -66, 23, 124, 40, -34, -24, -23), x, 12,
  ));
  y = v128.or(y, picked(
    i8x16(19, 93, -42, 5, 43, 96, -107, 109, 2, 86, 52, -38, -27, -94, 126, -3), x, 13,
  ));
  y = v128.or(y, picked(
    i8x16(-126, -101, -5, 114, 10, -70, -19, -9, -8, 125, -28, -118, -83, 54, 75, -68), x, 14,
  ));
  y = v128.or(y, picked(
    i8x16(-17, -62, -22, 110, -36, -123, 33, 11, 34, -6, 78, 108, -45, 55, -40, 117), x, 15,
  ));
  return y;
}

/** InvSubBytes. */
// @ts-ignore: decorator
@inline function unsubstituted(x: v128): v128 {
  let y = i8x16.swizzle(
    i8x16(82, 9, 106, -43, 48, 54, -91, 56, -65, 64, -93, -98, -127, -13, -41, -5), x,
  );
  y = v128.or(y, picked(
    i8x16(124, -29, 57, -126, -101, 47, -1, -121, 52, -114, 67, 68, -60, -34, -23, -53), x, 1,
  ));
  y = v128.or(y, picked(
    i8x16(84, 123, -108, 50, -90, -62, 35, 61, -18, 76, -107, 11, 66, -6, -61, 78), x, 2,
  ));
  y = v128.or(y, picked(
    i8x16(8, 46, -95, 102, 40, -39, 36, -78, 118, 91, -94, 73, 109, -117, -47, 37), x, 3,
  ));
  y = v128.or(y, picked(
    i8x16(114, -8, -10, 100, -122, 104, -104, 22, -44, -92, 92, -52, 93, 101, -74, -110), x, 4,
  ));
  y = v128.or(y, picked(
    i8x16(108, 112, 72, 80, -3, -19, -71, -38, 94, 21, 70, 87, -89, -115, -99, -124), x, 5,
  ));
  y = v128.or(y, picked(
    i8x16(-112, -40, -85, 0, -116, -68, -45, 10, -9, -28, 88, 5, -72, -77, 69, 6), x, 6,
  ));
  y = v128.or(y, picked(
    i8x16(-48, 44, 30, -113, -54, 63, 15, 2, -63, -81, -67, 3, 1, 19, -118, 107), x, 7,
  ));
  y = v128.or(y, picked(
    i8x16(58, -111, 17, 65, 79, 103, -36, -22, -105, -14, -49, -50, -16, -76, -26, 115), x, 8,
  ));
  y = v128.or(y, picked(
    i8x16(-106, -84, 116, 34, -25, -83, 53, -123, -30, -7, 55, -24, 28, 117, -33, 110), x, 9,
  ));
  y = v128.or(y, picked(
    i8x16(71, -15, 26, 113, 29, 41, -59, -119, 111, -73, 98, 14, -86, 24, -66, 27), x, 10,
  ));
  y = v128.or(y, picked(
    i8x16(-4, 86, 62, 75, -58, -46, 121, 32, -102, -37, -64, -2, 120, -51, 90, -12), x, 11,
  ));
  y = v128.or(y, picked(
    i8x16(31, -35, -88, 51, -120, 7, -57, 49, -79, 18, 16, 89, 39, -128, -20, 95), x, 12,
  ));
  y = v128.or(y, picked(
    i8x16(96, 81, 127, -87, 25, -75, 74, 13, 45, -27, 122, -97, -109, -55, -100, -17), x, 13,
  ));
  y = v128.or(y, picked(
    i8x16(-96, -32, 59, 77, -82, 42, -11, -80, -56, -21, -69, 60, -125, 83, -103, 97), x, 14,
  ));
  y = v128.or(y, picked(
    i8x16(23, 43, 4, 126, -70, 119, -42, 38, -31, 105, 20, 99, 85, 33, 12, 125), x, 15,
  ));
  return y;
}

// @ts-ignore: decorator
@inline function shifted(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11);
}

// @ts-ignore: decorator
@inline function unshifted(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3);
}

/** 2·x for each byte, in GF(256). */
// @ts-ignore: decorator
@inline function doubled(x: v128): v128 {
  return v128.xor(i8x16.add(x, x), v128.and(i8x16.shr_s(x, 7), i8x16.splat(0x1b)));
}

/** Halves of all columns exchanged. */
// @ts-ignore: decorator
@inline function crossed(x: v128): v128 {
  return v128.shuffle<u8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
}

// @ts-ignore: decorator
@inline function mixed(x: v128): v128 {
  const next = v128.shuffle<u8>(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
  const sum = v128.xor(x, next);
  return v128.xor(v128.xor(doubled(sum), next), crossed(sum));
}

/** InvMixColumns is MixColumns after a simpler map: 5, 0, 4, 0 times the bytes of the column. */
// @ts-ignore: decorator
@inline function unmixed(x: v128): v128 {
  return mixed(v128.xor(x, doubled(doubled(v128.xor(x, crossed(x))))));
}

/** Encrypts the 16 bytes at `at` in place, with the compact part of a schedule. */
export function encryptVector(schedule: usize, at: usize): void {
  const rounds = roundsOf(schedule);
  let x = v128.xor(load<v128>(at), load<v128>(compactKey(schedule, 0)));
  for (let round = 1; round < rounds; round++) {
    x = v128.xor(mixed(shifted(substituted(x))), load<v128>(compactKey(schedule, round)));
  }
  store<v128>(at, v128.xor(shifted(substituted(x)), load<v128>(compactKey(schedule, rounds))));
}

/** A round key behind the first as it is, without the constant that stands in the schedule. */
// @ts-ignore: decorator
@inline function plainKey(schedule: usize, round: i32): v128 {
  return v128.xor(load<v128>(compactKey(schedule, round)), i8x16.splat(0x63));
}

/** Decrypts the 16 bytes at `at` in place. */
export function decryptVector(schedule: usize, at: usize): void {
  const rounds = roundsOf(schedule);
  let x = v128.xor(load<v128>(at), plainKey(schedule, rounds));
  for (let round = rounds - 1; round > 0; round--) {
    x = unmixed(v128.xor(unsubstituted(unshifted(x)), plainKey(schedule, round)));
  }
  store<v128>(at, v128.xor(unsubstituted(unshifted(x)), load<v128>(compactKey(schedule, 0))));
}
