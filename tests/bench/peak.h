/*
 * peak.h - the most multiply-adds this core can do, to measure shares of.
 *
 * Counted in CPU time of the calling thread, so that a busy machine does not
 * lower the answer; a clock that changes does, so measure the peak right
 * before and after the thing compared with it and take the larger.
 */
#ifndef TESTS_BENCH_PEAK_H
#define TESTS_BENCH_PEAK_H

/* CPU seconds of this thread so far. */
double cpu_now(void);

/*
 * Floating-point operations a second (an FMA is two in each lane) of 32-bit
 * floats in the registers of a kernel set: "amx" (which has the floats of
 * "avx512"), "avx512", "avx2", "neon". 0: this
 * machine cannot run it, or ("portable") it has no such registers.
 */
double peak_fma(const char *set);

/* The same in two milliseconds, less sure. */
double peak_fma_now(const char *set);

/* The same of products of bytes, four and their sum in each lane (eight
 * operations). 0: there is no such instruction. */
double peak_dot(const char *set);

/* The same of products of bf16 (vdpbf16ps), which no kernel here uses. */
double peak_bf16(void);

#endif
