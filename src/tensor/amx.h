/*
 * amx.h - products of bytes in AMX's tiles.
 *
 * Include it after lanes_bytes.h over 512-bit vectors, and ask
 * amx_is_usable() before product_tiles() is used.
 *
 *     ByteProduct as kernels.h says, of bytes in quads of features
 *     product_tiles(p, rest): `rest` does the rows and depths that fill no tile
 *
 * What lies in memory is what a tile holds: 16 rows of 64 weights, 16 quads of
 * 16 lanes, 16 rows of sums.  So nothing is packed or moved, and as sums of
 * bytes are exact, the bits are those of every other set.
 *
 *     A  16 rows x 64 s8     B  16 quads x 16 lanes x 4 u8     C  16 x 16 s32
 *
 * Of the eight tiles four are sums, so that a tile of A or B that was loaded
 * is used more than once: 2 x 2, or 1 x 3 for a group of three panels, or 4
 * x 1.
 *
 * Linux hands out the tiles' registers only when asked, once a process; with an
 * alternate signal stack that is too small for them it says no, and so do we.
 */
#ifndef TENSOR_AMX_H
#define TENSOR_AMX_H

/* gcc's header of it; clang has it in another, and asks a CPU for it later. */
#if defined(__linux__) && defined(__has_include)
#if __has_include(<amxint8intrin.h>) || __clang_major__ >= 20
#define HAVE_AMX 1
#endif
#endif

#ifdef HAVE_AMX

#include <sys/syscall.h>
#include <unistd.h>

#define AMX __attribute__((target("amx-tile,amx-int8")))

enum {
  TILE_DEPTH = 64,                  /* weights of a row of A */
  TILE_SUMS = LANES * LANES,        /* numbers of a tile of C */
  TILE_BYTES = TILE_DEPTH * LANES,  /* of B */
  ARCH_REQUEST_PERMISSION = 0x1023, /* of arch_prctl */
  STATE_TILES = 18                  /* what it is asked for */
};

static bool amx_is_usable(void) {
  return __builtin_cpu_supports("amx-tile") &&
         __builtin_cpu_supports("amx-int8") &&
         syscall(SYS_arch_prctl, ARCH_REQUEST_PERMISSION, STATE_TILES) == 0;
}

/* All eight tiles are 16 rows of 64 bytes. */
static const struct TileShape {
  uint8_t palette, start, none[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shape __attribute__((aligned(64))) = {1,
                                             0,
                                             {0},
                                             {64, 64, 64, 64, 64, 64, 64, 64},
                                             {16, 16, 16, 16, 16, 16, 16, 16}};

/* A tile of sums becomes floats, as in byte_tile. */
MATH_INLINE void finish_tile(const ByteProduct *p, size_t row, size_t panel,
                             const int32_t *sums) {
  float *c = p->c + panel * p->c_panel + row * LANES;
  Vec scale = vload(p->scale + panel * LANES);
  Ints zero = iload(p->zero + panel * LANES);
  for (size_t i = 0; i < LANES; i++) {
    Ints exact =
        isub(iload(sums + i * LANES), imul(zero, iset(p->row_sum[row + i])));
    Vec y = vfma(vfloat(exact), vmul(vset(p->row_scale[row + i]), scale),
                 vset(p->bias ? p->bias[row + i] : 0.0f));
    vstore(c + i * LANES, y);
  }
}

/* Tiles of sums that are made together, row by row. */
typedef struct Block {
  size_t rows, panels; /* tiles */
} Block;

MATH_INLINE void finish_block(const ByteProduct *p, size_t row, size_t panel,
                              Block block, const int32_t *sums) {
  for (size_t i = 0; i < block.rows; i++)
    for (size_t j = 0; j < block.panels; j++, sums += TILE_SUMS)
      finish_tile(p, row + i * LANES, panel + j, sums);
}

/* Names of tiles must be constants, so each block is written out. */
#define LOAD_A(tile, i) _tile_loadd(tile, a + (i)*LANES * stride, stride)
#define LOAD_B(tile, j) _tile_loadd(tile, b + (j)*p->b_panel, QUAD_LINE)
#define KEEP(tile)      _tile_stored(tile, sums + (tile)*TILE_SUMS, QUAD_LINE)
/* While some tiles of rows are multiplied, those of the next block come near.
 */
#define EACH_DEPTH(tiles, body)                                                \
  for (size_t k = 0; k < p->depth; k += TILE_DEPTH) {                          \
    for (size_t i = 0; i < (tiles)*LANES; i++)                                 \
      __builtin_prefetch(a + ((tiles)*LANES + i) * stride, 0, 2);              \
    body a += TILE_DEPTH;                                                      \
    b += TILE_BYTES;                                                           \
  }

AMX static void sum_2x2(const ByteProduct *p, const int8_t *a, const uint8_t *b,
                        int32_t *sums) {
  size_t stride = p->row_stride;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  EACH_DEPTH(2, {
    LOAD_A(4, 0);
    LOAD_B(6, 0);
    _tile_dpbsud(0, 4, 6);
    LOAD_B(7, 1);
    _tile_dpbsud(1, 4, 7);
    LOAD_A(5, 1);
    _tile_dpbsud(2, 5, 6);
    _tile_dpbsud(3, 5, 7);
  })
  KEEP(0);
  KEEP(1);
  KEEP(2);
  KEEP(3);
}

AMX static void sum_4x1(const ByteProduct *p, const int8_t *a, const uint8_t *b,
                        int32_t *sums) {
  size_t stride = p->row_stride;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  EACH_DEPTH(4, {
    LOAD_B(7, 0);
    LOAD_A(4, 0);
    _tile_dpbsud(0, 4, 7);
    LOAD_A(5, 1);
    _tile_dpbsud(1, 5, 7);
    LOAD_A(6, 2);
    _tile_dpbsud(2, 6, 7);
    LOAD_A(4, 3);
    _tile_dpbsud(3, 4, 7);
  })
  KEEP(0);
  KEEP(1);
  KEEP(2);
  KEEP(3);
}

AMX static void sum_1x3(const ByteProduct *p, const int8_t *a, const uint8_t *b,
                        int32_t *sums) {
  size_t stride = p->row_stride;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  EACH_DEPTH(1, {
    LOAD_A(4, 0);
    LOAD_B(5, 0);
    _tile_dpbsud(0, 4, 5);
    LOAD_B(6, 1);
    _tile_dpbsud(1, 4, 6);
    LOAD_B(7, 2);
    _tile_dpbsud(2, 4, 7);
  })
  KEEP(0);
  KEEP(1);
  KEEP(2);
}

AMX static void sum_1x2(const ByteProduct *p, const int8_t *a, const uint8_t *b,
                        int32_t *sums) {
  size_t stride = p->row_stride;
  _tile_zero(0);
  _tile_zero(1);
  EACH_DEPTH(1, {
    LOAD_A(4, 0);
    LOAD_B(6, 0);
    _tile_dpbsud(0, 4, 6);
    LOAD_B(7, 1);
    _tile_dpbsud(1, 4, 7);
  })
  KEEP(0);
  KEEP(1);
}

AMX static void sum_1x1(const ByteProduct *p, const int8_t *a, const uint8_t *b,
                        int32_t *sums) {
  size_t stride = p->row_stride;
  _tile_zero(0);
  EACH_DEPTH(1, {
    LOAD_A(4, 0);
    LOAD_B(6, 0);
    _tile_dpbsud(0, 4, 6);
  })
  KEEP(0);
}
#undef LOAD_A
#undef LOAD_B
#undef KEEP
#undef EACH_DEPTH

/* The largest block of up to so many tiles. */
static Block sum_block(const ByteProduct *p, size_t row, size_t panel,
                       Block most, int32_t *sums) {
  const int8_t *a = p->a + row * p->row_stride;
  const uint8_t *b = p->b + panel * p->b_panel;
  if (most.panels == 3) {
    sum_1x3(p, a, b, sums);
    return (Block){1, 3};
  }
  if (most.panels == 2 && most.rows >= 2) {
    sum_2x2(p, a, b, sums);
    return (Block){2, 2};
  }
  if (most.panels == 2) {
    sum_1x2(p, a, b, sums);
    return (Block){1, 2};
  }
  if (most.rows >= 4) {
    sum_4x1(p, a, b, sums);
    return (Block){4, 1};
  }
  sum_1x1(p, a, b, sums);
  return (Block){1, 1};
}

/* Whole tiles of rows; the depth is one of whole tiles, too. */
AMX static void product_whole(const ByteProduct *p, size_t rows) {
  int32_t sums[4 * TILE_SUMS] __attribute__((aligned(64)));
  _tile_loadconfig(&tile_shape);
  for (size_t panel = 0, n; panel < p->panels; panel += n) {
    size_t left = p->panels - panel;
    n = left == 4 ? 2 : smaller(left, GROUP);
    for (size_t row = 0; row < rows;) {
      Block most = {(rows - row) / LANES, n};
      Block done = sum_block(p, row, panel, most, sums);
      finish_block(p, row, panel, done, sums);
      row += done.rows * LANES;
    }
  }
  _tile_release();
}

static void product_tiles(const ByteProduct *p,
                          void (*rest)(const ByteProduct *p)) {
  size_t rows = p->depth % TILE_DEPTH ? 0 : p->rows / LANES * LANES;
  if (rows > 0)
    product_whole(p, rows);
  if (rows == p->rows)
    return;
  ByteProduct left = *p;
  left.rows -= rows;
  left.a += rows * p->row_stride;
  left.row_scale += rows;
  left.row_sum += rows;
  left.bias = p->bias ? p->bias + rows : NULL;
  left.c += rows * LANES;
  rest(&left);
}

#endif
#endif
