// Written by unroll.mjs; change that, not this.
import { add } from './word';
import { mixed, schedule, summed } from './sha256-round';

/**
 * FIPS 180-4 §6.2.2, one message.
 *
 * `state`: 8 words. `table`: the 64 constants.
 * `p`: the next `blocks` × 64 bytes, at any alignment.
 */
export function sha256Single(
  state: usize, table: usize, p: usize, blocks: i32
): void {
  let a = load<u32>(state, 0);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  for (; blocks > 0; blocks--) {
    const aBefore = a, bBefore = b, cBefore = c, dBefore = d, eBefore = e, fBefore = f, gBefore = g, hBefore = h;
    let w0 = bswap<u32>(load<u32>(p, 0));
    let w1 = bswap<u32>(load<u32>(p, 4));
    let w2 = bswap<u32>(load<u32>(p, 8));
    let w3 = bswap<u32>(load<u32>(p, 12));
    h = mixed(e, f, g, h, load<u32>(table, 0), w0); d = add(d, h); h = add(h, summed(a, b, c));
    g = mixed(d, e, f, g, load<u32>(table, 4), w1); c = add(c, g); g = add(g, summed(h, a, b));
    f = mixed(c, d, e, f, load<u32>(table, 8), w2); b = add(b, f); f = add(f, summed(g, h, a));
    e = mixed(b, c, d, e, load<u32>(table, 12), w3); a = add(a, e); e = add(e, summed(f, g, h));
    let w4 = bswap<u32>(load<u32>(p, 16));
    let w5 = bswap<u32>(load<u32>(p, 20));
    let w6 = bswap<u32>(load<u32>(p, 24));
    let w7 = bswap<u32>(load<u32>(p, 28));
    d = mixed(a, b, c, d, load<u32>(table, 16), w4); h = add(h, d); d = add(d, summed(e, f, g));
    c = mixed(h, a, b, c, load<u32>(table, 20), w5); g = add(g, c); c = add(c, summed(d, e, f));
    b = mixed(g, h, a, b, load<u32>(table, 24), w6); f = add(f, b); b = add(b, summed(c, d, e));
    a = mixed(f, g, h, a, load<u32>(table, 28), w7); e = add(e, a); a = add(a, summed(b, c, d));
    let w8 = bswap<u32>(load<u32>(p, 32));
    let w9 = bswap<u32>(load<u32>(p, 36));
    let w10 = bswap<u32>(load<u32>(p, 40));
    let w11 = bswap<u32>(load<u32>(p, 44));
    h = mixed(e, f, g, h, load<u32>(table, 32), w8); d = add(d, h); h = add(h, summed(a, b, c));
    g = mixed(d, e, f, g, load<u32>(table, 36), w9); c = add(c, g); g = add(g, summed(h, a, b));
    f = mixed(c, d, e, f, load<u32>(table, 40), w10); b = add(b, f); f = add(f, summed(g, h, a));
    e = mixed(b, c, d, e, load<u32>(table, 44), w11); a = add(a, e); e = add(e, summed(f, g, h));
    let w12 = bswap<u32>(load<u32>(p, 48));
    let w13 = bswap<u32>(load<u32>(p, 52));
    let w14 = bswap<u32>(load<u32>(p, 56));
    let w15 = bswap<u32>(load<u32>(p, 60));
    d = mixed(a, b, c, d, load<u32>(table, 48), w12); h = add(h, d); d = add(d, summed(e, f, g));
    c = mixed(h, a, b, c, load<u32>(table, 52), w13); g = add(g, c); c = add(c, summed(d, e, f));
    b = mixed(g, h, a, b, load<u32>(table, 56), w14); f = add(f, b); b = add(b, summed(c, d, e));
    a = mixed(f, g, h, a, load<u32>(table, 60), w15); e = add(e, a); a = add(a, summed(b, c, d));
    for (let k = table + 64; k < table + 256; k += 64) {
      w0 = schedule(w0, w1, w9, w14);
      h = mixed(e, f, g, h, load<u32>(k, 0), w0); d = add(d, h); h = add(h, summed(a, b, c));
      w1 = schedule(w1, w2, w10, w15);
      g = mixed(d, e, f, g, load<u32>(k, 4), w1); c = add(c, g); g = add(g, summed(h, a, b));
      w2 = schedule(w2, w3, w11, w0);
      f = mixed(c, d, e, f, load<u32>(k, 8), w2); b = add(b, f); f = add(f, summed(g, h, a));
      w3 = schedule(w3, w4, w12, w1);
      e = mixed(b, c, d, e, load<u32>(k, 12), w3); a = add(a, e); e = add(e, summed(f, g, h));
      w4 = schedule(w4, w5, w13, w2);
      d = mixed(a, b, c, d, load<u32>(k, 16), w4); h = add(h, d); d = add(d, summed(e, f, g));
      w5 = schedule(w5, w6, w14, w3);
      c = mixed(h, a, b, c, load<u32>(k, 20), w5); g = add(g, c); c = add(c, summed(d, e, f));
      w6 = schedule(w6, w7, w15, w4);
      b = mixed(g, h, a, b, load<u32>(k, 24), w6); f = add(f, b); b = add(b, summed(c, d, e));
      w7 = schedule(w7, w8, w0, w5);
      a = mixed(f, g, h, a, load<u32>(k, 28), w7); e = add(e, a); a = add(a, summed(b, c, d));
      w8 = schedule(w8, w9, w1, w6);
      h = mixed(e, f, g, h, load<u32>(k, 32), w8); d = add(d, h); h = add(h, summed(a, b, c));
      w9 = schedule(w9, w10, w2, w7);
      g = mixed(d, e, f, g, load<u32>(k, 36), w9); c = add(c, g); g = add(g, summed(h, a, b));
      w10 = schedule(w10, w11, w3, w8);
      f = mixed(c, d, e, f, load<u32>(k, 40), w10); b = add(b, f); f = add(f, summed(g, h, a));
      w11 = schedule(w11, w12, w4, w9);
      e = mixed(b, c, d, e, load<u32>(k, 44), w11); a = add(a, e); e = add(e, summed(f, g, h));
      w12 = schedule(w12, w13, w5, w10);
      d = mixed(a, b, c, d, load<u32>(k, 48), w12); h = add(h, d); d = add(d, summed(e, f, g));
      w13 = schedule(w13, w14, w6, w11);
      c = mixed(h, a, b, c, load<u32>(k, 52), w13); g = add(g, c); c = add(c, summed(d, e, f));
      w14 = schedule(w14, w15, w7, w12);
      b = mixed(g, h, a, b, load<u32>(k, 56), w14); f = add(f, b); b = add(b, summed(c, d, e));
      w15 = schedule(w15, w0, w8, w13);
      a = mixed(f, g, h, a, load<u32>(k, 60), w15); e = add(e, a); a = add(a, summed(b, c, d));
    }
    a = add(a, aBefore);
    b = add(b, bBefore);
    c = add(c, cBefore);
    d = add(d, dBefore);
    e = add(e, eBefore);
    f = add(f, fBefore);
    g = add(g, gBefore);
    h = add(h, hBefore);
    p += 64;
  }
  store<u32>(state, a, 0);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
  store<u32>(state, e, 16);
  store<u32>(state, f, 20);
  store<u32>(state, g, 24);
  store<u32>(state, h, 28);
}
