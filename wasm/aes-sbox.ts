import { and, andNot, get, or, put, xor } from './aes-vector';

/*
 * The AES S-box (FIPS 197, 5.1.1) as a circuit, for all the bytes at once whose bits lie in eight vectors. It has no
 * table and no branch, so its time tells nothing about its input.
 *
 * A byte is seen as x = A·P + B·Q with A, B in GF(16) and P, Q in GF(256). Its norm N = x^17 lies in GF(16), and
 * 1/x = (A·P^16 + B·Q^16) / N. The parts, in order: the linear forms of A and B which the products need; nine
 * products whose sums are the four bits of N, where "or" and "and not" in place of "and" absorb all but two of the
 * squares; 1/N and its linear forms; twice nine products, of 1/N with A and with B; back to the usual basis, together
 * with the linear part of the affine map. The choice of P, Q, of the forms and of the order of the sums is the best
 * that a search found: 100 gates, 22 deep.
 *
 * The constant of the affine map, 0x63, is left out: the key schedule adds it to the round keys, where it costs nothing.
 */

/** Replaces the eight vectors at `at` (vector i: bit i of every byte) by their S-box values less the constant 0x63. */
export function subBytes<V>(at: usize): void {
  const x0 = get<V>(at, 0);
  const x1 = get<V>(at, 1);
  const x2 = get<V>(at, 2);
  const x3 = get<V>(at, 3);
  const x4 = get<V>(at, 4);
  const x5 = get<V>(at, 5);
  const x6 = get<V>(at, 6);
  const x7 = get<V>(at, 7);
  const t0 = xor<V>(x4, x5);
  const t1 = xor<V>(x1, x3);
  const t2 = xor<V>(x6, t1);
  const t3 = xor<V>(x4, t2);
  const t4 = xor<V>(x5, t2);
  const t5 = xor<V>(x2, t2);
  const t6 = xor<V>(x7, t3);
  const t7 = xor<V>(x0, t5);
  const t8 = xor<V>(x5, t6);
  const t9 = xor<V>(x1, t7);
  const t10 = xor<V>(x6, t6);
  const t11 = xor<V>(t5, t8);
  const t12 = xor<V>(x7, t9);
  const t13 = xor<V>(t4, t9);
  const t14 = xor<V>(x0, t10);
  const t15 = xor<V>(t0, t12);
  const t16 = xor<V>(t11, t10);
  const t17 = xor<V>(t8, t14);
  const t18 = or<V>(x7, t11);
  const t19 = or<V>(t9, t5);
  const t20 = andNot<V>(t12, t8);
  const t21 = or<V>(t6, t16);
  const t22 = or<V>(t13, t7);
  const t23 = or<V>(t15, t17);
  const t24 = or<V>(t0, t14);
  const t25 = andNot<V>(t3, t10);
  const t26 = or<V>(t4, x0);
  const t27 = xor<V>(t26, t22);
  const t28 = xor<V>(t17, t27);
  const t29 = xor<V>(t5, t23);
  const t30 = xor<V>(t19, t21);
  const t31 = xor<V>(t18, t30);
  const t32 = xor<V>(t29, t31);
  const t33 = xor<V>(t22, t20);
  const t34 = xor<V>(t33, t30);
  const t35 = xor<V>(t25, t21);
  const t36 = xor<V>(t35, t28);
  const t37 = xor<V>(t24, t29);
  const t38 = xor<V>(t28, t37);
  const t39 = and<V>(t32, t36);
  const t40 = and<V>(t34, t36);
  const t41 = and<V>(t32, t38);
  const t42 = or<V>(t40, t38);
  const t43 = andNot<V>(t34, t36);
  const t44 = andNot<V>(t38, t43);
  const t45 = xor<V>(t42, t39);
  const t46 = andNot<V>(t34, t39);
  const t47 = xor<V>(t46, t41);
  const t48 = andNot<V>(t32, t44);
  const t49 = or<V>(t48, t40);
  const t50 = andNot<V>(t44, t39);
  const t51 = xor<V>(t50, t36);
  const t52 = xor<V>(t51, t45);
  const t53 = xor<V>(t49, t47);
  const t54 = xor<V>(t53, t51);
  const t55 = xor<V>(t52, t49);
  const t56 = xor<V>(t47, t45);
  const t57 = and<V>(t52, x7);
  const t58 = and<V>(t52, t11);
  const t59 = and<V>(t45, t9);
  const t60 = and<V>(t45, t5);
  const t61 = and<V>(t51, t12);
  const t62 = and<V>(t51, t8);
  const t63 = and<V>(t55, t6);
  const t64 = and<V>(t55, t16);
  const t65 = and<V>(t56, t13);
  const t66 = and<V>(t56, t7);
  const t67 = and<V>(t54, t15);
  const t68 = and<V>(t54, t17);
  const t69 = and<V>(t53, t0);
  const t70 = and<V>(t53, t14);
  const t71 = and<V>(t49, t3);
  const t72 = and<V>(t49, t10);
  const t73 = and<V>(t47, t4);
  const t74 = and<V>(t47, x0);
  const t75 = xor<V>(t60, t58);
  const t76 = xor<V>(t72, t70);
  const t77 = xor<V>(t76, t75);
  const t78 = xor<V>(t59, t61);
  const t79 = xor<V>(t71, t73);
  const t80 = xor<V>(t79, t78);
  const y4 = xor<V>(t80, t77);
  const t81 = xor<V>(t78, t65);
  const t82 = xor<V>(t66, y4);
  const t83 = xor<V>(t72, t74);
  const t84 = xor<V>(t81, t67);
  const t85 = xor<V>(t64, t82);
  const y1 = xor<V>(t81, t63);
  const y7 = xor<V>(t83, t85);
  const t86 = xor<V>(t83, t75);
  const t87 = xor<V>(t68, t86);
  const y6 = xor<V>(t87, t82);
  const t88 = xor<V>(t59, t57);
  const t89 = xor<V>(t88, t84);
  const y5 = xor<V>(t77, t89);
  const t90 = xor<V>(t60, t62);
  const y3 = xor<V>(t90, t85);
  const t91 = xor<V>(t71, t69);
  const y2 = xor<V>(t91, t84);
  const y0 = xor<V>(y1, t77);
  put<V>(at, 0, y0);
  put<V>(at, 1, y1);
  put<V>(at, 2, y2);
  put<V>(at, 3, y3);
  put<V>(at, 4, y4);
  put<V>(at, 5, y5);
  put<V>(at, 6, y6);
  put<V>(at, 7, y7);
}
