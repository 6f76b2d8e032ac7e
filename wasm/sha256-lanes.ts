// Written by unroll.mjs; change that, not this.
import { add } from './word';
import { mixed, schedule, summed } from './sha256-round';
import { fromBigEndian, highHalves, highPairs, lowHalves, lowPairs } from './transpose';

/**
 * FIPS 180-4 §6.2.2, four messages side by side.
 *
 * `state`: 8 vectors, lane i of each belongs to message i. `table`: the 64 constants.
 * `p0` … `p3`: the next `blocks` × 64 bytes of each message, at any alignment.
 */
export function sha256Lanes(
  state: usize, table: usize, p0: usize, p1: usize, p2: usize, p3: usize, blocks: i32
): void {
  let a = v128.load(state, 0);
  let b = v128.load(state, 16);
  let c = v128.load(state, 32);
  let d = v128.load(state, 48);
  let e = v128.load(state, 64);
  let f = v128.load(state, 80);
  let g = v128.load(state, 96);
  let h = v128.load(state, 112);
  for (; blocks > 0; blocks--) {
    const aBefore = a, bBefore = b, cBefore = c, dBefore = d, eBefore = e, fBefore = f, gBefore = g, hBefore = h;
    const m00 = fromBigEndian(v128.load(p0, 0));
    const m01 = fromBigEndian(v128.load(p1, 0));
    const m02 = fromBigEndian(v128.load(p2, 0));
    const m03 = fromBigEndian(v128.load(p3, 0));
    const lo0 = lowPairs(m00, m01), lo0b = lowPairs(m02, m03);
    const hi0 = highPairs(m00, m01), hi0b = highPairs(m02, m03);
    let w0 = lowHalves(lo0, lo0b), w1 = highHalves(lo0, lo0b);
    let w2 = lowHalves(hi0, hi0b), w3 = highHalves(hi0, hi0b);
    h = mixed(e, f, g, h, v128.load32_splat(table, 0), w0); d = add(d, h); h = add(h, summed(a, b, c));
    g = mixed(d, e, f, g, v128.load32_splat(table, 4), w1); c = add(c, g); g = add(g, summed(h, a, b));
    f = mixed(c, d, e, f, v128.load32_splat(table, 8), w2); b = add(b, f); f = add(f, summed(g, h, a));
    e = mixed(b, c, d, e, v128.load32_splat(table, 12), w3); a = add(a, e); e = add(e, summed(f, g, h));
    const m10 = fromBigEndian(v128.load(p0, 16));
    const m11 = fromBigEndian(v128.load(p1, 16));
    const m12 = fromBigEndian(v128.load(p2, 16));
    const m13 = fromBigEndian(v128.load(p3, 16));
    const lo1 = lowPairs(m10, m11), lo1b = lowPairs(m12, m13);
    const hi1 = highPairs(m10, m11), hi1b = highPairs(m12, m13);
    let w4 = lowHalves(lo1, lo1b), w5 = highHalves(lo1, lo1b);
    let w6 = lowHalves(hi1, hi1b), w7 = highHalves(hi1, hi1b);
    d = mixed(a, b, c, d, v128.load32_splat(table, 16), w4); h = add(h, d); d = add(d, summed(e, f, g));
    c = mixed(h, a, b, c, v128.load32_splat(table, 20), w5); g = add(g, c); c = add(c, summed(d, e, f));
    b = mixed(g, h, a, b, v128.load32_splat(table, 24), w6); f = add(f, b); b = add(b, summed(c, d, e));
    a = mixed(f, g, h, a, v128.load32_splat(table, 28), w7); e = add(e, a); a = add(a, summed(b, c, d));
    const m20 = fromBigEndian(v128.load(p0, 32));
    const m21 = fromBigEndian(v128.load(p1, 32));
    const m22 = fromBigEndian(v128.load(p2, 32));
    const m23 = fromBigEndian(v128.load(p3, 32));
    const lo2 = lowPairs(m20, m21), lo2b = lowPairs(m22, m23);
    const hi2 = highPairs(m20, m21), hi2b = highPairs(m22, m23);
    let w8 = lowHalves(lo2, lo2b), w9 = highHalves(lo2, lo2b);
    let w10 = lowHalves(hi2, hi2b), w11 = highHalves(hi2, hi2b);
    h = mixed(e, f, g, h, v128.load32_splat(table, 32), w8); d = add(d, h); h = add(h, summed(a, b, c));
    g = mixed(d, e, f, g, v128.load32_splat(table, 36), w9); c = add(c, g); g = add(g, summed(h, a, b));
    f = mixed(c, d, e, f, v128.load32_splat(table, 40), w10); b = add(b, f); f = add(f, summed(g, h, a));
    e = mixed(b, c, d, e, v128.load32_splat(table, 44), w11); a = add(a, e); e = add(e, summed(f, g, h));
    const m30 = fromBigEndian(v128.load(p0, 48));
    const m31 = fromBigEndian(v128.load(p1, 48));
    const m32 = fromBigEndian(v128.load(p2, 48));
    const m33 = fromBigEndian(v128.load(p3, 48));
    const lo3 = lowPairs(m30, m31), lo3b = lowPairs(m32, m33);
    const hi3 = highPairs(m30, m31), hi3b = highPairs(m32, m33);
    let w12 = lowHalves(lo3, lo3b), w13 = highHalves(lo3, lo3b);
    let w14 = lowHalves(hi3, hi3b), w15 = highHalves(hi3, hi3b);
    d = mixed(a, b, c, d, v128.load32_splat(table, 48), w12); h = add(h, d); d = add(d, summed(e, f, g));
    c = mixed(h, a, b, c, v128.load32_splat(table, 52), w13); g = add(g, c); c = add(c, summed(d, e, f));
    b = mixed(g, h, a, b, v128.load32_splat(table, 56), w14); f = add(f, b); b = add(b, summed(c, d, e));
    a = mixed(f, g, h, a, v128.load32_splat(table, 60), w15); e = add(e, a); a = add(a, summed(b, c, d));
    for (let k = table + 64; k < table + 256; k += 64) {
      w0 = schedule(w0, w1, w9, w14);
      h = mixed(e, f, g, h, v128.load32_splat(k, 0), w0); d = add(d, h); h = add(h, summed(a, b, c));
      w1 = schedule(w1, w2, w10, w15);
      g = mixed(d, e, f, g, v128.load32_splat(k, 4), w1); c = add(c, g); g = add(g, summed(h, a, b));
      w2 = schedule(w2, w3, w11, w0);
      f = mixed(c, d, e, f, v128.load32_splat(k, 8), w2); b = add(b, f); f = add(f, summed(g, h, a));
      w3 = schedule(w3, w4, w12, w1);
      e = mixed(b, c, d, e, v128.load32_splat(k, 12), w3); a = add(a, e); e = add(e, summed(f, g, h));
      w4 = schedule(w4, w5, w13, w2);
      d = mixed(a, b, c, d, v128.load32_splat(k, 16), w4); h = add(h, d); d = add(d, summed(e, f, g));
      w5 = schedule(w5, w6, w14, w3);
      c = mixed(h, a, b, c, v128.load32_splat(k, 20), w5); g = add(g, c); c = add(c, summed(d, e, f));
      w6 = schedule(w6, w7, w15, w4);
      b = mixed(g, h, a, b, v128.load32_splat(k, 24), w6); f = add(f, b); b = add(b, summed(c, d, e));
      w7 = schedule(w7, w8, w0, w5);
      a = mixed(f, g, h, a, v128.load32_splat(k, 28), w7); e = add(e, a); a = add(a, summed(b, c, d));
      w8 = schedule(w8, w9, w1, w6);
      h = mixed(e, f, g, h, v128.load32_splat(k, 32), w8); d = add(d, h); h = add(h, summed(a, b, c));
      w9 = schedule(w9, w10, w2, w7);
      g = mixed(d, e, f, g, v128.load32_splat(k, 36), w9); c = add(c, g); g = add(g, summed(h, a, b));
      w10 = schedule(w10, w11, w3, w8);
      f = mixed(c, d, e, f, v128.load32_splat(k, 40), w10); b = add(b, f); f = add(f, summed(g, h, a));
      w11 = schedule(w11, w12, w4, w9);
      e = mixed(b, c, d, e, v128.load32_splat(k, 44), w11); a = add(a, e); e = add(e, summed(f, g, h));
      w12 = schedule(w12, w13, w5, w10);
      d = mixed(a, b, c, d, v128.load32_splat(k, 48), w12); h = add(h, d); d = add(d, summed(e, f, g));
      w13 = schedule(w13, w14, w6, w11);
      c = mixed(h, a, b, c, v128.load32_splat(k, 52), w13); g = add(g, c); c = add(c, summed(d, e, f));
      w14 = schedule(w14, w15, w7, w12);
      b = mixed(g, h, a, b, v128.load32_splat(k, 56), w14); f = add(f, b); b = add(b, summed(c, d, e));
      w15 = schedule(w15, w0, w8, w13);
      a = mixed(f, g, h, a, v128.load32_splat(k, 60), w15); e = add(e, a); a = add(a, summed(b, c, d));
    }
    a = add(a, aBefore);
    b = add(b, bBefore);
    c = add(c, cBefore);
    d = add(d, dBefore);
    e = add(e, eBefore);
    f = add(f, fBefore);
    g = add(g, gBefore);
    h = add(h, hBefore);
    p0 += 64; p1 += 64; p2 += 64; p3 += 64;
  }
  v128.store(state, a, 0);
  v128.store(state, b, 16);
  v128.store(state, c, 32);
  v128.store(state, d, 48);
  v128.store(state, e, 64);
  v128.store(state, f, 80);
  v128.store(state, g, 96);
  v128.store(state, h, 112);
}
