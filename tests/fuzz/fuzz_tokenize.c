/*
 * fuzz_tokenize.c - any bytes as a text, against a simple slow tokenizer.
 *
 * The first byte picks one of five tokenizers.  The second opinion below does
 * what the reference does, as it does it: decode the whole text, split it at
 * added tokens, normalise each part whole, split at added tokens again, split
 * into words, try every piece from the longest with a linear search.  Ids,
 * words and offsets must be equal, in one reading and in steps of one token.
 */
#include <string.h>
#include "fuzz.h"
#include "text/tokenizer.h"
#include "unicode/unicode.h"

enum { MOST = 4096, N_ADDED = 4, MAX_CHARS = 100, LONGEST = 6 };

#define VOCAB                                                                  \
  "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nab\nabc\n##a\n##b\n##ab\n"     \
  "##bc\nx\n##x\n##xx\ncafe\ncaf\n##\xc3\xa9\n\xc3\xa9\ne\n##e\n[\n]\n!\n.\n"  \
  "mask\n\xe4\xb8\xad\n##\xe4\xb8\xad\n\xe1\x84\x92\n##\xe1\x85\xa1\n"         \
  "##\xe1\x86\xab\ni\n##i\n##\xcc\x87\n\xe0\xa3\x94\n##\xe0\xa3\x94\n"         \
  "\xe3\x80\xae\n##\xe3\x80\xae\n=\nA\nB\n##B\n"

typedef struct RefAdded {
  const char *text; /* ASCII */
  bool single_word, lstrip, rstrip, normalized;
} RefAdded;

typedef struct RefKind {
  bool lower, strip, cjk;
  RefAdded added[N_ADDED]; /* beside the five special tokens */
  Tokenizer *tokenizer;
} RefKind;

static RefKind kinds[] = {
    {true, true, true, {{0}}, NULL},
    {false, false, true, {{0}}, NULL},
    {true,
     false,
     false,
     {{"Foo bar", false, false, false, true},
      {"ok", true, false, false, true},
      {"oko", false, false, false, true}},
     NULL},
    {false,
     true,
     true,
     {{"TOK", false, true, true, false},
      {"ab", true, false, false, false},
      {"abab!", false, false, false, false}},
     NULL},
    {true,
     true,
     true,
     {{"Tok", false, true, true, true}, {"x.x", true, false, false, true}},
     NULL},
};
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* --- Setting up --- */

static void open_kind(RefKind *k) {
  char config[2048];
  size_t n = (size_t)snprintf(
      config, sizeof config,
      "{\"do_lower_case\":%s,\"strip_accents\":%s,"
      "\"tokenize_chinese_chars\":%s,\"added_tokens_decoder\":{",
      k->lower ? "true" : "false", k->strip ? "true" : "false",
      k->cjk ? "true" : "false");
  int id = 44;
  for (const RefAdded *a = k->added; a < k->added + N_ADDED && a->text; a++) {
    bool known = strcmp(a->text, "ab") == 0;
    n += (size_t)snprintf(
        config + n, sizeof config - n,
        "%s\"%d\":{\"content\":\"%s\",\"single_word\":%s,\"lstrip\":%s,"
        "\"rstrip\":%s,\"normalized\":%s}",
        a == k->added ? "" : ",", known ? 8 : id, a->text,
        a->single_word ? "true" : "false", a->lstrip ? "true" : "false",
        a->rstrip ? "true" : "false", a->normalized ? "true" : "false");
    id += !known;
  }
  snprintf(config + n, sizeof config - n, "}}");
  TokenizerFiles files = {.vocab_txt = {VOCAB, sizeof VOCAB - 1},
                          .tokenizer_config = {config, strlen(config)}};
  Error err = {""};
  if (tokenizer_open(TOKENIZER_WORDPIECE, &files, &k->tokenizer, &err))
    fprintf(stderr, "%s\n", err.message);
  REQUIRE(k->tokenizer);
}

/* --- The second opinion --- */

typedef struct RefChar {
  uint32_t code;
  uint32_t at;   /* index of the character it came from */
  bool inserted; /* a space beside an ideograph */
  bool removed;  /* a mark, until runs are sorted */
} RefChar;

typedef struct Ref {
  const RefKind *kind;
  uint32_t code[MOST];
  size_t byte[MOST + 1]; /* where each begins */
  size_t n;
  RefChar normal[8 * MOST];
  size_t n_normal;
  Token out[8 * MOST];
  size_t n_out;
  int32_t words;
} Ref;

static Ref ref;

/* Decoding by trial: the longest well-formed character, else the longest
 * beginning of one. */
static size_t decode_one(const uint8_t *s, size_t left, uint32_t *code) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned lead = s[0];
  size_t n = lead < 0x80   ? 1
             : lead < 0xc2 ? 0
             : lead < 0xe0 ? 2
             : lead < 0xf0 ? 3
             : lead < 0xf5 ? 4
                           : 0;
  *code = 0xfffd;
  if (n == 0)
    return 1;
  uint32_t value = n == 1 ? lead : lead & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if (i >= left || s[i] >> 6 != 2)
      return i;
    value = value << 6 | (s[i] & 0x3fu);
    /* Can this still become a character? */
    size_t rest = 6 * (n - 1 - i);
    uint32_t low = value << rest, high = low | ((1u << rest) - 1);
    if (high < least[n] || low > 0x10ffff || (low >= 0xd800 && high < 0xe000))
      return i;
  }
  *code = value;
  return n;
}

static bool has(uint32_t code, unsigned flag) {
  return (unicode_flags(code) & flag) != 0;
}

static const char *lines[65]; /* of VOCAB; a line ends where one begins */
static int32_t n_lines;

static void read_vocab(void) {
  const char *line = VOCAB;
  for (; *line; line += strcspn(line, "\n") + 1)
    lines[n_lines++] = line;
  lines[n_lines] = line;
}

static int32_t ref_id(const char *text, size_t bytes) {
  int32_t id = n_lines - 1;
  for (; id >= 0; id--)
    if (lines[id + 1] - lines[id] == (ptrdiff_t)bytes + 1 &&
        memcmp(lines[id], text, bytes) == 0)
      break;
  return id;
}

static void emit(int32_t id, size_t start, size_t end) {
  REQUIRE(ref.n_out < sizeof ref.out / sizeof *ref.out);
  ref.out[ref.n_out++] = (Token){.id = id,
                                 .word = ref.words,
                                 .start = (uint32_t)start,
                                 .end = (uint32_t)end};
}

static size_t put_utf8(uint32_t c, char *to) {
  size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = n; i-- > 1; c >>= 6)
    to[i] = (char)(0x80 | (c & 0x3f));
  to[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
  return n;
}

static int32_t ref_piece(const RefChar *w, size_t n, bool first) {
  char text[2 + 4 * MAX_CHARS] = "##";
  size_t bytes = first ? 0 : 2;
  for (size_t i = 0; i < n; i++)
    bytes += put_utf8(w[i].code, text + bytes);
  return ref_id(text, bytes);
}

static void ref_word(const RefChar *w, size_t n) {
  size_t before = ref.n_out, i = 0;
  while (n <= MAX_CHARS && i < n) {
    size_t end = n - i < LONGEST ? n : i + LONGEST;
    int32_t id = -1;
    for (; end > i && id < 0; end--)
      id = ref_piece(w + i, end - i, i == 0);
    if (id < 0)
      break;
    end++;
    emit(id, w[i].at, w[end - 1].at + 1);
    i = end;
  }
  if (i < n) {
    ref.n_out = before;
    emit(1, w[0].at, w[n - 1].at + 1);
  }
  ref.words++;
}

static void ref_words(const RefChar *c, size_t n) {
  for (size_t i = 0, end; i < n; i = end) {
    end = i + 1;
    if (has(c[i].code, UNICODE_SPACE))
      continue;
    if (!has(c[i].code, UNICODE_PUNCT))
      while (end < n && !has(c[end].code, UNICODE_SPACE | UNICODE_PUNCT))
        end++;
    ref_word(c + i, end - i);
  }
}

static void ref_add(uint32_t code, size_t at, bool inserted, bool removed) {
  REQUIRE(ref.n_normal < sizeof ref.normal / sizeof *ref.normal);
  ref.normal[ref.n_normal++] = (RefChar){code, (uint32_t)at, inserted, removed};
}

static void ref_decompose(uint32_t code, size_t at) {
  uint32_t to[UNICODE_MAX_EXPANSION];
  size_t n = unicode_strip(code, to);
  if (n == 0)
    ref_add(code, at, false, true);
  for (size_t i = 0; i < n; i++)
    ref_add(to[i], at, false, false);
}

/* Sorts the kept marks of each run; their places keep their origins. */
static void ref_sort(void) {
  size_t run = 0;
  for (size_t i = 0; i < ref.n_normal; i++) {
    if (!has(ref.normal[i].code, UNICODE_NONSTARTER))
      run = i + 1;
    if (ref.normal[i].removed)
      continue;
    for (size_t k = i; k > run; k--) {
      size_t p = k - 1;
      while (p > run && ref.normal[p].removed)
        p--;
      uint32_t a = ref.normal[p].code, b = ref.normal[k].code;
      if (ref.normal[p].removed || unicode_order_of(a) <= unicode_order_of(b))
        break;
      ref.normal[p].code = b;
      ref.normal[k].code = a;
      k = p + 1;
    }
  }
}

static void ref_finish(void) {
  static RefChar done[8 * MOST];
  size_t n = 0;
  for (size_t i = 0; i < ref.n_normal; i++) {
    uint32_t to[UNICODE_MAX_EXPANSION] = {ref.normal[i].code};
    size_t m = ref.normal[i].removed ? 0 : 1;
    if (m && ref.kind->lower)
      m = unicode_lowercase(ref.normal[i].code, to);
    for (size_t k = 0; k < m; k++) {
      done[n] = ref.normal[i];
      done[n++].code = to[k];
    }
  }
  memcpy(ref.normal, done, n * sizeof *done);
  ref.n_normal = n;
}

/* Each step on the whole of [from, to), as the reference does. */
static void ref_normalize(size_t from, size_t to) {
  ref.n_normal = 0;
  for (size_t i = from; i < to; i++) {
    uint32_t code = ref.code[i];
    if (has(code, UNICODE_REMOVED))
      continue;
    bool cjk = ref.kind->cjk && has(code, UNICODE_CJK);
    if (cjk)
      ref_add(' ', i, true, false);
    if (has(code, UNICODE_SPACE))
      ref_add(' ', i, false, false);
    else if (ref.kind->strip)
      ref_decompose(code, i);
    else
      ref_add(code, i, false, false);
    if (cjk)
      ref_add(' ', i, true, false);
  }
  if (ref.kind->strip)
    ref_sort();
  ref_finish();
}

static const RefAdded specials[] = {
    {"[PAD]", false, false, false, false},
    {"[UNK]", false, false, false, false},
    {"[CLS]", false, false, false, false},
    {"[SEP]", false, false, false, false},
    {"[MASK]", false, false, false, false},
};

/* Does `text` (ASCII, in lower case if asked) begin at c[0..n)? */
static size_t ref_begins(const char *text, bool lower, const RefChar *c,
                         size_t n) {
  size_t i = 0;
  for (; text[i]; i++) {
    uint32_t want = (unsigned char)text[i];
    if (lower && want >= 'A' && want <= 'Z')
      want += 32;
    if (i >= n || c[i].code != want)
      return 0;
  }
  return i;
}

/* The longest added token at c[0..n). */
static const RefAdded *ref_find(bool normalized, const RefChar *c, size_t n,
                                size_t *length) {
  const RefAdded *best = NULL;
  *length = 0;
  for (int i = 0; i < 5 + N_ADDED; i++) {
    const RefAdded *a = i < 5 ? &specials[i] : &ref.kind->added[i - 5];
    if (!a->text || a->normalized != normalized)
      continue;
    size_t m = ref_begins(a->text, normalized && ref.kind->lower, c, n);
    /* whole characters of the text only */
    if (m > *length && (m == n || c[m].at != c[m - 1].at)) {
      best = a;
      *length = m;
    }
  }
  return best;
}

static bool strippable(const RefChar *c) {
  return has(c->code, UNICODE_SPACE) && !c->inserted;
}

/* Splits c[0..n) at added tokens; what is between goes to `rest`. */
static void ref_split(bool normalized, const RefChar *c, size_t n,
                      void (*rest)(const RefChar *c, size_t n)) {
  size_t done = 0, length;
  for (size_t i = 0; i < n;) {
    bool whole = i == 0 || c[i].at != c[i - 1].at;
    const RefAdded *a =
        whole ? ref_find(normalized, c + i, n - i, &length) : NULL;
    size_t start = i, end = i + (a ? length : 1);
    i = end;
    if (!a || (a->single_word &&
               ((start > 0 && has(c[start - 1].code, UNICODE_WORD)) ||
                (end < n && has(c[end].code, UNICODE_WORD)))))
      continue;
    while (a->lstrip && start > done && strippable(&c[start - 1]))
      start--;
    while (a->rstrip && end < n && strippable(&c[end]))
      end++;
    rest(c + done, start - done);
    int32_t id = tokenizer_id(ref.kind->tokenizer, a->text, strlen(a->text));
    emit(id, c[start].at, c[end - 1].at + 1);
    ref.words++;
    i = done = end;
  }
  rest(c + done, n - done);
}

static void ref_part(const RefChar *c, size_t n) {
  if (n == 0)
    return;
  ref_normalize(c[0].at, c[n - 1].at + 1);
  static RefChar part[8 * MOST];
  size_t m = ref.n_normal;
  memcpy(part, ref.normal, m * sizeof *part);
  ref_split(true, part, m, ref_words);
}

static void ref_tokenize(const RefKind *kind, const uint8_t *text,
                         size_t size) {
  static RefChar raw[MOST];
  ref.kind = kind;
  ref.n = ref.n_out = 0;
  ref.words = 0;
  for (size_t at = 0; at < size; ref.n++) {
    ref.byte[ref.n] = at;
    at += decode_one(text + at, size - at, &ref.code[ref.n]);
    raw[ref.n] = (RefChar){ref.code[ref.n], (uint32_t)ref.n, false, false};
  }
  ref.byte[ref.n] = size;
  ref_split(false, raw, ref.n, ref_part);
}

/* --- Comparing --- */

static void read_steps(const Tokenizer *t, const char *text, size_t size,
                       size_t step, Encoding *out) {
  TextCursor c;
  REQUIRE(tokenizer_begin(t, text, size, &c, NULL) == OK);
  while (!c.done) {
    size_t before = out->n;
    REQUIRE(tokenizer_next(&c, step, NULL, out, NULL) == OK);
    REQUIRE(c.done || out->n - before >= step);
  }
  REQUIRE(c.chars == ref.n && c.at == size);
}

static void compare(const Encoding *e) {
  REQUIRE(e->n == ref.n_out);
  for (size_t i = 0; i < e->n; i++) {
    const Token *a = &e->tokens[i], *b = &ref.out[i];
    REQUIRE(a->id == b->id);
    REQUIRE(a->start == b->start && a->end == b->end);
    REQUIRE(a->word == b->word && a->sequence == 0 && !a->special);
    REQUIRE(a->byte_start == ref.byte[a->start]);
    REQUIRE(a->byte_end == ref.byte[a->end]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0 || size > MOST)
    return 0;
  RefKind *kind = &kinds[data[0] % N_KINDS];
  if (n_lines == 0)
    read_vocab();
  if (!kind->tokenizer)
    open_kind(kind);
  const uint8_t *text = data + 1;
  size--;
  ref_tokenize(kind, text, size);
  Encoding e = {0};
  for (size_t step = 1; step < 1000; step += 800) {
    e.n = 0;
    read_steps(kind->tokenizer, (const char *)text, size, step, &e);
    compare(&e);
  }
  encoding_clear(&e);
  return 0;
}
