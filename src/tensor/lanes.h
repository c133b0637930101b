/*
 * lanes.h - the kernels over one vector layer.
 *
 * Include it after a layer (see math.h) that has vector registers of VWIDTH
 * lanes and room for TILE_ROWS x TILE_PANELS panels of sums in them.  It
 * defines product, activate, add_norm and softmax of the Kernels table; the
 * plain loops of kernels_portable.c say what they compute.
 *
 * The product works in tiles whose sums stay in registers:
 *
 *                     B: depth x panels, whole vectors
 *                         | panel | panel | panel |
 *     A: scalars,   row   [  c       c       c    ]   c += w * x, in k order
 *     used in place  ..   [  ..      ..      ..   ]
 *                   row+7 [  c       c       c    ]
 *
 * Nothing is packed or copied.  Panels go by GROUP, three, the rest shared
 * out evenly (3 3 2 2, not 3 3 3 1), because a tile of one panel waits for
 * loads.  Within a group all rows pass, so A is read once for three panels.
 * They pass DEEP k at a time: so much of three panels stays in the first cache,
 * and the sums wait in C, as the same bits.
 *
 * While a tile runs it prefetches the rows of A below it: short texts are bound
 * by reading weights from memory, and this hides it behind arithmetic.  Where
 * more groups follow with the same rows, those come from the second cache, and
 * memory would rest: so each group also asks for its share of the rows after
 * these (`next` of Product).
 */
#ifndef TENSOR_LANES_H
#define TENSOR_LANES_H

#include <stdint.h>
#include "tensor/kernels.h"
#include "tensor/lanes_activation.h"

enum {
  VECS = LANES / VWIDTH, /* vectors a panel's row */
  NORM_VECS = 3,         /* vectors that are normed side by side */
  LINE = 64,             /* bytes of a cache line */
  STEP = LANES,          /* k between two jumps of A: a line of it */
  DEEP = 128             /* k that a tile goes through: 24 KiB of B */
};

/* A loop that is unrolled whole, so that its arrays live in registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif
#define EACH(i, n) UNROLL for (size_t i = 0; i < (n); i++)

/* Where vector j of a row of panels is, panels being `panel` floats apart. */
MATH_INLINE size_t place(size_t j, size_t panel) {
  return j / VECS * panel + j % VECS * VWIDTH;
}

/*
 * Asks for n more lines, in order, which the hardware follows; behind the last
 * one it walks on, and a prefetch cannot fault.
 */
MATH_INLINE void prefetch(uintptr_t *next, size_t n) {
  EACH(i, n) {
    __builtin_prefetch((const void *)(*next + i * LINE));
  }
  *next += n * LINE;
}

/* Part of a product: from k on, `depth` of them; what is asked for next. */
typedef struct Pace {
  size_t k, depth;
  uintptr_t next;
  size_t lines; /* of it, a step */
} Pace;

/* n_rows and n_panels are constants wherever this is used. */
MATH_INLINE void tile(const Product *p, Pace *pace, size_t row, size_t panel,
                      size_t n_rows, size_t n_panels) {
  const size_t n = n_panels * VECS, stride = p->row_stride;
  const size_t k_stride = p->k_stride, b_panel = p->b_panel;
  const bool add = p->add || pace->k > 0;
  const bool ends = pace->k + pace->depth == p->depth;
  const float *a =
      p->a + row * stride + pace->k * k_stride + pace->k / STEP * p->k_jump;
  const float *b = p->b + panel * b_panel + pace->k * LANES;
  float *c = p->c + panel * p->c_panel + row * LANES;
  /* Rows base[i / 3] + {0, 1, 2} * stride: operands that x86 has. */
  const float *base[3];
  EACH(i, 3) {
    base[i] = a + (3 * i < n_rows ? 3 * i * stride : 0);
  }
  /* Whole rows lie back to back, parts of them a stride apart.  Where rows of
   * A do not, this asks for what nobody needs; a branch here costs more. */
  uintptr_t below = (uintptr_t)a + n_rows * stride * sizeof *a;
  uintptr_t next = pace->next;
  size_t hop = pace->depth == p->depth ? 0 : stride * sizeof *a - n_rows * LINE;
  Vec sum[TILE_ROWS][TILE_PANELS * VECS], x[TILE_PANELS * VECS];
  EACH(i, n_rows) {
    Vec start = vset(p->bias ? p->bias[row + i] : 0.0f);
    EACH(j, n) {
      sum[i][j] = add ? vload(c + i * LANES + place(j, p->c_panel)) : start;
    }
  }
  for (size_t left = pace->depth; left;) {
    size_t step = left < STEP ? left : STEP;
    left -= step;
    prefetch(&below, n_rows);
    below += hop;
    for (size_t i = 0; i < pace->lines; i++, next += LINE)
      __builtin_prefetch((const void *)next, 0, 2);
    for (; step; step--, b += LANES) {
      EACH(j, n) {
        x[j] = vload(b + place(j, b_panel));
      }
      EACH(i, n_rows) {
        Vec w = vset(base[i / 3][i % 3 * stride]);
        EACH(j, n) {
          sum[i][j] = vfma(w, x[j], sum[i][j]);
        }
      }
      EACH(i, 3) {
        base[i] += k_stride;
      }
    }
    EACH(i, 3) {
      base[i] += p->k_jump;
    }
  }
  pace->next = next;
  if (p->top && ends) {
    EACH(j, n) {
      float *at = p->top + panel * LANES + place(j, LANES);
      Vec top = vload(at);
      EACH(i, n_rows) {
        top = vmax(sum[i][j], top);
      }
      vstore(at, top);
    }
  }
  if (p->scale && ends) {
    EACH(j, n) {
      Vec scale = vload(p->scale + panel * LANES + place(j, LANES));
      EACH(i, n_rows) {
        sum[i][j] = vmul(sum[i][j], scale);
      }
    }
  }
  EACH(i, n_rows) {
    EACH(j, n) {
      vstore(c + i * LANES + place(j, p->c_panel), sum[i][j]);
    }
  }
}

/* A tile of any size up to TILE_ROWS x TILE_PANELS, each compiled apart. */
static void any_tile(const Product *p, Pace *pace, size_t row, size_t panel,
                     size_t n_rows, size_t n_panels) {
#define CASE(r, n)                                                             \
  case (r)*4 + (n):                                                            \
    if ((r) <= TILE_ROWS && (n) <= TILE_PANELS)                                \
      tile(p, pace, row, panel, r, n);                                         \
    break;
#define CASES(n)                                                               \
  CASE(1, n)                                                                   \
  CASE(2, n) CASE(3, n) CASE(4, n) CASE(5, n) CASE(6, n) CASE(7, n) CASE(8, n)
  switch (n_rows * 4 + n_panels) {
    CASES(1)
    CASES(2)
    CASES(3)
  }
#undef CASES
#undef CASE
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

static size_t rounds(size_t n, size_t each) {
  return (n + each - 1) / each;
}

/* The hint's lines, spread over the steps of all tiles. */
static Pace pace_of(const Product *p) {
  size_t steps = rounds(p->rows, TILE_ROWS) * rounds(p->panels, TILE_PANELS) *
                 rounds(p->depth, STEP);
  return (Pace){.next = (uintptr_t)p->next,
                .lines = rounds(p->next_lines, steps ? steps : 1)};
}

static void all_rows(const Product *p, Pace *pace, size_t panel, size_t n) {
  for (size_t row = 0; row < p->rows; row += TILE_ROWS)
    for (size_t i = 0; i < n; i += TILE_PANELS)
      any_tile(p, pace, row, panel + i, smaller(p->rows - row, TILE_ROWS),
               smaller(n - i, TILE_PANELS));
}

static void product(const Product *p) {
  Pace pace = pace_of(p);
  for (size_t panel = 0, n; panel < p->panels; panel += n) {
    size_t left = p->panels - panel;
    n = left == 4 ? 2 : smaller(left, GROUP);
    pace.k = 0;
    do {
      pace.depth = smaller(p->depth - pace.k, DEEP);
      all_rows(p, &pace, panel, n);
      pace.k += pace.depth;
    } while (pace.k < p->depth);
  }
}

/*
 * n vectors of lanes, a constant: their chains of additions run side by side.
 * Two passes over the features; a third one writes.
 */
MATH_INLINE void norm_vectors(const Norming *p, size_t first, size_t n) {
  size_t plane = p->C * LANES;
  float *x[NORM_VECS];
  Vec sum[NORM_VECS], squares[NORM_VECS], scale[NORM_VECS];
  EACH(i, n) {
    x[i] = p->x + place(first + i, plane);
    sum[i] = squares[i] = vset(0.0f);
  }
  for (size_t c = 0; c < plane; c += LANES) {
    EACH(i, n) {
      Vec t = vload(x[i] + c);
      if (p->y) {
        t = vadd(t, vload(p->y + place(first + i, plane) + c));
        vstore(x[i] + c, t);
      }
      sum[i] = vadd(sum[i], t);
    }
  }
  EACH(i, n) {
    sum[i] = vdiv(sum[i], vset((float)p->C)); /* the mean */
  }
  for (size_t c = 0; c < plane; c += LANES) {
    EACH(i, n) {
      Vec t = vsub(vload(x[i] + c), sum[i]);
      squares[i] = vfma(t, t, squares[i]);
    }
  }
  EACH(i, n) {
    Vec variance = vadd(vdiv(squares[i], vset((float)p->C)), vset(p->eps));
    scale[i] = vdiv(vset(1.0f), vsqrt(variance));
  }
  for (size_t c = 0; c < p->C; c++) {
    EACH(i, n) {
      Vec t = vmul(vsub(vload(x[i] + c * LANES), sum[i]), scale[i]);
      vstore(x[i] + c * LANES, vfma(t, vset(p->gain[c]), vset(p->bias[c])));
    }
  }
}

static void add_norm(const Norming *p) {
  size_t n = p->panels * VECS, i = 0;
  for (; i + NORM_VECS <= n; i += NORM_VECS)
    norm_vectors(p, i, NORM_VECS);
  for (; i < n; i++)
    norm_vectors(p, i, 1);
}

/* n rows, a constant, become 2^(scale * (row - top)); returns sum + them. */
MATH_INLINE Vec exp_rows(float *lanes, size_t n, Vec top, Vec scale, Vec sum) {
  Vec e[4];
  EACH(i, n) {
    e[i] = vexp2_below(vmul(vsub(vload(lanes + i * LANES), top), scale));
    vstore(lanes + i * LANES, e[i]);
  }
  EACH(i, n) {
    sum = vadd(sum, e[i]);
  }
  return sum;
}

static void softmax(size_t n, float *s, float scale, const float *top,
                    float *inverse) {
  Vec base = vset(scale * LOG2_E);
  EACH(v, VECS) {
    float *lanes = s + v * VWIDTH;
    Vec most = vload(top + v * VWIDTH), sum = vset(0.0f);
    size_t j = 0;
    for (; j + 4 <= n; j += 4)
      sum = exp_rows(lanes + j * LANES, 4, most, base, sum);
    for (; j < n; j++)
      sum = exp_rows(lanes + j * LANES, 1, most, base, sum);
    vstore(inverse + v * VWIDTH, vdiv(vset(1.0f), sum));
  }
}

#endif
