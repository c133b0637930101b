/*
 * bench_kernels.c - how near the kernels come to what the core can do.
 *
 *     make bench-kernels          (build/release/tests/bench/bench_kernels SET)
 *
 * Prints, for each instruction set of this machine, the measured peak of the
 * FMA units and the product's share of it for the shapes of DistilBERT-base,
 * and the same for products of bytes, by number of panels (16 tokens each);
 * then the time of everything that is not a product at 128 tokens, as a share
 * of the products' time.
 *
 * Weights cycle over 170 MB, as those of a whole model do, so that one panel
 * shows what memory gives.  CPU time, best of several runs, and the peak
 * measured again after each shape: ratios hold on a busy machine.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "peak.h"
#include "random.h"
#include "tensor/kernels.h"

enum { C = 768, F = 3072, H = 12, L = 6, MAX_PANELS = 32 };
enum { WEIGHTS = 170000000 / 4, REPEATS = 5 };

static float *weights, *input, *output;
static size_t next_weight;
static double peak;

/* In huge pages where there are any, as a loaded model's weights are. */
static float *filled(size_t n) {
  float *x = pages_alloc(n * sizeof *x);
  if (!x)
    exit(1);
  for (size_t i = 0; i < n; i++)
    x[i] = (float)(int)(draw() >> 8) * 0x1p-24f - 0.5f;
  return x;
}

static void measure_peak(const char *set, bool bytes) {
  double now = bytes ? peak_dot(set) : peak_fma(set);
  peak = now > peak ? now : peak;
}

/* Operations a second of one product, over fresh weights each time. */
static double rate(const Kernels *k, size_t N, size_t K, size_t panels) {
  size_t calls = 1 + (size_t)4e9 / (2 * N * K * panels * LANES);
  double start = cpu_now();
  for (size_t i = 0; i < calls; i++) {
    if (next_weight + N * K > WEIGHTS)
      next_weight = 0;
    Product p = {.rows = N,
                 .panels = panels,
                 .depth = K,
                 .a = weights + next_weight,
                 .row_stride = K,
                 .k_stride = 1,
                 .b = input,
                 .b_panel = K * LANES,
                 .c = output,
                 .c_panel = N * LANES,
                 .bias = input};
    next_weight += N * K;
    k->product(&p);
  }
  return 2.0 * (double)(N * K * panels * LANES * calls) / (cpu_now() - start);
}

/* The same on bytes: their weights are a quarter as large. */
static double byte_rate(const Kernels *k, size_t N, size_t K, size_t panels) {
  size_t calls = 1 + (size_t)8e9 / (2 * N * K * panels * LANES);
  double start = cpu_now();
  for (size_t i = 0; i < calls; i++) {
    if (next_weight + N * K / 4 > WEIGHTS / 4)
      next_weight = 0;
    ByteProduct p = {.rows = N,
                     .panels = panels,
                     .depth = K,
                     .a = (const int8_t *)(weights + next_weight),
                     .row_stride = K,
                     .row_scale = input,
                     .row_sum = (const int32_t *)input,
                     .b = (const uint8_t *)input,
                     .b_panel = byte_panel(K),
                     .scale = input,
                     .zero = (const int32_t *)input,
                     .c = output,
                     .c_panel = N * LANES,
                     .bias = input};
    next_weight += N * K / 4;
    k->product_bytes(&p);
  }
  return 2.0 * (double)(N * K * panels * LANES * calls) / (cpu_now() - start);
}

typedef double rate_of(const Kernels *k, size_t N, size_t K, size_t panels);

static void show_product(const Kernels *k, rate_of *measure, size_t N,
                         size_t K) {
  static const size_t panels[] = {1, 2, 4, 8, 32};
  double best[5] = {0};
  for (int repeat = 0; repeat < REPEATS; repeat++)
    for (int i = 0; i < 5; i++) {
      double r = measure(k, N, K, panels[i]);
      best[i] = r > best[i] ? r : best[i];
    }
  measure_peak(k->name, measure == byte_rate);
  printf("  %4zu x %-4zu", N, K);
  for (int i = 0; i < 5; i++)
    if (peak > 0.0)
      printf("  %5.1f %%", 100.0 * best[i] / peak);
    else
      printf("  %7.2f", best[i] / 1e9);
  printf("\n");
}

typedef void piece(const Kernels *k, size_t tokens);

static void gelu_layer(const Kernels *k, size_t tokens) {
  k->activate(ACTIVATION_GELU, tokens * F, output);
}

static void norm_layer(const Kernels *k, size_t tokens) {
  for (size_t i = 0; i < 2; i++)
    k->add_norm(
        &(Norming){C, tokens / LANES, output, input, input, input, 1e-12f});
}

static void softmax_layer(const Kernels *k, size_t tokens) {
  static const float top[LANES] __attribute__((aligned(64)));
  static float inverse[LANES] __attribute__((aligned(64)));
  for (size_t p = 0; p < H * tokens / LANES; p++)
    k->softmax(tokens, output + p % 4 * tokens * LANES, 0.125f, top, inverse);
}

/* Three inputs of C and one of F a layer, over what gelu_layer wrote. */
static void quantize_layer(const Kernels *k, size_t tokens) {
  static float scale[LANES] __attribute__((aligned(64)));
  static int32_t zero[LANES] __attribute__((aligned(64)));
  for (size_t p = 0; p < tokens / LANES; p++) {
    const float *x = output + p * F * LANES;
    k->quantize(F, x, (uint8_t *)input, scale, zero);
    for (size_t i = 0; i < 3; i++)
      k->quantize(C, x + i * C * LANES, (uint8_t *)input, scale, zero);
  }
}

/* Seconds of a whole encoder's worth of a piece, on changing numbers. */
static double seconds(const Kernels *k, piece *run, size_t tokens) {
  double best = 1e9;
  for (int repeat = 0; repeat < 2 * REPEATS; repeat++) {
    double sum = 0.0;
    for (int layer = 0; layer < L; layer++) {
      for (size_t i = 0; i < tokens * F; i++)
        output[i] = 8.0f * weights[i + (size_t)repeat];
      double start = cpu_now();
      run(k, tokens);
      sum += cpu_now() - start;
    }
    best = sum < best ? sum : best;
  }
  return best;
}

static void show_rest(const Kernels *k) {
  const double tokens = 128;
  double products = L * tokens *
                    (8.0 * C * C + 4.0 * C * F + 4.0 * tokens * C) /
                    (peak > 0.0 ? peak : 1e9);
  double gelu = seconds(k, gelu_layer, 128);
  double quantize = seconds(k, quantize_layer, 128);
  double norm = seconds(k, norm_layer, 128);
  double soft = seconds(k, softmax_layer, 128);
  printf("  128 tokens: quantising %.2f ms\n", quantize * 1e3);
  printf("  128 tokens: gelu %.2f ms, norm %.2f ms, softmax %.2f ms",
         gelu * 1e3, norm * 1e3, soft * 1e3);
  printf(" = %.1f %% of the products' %.1f ms at peak\n",
         100.0 * (gelu + norm + soft) / products, products * 1e3);
}

static void show_products(const Kernels *k, rate_of *measure) {
  peak = 0.0;
  measure_peak(k->name, measure == byte_rate);
  printf("%s %s: peak of %s %.1f G operations/s\n", k->name, k->dot,
         measure == byte_rate ? "byte products" : "FMA", peak / 1e9);
  printf("  %-11s  %7s  %7s  %7s  %7s  %7s  (%s)\n", "N x K", "1 panel", "2",
         "4", "8", "32", peak > 0.0 ? "share of the peak" : "G operations/s");
  show_product(k, measure, C, C);
  show_product(k, measure, F, C);
  show_product(k, measure, C, F);
}

static void show(const Kernels *k) {
  show_products(k, byte_rate);
  show_products(k, rate);
  show_rest(k);
}

int main(int argc, char **argv) {
  weights = filled(WEIGHTS);
  input = filled((size_t)MAX_PANELS * F * LANES);
  output = filled((size_t)MAX_PANELS * F * LANES);
  for (size_t i = 0; kernels_all[i]; i++)
    if (kernels_all[i]->usable() &&
        (argc > 1 ? !strcmp(argv[1], kernels_all[i]->name)
                  : peak_fma(kernels_all[i]->name) > 0.0))
      show(kernels_all[i]);
  pages_free(weights, WEIGHTS * sizeof *weights);
  pages_free(input, sizeof *input * MAX_PANELS * F * LANES);
  pages_free(output, sizeof *output * MAX_PANELS * F * LANES);
  return 0;
}
