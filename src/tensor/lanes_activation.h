/*
 * lanes_activation.h - the activation functions, written once over a layer.
 *
 * Include it after a vector layer and math.h; it defines `activate` of the
 * Kernels table.  Definitions are those of transformers' ACT2FN; an FMA takes
 * the place of a product and a sum where there is one.
 */
#ifndef TENSOR_LANES_ACTIVATION_H
#define TENSOR_LANES_ACTIVATION_H

#include "tensor/kernels.h"

MATH_INLINE Vec sigmoid(Vec x) {
  Vec one = vset(1.0f);
  return vdiv(one, vadd(one, vexp(vsub(vset(0.0f), x))));
}

/*
 * x (1 + erf(x / sqrt 2)) / 2 = max(x, 0) - |x| h(|x|), where h(t), the tail
 * of the normal distribution, is 2^q(t) with a polynomial q: no erf with its
 * two cases, and nothing cancels below 0. Off by at most 8.5e-8 max(|x|, 1).
 * From 9 on the tail is below 1e-18.
 */
MATH_INLINE Vec gelu(Vec x) {
  Vec t = vmin(vset(9.0f), vabs(x));
  Vec square = vmul(t, t);
  Vec even = vfma(vset(-0x1.ac19a0p-20f), square, vset(-0x1.c57bb8p-14f));
  Vec odd = vfma(vset(0x1.90174ap-16f), square, vset(-0x1.64617cp-12f));
  even = vfma(even, square, vset(0x1.e21decp-8f));
  odd = vfma(odd, square, vset(-0x1.aff8e6p-5f));
  even = vfma(even, square, vset(-0x1.d620f2p-2f));
  odd = vfma(odd, square, vset(-0x1.26b00ap0f));
  even = vfma(even, square, vset(-0x1.ffffdcp-1f));
  Vec q = vfma(odd, t, even);
  return vfma(vsub(vset(0.0f), t), exp2_inner(q), vmax(vset(0.0f), x));
}

/* tanh's argument is x * (k + k * 0.044715 x^2), k = sqrt(2 / pi). */
MATH_INLINE Vec gelu_tanh(Vec x, float k) {
  Vec half = vmul(x, vset(0.5f)), square = vmul(x, x);
  Vec inner = vfma(vset(0.044715f), square, vset(1.0f));
  return vfma(half, vtanh(vmul(vmul(x, vset(k)), inner)), half);
}

/* x tanh(ln(1 + e^x)) = x (e^2 + 2e) / (e^2 + 2e + 2), 1 from 20 on. */
MATH_INLINE Vec mish(Vec x) {
  Vec two = vset(2.0f), e = vexp(vmin(vset(20.0f), x));
  Vec n = vmul(e, vadd(e, two));
  return vmul(x, vdiv(n, vadd(n, two)));
}

/* 0.5 (1 + erf((x - 0.707107) / (0.282095 sqrt 2))) */
MATH_INLINE Vec laplace(Vec x) {
  Vec half = vset(0.5f);
  Vec at = vdiv(vsub(x, vset(0.707107f)), vset(0.398942577f));
  return vfma(half, verf(at), half);
}

MATH_INLINE Vec apply(Activation how, Vec x) {
  Vec zero = vset(0.0f), rest = vmax(zero, x);
  switch (how) {
  case ACTIVATION_NONE:
    return x;
  case ACTIVATION_GELU:
    return gelu(x);
  case ACTIVATION_GELU_TANH:
    return gelu_tanh(x, 0x1.988454p-1f);
  case ACTIVATION_GELU_FAST:
    return gelu_tanh(x, 0.7978845608f);
  case ACTIVATION_QUICK_GELU:
    return vmul(x, sigmoid(vmul(x, vset(1.702f))));
  case ACTIVATION_GELU_10:
    return vmax(vset(-10.0f), vmin(vset(10.0f), gelu(x)));
  case ACTIVATION_RELU:
    return rest;
  case ACTIVATION_RELU2:
    return vmul(rest, rest);
  case ACTIVATION_RELU6:
    return vmin(vset(6.0f), rest);
  case ACTIVATION_LEAKY_RELU:
    return vselect(vgreater(x, zero), x, vmul(x, vset(0.01f)));
  case ACTIVATION_SILU:
    return vmul(x, sigmoid(x));
  case ACTIVATION_SIGMOID:
    return sigmoid(x);
  case ACTIVATION_TANH:
    return vtanh(x);
  case ACTIVATION_MISH:
    return mish(x);
  case ACTIVATION_LAPLACE:
    return laplace(x);
  }
  return x;
}

/* One loop for each activation: `how` is a constant inside it. */
#define LOOP(name)                                                             \
  case ACTIVATION_##name:                                                      \
    for (size_t i = 0; i < n; i += VWIDTH)                                     \
      vstore(x + i, apply(ACTIVATION_##name, vload(x + i)));                   \
    break

static void activate(Activation how, size_t n, float *x) {
  switch (how) {
  case ACTIVATION_NONE:
    break;
    LOOP(GELU);
    LOOP(GELU_TANH);
    LOOP(GELU_FAST);
    LOOP(QUICK_GELU);
    LOOP(GELU_10);
    LOOP(RELU);
    LOOP(RELU2);
    LOOP(RELU6);
    LOOP(LEAKY_RELU);
    LOOP(SILU);
    LOOP(SIGMOID);
    LOOP(TANH);
    LOOP(MISH);
    LOOP(LAPLACE);
  }
}
#undef LOOP

#endif
