/*
 * sha256.c - SHA-256, as FIPS 180-4 section 6.2 writes it down.
 *
 * In:  bytes, in pieces of any size.
 * Out: their 32-byte digest.
 *
 * Whole blocks are taken from the caller's memory, only the rest of a piece is
 * kept.  The message schedule is a ring of 16 words.  Rounds are written out
 * in eights, so that the working variables a to h change names instead of
 * places.
 *
 * Knows nothing of files, keys or secrets: it is for fingerprints.
 */
#include "base/sha256.h"

#include <string.h>

/* Of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t x, int n) {
  return x >> n | x << (32 - n);
}

/* Big-endian, whatever the host is. */
static inline uint32_t load(const unsigned char *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         p[3];
}

static inline void store(unsigned char *p, uint32_t x) {
  for (int i = 0; i < 4; i++)
    p[i] = (unsigned char)(x >> (24 - 8 * i));
}

/* Word t of the schedule, t >= 16, in place of word t - 16. */
static inline uint32_t next_word(uint32_t w[16], int t) {
  uint32_t x = w[(t + 1) & 15], y = w[(t + 14) & 15];
  uint32_t s0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
  uint32_t s1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
  return w[t & 15] += s0 + w[(t + 9) & 15] + s1;
}

/* One round: afterwards d is the new e, and h the new a. */
#define ROUND(a, b, c, d, e, f, g, h, t)                                       \
  do {                                                                         \
    uint32_t word = (t) < 16 ? w[t] : next_word(w, t);                         \
    h += (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +                      \
         (g ^ (e & (f ^ g))) + K[t] + word;                                    \
    d += h;                                                                    \
    h += (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +                      \
         ((a & b) | (c & (a | b)));                                            \
  } while (0)

static void add_block(uint32_t state[8], const unsigned char *block) {
  uint32_t w[16];
  for (int t = 0; t < 16; t++)
    w[t] = load(block + 4 * t);
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
#pragma GCC unroll 8
  for (int t = 0; t < 64; t += 8) {
    ROUND(a, b, c, d, e, f, g, h, t);
    ROUND(h, a, b, c, d, e, f, g, t + 1);
    ROUND(g, h, a, b, c, d, e, f, t + 2);
    ROUND(f, g, h, a, b, c, d, e, t + 3);
    ROUND(e, f, g, h, a, b, c, d, t + 4);
    ROUND(d, e, f, g, h, a, b, c, t + 5);
    ROUND(c, d, e, f, g, h, a, b, t + 6);
    ROUND(b, c, d, e, f, g, h, a, t + 7);
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

void sha256_init(Sha256 *h) {
  /* Of the square roots of the first 8 primes. */
  *h = (Sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                          0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(Sha256 *h, const void *data, size_t bytes) {
  const unsigned char *p = data;
  if (bytes == 0)
    return; /* data may be NULL */
  size_t held = h->length % sizeof h->block;
  h->length += bytes;
  if (held > 0) { /* fill up the block that was begun */
    size_t piece = sizeof h->block - held;
    piece = piece < bytes ? piece : bytes;
    memcpy(h->block + held, p, piece);
    p += piece;
    bytes -= piece;
    if (held + piece < sizeof h->block)
      return;
    add_block(h->state, h->block);
  }
  for (; bytes >= sizeof h->block; bytes -= sizeof h->block) {
    add_block(h->state, p);
    p += sizeof h->block;
  }
  if (bytes > 0)
    memcpy(h->block, p, bytes);
}

void sha256_end(Sha256 *h, unsigned char digest[32]) {
  static const unsigned char padding[64] = {0x80};
  /* A 1 bit, zeros, and the length in bits at the end of a block. */
  uint64_t bits = h->length * 8;
  size_t held = h->length % 64;
  unsigned char length[8];
  store(length, (uint32_t)(bits >> 32));
  store(length + 4, (uint32_t)bits);
  sha256_add(h, padding, (held < 56 ? 56 : 120) - held);
  sha256_add(h, length, sizeof length);
  for (int i = 0; i < 8; i++)
    store(digest + 4 * i, h->state[i]);
}
