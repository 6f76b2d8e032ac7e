/*
 * The constants of SHA-1 and SHA-256 (FIPS 180-4 §4.2, §5.3), in one table for each instance, at the address given to
 * hashInit. Those of SHA-256 are what the standard says they are: the first 32 bits behind the point of the square and
 * cube roots of the first primes.
 */

const SHA1_START_AT: usize = 64;
const SHA256_ROUNDS_AT: usize = 96;
const SHA256_START_AT: usize = 352;

/** This instance's table: a global, so each thread has its own. */
let table: usize = 0;

/** Round constants of SHA-1: four words, each four times. */
// @ts-ignore: decorator
@inline
export function sha1Table(): usize {
  return table;
}

/** Round constants of SHA-256: 64 words. */
// @ts-ignore: decorator
@inline
export function sha256Table(): usize {
  return table + SHA256_ROUNDS_AT;
}

/** What a state begins with: five words for SHA-1, eight for SHA-256. */
// @ts-ignore: decorator
@inline
export function startWords(sha1: bool): usize {
  return table + (sha1 ? SHA1_START_AT : SHA256_START_AT);
}

/** Fills the 384 bytes at `at`, which stay this instance's. */
export function hashInit(at: usize): void {
  table = at;
  splat(at, 0x5a827999);
  splat(at + 16, 0x6ed9eba1);
  splat(at + 32, 0x8f1bbcdc);
  splat(at + 48, 0xca62c1d6);
  store<u32>(at + SHA1_START_AT, 0x67452301);
  store<u32>(at + SHA1_START_AT, 0xefcdab89, 4);
  store<u32>(at + SHA1_START_AT, 0x98badcfe, 8);
  store<u32>(at + SHA1_START_AT, 0x10325476, 12);
  store<u32>(at + SHA1_START_AT, 0xc3d2e1f0, 16);
  let prime = 1;
  for (let i: usize = 0; i < 64; i++) {
    prime = nextPrime(prime);
    store<u32>(at + SHA256_ROUNDS_AT + 4 * i, fraction(cubeRoot(prime)));
    if (i < 8) store<u32>(at + SHA256_START_AT + 4 * i, fraction(Math.sqrt(prime)));
  }
}

function splat(at: usize, x: u32): void {
  for (let lane: usize = 0; lane < 16; lane += 4) store<u32>(at + lane, x);
}

function nextPrime(after: i32): i32 {
  let n = after;
  let divisor = 1;
  while (divisor * divisor <= n) {
    n++;
    divisor = 2;
    while (divisor * divisor <= n && n % divisor != 0) divisor++;
  }
  return n;
}

/** By Newton's method; a double is precise to 2^-50 here, of which 2^-32 is used. */
function cubeRoot(x: f64): f64 {
  let root = x;
  for (let i = 0; i < 32; i++) root -= (root * root * root - x) / (3 * root * root);
  return root;
}

function fraction(x: f64): u32 {
  return <u32>((x - Math.floor(x)) * 4294967296.0);
}
