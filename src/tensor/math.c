/*
 * math.c - exp, erf and tanh of one float.
 *
 * In:  any float.
 * Out: the same bits that a lane of any kernel set gives for it.
 *
 * The polynomials of tensor/math.h over the layer for a single float: what
 * heads and scores outside the lanes use, so that a probability does not
 * depend on where it was computed.  tests/unit/test_math sweeps them against
 * the host's double functions and holds the bounds that math.h states.
 *
 * Refuses nothing: NaN stays NaN, overflow is infinite.  Not correctly
 * rounded; for that there is no need here.
 */
#include "tensor/kernels.h"
#include "tensor/lanes_scalar.h"
#include "tensor/math.h"

float math_exp(float x) {
  return vexp(x);
}

float math_erf(float x) {
  return verf(x);
}

float math_tanh(float x) {
  return vtanh(x);
}
