/*
 * fuzz_entities.c - groups of any scored tokens, in any windows.
 *
 * Input: one byte each of aggregation, number of labels, labels left out,
 * window and step, then three bytes a token: what it is, where it stands, and
 * its scores, of few values so that ties are common.  What groups_find and
 * entities_settle make of the windows must be what the pipeline's rules give
 * when all is written down, sorted and walked through at once.
 */
#include <string.h>
#include "fuzz.h"
#include "base/memory.h"
#include "task/groups.h"

enum { MAX_TOKENS = 40, MAX_LABELS = 7, MOST = MAX_TOKENS * MAX_TOKENS };
enum { HEADER = 5, A_TOKEN = 3, WORD_ROOM = 400 };

static const char *const names[MAX_LABELS] = {"O",     "B-PER", "I-PER", "PER",
                                              "B-A-B", "I-A-B", "B-"};
static const char vocab[] = "[UNK]\n[CLS]\n[SEP]\n[PAD]\n[MASK]\n"
                            "a\nbc\n##d\n##ef\n##\n";
enum { UNK, CLS, FIRST_PIECE = 5, N_PIECES = 5 };

typedef struct Input {
  Token tokens[MAX_TOKENS];
  Mark marks[MAX_TOKENS];
  float scores[MAX_TOKENS][MAX_LABELS];
  char unknown[MAX_TOKENS]; /* one character each */
  size_t n, L, window, step;
  unsigned left_out;
  Aggregation aggregation;
} Input;

/* An entity as it should be. */
typedef struct Want {
  size_t label;
  float score;
  uint32_t start, end;
  char word[WORD_ROOM];
} Want;

static Tokenizer *tokenizer;

static void open_tokenizer(void) {
  TokenizerFiles files = {.vocab_txt = {vocab, sizeof vocab - 1}};
  if (!tokenizer)
    REQUIRE(tokenizer_open(TOKENIZER_WORDPIECE, &files, &tokenizer, NULL) ==
            OK);
}

/* Token i; its text is not empty, and begins where the one before ends or
 * behind a gap. */
static void read_token(const uint8_t *data, size_t i, Input *in) {
  Token *t = &in->tokens[i];
  uint32_t at = i ? in->tokens[i - 1].end : 0;
  unsigned kind = data[0] % 8;
  t->id = kind == 7 ? UNK : FIRST_PIECE + (int32_t)(kind % N_PIECES);
  t->start = t->byte_start = at + data[1] % 3;
  t->end = t->byte_end = t->start + 1 + data[1] / 3 % 4;
  in->marks[i].goes_on = kind != 7 && data[0] & 8;
  in->marks[i].unknown_bytes = kind == 7;
  in->unknown[i] = (char)('u' + data[0] / 16 % 4);
  for (size_t l = 0; l < in->L; l++)
    in->scores[i][l] = (float)((data[2] >> l % 6) % 4) / 4;
}

static bool read_input(const uint8_t *data, size_t size, Input *in) {
  if (size < HEADER)
    return false;
  *in = (Input){.aggregation = (Aggregation)(data[0] % AGGREGATION_COUNT),
                .L = 1u + data[1] % MAX_LABELS,
                .left_out = data[2],
                .window = 1u + data[3] % MAX_TOKENS};
  in->step = 1u + data[4] % in->window;
  for (data += HEADER, size -= HEADER; size >= A_TOKEN && in->n < MAX_TOKENS;
       data += A_TOKEN, size -= A_TOKEN)
    read_token(data, in->n++, in);
  return true;
}

/* Score l of token i as window w has it. */
static float score_of(const Input *in, size_t w, size_t i, size_t l) {
  return in->scores[i][(l + w) % in->L];
}

/* --- What it should be -----------------------------------------------------*/

static const char *tail(const char *name) {
  const char *dash = strchr(name, '-');
  return dash ? dash + 1 : name;
}

static const char *tag(const char *name) {
  return name[0] && name[1] == '-' && (*name == 'B' || *name == 'I') ? name + 2
                                                                     : name;
}

/* "a" and "##d" as "ad", "a" and "bc" as "a bc"; the first as it is. */
static void add_piece(char *out, const char *piece, bool first) {
  bool inside = strncmp(piece, "##", 2) == 0;
  strcat(out, first || inside ? "" : " ");
  strcat(out, !first && inside ? piece + 2 : piece);
}

static void piece_of(const Input *in, size_t i, char out[WORD_ROOM]) {
  static const char *const pieces[N_PIECES] = {"a", "bc", "##d", "##ef", "##"};
  if (in->tokens[i].id == UNK)
    snprintf(out, WORD_ROOM, "%c", in->unknown[i]);
  else
    snprintf(out, WORD_ROOM, "%s", pieces[in->tokens[i].id - FIRST_PIECE]);
}

static size_t best_of(const float *scores, size_t L) {
  size_t best = 0;
  for (size_t l = 1; l < L; l++)
    if (scores[l] > scores[best])
      best = l;
  return best;
}

/* Tokens a to b - 1 of window w as one word. */
static Want word_of(const Input *in, size_t w, size_t a, size_t b) {
  float scores[MAX_LABELS] = {0}, highest = -1;
  char piece[WORD_ROOM];
  Want word = {.start = in->tokens[a].start, .end = in->tokens[b - 1].end};
  for (size_t i = a; i < b; i++) {
    float own[MAX_LABELS];
    for (size_t l = 0; l < in->L; l++)
      own[l] = score_of(in, w, i, l);
    float most = own[best_of(own, in->L)];
    piece_of(in, i, piece);
    add_piece(word.word, piece, i == a);
    if (i == a || (in->aggregation == AGGREGATION_MAX && most > highest)) {
      memcpy(scores, own, sizeof own);
      highest = most;
    }
  }
  for (size_t l = 0; in->aggregation == AGGREGATION_AVERAGE && l < in->L; l++) {
    double sum = 0;
    for (size_t i = a; i < b; i++)
      sum += (double)score_of(in, w, i, l);
    scores[l] = (float)(sum / (double)(b - a));
  }
  word.label = best_of(scores, in->L);
  word.score = scores[word.label];
  return word;
}

/* Words a to b - 1 as one entity. */
static Want group_of(const Want *words, size_t a, size_t b) {
  Want group = {.label = words[a].label,
                .start = words[a].start,
                .end = words[b - 1].end};
  double sum = 0;
  for (size_t i = a; i < b; i++) {
    sum += (double)words[i].score;
    add_piece(group.word, words[i].word, i == a);
  }
  group.score = (float)(sum / (double)(b - a));
  return group;
}

/* Appends the entities of window w, which is tokens [from, to). */
static void want_window(const Input *in, size_t w, size_t from, size_t to,
                        Want *out, size_t *n) {
  static Want words[MAX_TOKENS];
  size_t n_words = 0;
  for (size_t a = from, b; a < to; a = b) {
    b = a + 1;
    while (in->aggregation > AGGREGATION_SIMPLE && b < to &&
           in->marks[b].goes_on)
      b++;
    words[n_words++] = word_of(in, w, a, b);
  }
  for (size_t a = 0, b; a < n_words; a = b) {
    const char *name = names[words[a].label];
    b = a + 1;
    while (in->aggregation != AGGREGATION_NONE && b < n_words &&
           strncmp(names[words[b].label], "B-", 2) != 0 &&
           strcmp(tag(names[words[b - 1].label]), tag(names[words[b].label])) ==
               0)
      b++;
    for (size_t i = 0; i < MAX_LABELS; i++)
      if (in->left_out >> i & 1 &&
          strcmp(tail(names[i]), in->aggregation ? tail(name) : name) == 0)
        name = NULL, i = MAX_LABELS;
    if (name)
      out[(*n)++] = group_of(words, a, b);
  }
}

static void sort_wants(Want *all, size_t n) {
  for (size_t i = 1; i < n; i++)
    for (size_t j = i; j > 0 && all[j - 1].start > all[j].start; j--) {
      Want swapped = all[j];
      all[j] = all[j - 1];
      all[j - 1] = swapped;
    }
}

static size_t settle_wants(Want *all, size_t n) {
  size_t kept = 0;
  sort_wants(all, n);
  for (size_t i = 0; i < n; i++) {
    Want *last = kept ? &all[kept - 1] : NULL;
    if (!last || all[i].start >= last->end) {
      all[kept++] = all[i];
      continue;
    }
    uint32_t was = last->end - last->start, is = all[i].end - all[i].start;
    if (is > was || (is == was && all[i].score > last->score))
      *last = all[i];
  }
  return kept;
}

/* --- What it is ------------------------------------------------------------*/

static void find_window(const Input *in, Grouper *g, size_t w, size_t from,
                        size_t to, EntityList *list) {
  static float scores[MAX_TOKENS * MAX_LABELS];
  char unknown[MAX_TOKENS];
  size_t n_unknown = 0;
  for (size_t i = from; i < to; i++) {
    for (size_t l = 0; l < in->L; l++)
      scores[(i - from) * in->L + l] = score_of(in, w, i, l);
    if (in->tokens[i].id == UNK)
      unknown[n_unknown++] = in->unknown[i];
  }
  TaggedWindow window = {.tokens = in->tokens + from,
                         .n = to - from,
                         .scores = scores,
                         .marks = in->marks + from,
                         .unknown = unknown,
                         .to = SIZE_MAX,
                         .position = from};
  REQUIRE(groups_find(g, &window, list, NULL) == OK);
}

static void open_grouper(const Input *in, const Labels *labels, Grouper *g) {
  EncodeText ignored[MAX_LABELS];
  size_t n = 0;
  for (size_t i = 0; i < MAX_LABELS; i++)
    if (in->left_out >> i & 1)
      ignored[n++] = (EncodeText){tail(names[i]), strlen(tail(names[i]))};
  *g = (Grouper){.tokenizer = tokenizer,
                 .labels = labels,
                 .aggregation = in->aggregation,
                 .L = in->L};
  REQUIRE(groups_open(g, ignored, n, NULL) == OK);
}

static void compare(const EntityList *list, const Want *want, size_t n) {
  REQUIRE(list->n == n);
  for (size_t i = 0; i < n; i++) {
    const Entity *e = &list->items[i];
    REQUIRE(e->label == want[i].label && e->start == want[i].start &&
            e->end == want[i].end && e->byte_start == e->start &&
            e->byte_end == e->end);
    REQUIRE(memcmp(&e->score, &want[i].score, sizeof e->score) == 0);
    REQUIRE(strcmp(e->word, want[i].word) == 0 &&
            strlen(e->word) == e->word_bytes);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static Input in;
  static Want want[MOST];
  Label named[MAX_LABELS];
  Grouper g;
  EntityList list = {0};
  Settled settled = {0};
  size_t n = 0, w = 0, to = 0;
  open_tokenizer();
  if (!read_input(data, size, &in))
    return 0;
  for (size_t i = 0; i < MAX_LABELS; i++)
    named[i] = (Label){i, names[i]};
  Labels labels = {.named = named, .n = MAX_LABELS};
  open_grouper(&in, &labels, &g);
  for (size_t from = 0; to < in.n; from += in.step, w++) {
    to = from + in.window < in.n ? from + in.window : in.n;
    if (w > 0)
      entities_settle(&list, &settled, in.tokens[from].start);
    find_window(&in, &g, w, from, to, &list);
    want_window(&in, w, from, to, want, &n);
  }
  if (w > 1) {
    entities_settle(&list, &settled, UINT32_MAX);
    n = settle_wants(want, n);
  }
  compare(&list, want, n);
  entities_clear(&list);
  groups_close(&g);
  return 0;
}
