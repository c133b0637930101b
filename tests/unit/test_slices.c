/*
 * test_slices.c - short texts in slices: all of them, once, back to back.
 *
 * The plan of the model's slices.c, over random lengths; then the runs of
 * task/batch.c, which are what it is given: their limits, the order of items
 * of one owner, and whose fault it is when one of them fails.
 */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include "model/slices.h"
#include "random.h"
#include "task/batch.h"
#include "tensor/kernels.h"

enum { MOST = 2000 };

static Sequence texts[MOST];

/* --- Plans ---------------------------------------------------------------- */

/* Slice i: its texts lie back to back from its first lane on. */
static void check_slice(const Slices *s, size_t i, SliceRoom room, char *seen) {
  const Slice *slice = &s->list[i];
  size_t at = slice->panel * LANES;
  for (size_t j = 0; j < slice->n_texts; j++) {
    size_t text = s->order[slice->text + j];
    CHECK(!seen[text] && s->first[text] == at, "text %zu at %zu", text, at);
    seen[text] = 1;
    at += texts[text].n;
  }
  CHECK(slice->n_texts && at - slice->panel * LANES == slice->tokens, "%zu", i);
  CHECK(!room.most || slice->tokens <= room.most || slice->n_texts == 1,
        "slice %zu has %zu tokens of %zu", i, slice->tokens, room.most);
  size_t next = i + 1 < s->n ? s->list[i + 1].panel : s->panels;
  CHECK(next == slice->panel + panel_count(slice->tokens), "slice %zu", i);
}

static size_t check_plan(size_t n, SliceRoom room) {
  static char seen[MOST];
  Slices s;
  Error err = {""};
  size_t n_texts = 0;
  memset(seen, 0, sizeof seen);
  CHECK(slices_plan(texts, n, room, &s, &err) == OK, "%s", err.message);
  for (size_t i = 0; i < s.n; i++) {
    CHECK(s.list[i].text == n_texts, "slice %zu", i);
    n_texts += s.list[i].n_texts;
    check_slice(&s, i, room, seen);
  }
  CHECK(n_texts == n && (room.most || s.n == 1), "%zu of %zu texts", n_texts,
        n);
  for (size_t i = 0; !room.most && i < n; i++)
    CHECK(s.order[i] == i, "text %zu", i);
  size_t panels = s.panels;
  slices_clear(&s);
  return panels;
}

static size_t make_texts(size_t n, size_t least, size_t most) {
  size_t tokens = 0;
  for (size_t i = 0; i < n; i++) {
    texts[i] = (Sequence){.n = between(least, most)};
    tokens += texts[i].n;
  }
  return tokens;
}

static void test_plans(void) {
  static const size_t threads[] = {1, 2, 3, 4, 8, 16, 30, 31, 1000};
  for (size_t n = 1; n <= 700; n += 1 + n / 3)
    for (size_t most = 1; most <= SHORT_TOKENS + 1; most += 19) {
      size_t tokens = make_texts(n, 1, most);
      SliceRoom room = slices_shared(texts, n);
      CHECK(room.most || tokens <= BATCH_TOKENS || most > SHORT_TOKENS, "%zu",
            n);
      CHECK(room.most <= BATCH_TOKENS, "room %zu", room.most);
      check_plan(n, room);
      for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        for (int bytes = 0; bytes < 2; bytes++) {
          room = slices_own(texts, n, threads[i], bytes);
          CHECK(room.most * threads[i] <= 1024, "%zu x %zu", room.most,
                threads[i]);
          check_plan(n, room);
        }
      }
    }
}

static void test_rooms(void) {
  make_texts(100, 20, 20);
  CHECK(slices_own(texts, 100, 1, true).best == 96, "one thread");
  CHECK(slices_own(texts, 100, 16, true).most == 60, "sixteen");
  CHECK(slices_own(texts, 8, 2, true).most == 80, "a few for two");
  CHECK(slices_own(texts, 1, 2, true).most == 0, "one text");
  CHECK(slices_own(texts, 100, 1000, true).most == 0, "a thousand threads");
  CHECK(slices_own(texts, 100, 10, false).best == 96, "floats, ten");
  CHECK(slices_own(texts, 100, 11, false).most == 0, "floats, eleven");
  CHECK(slices_own(texts, 8, 2, false).most == 0, "floats, a few for two");
  CHECK(slices_shared(texts, 100).most == 480, "together");
  CHECK(slices_shared(texts, 20).most == 0, "a few");
  texts[50].n = SHORT_TOKENS + 1;
  CHECK(!slices_own(texts, 100, 2, true).most &&
            !slices_shared(texts, 100).most,
        "a long one");
}

/* Of texts like those of a table, nearly no lane is empty; nor of texts of one
 * length, if slices may be longer for that. */
static void test_waste(void) {
  SliceRoom room = {96, 240};
  for (int round = 0; round < 50; round++) {
    size_t tokens = make_texts(76, 10, 40);
    size_t lanes = LANES * check_plan(76, room);
    CHECK(lanes <= tokens + tokens / 100 + LANES, "%zu lanes for %zu", lanes,
          tokens);
  }
  for (size_t length = 1; length <= 60; length++) {
    size_t tokens = make_texts(76, length, length);
    size_t lanes = LANES * check_plan(76, room);
    CHECK(lanes <= tokens + tokens / 10 + LANES, "%zu lanes for %zu of %zu",
          lanes, tokens, length);
  }
}

/* --- Runs ----------------------------------------------------------------- */

/* A task that writes down what it is given. */
typedef struct Recorder {
  size_t room, n_runs, n_items, tokens, longest;
  int32_t last[MOST]; /* of each owner: its last item's first token */
  size_t bad, blamed; /* the owner whose items fail; who was blamed */
  size_t n_blamed, stop_after;
} Recorder;

static int record(void *task, const Sequence *items, const size_t *owners,
                  size_t n, Error *err) {
  Recorder *r = task;
  size_t tokens = 0, longest = 0;
  if (r->n_runs++ == r->stop_after)
    return fail(err, ERR_INTERRUPT, "interrupted");
  for (size_t i = 0; i < n; i++)
    if (owners[i] == r->bad)
      return fail(err, ERR_FORMAT, "bad");
  for (size_t i = 0; i < n; i++) {
    int32_t id = items[i].tokens[0].id;
    CHECK(id > r->last[owners[i]], "item %d of %zu", (int)id, owners[i]);
    r->last[owners[i]] = id;
    tokens += items[i].n;
    longest = items[i].n > longest ? items[i].n : longest;
  }
  size_t room = r->room ? r->room : SHORT_BATCH_TOKENS;
  CHECK(n == 1 || tokens <= (longest > SHORT_TOKENS ? BATCH_TOKENS : room),
        "%zu items of %zu tokens", n, tokens);
  r->n_items += n;
  r->tokens += tokens;
  return OK;
}

static void blame(void *task, size_t owner, int rc, const Error *error) {
  Recorder *r = task;
  CHECK(rc == ERR_FORMAT && !strcmp(error->message, "bad"), "%d", rc);
  r->blamed = owner;
  r->n_blamed++;
}

/* Items 1, 2, ... of random lengths; three of four owners have one. */
static int run_batch(Recorder *r, size_t n, size_t most, size_t *tokens) {
  Batch b = {.task = r, .run = record, .blame = blame, .room = r->room};
  Error err = {""};
  int rc = OK;
  *tokens = 0;
  for (size_t i = 0; i < n && rc == OK; i++) {
    size_t length = between(1, most), owner = i - i % 4 / 3;
    for (size_t t = 0; t < length; t++)
      rc = rc ? rc
              : encoding_add(&b.tokens, &(Token){.id = (int32_t)i + 1}, &err);
    *tokens += length;
    rc = rc ? rc : batch_add(&b, owner, &err);
  }
  rc = rc ? rc : batch_flush(&b, &err);
  batch_clear(&b);
  return rc;
}

static void test_runs(void) {
  static Recorder r;
  size_t tokens;
  for (size_t most = 1; most <= 700; most += most / 2 + 1) {
    r = (Recorder){.bad = SIZE_MAX, .stop_after = SIZE_MAX};
    CHECK(run_batch(&r, 600, most, &tokens) == OK, "up to %zu", most);
    CHECK(r.n_items == 600 && r.tokens == tokens, "%zu items", r.n_items);
  }
  r = (Recorder){.bad = SIZE_MAX, .stop_after = SIZE_MAX, .room = 4096};
  CHECK(run_batch(&r, 600, 30, &tokens) == OK, "a room of its own");
  CHECK(r.n_runs == (tokens + 4095) / 4096, "%zu runs of %zu", r.n_runs,
        tokens);
  r = (Recorder){.bad = SIZE_MAX, .stop_after = SIZE_MAX, .room = 4096};
  CHECK(run_batch(&r, 600, 700, &tokens) == OK, "long ones have less");
  r = (Recorder){.bad = 100, .stop_after = SIZE_MAX};
  CHECK(run_batch(&r, 600, 30, &tokens) == OK, "one is bad");
  CHECK(r.n_items == 599 && r.n_blamed == 1 && r.blamed == 100,
        "%zu items, %zu blamed", r.n_items, r.n_blamed);
  r = (Recorder){.bad = SIZE_MAX, .stop_after = 2};
  CHECK(run_batch(&r, 600, 30, &tokens) == ERR_INTERRUPT, "interrupted");
  CHECK(r.n_runs == 3 && r.n_blamed == 0, "%zu runs", r.n_runs);
}

int main(void) {
  test_plans();
  test_rooms();
  test_waste();
  test_runs();
  return check_done();
}
