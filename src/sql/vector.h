/*
 * vector.h - vectors as SQL has them: BLOBs of little-endian numbers, whose
 * subtype tells sqlite-vec of what kind they are.
 */
#ifndef SQL_VECTOR_H
#define SQL_VECTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { HOST_IS_BIG = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ };

/* The first three are sqlite-vec's. */
enum {
  SUBTYPE_FLOAT32 = 223,
  SUBTYPE_BIT = 224,
  SUBTYPE_INT8 = 225,
  SUBTYPE_JSON = 74
};

/* Between the host's order of bytes and that of a BLOB, both ways. */
static inline void vector_reorder(float *numbers, size_t n) {
  for (size_t i = 0; HOST_IS_BIG && i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &numbers[i], sizeof bits);
    bits = __builtin_bswap32(bits);
    memcpy(&numbers[i], &bits, sizeof bits);
  }
}

#endif
