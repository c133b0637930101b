/*
 * math.h - exp, erf and tanh of our own, written once over a vector layer.
 *
 * Include it after a layer, which defines Vec, Mask and the operations below
 * for one instruction set (vec_*.h) or for a single float (lanes_scalar.h):
 *
 *     vload vstore vset  vadd vsub vmul vdiv vsqrt  vfma(a, b, c) = a*b + c
 *     vmax(a, b) = a > b ? a : b    vmin(a, b) = a < b ? a : b
 *     vgreater(a, b)  vselect(mask, yes, no)  vabs(x)  vcopysign(size, sign)
 *     vscale(x, n) = x * 2^n, rounded once; n integral, -150 to 129
 *
 * Each is exact or rounded once as IEEE 754 says, so every layer gives the
 * same bits.  vmax and vmin give b where a or b is NaN: with the constant as
 * a, NaN goes through.  Polynomials are minimax fits made for these intervals,
 * their coefficients rounded to float one after the other.
 *
 * Largest error over all floats, against the host's double functions:
 *     exp   1.02 ulp    erf   1.35 ulp    tanh  1.34 ulp    exp2  1.95 ulp
 * Infinities, denormals and signed zeros come out as C99 annex F has them,
 * NaN stays NaN.  No errno, no flags to rely on.
 */
#ifndef TENSOR_MATH_H
#define TENSOR_MATH_H

#define LOG2_E 0x1.715476p0f

#define MATH_INLINE static inline __attribute__((always_inline, unused))

/*
 * e^x for -104 <= x <= 89: 2^n e^f, |f| <= ln(2)/2. Adding 1.5 * 2^23 rounds
 * x / ln(2) to the integer n; ln(2) in two pieces keeps f exact.
 */
MATH_INLINE Vec exp_inner(Vec x) {
  Vec magic = vset(0x1.8p23f);
  Vec n = vsub(vfma(x, vset(LOG2_E), magic), magic);
  Vec f = vfma(n, vset(-0x1.62e43p-1f), x);
  f = vfma(n, vset(0x1.05c61p-29f), f);
  Vec p = vset(0x1.6ac6500p-10f);
  p = vfma(p, f, vset(0x1.123ddc0p-7f));
  p = vfma(p, f, vset(0x1.5558580p-5f));
  p = vfma(p, f, vset(0x1.55548c0p-3f));
  p = vfma(p, f, vset(0x1.fffffc0p-2f));
  p = vfma(p, vmul(f, f), f);
  return vscale(vadd(p, vset(1.0f)), n);
}

/* Beyond the limits the result is 0 or infinite anyway. */
MATH_INLINE Vec vexp(Vec x) {
  return exp_inner(vmax(vset(-104.0f), vmin(vset(89.0f), x)));
}

/* 2^x for -150 <= x <= 129: 2^n 2^f, |f| <= 1/2. */
MATH_INLINE Vec exp2_inner(Vec x) {
  Vec magic = vset(0x1.8p23f);
  Vec n = vsub(vadd(x, magic), magic), f = vsub(x, n);
  Vec p = vset(0x1.5bda400p-10f);
  p = vfma(p, f, vset(0x1.3ce8ac0p-7f));
  p = vfma(p, f, vset(0x1.c6b6d80p-5f));
  p = vfma(p, f, vset(0x1.ebf9c20p-3f));
  p = vfma(p, f, vset(0x1.62e42a0p-1f));
  p = vfma(p, f, vset(1.0f));
  return vscale(p, n);
}

/* The same where x cannot be above 0. */
MATH_INLINE Vec vexp2_below(Vec x) {
  return exp2_inner(vmax(vset(-150.0f), x));
}

/*
 * Up to 0.65 x + x p(x^2), beyond 1 - e^-q(|x|): there the subtraction
 * loses nothing. erf(4) is 1 - 1.5e-8, which rounds to 1.
 */
MATH_INLINE Vec verf(Vec x) {
  Vec size = vabs(x), square = vmul(size, size);
  Vec p = vset(0x1.209abc0p-8f);
  p = vfma(p, square, vset(-0x1.b35fea0p-6f));
  p = vfma(p, square, vset(0x1.ce01c60p-4f));
  p = vfma(p, square, vset(-0x1.8126b20p-2f));
  p = vfma(p, square, vset(0x1.06eba60p-3f));
  Vec small = vfma(p, size, size);

  Vec t = vmin(size, vset(4.0f));
  Vec q = vset(0x1.cd6b0e0p-13f);
  q = vfma(q, t, vset(-0x1.ac1d800p-9f));
  q = vfma(q, t, vset(0x1.79dea60p-6f));
  q = vfma(q, t, vset(-0x1.b05e0c0p-4f));
  q = vfma(q, t, vset(-0x1.4559a60p-1f));
  q = vfma(q, t, vset(-0x1.20ee380p0f));
  q = vfma(q, t, vset(0x1.55860c0p-16f));
  Vec large = vsub(vset(1.0f), exp_inner(q));
  return vcopysign(vselect(vgreater(size, vset(0.65f)), large, small), x);
}

/* Up to 0.625 x + x^3 p(x^2), beyond 1 - 2 / (e^2|x| + 1). */
MATH_INLINE Vec vtanh(Vec x) {
  Vec size = vabs(x), square = vmul(size, size);
  Vec p = vset(-0x1.750ce40p-8f);
  p = vfma(p, square, vset(0x1.51f8ce0p-6f));
  p = vfma(p, square, vset(-0x1.b835a40p-5f));
  p = vfma(p, square, vset(0x1.1106f60p-3f));
  p = vfma(p, square, vset(-0x1.5555320p-2f));
  Vec small = vfma(vmul(p, square), size, size);

  Vec t = vmin(size, vset(10.0f)), one = vset(1.0f);
  Vec e = exp_inner(vadd(t, t));
  Vec large = vsub(one, vdiv(vset(2.0f), vadd(e, one)));
  return vcopysign(vselect(vgreater(size, vset(0.625f)), large, small), x);
}

#endif
