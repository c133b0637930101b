/*
 * test_sha256.c - the test vectors of FIPS 180-4 and NIST's CAVP, lengths
 * around a block, and the same bytes added in every pair of pieces.
 */
#include "base/sha256.h"

#include <stdlib.h>
#include <string.h>
#include "check.h"

typedef struct Case {
  const char *piece; /* repeated `times` times */
  size_t times;
  const char *hex;
} Case;

static const Case cases[] = {
    {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1,
     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
     "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"a", 1000000,
     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    {"\xbd", 1,
     "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
    {"\xc9\x8c\x8e\x55", 1,
     "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"},
    /* one byte around the places where the padding takes another block */
    {"x", 55,
     "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072"},
    {"x", 56,
     "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e"},
    {"x", 63,
     "75220b47218278e656f2013bb8f0c455a25eaf01e86c64924e9d48d89776d6f2"},
    {"x", 64,
     "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c"},
    {"x", 65,
     "9537c5fdf120482f7d58d25e9ed583f52c02b4e304ea814db1633ad565aed7e9"},
    {"x", 119,
     "000b48d4edf0fa7bee3c6236ecd2785baa5db4eeb8bb54341b029e0d9fa5fb0c"},
    {"x", 120,
     "13f05a0b594787f5ecd315edc96141bd3243203d1b7d4f0836f37308b276ba98"},
    {"x", 128,
     "24da1b81d0b16df6428eee73c69fcb2a93c76bc6df706f0c6670fe6bfe800464"},
};

static void to_hex(const unsigned char digest[32], char hex[65]) {
  for (int i = 0; i < 32; i++)
    sprintf(hex + 2 * i, "%02x", digest[i]);
}

static void check_case(const Case *c) {
  unsigned char digest[32];
  char hex[65];
  Sha256 h;
  sha256_init(&h);
  for (size_t i = 0; i < c->times; i++)
    sha256_add(&h, c->piece, strlen(c->piece));
  sha256_end(&h, digest);
  to_hex(digest, hex);
  CHECK(strcmp(hex, c->hex) == 0, "%.10s * %zu: %s", c->piece, c->times, hex);
}

/* Every way to cut 200 bytes in three, at any alignment. */
static void check_pieces(void) {
  unsigned char data[203], whole[32], digest[32];
  Sha256 h;
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (unsigned char)(i * 7);
  for (size_t shift = 0; shift < 4; shift++) {
    unsigned char bytes[200];
    memcpy(bytes, data, sizeof bytes);
    memmove(data + shift, bytes, sizeof bytes);
    sha256_init(&h);
    sha256_add(&h, bytes, sizeof bytes);
    sha256_end(&h, whole);
    size_t wrong = 0;
    for (size_t a = 0; a <= 200; a++)
      for (size_t b = a; b <= 200; b++) {
        sha256_init(&h);
        sha256_add(&h, data + shift, a);
        sha256_add(&h, data + shift + a, b - a);
        sha256_add(&h, data + shift + b, 200 - b);
        sha256_end(&h, digest);
        wrong += memcmp(whole, digest, 32) != 0;
      }
    CHECK(wrong == 0, "%zu cuts, shift %zu", wrong, shift);
    memmove(data, bytes, sizeof bytes);
  }
  sha256_init(&h);
  sha256_add(&h, NULL, 0);
  sha256_end(&h, digest);
  CHECK(digest[0] == 0xe3 && digest[31] == 0x55, "nothing");
}

/* 2^32 bits: the length needs its upper word. */
static void check_long(void) {
  unsigned char digest[32], *zeros = calloc(1 << 20, 1);
  char hex[65];
  Sha256 h;
  sha256_init(&h);
  for (int i = 0; i < 512; i++)
    sha256_add(&h, zeros, 1 << 20);
  sha256_end(&h, digest);
  to_hex(digest, hex);
  CHECK(!strcmp(hex, "9acca8e8c22201155389f65abbf6bc97"
                     "23edc7384ead80503839f49dcc56d767"),
        "%s", hex);
  free(zeros);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i]);
  check_pieces();
  check_long();
  return check_done();
}
