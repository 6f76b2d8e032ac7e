// Written by unroll.mjs; change that, not this.
import { add } from './word';
import { choose, majority, parity, rotl30, schedule } from './sha1-round';

/**
 * FIPS 180-4 §6.1.2, one message.
 *
 * `state`: 5 words. `table`: the four constants, splatted.
 * `p`: the next `blocks` × 64 bytes, at any alignment.
 */
export function sha1Single(
  state: usize, table: usize, p: usize, blocks: i32
): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  for (; blocks > 0; blocks--) {
    const aBefore = a, bBefore = b, cBefore = c, dBefore = d, eBefore = e;
    const k0 = load<u32>(table, 0);
    let w0 = bswap<u32>(load<u32>(p, 0));
    let w1 = bswap<u32>(load<u32>(p, 4));
    let w2 = bswap<u32>(load<u32>(p, 8));
    let w3 = bswap<u32>(load<u32>(p, 12));
    e = choose(a, b, c, d, e, k0, w0); b = rotl30(b);
    d = choose(e, a, b, c, d, k0, w1); a = rotl30(a);
    c = choose(d, e, a, b, c, k0, w2); e = rotl30(e);
    b = choose(c, d, e, a, b, k0, w3); d = rotl30(d);
    let w4 = bswap<u32>(load<u32>(p, 16));
    let w5 = bswap<u32>(load<u32>(p, 20));
    let w6 = bswap<u32>(load<u32>(p, 24));
    let w7 = bswap<u32>(load<u32>(p, 28));
    a = choose(b, c, d, e, a, k0, w4); c = rotl30(c);
    e = choose(a, b, c, d, e, k0, w5); b = rotl30(b);
    d = choose(e, a, b, c, d, k0, w6); a = rotl30(a);
    c = choose(d, e, a, b, c, k0, w7); e = rotl30(e);
    let w8 = bswap<u32>(load<u32>(p, 32));
    let w9 = bswap<u32>(load<u32>(p, 36));
    let w10 = bswap<u32>(load<u32>(p, 40));
    let w11 = bswap<u32>(load<u32>(p, 44));
    b = choose(c, d, e, a, b, k0, w8); d = rotl30(d);
    a = choose(b, c, d, e, a, k0, w9); c = rotl30(c);
    e = choose(a, b, c, d, e, k0, w10); b = rotl30(b);
    d = choose(e, a, b, c, d, k0, w11); a = rotl30(a);
    let w12 = bswap<u32>(load<u32>(p, 48));
    let w13 = bswap<u32>(load<u32>(p, 52));
    let w14 = bswap<u32>(load<u32>(p, 56));
    let w15 = bswap<u32>(load<u32>(p, 60));
    c = choose(d, e, a, b, c, k0, w12); e = rotl30(e);
    b = choose(c, d, e, a, b, k0, w13); d = rotl30(d);
    a = choose(b, c, d, e, a, k0, w14); c = rotl30(c);
    e = choose(a, b, c, d, e, k0, w15); b = rotl30(b);
    w0 = schedule(w0, w8, w2, w13); d = choose(e, a, b, c, d, k0, w0); a = rotl30(a);
    w1 = schedule(w1, w9, w3, w14); c = choose(d, e, a, b, c, k0, w1); e = rotl30(e);
    w2 = schedule(w2, w10, w4, w15); b = choose(c, d, e, a, b, k0, w2); d = rotl30(d);
    w3 = schedule(w3, w11, w5, w0); a = choose(b, c, d, e, a, k0, w3); c = rotl30(c);
    const k1 = load<u32>(table, 16);
    w4 = schedule(w4, w12, w6, w1); e = parity(a, b, c, d, e, k1, w4); b = rotl30(b);
    w5 = schedule(w5, w13, w7, w2); d = parity(e, a, b, c, d, k1, w5); a = rotl30(a);
    w6 = schedule(w6, w14, w8, w3); c = parity(d, e, a, b, c, k1, w6); e = rotl30(e);
    w7 = schedule(w7, w15, w9, w4); b = parity(c, d, e, a, b, k1, w7); d = rotl30(d);
    w8 = schedule(w8, w0, w10, w5); a = parity(b, c, d, e, a, k1, w8); c = rotl30(c);
    w9 = schedule(w9, w1, w11, w6); e = parity(a, b, c, d, e, k1, w9); b = rotl30(b);
    w10 = schedule(w10, w2, w12, w7); d = parity(e, a, b, c, d, k1, w10); a = rotl30(a);
    w11 = schedule(w11, w3, w13, w8); c = parity(d, e, a, b, c, k1, w11); e = rotl30(e);
    w12 = schedule(w12, w4, w14, w9); b = parity(c, d, e, a, b, k1, w12); d = rotl30(d);
    w13 = schedule(w13, w5, w15, w10); a = parity(b, c, d, e, a, k1, w13); c = rotl30(c);
    w14 = schedule(w14, w6, w0, w11); e = parity(a, b, c, d, e, k1, w14); b = rotl30(b);
    w15 = schedule(w15, w7, w1, w12); d = parity(e, a, b, c, d, k1, w15); a = rotl30(a);
    w0 = schedule(w0, w8, w2, w13); c = parity(d, e, a, b, c, k1, w0); e = rotl30(e);
    w1 = schedule(w1, w9, w3, w14); b = parity(c, d, e, a, b, k1, w1); d = rotl30(d);
    w2 = schedule(w2, w10, w4, w15); a = parity(b, c, d, e, a, k1, w2); c = rotl30(c);
    w3 = schedule(w3, w11, w5, w0); e = parity(a, b, c, d, e, k1, w3); b = rotl30(b);
    w4 = schedule(w4, w12, w6, w1); d = parity(e, a, b, c, d, k1, w4); a = rotl30(a);
    w5 = schedule(w5, w13, w7, w2); c = parity(d, e, a, b, c, k1, w5); e = rotl30(e);
    w6 = schedule(w6, w14, w8, w3); b = parity(c, d, e, a, b, k1, w6); d = rotl30(d);
    w7 = schedule(w7, w15, w9, w4); a = parity(b, c, d, e, a, k1, w7); c = rotl30(c);
    const k2 = load<u32>(table, 32);
    w8 = schedule(w8, w0, w10, w5); e = majority(a, b, c, d, e, k2, w8); b = rotl30(b);
    w9 = schedule(w9, w1, w11, w6); d = majority(e, a, b, c, d, k2, w9); a = rotl30(a);
    w10 = schedule(w10, w2, w12, w7); c = majority(d, e, a, b, c, k2, w10); e = rotl30(e);
    w11 = schedule(w11, w3, w13, w8); b = majority(c, d, e, a, b, k2, w11); d = rotl30(d);
    w12 = schedule(w12, w4, w14, w9); a = majority(b, c, d, e, a, k2, w12); c = rotl30(c);
    w13 = schedule(w13, w5, w15, w10); e = majority(a, b, c, d, e, k2, w13); b = rotl30(b);
    w14 = schedule(w14, w6, w0, w11); d = majority(e, a, b, c, d, k2, w14); a = rotl30(a);
    w15 = schedule(w15, w7, w1, w12); c = majority(d, e, a, b, c, k2, w15); e = rotl30(e);
    w0 = schedule(w0, w8, w2, w13); b = majority(c, d, e, a, b, k2, w0); d = rotl30(d);
    w1 = schedule(w1, w9, w3, w14); a = majority(b, c, d, e, a, k2, w1); c = rotl30(c);
    w2 = schedule(w2, w10, w4, w15); e = majority(a, b, c, d, e, k2, w2); b = rotl30(b);
    w3 = schedule(w3, w11, w5, w0); d = majority(e, a, b, c, d, k2, w3); a = rotl30(a);
    w4 = schedule(w4, w12, w6, w1); c = majority(d, e, a, b, c, k2, w4); e = rotl30(e);
    w5 = schedule(w5, w13, w7, w2); b = majority(c, d, e, a, b, k2, w5); d = rotl30(d);
    w6 = schedule(w6, w14, w8, w3); a = majority(b, c, d, e, a, k2, w6); c = rotl30(c);
    w7 = schedule(w7, w15, w9, w4); e = majority(a, b, c, d, e, k2, w7); b = rotl30(b);
    w8 = schedule(w8, w0, w10, w5); d = majority(e, a, b, c, d, k2, w8); a = rotl30(a);
    w9 = schedule(w9, w1, w11, w6); c = majority(d, e, a, b, c, k2, w9); e = rotl30(e);
    w10 = schedule(w10, w2, w12, w7); b = majority(c, d, e, a, b, k2, w10); d = rotl30(d);
    w11 = schedule(w11, w3, w13, w8); a = majority(b, c, d, e, a, k2, w11); c = rotl30(c);
    const k3 = load<u32>(table, 48);
    w12 = schedule(w12, w4, w14, w9); e = parity(a, b, c, d, e, k3, w12); b = rotl30(b);
    w13 = schedule(w13, w5, w15, w10); d = parity(e, a, b, c, d, k3, w13); a = rotl30(a);
    w14 = schedule(w14, w6, w0, w11); c = parity(d, e, a, b, c, k3, w14); e = rotl30(e);
    w15 = schedule(w15, w7, w1, w12); b = parity(c, d, e, a, b, k3, w15); d = rotl30(d);
    w0 = schedule(w0, w8, w2, w13); a = parity(b, c, d, e, a, k3, w0); c = rotl30(c);
    w1 = schedule(w1, w9, w3, w14); e = parity(a, b, c, d, e, k3, w1); b = rotl30(b);
    w2 = schedule(w2, w10, w4, w15); d = parity(e, a, b, c, d, k3, w2); a = rotl30(a);
    w3 = schedule(w3, w11, w5, w0); c = parity(d, e, a, b, c, k3, w3); e = rotl30(e);
    w4 = schedule(w4, w12, w6, w1); b = parity(c, d, e, a, b, k3, w4); d = rotl30(d);
    w5 = schedule(w5, w13, w7, w2); a = parity(b, c, d, e, a, k3, w5); c = rotl30(c);
    w6 = schedule(w6, w14, w8, w3); e = parity(a, b, c, d, e, k3, w6); b = rotl30(b);
    w7 = schedule(w7, w15, w9, w4); d = parity(e, a, b, c, d, k3, w7); a = rotl30(a);
    w8 = schedule(w8, w0, w10, w5); c = parity(d, e, a, b, c, k3, w8); e = rotl30(e);
    w9 = schedule(w9, w1, w11, w6); b = parity(c, d, e, a, b, k3, w9); d = rotl30(d);
    w10 = schedule(w10, w2, w12, w7); a = parity(b, c, d, e, a, k3, w10); c = rotl30(c);
    w11 = schedule(w11, w3, w13, w8); e = parity(a, b, c, d, e, k3, w11); b = rotl30(b);
    w12 = schedule(w12, w4, w14, w9); d = parity(e, a, b, c, d, k3, w12); a = rotl30(a);
    w13 = schedule(w13, w5, w15, w10); c = parity(d, e, a, b, c, k3, w13); e = rotl30(e);
    w14 = schedule(w14, w6, w0, w11); b = parity(c, d, e, a, b, k3, w14); d = rotl30(d);
    w15 = schedule(w15, w7, w1, w12); a = parity(b, c, d, e, a, k3, w15); c = rotl30(c);
    a = add(a, aBefore);
    b = add(b, bBefore);
    c = add(c, cBefore);
    d = add(d, dBefore);
    e = add(e, eBefore);
    p += 64;
  }
  store<u32>(state, a, 0);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  store<u32>(state, e, 16);
}
