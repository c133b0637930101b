/*
 * lanes_bytes.h - the kernels on bytes, over a vector layer.
 *
 * Include it after lanes.h and these, for vectors of VWIDTH integers:
 *
 *     Ints   iset(x)  imul(a, b)  isub(a, b)  istore(p, x)  vfloat(x)
 *     vlow(x)  the low byte of a float's bits, as an integer
 *     store_bytes(p, a, b, c, d)  low bytes of the bits of four vectors,
 *                                 lane after lane: a0 b0 c0 d0 a1 ...
 *     load_bytes(p)  four bytes of each lane, as an integer
 *     Operand  operand_x(x, dot)  operand_w(w, dot)
 *     add_products(sum, x, w, dot): sum + the four products of each lane
 *     BYTE_SHIFT  what operand_x takes off each byte (NEON has no u8 x s8)
 *
 * `dot` is a constant: whether the processor has an instruction for four
 * products and their sum.  All are exact, so both ways give the same bits.
 *
 *     x: u8, four features of a lane together     w: s8, in place
 *     [lane 0: k..k+3][lane 1: k..k+3] ...        four of a row, copied to
 *                                                 all lanes
 *
 * Tiles and their order are those of lanes.h; the sums stay in registers, and
 * become floats once: (sum - zero * row_sum) * (row_scale * scale) + bias.
 */
#ifndef TENSOR_LANES_BYTES_H
#define TENSOR_LANES_BYTES_H

#include <string.h>

enum {
  QUAD = 4,
  QUAD_LINE = QUAD * LANES
}; /* features, bytes of a panel's row */

/* --- Floats to bytes ------------------------------------------------------ */

/* Adding it leaves a float's rounded value in the low bits. */
static const float magic = 0x1.8p23f;

typedef struct Range {
  Vec low, high; /* 0 is inside */
  Vec bad;       /* 0, or NaN when a value is not finite */
} Range;

MATH_INLINE void widen_range(Range *r, Vec x) {
  r->low = vmin(x, r->low);
  r->high = vmax(x, r->high);
  r->bad = vfma(x, vset(0.0f), r->bad);
}

/* Four chains, as each step waits for the one before; no order matters. */
MATH_INLINE Range find_range(size_t K, const float *x) {
  const Vec zero = vset(0.0f);
  Range r[QUAD];
  EACH(i, QUAD) {
    r[i] = (Range){zero, zero, zero};
  }
  size_t k = 0;
  for (; k + QUAD <= K; k += QUAD)
    EACH(i, QUAD) {
      widen_range(&r[i], vload(x + (k + i) * LANES));
    }
  for (; k < K; k++)
    widen_range(&r[0], vload(x + k * LANES));
  for (size_t i = 1; i < QUAD; i++) {
    r[0].low = vmin(r[i].low, r[0].low);
    r[0].high = vmax(r[i].high, r[0].high);
    r[0].bad = vadd(r[i].bad, r[0].bad);
  }
  return r[0];
}

static void quantize(size_t K, const float *x, uint8_t *bytes, float *scale,
                     int32_t *zero) {
  EACH(v, VECS) {
    const float *lanes = x + v * VWIDTH;
    uint8_t *out = bytes + v * VWIDTH * QUAD;
    const Vec top = vset(magic + 255.0f), none = vset(magic);
    Range r = find_range(K, lanes);
    Vec step = vdiv(vsub(r.high, r.low), vset(255.0f));
    step = vadd(vmax(step, vset(QUANTIZE_TINY)), r.bad);
    Vec inverse = vdiv(vset(1.0f), step);
    Vec shift = vmin(vfma(vsub(vset(0.0f), r.low), inverse, none), top);
    vstore(scale + v * VWIDTH, step);
    istore(zero + v * VWIDTH, vlow(shift));
    for (size_t k = 0; k < K; k += QUAD) {
      Vec q[QUAD] = {none, none, none, none};
      EACH(i, QUAD) {
        if (k + i < K)
          q[i] =
              vmin(vfma(vload(lanes + (k + i) * LANES), inverse, shift), top);
      }
      store_bytes(out + k * LANES, q[0], q[1], q[2], q[3]);
    }
  }
}

/* --- Products ------------------------------------------------------------- */

/* Four bytes of a row. */
MATH_INLINE int32_t quad_at(const int8_t *a) {
  int32_t quad;
  memcpy(&quad, a, sizeof quad);
  return quad;
}

/* The last n < 4 of a row; behind it, where x has zeros, nothing is read. */
static int32_t rest_at(const int8_t *a, size_t n) {
  uint32_t quad = 0;
  for (size_t i = 0; i < n; i++)
    quad |= (uint32_t)(uint8_t)a[i] << 8 * i;
  return (int32_t)quad;
}

/* n_rows, n_panels and dot are constants wherever this is used. */
MATH_INLINE void byte_tile(const ByteProduct *p, size_t row, size_t panel,
                           size_t n_rows, size_t n_panels, bool dot) {
  const size_t n = n_panels * VECS, stride = p->row_stride;
  const size_t b_panel = p->b_panel;
  const int8_t *a = p->a + row * stride;
  const uint8_t *b = p->b + panel * b_panel;
  const int8_t *base[3];
  EACH(i, 3) {
    base[i] = a + (3 * i < n_rows ? 3 * i * stride : 0);
  }
  uintptr_t next = (uintptr_t)(a + n_rows * stride);
  Ints sum[BYTE_ROWS][BYTE_PANELS * VECS];
  Operand x[BYTE_PANELS * VECS];
  EACH(i, n_rows) {
    EACH(j, n) {
      sum[i][j] = iset(0);
    }
  }
#define ADD_QUADS(quad)                                                        \
  EACH(j, n) {                                                                 \
    x[j] = operand_x(load_bytes(b + QUAD * place(j, b_panel / QUAD)), dot);    \
  }                                                                            \
  EACH(i, n_rows) {                                                            \
    const int8_t *from = base[i / 3] + i % 3 * stride;                         \
    Operand w = operand_w(iset(quad), dot);                                    \
    EACH(j, n) {                                                               \
      sum[i][j] = add_products(sum[i][j], x[j], w, dot);                       \
    }                                                                          \
  }
  for (size_t left = p->depth / QUAD; left;) {
    size_t step = left < STEP ? left : STEP;
    left -= step;
    prefetch(&next, n_rows);
    for (; step; step--, b += QUAD_LINE) {
      ADD_QUADS(quad_at(from))
      EACH(i, 3) {
        base[i] += QUAD;
      }
    }
  }
  if (p->depth % QUAD) {
    ADD_QUADS(rest_at(from, p->depth % QUAD))
  }
#undef ADD_QUADS
  float *c = p->c + panel * p->c_panel + row * LANES;
  const float *scale = p->scale + panel * LANES;
  const int32_t *zero = p->zero + panel * LANES;
  EACH(j, n) {
    Vec one = vload(scale + j * VWIDTH);
    Ints shift = isub(iload(zero + j * VWIDTH), iset(BYTE_SHIFT));
    EACH(i, n_rows) {
      Ints exact = isub(sum[i][j], imul(shift, iset(p->row_sum[row + i])));
      Vec y = vfma(vfloat(exact), vmul(vset(p->row_scale[row + i]), one),
                   vset(p->bias ? p->bias[row + i] : 0.0f));
      vstore(c + i * LANES + place(j, p->c_panel), y);
    }
  }
}

/* A tile of `rows` rows or of one, each size compiled apart. */
MATH_INLINE void any_byte_tile(const ByteProduct *p, size_t row, size_t panel,
                               bool full, size_t n_panels, size_t rows,
                               bool dot) {
#define CASE(r, n)                                                             \
  if (full == ((r) > 1) && n_panels == (n) && (n) <= BYTE_PANELS)              \
    byte_tile(p, row, panel, r, n, dot);
  CASE(rows, 1)
  CASE(rows, 2)
  CASE(rows, 3)
  CASE(1, 1)
  CASE(1, 2)
  CASE(1, 3)
#undef CASE
}

/* In tiles of up to rows x panels: what the registers hold. */
MATH_INLINE void byte_product(const ByteProduct *p, size_t rows, size_t panels,
                              bool dot) {
  for (size_t panel = 0, n; panel < p->panels; panel += n) {
    size_t left = p->panels - panel;
    n = left == 4 ? 2 : smaller(left, GROUP);
    for (size_t row = 0, step; row < p->rows; row += step) {
      bool full = p->rows - row >= rows;
      step = full ? rows : 1;
      for (size_t i = 0; i < n; i += panels)
        any_byte_tile(p, row, panel + i, full, smaller(n - i, panels), rows,
                      dot);
    }
  }
}

#endif
