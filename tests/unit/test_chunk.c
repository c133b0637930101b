/*
 * test_chunk.c - borders of graphemes, words and sentences; chunks of texts
 * that are odd in all ways, under several tokenizers.
 *
 * What a chunk must be is checked by other means than chunk.c's: the chunks
 * are the text, each is counted by itself, none could have gone on to the next
 * border, clusters are utf8proc's over the whole text.  Work is counted in
 * polls, of which there is one every 64 KB and at each start of reading.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "base/utf8.h"
#include "check.h"
#include "random.h"
#include "repeat.h"
#include "task/chunk.h"
#include "tokenizers.h"
#include "unicode/border.h"

/* --- Borders -------------------------------------------------------------- */

/* "|" before a sentence, "/" before a word. */
static const char *const borders[] = {
    "",
    "a",
    "Is /it /3.5?  |\"Yes.\"  |So /- /what",
    "e.g.this  /No?! |(Yes...) |[Well!] |'ok.' |end",
    "  leading /white  ",
    "\n\n  leading /lines\n\n  |next\r\n|last\n",
    "a\v|b",
    "x\xc2\x85|y\xe2\x80\xa8|z",
    "\xe3\x80\x8c\xe3\x81\xaf\xe3\x81\x84\xe3\x80\x82\xe3\x80\x8d|"
    "\xe3\x81\x9d\xe3\x81\x86\xef\xbc\x81\xef\xbc\x9f|\xe3\x80\x8c\xe3\x81"
    "\x9d",
    "\xe3\x81\xaf\xe3\x80\x82\xe3\x80\x80|\xe3\x81\xaf",
    "\xd9\x87\xd9\x84\xd8\x9f |\xd9\x86\xd8\xb9\xd9\x85",
    "\xe0\xa4\xb9\xe0\xa4\xbe\xe0\xa5\xa4 |\xe0\xa4\xb9",
    "Ja\xe2\x80\xa6 |\xe2\x80\x9eJa.\xe2\x80\x9c |Ja",
    "a.\xcc\x81 |b. \xcc\x81|c",
    "a\xff. |\xff /\xff",
    "3.14 /a.b,c /.5",
};

/* `marked` without its marks, which are put where they belong. */
static void check_borders(const char *marked) {
  char text[256], got[512];
  size_t n = 0, m = 0;
  for (const char *c = marked; *c; c++)
    if (*c != '|' && *c != '/')
      text[n++] = *c;
  BorderScan s;
  border_begin(&s, text, n);
  while (s.at < n) {
    size_t from = s.at;
    Border border = border_step(&s);
    memcpy(got + m, text + from, s.at - from);
    m += s.at - from;
    if (s.at < n && border >= BORDER_WORD)
      got[m++] = border == BORDER_WORD ? '/' : '|';
    CHECK(s.at < n || border == BORDER_SENTENCE, "%s: its end", marked);
  }
  got[m] = 0;
  CHECK(strcmp(got, marked) == 0, "%s, not %s", got, marked);
}

/* --- Texts ---------------------------------------------------------------- */

static const char *const parts[] = {
    "a",
    "word ",
    "unaffable ",
    "The man was in it. ",
    "3.14",
    ". ",
    "!",
    "? ",
    " ",
    "    ",
    "\t",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\"",
    ")",
    "[MASK]",
    "<mask>",
    " </s> ",
    "[SEP]",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "a",
    "\xe3\x80\x82",                         /* ideographic full stop */
    "\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xae", /* ideographs */
    "\xe3\x80\x8d",                         /* a closing bracket */
    "\xe3\x80\x80",                         /* ideographic space */
    "\xd9\x87\xd9\x84\xd8\x9f ",            /* Arabic */
    "\xd7\x91\xd6\xbc\xd6\xb8",             /* Hebrew with points */
    "\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7\xe0\xa4\xbf\xe0\xa5\xa4 ",
    "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", /* Hangul letters */
    "\xed\x95\x9c",
    "e\xcc\x81\xcc\xa3",
    "\xcc\x81",
    "\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    "\xf0\x9f\x98\x80",
    "\xf0\x9f\x87\xa9", /* half of a flag */
    "\xf0\x9f\x87\xaa",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
    "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", /* with a skin tone */
    "\xe2\x80\x8d",                     /* joiner */
    "\xef\xb8\x8f",                     /* variation selector */
    "\xd8\x80",                         /* goes before a number */
    "\xc2\xa0",
    "\xc2\xad",
    "\xef\xb7\xba", /* 18 characters in NFKD */
    "\xe2\x80\xa6",
    "\xe2\x80\x9c",
    "\xff",
    "\xe4\xb8", /* cut short */
    "\xed\xa0\x80",
    "\xf0\x9f\x98",
    "\x80",
    "\xef\xbf\xbd",
    "\x01",
};
enum { N_PARTS = sizeof parts / sizeof *parts, MOST = 4000 };

/* Of all parts or of a few, which makes long runs. */
static size_t make_text(char *text) {
  size_t n = 0, want = between(0, 12) ? between(0, 300) : between(0, MOST);
  size_t few = between(0, 3) ? 0 : between(1, 3), which[3];
  for (size_t i = 0; i < 3; i++)
    which[i] = between(0, N_PARTS - 1);
  for (;;) {
    const char *part =
        parts[few ? which[between(0, few - 1)] : between(0, N_PARTS - 1)];
    size_t bytes = strlen(part);
    if (n + bytes > want)
      return n;
    memcpy(text + n, part, bytes);
    n += bytes;
    if (!between(0, 200))
      text[n++] = 0;
  }
}

/* --- What a chunk must be ------------------------------------------------- */

/* The borders of a text: at[byte] is what stands before it; -1: within a
 * character. */
static int at[MOST + 302];

static void read_borders(EncodeText t) {
  BorderScan s;
  uint32_t code, before = 0;
  utf8proc_int32_t state = 0;
  border_begin(&s, t.text, t.bytes);
  memset(at, 0xff, sizeof at);
  at[0] = BORDER_SENTENCE;
  for (size_t i = 0, n; i < t.bytes; i += n) {
    n = utf8_decode(t.text, t.bytes, i, &code);
    bool begins =
        i == 0 || utf8proc_grapheme_break_stateful(
                      (utf8proc_int32_t)before, (utf8proc_int32_t)code, &state);
    CHECK(begins == (at[i] != BORDER_NONE), "cluster at byte %zu", i);
    before = code;
    at[i + n] = (int)border_step(&s);
  }
  CHECK(s.at == t.bytes && s.chars == utf8_count(t.text, t.bytes), "end");
}

static size_t count(const Tokenizer *t, EncodeText text, size_t from,
                    size_t to) {
  size_t n = 0;
  CHECK(tokenizer_count(t, text.text + from, to - from, NULL, &n, NULL) == OK,
        "count");
  return n;
}

/* The next border of that level behind a place, or before it. */
static size_t behind(size_t byte, int level) {
  do
    byte++;
  while (at[byte] < level);
  return byte;
}

static size_t before(size_t byte, int level) {
  do
    byte--;
  while (at[byte] < level);
  return byte;
}

/* The borders of a boundary. */
static int level_of(ChunkBoundary boundary) {
  return boundary == CHUNK_SENTENCE ? BORDER_SENTENCE
         : boundary == CHUNK_WORD   ? BORDER_WORD
                                    : BORDER_GRAPHEME;
}

typedef struct Case {
  const char *name;
  Tokenizer *tokenizer;
  bool exact; /* tokens of words are those of their sentence */
} Case;

/* Is a smaller border justified, and could the chunk not go on? Beyond the
 * first window a long word may have been cut for being at its end. */
static void check_end(const Case *k, EncodeText t, const ChunkOptions *how,
                      const Chunk *c) {
  size_t room = how->max_tokens - tokenizer_n_added(k->tokenizer, false);
  int level = at[c->byte_end];
  if (level == BORDER_NONE) {
    size_t from = before(c->byte_end, BORDER_GRAPHEME);
    size_t to = behind(c->byte_end, BORDER_GRAPHEME);
    from = from > c->byte_start ? from : c->byte_start;
    CHECK(count(k->tokenizer, t, from, to) > room, "%s: within a cluster at %u",
          k->name, c->end);
  }
  if (!k->exact || how->overlap || c->byte_end == t.bytes)
    return;
  for (int l = level_of(how->boundary); l >= BORDER_WORD; l--) {
    if (level > l)
      level = l;
    size_t next = behind(l > level ? c->byte_start : c->byte_end, l);
    if (next - c->byte_start > 6 * room + 256)
      break;
    CHECK(count(k->tokenizer, t, c->byte_start, next) > room,
          "%s: %u-%u, but up to %zu fits, level %d of %d", k->name, c->start,
          c->end, next, level, l);
    if (level == l)
      break;
  }
}

static void check_chunk(const Case *k, EncodeText t, const ChunkOptions *how,
                        const Chunk *last, const Chunk *c) {
  size_t special = tokenizer_n_added(k->tokenizer, false);
  CHECK(c->byte_end > last->byte_end && c->byte_start <= last->byte_end &&
            (c->byte_start > last->byte_start || last->byte_end == 0),
        "%s: %zu-%zu behind %zu-%zu", k->name, c->byte_start, c->byte_end,
        last->byte_start, last->byte_end);
  CHECK(c->start == utf8_count(t.text, c->byte_start) &&
            c->end == utf8_count(t.text, c->byte_end),
        "%s: characters %u-%u", k->name, c->start, c->end);
  CHECK(at[c->byte_end] >= 0 && at[c->byte_start] >= 0,
        "%s: within a character", k->name);
  size_t n = count(k->tokenizer, t, c->byte_start, c->byte_end) + special;
  CHECK(c->tokens == n && n <= how->max_tokens, "%s: %zu tokens, %zu, %zu",
        k->name, c->tokens, n, how->max_tokens);
  size_t shared = count(k->tokenizer, t, c->byte_start, last->byte_end);
  CHECK(shared <= how->overlap &&
            (how->overlap || c->byte_start == last->byte_end),
        "%s: overlap of %zu tokens", k->name, shared);
  CHECK(c->byte_start == last->byte_end || at[c->byte_start] > BORDER_NONE,
        "%s: starts within a cluster", k->name);
  check_end(k, t, how, c);
}

static size_t chunk_text(const Case *k, EncodeText t, const ChunkOptions *how,
                         const Poll *poll) {
  Chunker *c = NULL;
  Chunk chunk = {0}, last = {0};
  Error err = {""};
  bool more = true;
  size_t n = 0;
  int rc = chunker_open(k->tokenizer, t, how, SIZE_MAX, poll, &c, &err);
  for (; rc == OK; n++, last = chunk) {
    rc = chunker_next(c, &chunk, &more, &err);
    if (rc || !more)
      break;
    if (t.bytes <= MOST + 300)
      check_chunk(k, t, how, &last, &chunk);
  }
  if (rc) /* a character of more tokens than fit */
    CHECK(rc == ERR_RANGE && how->max_tokens < 60 &&
              strstr(err.message, "alone has"),
          "%s: %s", k->name, err.message);
  else
    CHECK(last.byte_end == t.bytes, "%s: ends at %zu of %zu", k->name,
          last.byte_end, t.bytes);
  chunker_close(c);
  return n;
}

static void check_random(const Case *k, size_t n) {
  static char text[MOST + 302];
  size_t special = tokenizer_n_added(k->tokenizer, false);
  for (size_t i = 0; i < n; i++) {
    EncodeText t = {text, make_text(text)};
    size_t room = between(0, 3) ? between(1, 40) : between(1, 600);
    ChunkOptions how = {special + room,
                        between(0, 1) ? between(0, room - 1) : 0,
                        (ChunkBoundary)between(0, 2)};
    long failed = check_failed;
    read_borders(t);
    chunk_text(k, t, &how, NULL);
    if (check_failed > failed)
      printf("  text %zu of %s, max_tokens %zu, overlap %zu, boundary %d\n", i,
             k->name, how.max_tokens, how.overlap, (int)how.boundary);
  }
}

/* --- Work ----------------------------------------------------------------- */

static size_t polls, polls_left;

static bool count_polls(void *unused) {
  (void)unused;
  polls++;
  return polls_left && --polls_left == 0;
}

static const Poll counting = {count_polls, NULL};

static const char *const units[] = {
    "The man was in it. ",
    "word ",
    "a",
    " ",
    "\n",
    ".",
    "e\xcc\x81",
    "\xcc\x81",
    "\xf0\x9f\x91\xa8\xe2\x80\x8d",
    "\xf0\x9f\x87\xa9",
    "\xe6\x9d\xb1",
    "\xe3\x80\x82",
    "[MASK]",
    "<mask> ",
    "\xff",
};

/* Twice the text takes twice the polls. */
static void check_linear(const Case *k) {
  enum { BYTES = 70000 };
  for (size_t u = 0; u < sizeof units / sizeof *units; u++)
    for (size_t overlap = 0; overlap <= 20; overlap += u % 3 ? 40 : 20) {
      char *text = repeat(units[u], 2 * BYTES);
      size_t used[2];
      for (size_t i = 0; i < 2; i++) {
        polls = polls_left = 0;
        ChunkOptions how = {64, overlap, CHUNK_SENTENCE};
        chunk_text(k, (EncodeText){text, (i + 1) * BYTES}, &how, &counting);
        used[i] = polls;
      }
      CHECK(used[1] <= 2 * used[0] + used[0] / 8 + 16,
            "%s: unit %zu, overlap %zu: %zu polls, then %zu", k->name, u,
            overlap, used[0], used[1]);
      free(text);
    }
}

/* Stopped at any poll, and still whole to be closed. */
static void check_interrupt(const Case *k) {
  char *text = repeat("e\xcc\x81", 300000);
  EncodeText t = {text, 300000};
  ChunkOptions how = {64, 8, CHUNK_WORD};
  for (size_t stop = 1; stop < 40; stop++) {
    Chunker *c = NULL;
    Chunk chunk;
    Error err = {""};
    bool more = true;
    polls_left = stop;
    int rc = chunker_open(k->tokenizer, t, &how, 512, &counting, &c, &err);
    while (rc == OK && more)
      rc = chunker_next(c, &chunk, &more, &err);
    CHECK(rc == (polls_left ? OK : ERR_INTERRUPT), "%s: %d", k->name, rc);
    chunker_close(c);
  }
  free(text);
}

/* The first chunks of a long text need none of its rest. */
static void check_streams(const Case *k) {
  char *text = repeat("The man was in it. ", 4000000);
  ChunkOptions how = {128, 0, CHUNK_SENTENCE};
  Chunker *c = NULL;
  Chunk chunk;
  bool more;
  polls = polls_left = 0;
  CHECK(chunker_open(k->tokenizer, (EncodeText){text, 4000000}, &how, 512,
                     &counting, &c, NULL) == OK,
        "open");
  for (size_t i = 0; i < 3; i++)
    CHECK(chunker_next(c, &chunk, &more, NULL) == OK && more, "chunk %zu", i);
  CHECK(polls < 4000, "%s: %zu polls", k->name, polls);
  chunker_close(c);
  free(text);
}

/* --- Options -------------------------------------------------------------- */

static void check_refused(const Tokenizer *t) {
  static const struct {
    ChunkOptions how;
    const char *message;
  } cases[] = {
      {{513, 0, CHUNK_WORD}, "max_tokens 513: the model takes at most 512"},
      {{2, 0, CHUNK_WORD}, "max_tokens 2 must be at least 3: 2 are special"},
      {{10, 8, CHUNK_WORD},
       "overlap 8 must be less than 8, the tokens of a chunk but 2 special "
       "ones"},
  };
  Error err = {""};
  ChunkBoundary boundary;
  Chunker *c = NULL;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int rc =
        chunker_open(t, some_text("a"), &cases[i].how, 512, NULL, &c, &err);
    CHECK(rc == ERR_RANGE && !c && !strcmp(err.message, cases[i].message), "%s",
          err.message);
  }
  CHECK(chunk_boundary(some_text("word"), &boundary, &err) == OK &&
            boundary == CHUNK_WORD,
        "word");
  CHECK(chunk_boundary(some_text("Word"), &boundary, &err) == ERR_RANGE &&
            !strcmp(err.message, "boundary \"Word\": valid ones are token, "
                                 "word, sentence"),
        "%s", err.message);
  chunker_close(NULL);
}

/* A tokenizer.json of a checkpoint with a Sequence of normalizers. */
static Tokenizer *open_sequence(const char *folder, TokenizerKind kind,
                                const char *normalizer) {
  FileText file = read_text(folder, "tokenizer.json");
  cJSON *json = cJSON_ParseWithLength(file.text, file.bytes);
  cJSON_ReplaceItemInObject(json, "normalizer", cJSON_Parse(normalizer));
  char *text = cJSON_PrintUnformatted(json);
  TokenizerFiles files = {.tokenizer_json = text_of(text),
                          .tokenizer_config =
                              text_of("{\"tokenizer_class\":\"Own\"}")};
  Tokenizer *t = NULL;
  Error err = {""};
  tokenizer_open(kind, &files, &t, &err);
  CHECK(t, "%s: %s", folder, err.message);
  cJSON_free(text);
  cJSON_Delete(json);
  mem_free((char *)file.text);
  return t;
}

#define CHECKPOINTS "tests/oracle/data/checkpoints/"

int main(int argc, char **argv) {
  size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
  FileText vocab = uncased_vocab();
  Case cases[] = {
      {"bert", open_vocab(vocab, NULL), true},
      {"roberta", open_roberta(NULL), false},
      {"roberta with a prefix",
       open_roberta("{\"add_prefix_space\":true,\"trim_offsets\":false}"),
       false},
      {"a sequence of BERT",
       open_sequence(CHECKPOINTS "bert-cased-tokcls", TOKENIZER_WORDPIECE,
                     "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":"
                     "\"NFKD\"},{\"type\":\"Lowercase\"}]}"),
       false},
      {"a sequence of RoBERTa",
       open_sequence(CHECKPOINTS "roberta-qa", TOKENIZER_BYTE_BPE,
                     "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":"
                     "\"NFC\"},{\"type\":\"Replace\",\"pattern\":{\"String\":"
                     "\"a\"},\"content\":\"\"}]}"),
       false},
  };
  mem_free((char *)vocab.text);
  for (size_t i = 0; i < sizeof borders / sizeof *borders; i++)
    check_borders(borders[i]);
  check_refused(cases->tokenizer);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    if (!cases[i].tokenizer)
      continue;
    check_random(&cases[i], n);
    check_linear(&cases[i]);
    check_interrupt(&cases[i]);
    check_streams(&cases[i]);
    tokenizer_free(cases[i].tokenizer);
  }
  return check_done();
}
