/*
 * fuzz_bpe.c - any bytes as a text, against a simple slow byte-level BPE.
 *
 * The first byte picks one of eight tokenizers, whose merges are in any order,
 * also in ones that no training would give.  The second opinion below works on
 * the whole text at once: decode it, split it at added tokens, match the
 * pattern's alternatives one after the other, merge the best pair of a word
 * again and again with a linear search.  Ids, words and offsets must be equal,
 * in one reading and in steps of one token.
 */
#include <string.h>
#include "fuzz.h"
#include "text/bytes.h"
#include "text/tokenizer.h"
#include "unicode/unicode.h"
#include "base/utf8.h"

enum { MOST = 1500, N_KINDS = 8, MAX_TOKENS = 400, MAX_MERGES = 400 };
enum { MASK = 3, WORD = 4, TOKENS = 5 }; /* ids */

typedef struct RefToken {
  char bytes[16];
  size_t n;
} RefToken;

typedef struct RefKind {
  bool prefix, trim, fuse, ignore;
  int32_t unk;   /* -1: none */
  bool gaps;     /* 'c' and byte f0 have no token */
  size_t merges; /* how many */
  unsigned seed;
  Tokenizer *tokenizer;
  int32_t byte[256]; /* ids */
  struct {
    int16_t rank, merged; /* 0: no merge */
  } pair[MAX_TOKENS][MAX_TOKENS];
} RefKind;

static RefKind kinds[N_KINDS] = {
    {false, true, false, false, -1, false, 12, 1, NULL, {0}, {{{0}}}},
    {false, true, false, false, -1, false, MAX_MERGES, 2, NULL, {0}, {{{0}}}},
    {true, true, false, false, -1, false, MAX_MERGES, 3, NULL, {0}, {{{0}}}},
    {true, false, false, true, -1, false, 30, 4, NULL, {0}, {{{0}}}},
    {false, false, false, false, 2, true, 60, 5, NULL, {0}, {{{0}}}},
    {false, true, true, false, 2, true, 60, 6, NULL, {0}, {{{0}}}},
    {true, true, false, false, -1, true, 60, 7, NULL, {0}, {{{0}}}},
    {false, true, false, false, -1, false, 60, 8, NULL, {0}, {{{0}}}},
};

static RefToken tokens[MAX_TOKENS];
static size_t n_tokens;

/* --- Setting up --- */

static void add_token(const char *bytes, size_t n) {
  for (size_t i = TOKENS; i < n_tokens; i++)
    if (tokens[i].n == n && memcmp(tokens[i].bytes, bytes, n) == 0)
      return;
  REQUIRE(n_tokens < MAX_TOKENS);
  memcpy(tokens[n_tokens].bytes, bytes, n);
  tokens[n_tokens++].n = n;
}

/* Every byte, then every word of two letters up to length 5, then some more. */
static void make_tokens(void) {
  static const char *const more[] = {
      " a",     " b",       " ab",         "  ",           "    ",
      "aaaaaa", "aaaaaaaa", "ababab",      "\n\n",         "\xc3\xa9",
      "'s",     "'l",       "\xf0\x9f",    "\xf0\x9f\x98", "\xef\xbf\xbd",
      "cc",     "\x98\x80", "\xef\xbf",    " '",           "11",
      "bc",     "cb",       "\xbd\xef\xbf"};
  n_tokens = TOKENS;
  for (int byte = 0; byte < 256; byte++)
    add_token(&(char){(char)byte}, 1);
  for (size_t n = 2; n <= 5; n++)
    for (unsigned bits = 0; bits < 1u << n; bits++) {
      char word[5];
      for (size_t i = 0; i < n; i++)
        word[i] = bits >> i & 1 ? 'b' : 'a';
      add_token(word, n);
    }
  for (size_t i = 0; i < sizeof more / sizeof *more; i++)
    add_token(more[i], strlen(more[i]));
}

static int32_t ref_id(const RefKind *k, const char *bytes, size_t n) {
  for (size_t i = TOKENS; i < n_tokens; i++)
    if (tokens[i].n == n && memcmp(tokens[i].bytes, bytes, n) == 0)
      return k->gaps && n == 1 && strchr("c\xf0", bytes[0]) && bytes[0]
                 ? -1
                 : (int32_t)i;
  return -1;
}

static size_t json_token(const RefToken *t, char *out) {
  size_t n = 0;
  for (size_t i = 0; i < t->n; i++) {
    uint32_t code = bytes_char((unsigned char)t->bytes[i]);
    n += (size_t)sprintf(out + n, "\\u%04x", code);
  }
  return n;
}

typedef struct RefPair {
  size_t left, right;
  int32_t merged;
} RefPair;

/* All pairs that may merge, in a random order. */
static size_t shuffle_pairs(const RefKind *k, RefPair *all) {
  size_t n = 0;
  unsigned random = k->seed;
  for (size_t i = TOKENS; i < n_tokens; i++)
    for (size_t m = 1; m < tokens[i].n; m++) {
      int32_t left = ref_id(k, tokens[i].bytes, m);
      int32_t right = ref_id(k, tokens[i].bytes + m, tokens[i].n - m);
      if (left >= 0 && right >= 0)
        all[n++] = (RefPair){(size_t)left, (size_t)right, (int32_t)i};
    }
  for (size_t i = n; i > 1; i--) {
    random = random * 1664525u + 1013904223u;
    size_t other = (random >> 8) % i;
    RefPair one = all[i - 1];
    all[i - 1] = all[other];
    all[other] = one;
  }
  return n;
}

static size_t json_merges(RefKind *k, char *out) {
  static RefPair all[8 * MAX_TOKENS];
  size_t n_all = shuffle_pairs(k, all), n = 0;
  n_all = n_all < k->merges ? n_all : k->merges;
  for (size_t i = 0; i < n_all; i++) {
    n += (size_t)sprintf(out + n, "%s[\"", i ? "," : "");
    n += json_token(&tokens[all[i].left], out + n);
    n += (size_t)sprintf(out + n, "\",\"");
    n += json_token(&tokens[all[i].right], out + n);
    n += (size_t)sprintf(out + n, "\"]");
    k->pair[all[i].left][all[i].right].rank = (int16_t)(i + 1);
    k->pair[all[i].left][all[i].right].merged = (int16_t)all[i].merged;
  }
  return n;
}

#define YES(b) ((b) ? "true" : "false")

static void open_kind(RefKind *k) {
  static char json[1 << 18];
  size_t n = 0;
  if (!n_tokens)
    make_tokens();
  for (int i = 0; i < 256; i++)
    k->byte[i] = ref_id(k, &(char){(char)i}, 1);
  n += (size_t)sprintf(
      json,
      "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":%s},"
      "\"post_processor\":{\"type\":\"RobertaProcessing\",\"cls\":[\"<s>\",0],"
      "\"sep\":[\"</s>\",1],\"trim_offsets\":%s,\"add_prefix_space\":%s},"
      "\"added_tokens\":[{\"id\":3,\"content\":\"<m>\",\"lstrip\":true,"
      "\"normalized\":false},{\"id\":4,\"content\":\"ab!\",\"rstrip\":true,"
      "\"single_word\":true,\"normalized\":true}],"
      "\"model\":{\"type\":\"BPE\",\"fuse_unk\":%s,\"ignore_merges\":%s,"
      "\"unk_token\":%s,\"vocab\":{\"<s>\":0,\"</s>\":1,\"<unk>\":2,"
      "\"<m>\":3,\"ab!\":4",
      YES(k->prefix), YES(k->trim), YES(k->prefix), YES(k->fuse),
      YES(k->ignore), k->unk < 0 ? "null" : "\"<unk>\"");
  for (size_t i = TOKENS; i < n_tokens; i++) {
    if (ref_id(k, tokens[i].bytes, tokens[i].n) < 0)
      continue;
    n += (size_t)sprintf(json + n, ",\"");
    n += json_token(&tokens[i], json + n);
    n += (size_t)sprintf(json + n, "\":%zu", i);
  }
  n += (size_t)sprintf(json + n, "},\"merges\":[");
  n += json_merges(k, json + n);
  n += (size_t)sprintf(json + n, "]}}");
  static const char own[] = "{\"tokenizer_class\":\"Own\"}"; /* JSON counts */
  TokenizerFiles files = {.tokenizer_json = {json, n},
                          .tokenizer_config = {own, sizeof own - 1}};
  Error err = {""};
  if (tokenizer_open(TOKENIZER_BYTE_BPE, &files, &k->tokenizer, &err))
    fprintf(stderr, "%s\n", err.message);
  REQUIRE(k->tokenizer);
}

/* --- The second opinion --- */

static struct {
  const RefKind *kind;
  uint32_t code[MOST];
  size_t n;
  Token out[4 * MOST];
  size_t n_out;
  int32_t words;
} ref;

/* A byte of a word, and the character it is of. */
typedef struct RefByte {
  unsigned char byte;
  uint32_t of;
} RefByte;

static bool has(uint32_t code, unsigned flag) {
  return (unicode_flags(code) & flag) != 0;
}

static bool is_space(uint32_t code) {
  return has(code, UNICODE_SPACE);
}

static void emit(int32_t id, const RefByte *b, size_t n) {
  size_t lead = 0, trail = 0;
  Token t = {.id = id, .word = ref.words};
  t.start = b[0].of;
  t.end = b[n - 1].of + 1;
  while (lead < n && b[lead].byte == ' ')
    lead++;
  while (trail < n && b[n - 1 - trail].byte == ' ')
    trail++;
  if (ref.kind->trim) {
    if (ref.kind->prefix && lead == 1 && t.start == 0)
      lead = 0;
    t.start = t.start + lead < t.end ? t.start + (uint32_t)lead : t.end;
    t.end = t.end - trail > t.start ? t.end - (uint32_t)trail : t.start;
  }
  REQUIRE(ref.n_out < sizeof ref.out / sizeof *ref.out);
  ref.out[ref.n_out++] = t;
}

static void ref_merge(const RefByte *b, size_t n) {
  static struct {
    int32_t id;
    size_t at;
  } s[4 * MOST];
  size_t m = 0;
  bool unknown = false;
  for (size_t i = 0; i < n; i++) {
    int32_t id = ref.kind->byte[b[i].byte];
    bool fused = id < 0 && unknown && ref.kind->fuse;
    unknown = id < 0;
    id = unknown ? ref.kind->unk : id;
    if (id < 0 || fused)
      continue;
    s[m].id = id;
    s[m++].at = i;
  }
  for (;;) {
    size_t best = m;
    int rank = 0;
    for (size_t i = 0; i + 1 < m; i++) {
      int one = ref.kind->pair[s[i].id][s[i + 1].id].rank;
      if (one && (!rank || one < rank)) {
        rank = one;
        best = i;
      }
    }
    if (!rank)
      break;
    s[best].id = ref.kind->pair[s[best].id][s[best + 1].id].merged;
    m--;
    memmove(&s[best + 1], &s[best + 2], (m - best - 1) * sizeof *s);
  }
  for (size_t i = 0; i < m; i++) {
    size_t from = i ? s[i].at : 0, to = i + 1 < m ? s[i + 1].at : n;
    emit(s[i].id, b + from, to - from);
  }
}

static void ref_word(const uint32_t *c, const uint32_t *of, size_t n) {
  static RefByte b[4 * MOST];
  char flat[64];
  size_t m = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned char utf8[4];
    size_t bytes = utf8_encode(c[i], utf8);
    for (size_t k = 0; k < bytes; k++)
      b[m++] = (RefByte){utf8[k], of[i]};
  }
  for (size_t i = 0; i < m && i < sizeof flat; i++)
    flat[i] = (char)b[i].byte;
  int32_t id = ref.kind->ignore && m < 16 ? ref_id(ref.kind, flat, m) : -1;
  if (id >= 0)
    emit(id, b, m);
  else
    ref_merge(b, m);
  ref.words++;
}

/* Alternatives that take a space before them, and then one or more. */
static bool of_class(uint32_t code, int class) {
  bool letter = has(code, UNICODE_LETTER), number = has(code, UNICODE_NUMBER);
  return class == 0   ? letter
         : class == 1 ? number
                      : !letter && !number && !is_space(code);
}

static size_t ref_match(const uint32_t *c, size_t n) {
  static const char *const short_ones[] = {"'s", "'t",  "'re", "'ve",
                                           "'m", "'ll", "'d"};
  for (size_t i = 0; i < 7; i++) {
    size_t m = strlen(short_ones[i]), k = 0;
    while (k < m && k < n && c[k] == (unsigned char)short_ones[i][k])
      k++;
    if (k == m)
      return m;
  }
  for (int class = 0; class < 3; class ++) {
    size_t from = c[0] == ' ', m = from;
    while (m < n && of_class(c[m], class))
      m++;
    if (m > from)
      return m;
  }
  size_t m = 0;
  while (m < n && is_space(c[m]))
    m++;
  return m == n || m == 1 ? m : m - 1;
}

static void ref_part(size_t from, size_t to) {
  static uint32_t c[MOST + 1], of[MOST + 1];
  size_t n = 0;
  if (from == to)
    return;
  if (ref.kind->prefix && ref.code[from] != ' ') {
    c[n] = ' ';
    of[n++] = (uint32_t)from;
  }
  for (size_t i = from; i < to; i++) {
    c[n] = ref.code[i];
    of[n++] = (uint32_t)i;
  }
  for (size_t i = 0, m; i < n; i += m) {
    m = ref_match(c + i, n - i);
    ref_word(c + i, of + i, m);
  }
}

static bool begins(size_t at, size_t to, const char *text) {
  size_t i = 0;
  while (text[i] && at + i < to && ref.code[at + i] == (unsigned char)text[i])
    i++;
  return !text[i];
}

static void emit_added(int32_t id, size_t from, size_t to) {
  Token t = {.id = id, .word = ref.words++};
  t.start = (uint32_t)from;
  t.end = (uint32_t)to;
  size_t lead = 0;
  while (from + lead < to && is_space(ref.code[from + lead]))
    lead++;
  if (ref.kind->trim) {
    if (!(ref.kind->prefix && lead == 1 && from == 0))
      t.start += (uint32_t)lead;
    while (t.end > t.start && is_space(ref.code[t.end - 1]))
      t.end--;
  }
  REQUIRE(ref.n_out < sizeof ref.out / sizeof *ref.out);
  ref.out[ref.n_out++] = t;
}

/* "ab!", a word of its own, with the white space behind it. */
static void ref_normalized(size_t from, size_t to) {
  size_t done = from;
  for (size_t i = from; i < to; i++) {
    if (!begins(i, to, "ab!"))
      continue;
    bool alone = (i == from || !has(ref.code[i - 1], UNICODE_WORD)) &&
                 (i + 3 == to || !has(ref.code[i + 3], UNICODE_WORD));
    if (!alone) {
      i += 2;
      continue;
    }
    size_t end = i + 3;
    while (end < to && is_space(ref.code[end]))
      end++;
    ref_part(done, i);
    emit_added(WORD, i, end);
    done = end;
    i = end - 1;
  }
  ref_part(done, to);
}

/* The tokens found in the raw text; "<m>" takes the white space before it. */
static void ref_tokenize(const RefKind *kind, const char *text, size_t size) {
  static const char *const raw[] = {"<s>", "</s>", "<unk>", "<m>"};
  size_t done = 0;
  ref.kind = kind;
  ref.n = ref.n_out = 0;
  ref.words = 0;
  for (size_t at = 0; at < size; ref.n++)
    at += utf8_decode(text, size, at, &ref.code[ref.n]);
  for (size_t i = 0; i < ref.n; i++) {
    int32_t id = 0;
    while (id <= MASK && !begins(i, ref.n, raw[id]))
      id++;
    if (id > MASK)
      continue;
    size_t start = i, end = i + strlen(raw[id]);
    while (id == MASK && start > done && is_space(ref.code[start - 1]))
      start--;
    ref_normalized(done, start);
    emit_added(id, start, end);
    done = end;
    i = end - 1;
  }
  ref_normalized(done, ref.n);
}

/* --- Comparing --- */

static void read_steps(const Tokenizer *t, const char *text, size_t size,
                       size_t step, Encoding *out) {
  TextCursor c;
  REQUIRE(tokenizer_begin(t, text, size, &c, NULL) == OK);
  while (!c.done)
    REQUIRE(tokenizer_next(&c, step, NULL, out, NULL) == OK);
  REQUIRE(c.chars == ref.n && c.at == size);
}

static size_t byte_of(const char *text, size_t size, uint32_t chars) {
  size_t at = 0;
  uint32_t code;
  while (chars--)
    at += utf8_decode(text, size, at, &code);
  return at;
}

static void compare(const Encoding *e, const char *text, size_t size) {
  REQUIRE(e->n == ref.n_out);
  for (size_t i = 0; i < e->n; i++) {
    const Token *a = &e->tokens[i], *b = &ref.out[i];
    REQUIRE(a->id == b->id && a->word == b->word);
    REQUIRE(a->start == b->start && a->end == b->end);
    if (i < 64) {
      REQUIRE(a->byte_start == byte_of(text, size, a->start));
      REQUIRE(a->byte_end == byte_of(text, size, a->end));
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0 || size > MOST)
    return 0;
  RefKind *kind = &kinds[data[0] % N_KINDS];
  if (!kind->tokenizer)
    open_kind(kind);
  const char *text = (const char *)data + 1;
  size--;
  ref_tokenize(kind, text, size);
  Encoding e = {0};
  for (size_t step = 1; step < 1000; step += 600) {
    e.n = 0;
    read_steps(kind->tokenizer, text, size, step, &e);
    compare(&e, text, size);
  }
  encoding_clear(&e);
  return 0;
}
