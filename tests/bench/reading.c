/*
 * reading.c - what reading.h says.
 *
 * No pass of a few tokens can be quicker than reading the weights of its layers
 * once: it is the other half of their bar, beside the arithmetic.
 */
#include "reading.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "peak.h"

static double wall_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void give_up(const char *path) {
  fprintf(stderr, "bench: cannot read %s\n", path);
  exit(1);
}

double read_seconds(const char *path, size_t piece, size_t *bytes) {
  double start = wall_now();
  FILE *file = fopen(path, "rb");
  char *buffer = malloc(piece);
  size_t n;
  *bytes = 0;
  if (!file || !buffer)
    give_up(path);
  setvbuf(file, NULL, _IONBF, 0);
  while ((n = fread(buffer, 1, piece, file)) > 0)
    *bytes += n;
  fclose(file);
  free(buffer);
  return wall_now() - start;
}

/* Adds up `n` floats as whole numbers, eight sums side by side. */
static uint64_t read_floats(const float *x, size_t n) {
  uint64_t sum[8] = {0};
  for (size_t i = 0; i + 16 <= n; i += 16)
    for (size_t j = 0; j < 8; j++) {
      uint64_t two;
      memcpy(&two, x + i + 2 * j, sizeof two);
      sum[j] += two;
    }
  for (size_t j = 1; j < 8; j++)
    sum[0] += sum[j];
  return sum[0];
}

double read_layers(const Model *m) {
  static volatile uint64_t sink;
  double start = cpu_now();
  for (size_t i = 0; i < m->config.n_layers; i++) {
    const Layer *y = &m->layers[i];
    const Linear *all[] = {&y->query,         &y->key, &y->value,
                           &y->attention_out, &y->up,  &y->down};
    for (size_t j = 0; j < sizeof all / sizeof *all; j++)
      sink += read_floats(all[j]->weight, all[j]->n_in * all[j]->n_out);
  }
  return cpu_now() - start;
}

double peak_kib(void) {
  char line[256];
  double kib = 0.0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file))
    sscanf(line, "VmHWM: %lf", &kib);
  if (file)
    fclose(file);
  return kib;
}
