/*
 * lanes_few.h - products of a few tokens, over a vector layer.
 *
 * Include it after lanes_bytes.h and these:
 *
 *     FEW_VECS   vectors of rows in a tile     FEW_DEPTH  columns of a block
 *     FEW_MOST   tokens up to which this is quicker than lanes.h
 *     FEW_BYTES  the same for bytes, FEW_MOST at most
 *     vany(p)    a vector from any address     vints(x)   a float's bits
 *     load_block(p, stride, out)  FEW_DEPTH numbers of 32 bits of VWIDTH rows,
 *                                 `stride` bytes apart; out[k] has column k
 *     store_quads(c, v)           v[t] has token t of VWIDTH rows; row i's four
 *                                 tokens go to c + i * LANES
 *
 * With few tokens in them most lanes are empty.  Here the rows of A are in
 * lanes, and each token is copied to all of them:
 *
 *     A: rows in place    block, turned         token t of B
 *     [ r0: k k+1 .. ]    [ k:   r0 r1 .. ]   x  b[k][t]   to sum[t]
 *     [ r1: k k+1 .. ] -> [ k+1: r0 r1 .. ]   x  b[k+1][t]
 *
 * Each sum is the chain that lanes.h makes, start and order and fusing, so it
 * has the same bits.  Turning blocks in registers is arithmetic that hides
 * behind reading the weights, which is what few tokens cost; and the weights
 * lie but once, as the file has them.
 */
#ifndef TENSOR_LANES_FEW_H
#define TENSOR_LANES_FEW_H

enum {
  FEW_ROWS = FEW_VECS * VWIDTH,
  FEW_LINES = FEW_ROWS * FEW_DEPTH * 4 / LINE /* of a block */
};

/* As prefetch(), into the second cache: the tile below is larger than the
 * first. */
MATH_INLINE void prefetch_far(uintptr_t *next) {
  EACH(i, FEW_LINES) {
    __builtin_prefetch((const void *)(*next + i * LINE), 0, 2);
  }
  *next += FEW_LINES * LINE;
}

/* Sums of n tokens, of rows from c on, to lanes; others get 0. */
MATH_INLINE void store_columns(const Vec *sum, size_t n, size_t columns,
                               float *c) {
  const size_t whole = (n + 3) / 4 * 4;
  EACH(quad, whole / 4) {
    Vec v[4];
    EACH(i, 4) {
      size_t t = quad * 4 + i;
      v[i] = t < n && t < columns ? sum[t < n ? t : 0] : vset(0.0f);
    }
    store_quads(c + quad * 4, v);
  }
  for (size_t i = 0; i < VWIDTH; i++)
    memset(c + i * LANES + whole, 0, (LANES - whole) * sizeof *c);
}

/* Lanes behind the few, of rows that lanes.h made. */
static void clear_lanes(float *c, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++)
    for (size_t lane = columns; lane < LANES; lane++)
      c[i * LANES + lane] = 0.0f;
}

/* Column k of VWIDTH rows, one number after the other. */
MATH_INLINE Vec one_column(const float *a, size_t stride) {
  float column[VWIDTH] __attribute__((aligned(LINE)));
  for (size_t i = 0; i < VWIDTH; i++)
    column[i] = a[i * stride];
  return vload(column);
}

/* n, a constant, is `columns` or one more. */
MATH_INLINE void few_tile(const Product *p, size_t row, size_t columns,
                          size_t n) {
  const size_t stride = p->row_stride;
  const float *a = p->a + row * stride, *b = p->b;
  float *c = p->c + row * LANES;
  uintptr_t next = (uintptr_t)a + FEW_ROWS * stride * sizeof *a;
  Vec sum[FEW_VECS][FEW_MOST];
  EACH(v, FEW_VECS) {
    Vec start = p->bias ? vany(p->bias + row + v * VWIDTH) : vset(0.0f);
    EACH(t, n) {
      sum[v][t] = start;
    }
  }
#define ADD_COLUMN(w)                                                          \
  EACH(t, n) {                                                                 \
    Vec x = vset(b[t]);                                                        \
    EACH(v, FEW_VECS) {                                                        \
      sum[v][t] = vfma(w, x, sum[v][t]);                                       \
    }                                                                          \
  }                                                                            \
  b += LANES;
  size_t left = p->depth;
  for (; left >= FEW_DEPTH; left -= FEW_DEPTH, a += FEW_DEPTH) {
    Vec block[FEW_VECS][FEW_DEPTH];
    EACH(v, FEW_VECS) {
      load_block(a + v * VWIDTH * stride, stride * sizeof *a, block[v]);
    }
    prefetch_far(&next);
    EACH(k, FEW_DEPTH) {
      ADD_COLUMN(block[v][k])
    }
  }
  for (; left; left--, a++) {
    Vec w[FEW_VECS];
    EACH(v, FEW_VECS) {
      w[v] = one_column(a + v * VWIDTH * stride, stride);
    }
    ADD_COLUMN(w[v])
  }
#undef ADD_COLUMN
  EACH(v, FEW_VECS) {
    store_columns(sum[v], n, columns, c + v * VWIDTH * LANES);
  }
}

/* Calls `tile` with n, `columns` or one more but not above `most`, as a
 * constant. */
#define FEW_CASE(n, most, tile)                                                \
  case (n) / 2:                                                                \
    if ((n) <= (most))                                                         \
      tile(n);                                                                 \
    break;
#define FEW_CASES(columns, most, tile)                                         \
  switch (((columns) + 1) / 2) {                                               \
    FEW_CASE(2, most, tile)                                                    \
    FEW_CASE(4, most, tile)                                                    \
    FEW_CASE(6, most, tile)                                                    \
    FEW_CASE(8, most, tile)                                                    \
    FEW_CASE(10, most, tile)                                                   \
    FEW_CASE(12, most, tile)                                                   \
  }

static void product_few(const Product *p, size_t columns) {
  size_t whole = p->rows / FEW_ROWS * FEW_ROWS;
#define TILE(n)                                                                \
  for (size_t row = 0; row < whole; row += FEW_ROWS)                           \
  few_tile(p, row, columns, n)
  FEW_CASES(columns, FEW_MOST, TILE)
#undef TILE
  Product rest = *p;
  rest.rows -= whole;
  rest.a += whole * p->row_stride;
  rest.c += whole * LANES;
  rest.bias = p->bias ? p->bias + whole : NULL;
  product(&rest);
  clear_lanes(rest.c, rest.rows, columns);
}

/* --- Bytes ---------------------------------------------------------------- */

/* The quad at a of VWIDTH rows, or its first n bytes. */
MATH_INLINE Ints one_quad(const int8_t *a, size_t stride, size_t n) {
  int32_t column[VWIDTH] __attribute__((aligned(LINE)));
  for (size_t i = 0; i < VWIDTH; i++)
    column[i] = n < QUAD ? rest_at(a + i * stride, n) : quad_at(a + i * stride);
  return iload(column);
}

/* Whole sums to floats: what byte_tile does, with rows in lanes. */
MATH_INLINE void few_floats(const ByteProduct *p, size_t row, size_t n,
                            const Ints *sum, Vec *out) {
  Vec scale = vany(p->row_scale + row);
  Ints row_sum = vints(vany(p->row_sum + row));
  Vec bias = p->bias ? vany(p->bias + row) : vset(0.0f);
  EACH(t, n) {
    Ints shift = iset(p->zero[t] - BYTE_SHIFT);
    Ints exact = isub(sum[t], imul(shift, row_sum));
    out[t] = vfma(vfloat(exact), vmul(scale, vset(p->scale[t])), bias);
  }
}

/* n, a constant, is `columns` or one more. */
MATH_INLINE void few_byte_tile(const ByteProduct *p, size_t row, size_t columns,
                               size_t n, bool dot) {
  const size_t stride = p->row_stride;
  const int8_t *a = p->a + row * stride;
  const uint8_t *b = p->b;
  uintptr_t next = (uintptr_t)a + FEW_ROWS * stride;
  Ints sum[FEW_VECS][FEW_MOST];
  EACH(v, FEW_VECS) {
    EACH(t, n) {
      sum[v][t] = iset(0);
    }
  }
#define ADD_COLUMN(quads)                                                      \
  Operand w[FEW_VECS];                                                         \
  EACH(v, FEW_VECS) {                                                          \
    w[v] = operand_w(quads, dot);                                              \
  }                                                                            \
  EACH(t, n) {                                                                 \
    Operand x = operand_x(iset(quad_at((const int8_t *)b + t * QUAD)), dot);   \
    EACH(v, FEW_VECS) {                                                        \
      sum[v][t] = add_products(sum[v][t], x, w[v], dot);                       \
    }                                                                          \
  }                                                                            \
  b += QUAD_LINE;
  size_t left = p->depth;
  for (; left >= FEW_DEPTH * QUAD; left -= FEW_DEPTH * QUAD) {
    Vec block[FEW_VECS][FEW_DEPTH];
    EACH(v, FEW_VECS) {
      load_block(a + v * VWIDTH * stride, stride, block[v]);
    }
    prefetch_far(&next);
    EACH(k, FEW_DEPTH){ADD_COLUMN(vints(block[v][k]))} a += FEW_DEPTH * QUAD;
  }
  for (size_t n_bytes; left; left -= n_bytes, a += n_bytes) {
    n_bytes = left < QUAD ? left : QUAD;
    ADD_COLUMN(one_quad(a + v * VWIDTH * stride, stride, n_bytes))
  }
#undef ADD_COLUMN
  EACH(v, FEW_VECS) {
    Vec y[FEW_MOST];
    few_floats(p, row + v * VWIDTH, n, sum[v], y);
    store_columns(y, n, columns, p->c + (row + v * VWIDTH) * LANES);
  }
}

/* `all` makes the rows that are left over. */
MATH_INLINE void byte_product_few(const ByteProduct *p, size_t columns,
                                  bool dot, void (*all)(const ByteProduct *)) {
  size_t whole = p->rows / FEW_ROWS * FEW_ROWS;
#define TILE(n)                                                                \
  for (size_t row = 0; row < whole; row += FEW_ROWS)                           \
  few_byte_tile(p, row, columns, n, dot)
  FEW_CASES(columns, FEW_BYTES, TILE)
#undef TILE
  ByteProduct rest = *p;
  rest.rows -= whole;
  rest.a += whole * p->row_stride;
  rest.row_scale += whole;
  rest.row_sum += whole;
  rest.c += whole * LANES;
  rest.bias = p->bias ? p->bias + whole : NULL;
  all(&rest);
  clear_lanes(rest.c, rest.rows, columns);
}

#endif
