/*
 * linear.c - a part of a linear layer, by the kernel that its weights ask for.
 *
 * In:  a layer, which of its rows, which panels of the input.
 * Out: those rows of the output, its activation applied.
 *
 * The one place that tells layers of floats from layers of bytes.  What a part
 * has just written is still in the cache, so the activation comes at once.
 *
 *     floats   y = W x + b                              product
 *     bytes    y = (Wq xq - zero * sums) * scales + b   product_bytes
 */
#include "model/linear.h"

ByteLanes byte_lanes_take(Arena *arena, size_t panels, size_t n) {
  ByteLanes lanes;
  lanes.bytes = arena_array(arena, panels, byte_panel(n));
  lanes.scale = arena_array(arena, panels * LANES, sizeof *lanes.scale);
  lanes.zero = arena_array(arena, panels * LANES, sizeof *lanes.zero);
  return lanes;
}

void byte_lanes_fill(const Kernels *k, const ByteLanes *to, size_t panel,
                     size_t n, const float *in) {
  k->quantize(n, in + panel * n * LANES, to->bytes + panel * byte_panel(n),
              to->scale + panel * LANES, to->zero + panel * LANES);
}

static void float_rows(const Kernels *k, const Linear *w, LinearPart part,
                       const float *in) {
  k->product(&(Product){
      .rows = part.rows,
      .panels = part.panels,
      .depth = w->n_in,
      .a = w->weight + part.row * w->n_in,
      .row_stride = w->n_in,
      .k_stride = 1,
      .b = in + part.panel * w->n_in * LANES,
      .b_panel = w->n_in * LANES,
      .c = part.out,
      .c_panel = part.out_panel,
      .bias = w->bias ? w->bias + part.row : NULL,
  });
}

static void byte_rows(const Kernels *k, const Linear *w, LinearPart part,
                      const ByteLanes *in) {
  k->product_bytes(&(ByteProduct){
      .rows = part.rows,
      .panels = part.panels,
      .depth = w->n_in,
      .a = w->q_weight + part.row * w->n_in,
      .row_stride = w->n_in,
      .row_scale = w->q_scales + part.row,
      .row_sum = w->q_sums + part.row,
      .b = in->bytes + part.panel * byte_panel(w->n_in),
      .b_panel = byte_panel(w->n_in),
      .scale = in->scale + part.panel * LANES,
      .zero = in->zero + part.panel * LANES,
      .c = part.out,
      .c_panel = part.out_panel,
      .bias = w->bias ? w->bias + part.row : NULL,
  });
}

void linear_rows(const Kernels *k, const Linear *w, LinearPart part,
                 const float *in, const ByteLanes *bytes,
                 Activation activation) {
  if (linear_is_bytes(w))
    byte_rows(k, w, part, bytes);
  else
    float_rows(k, w, part, in);
  for (size_t i = 0; activation && i < part.panels; i++)
    k->activate(activation, part.rows * LANES, part.out + i * part.out_panel);
}
