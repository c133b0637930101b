/*
 * sha256.h - SHA-256 (FIPS 180-4), for fingerprints.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct Sha256 {
  uint32_t state[8];
  uint64_t length; /* bytes seen */
  unsigned char block[64];
} Sha256;

void sha256_init(Sha256 *h);
void sha256_add(Sha256 *h, const void *data, size_t bytes);
void sha256_end(Sha256 *h, unsigned char digest[32]);

#endif
