/*
 * unicode_data.h - the shape of the generated tables (unicode_classes.c,
 * unicode_maps.c, unicode_case.c, unicode_known.c). Only unicode.c and forms.c
 * read them.
 */
#ifndef UNICODE_UNICODE_DATA_H
#define UNICODE_UNICODE_DATA_H

#include <stdint.h>

enum {
  UNICODE_RUNS = 137,
  UNICODE_LOWERS = 185,
  UNICODE_ORDERED = 83,
  UNICODE_CASE_BORDERS = 1107,
  UNICODE_KNOWN = 397
};

typedef struct UnicodeRun {
  uint32_t first;
  uint16_t count, place;
} UnicodeRun;

typedef struct UnicodeLower {
  uint32_t first, last, step;
  int32_t difference;
} UnicodeLower;

typedef struct UnicodeRange {
  uint32_t first, last;
} UnicodeRange;

typedef struct UnicodeOrder {
  uint32_t code, ccc;
} UnicodeOrder;

extern const uint16_t unicode_kinds[];
extern const uint8_t unicode_stage1[];
extern const uint16_t unicode_stage2[];
extern const char unicode_stage3[];
extern const UnicodeRun unicode_runs[UNICODE_RUNS];
extern const uint32_t unicode_values[];
extern const uint32_t unicode_longer[];
extern const UnicodeLower unicode_lower[UNICODE_LOWERS];
extern const UnicodeOrder unicode_order[UNICODE_ORDERED];
extern const uint32_t unicode_case_borders[UNICODE_CASE_BORDERS];
extern const UnicodeRange unicode_known[UNICODE_KNOWN];

#endif
