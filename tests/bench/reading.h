/*
 * reading.h - how long reading takes: a file, and weights in memory; and how
 * much memory there was.
 */
#ifndef TESTS_BENCH_READING_H
#define TESTS_BENCH_READING_H

#include "model/model.h"

/* Seconds to read a file in pieces; exits when it cannot be read. */
double read_seconds(const char *path, size_t piece, size_t *bytes);

/* CPU seconds to read the weights of every layer once. */
double read_layers(const Model *model);

/* The most memory this program had resident. (getrusage() would also count
 * what the process was before exec.) */
double peak_kib(void);

#endif
