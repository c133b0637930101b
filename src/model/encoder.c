/*
 * encoder.c - texts through the transformer.
 *
 * In:  texts as tokens.
 * Out: a vector a token, in lanes: of all texts, or handed on text by text.
 *
 * Everything is checked and allocated before the first operation.  Then either
 * all tokens go through the layers together, each operation shared out among
 * the threads (forward.c).  Or, where there are many short texts, they are cut
 * into slices (slices.c), which take less memory and leave less of it empty.
 * Each thread takes its own slice through all layers: threads seldom wait for
 * each other, and what an operation leaves is still in the core's cache for the
 * next one.  With so many threads that their slices would be too small, all
 * work on one slice.  The bits are the same.
 *
 * Who wants all vectors has a place for them.  Who wants something of each text
 * gets it in the thread that computed it, while it is in that thread's cache;
 * the place is then the thread's, and the next slice's as well.
 *
 * Only the calling thread may ask the host whether to stop; the others look at
 * what it was told.
 */
#include "model/encoder.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include "base/pool.h"
#include "model/family.h"
#include "model/forward.h"
#include "model/slices.h"
#include "tensor/blas.h"

/* A batch of texts on its way. */
typedef struct Encoder {
  const Model *model;
  Run run; /* n_threads 1 at least */
  const Sequence *texts;
  size_t n_texts;
  Slices slices;
  bool is_own;           /* each slice has one thread, not all of them */
  Run slice_run;         /* of a slice */
  size_t n_workers;      /* slices at a time */
  Forward *workers;      /* [n_workers] */
  const Token **tokens;  /* [panels][LANES] */
  uint32_t *positions;   /* [panels][LANES] */
  Stretch *stretches;    /* of all slices */
  size_t *first_stretch; /* [slices + 1] */
  encoder_use *use;      /* NULL: all vectors are wanted */
  void *arg;
  float *hidden;       /* [panels][C][LANES]; with `use` of a slice a worker */
  size_t hidden_each;  /* floats of a worker */
  atomic_bool stopped; /* the host wants it */
} Encoder;

/* --- Checks ----------------------------------------------------------------*/

/* From 0 on, or from behind the pad id, past pads. */
static size_t position_of(const Config *c, int32_t id, size_t index,
                          size_t *not_pads) {
  if (!c->family->positions_follow_pad)
    return index;
  if (id == c->pad_id)
    return (size_t)c->pad_id;
  return (size_t)c->pad_id + ++*not_pads;
}

/* A tokenizer may have tokens the model never learned; that is an error only
 * for a text that has one. */
static int no_embedding(const Model *m, int32_t id, Error *err) {
  char name[ERROR_QUOTE] = "", shown[ERROR_QUOTE];
  size_t bytes = 0;
  const char *text = tokenizer_token(m->tokenizer, id, &bytes);
  if (text)
    memcpy(name, text, bytes < sizeof name ? bytes : sizeof name - 1);
  return fail(err, ERR_FORMAT,
              "token %d (%s) is beyond the %zu word embeddings (vocab_size)",
              (int)id, error_quote(shown, name), m->words.n);
}

/* Checks a text's tokens and writes down what and where they are. */
static int place_text(Encoder *e, size_t text, Error *err) {
  const Model *m = e->model;
  const Sequence *s = &e->texts[text];
  size_t not_pads = 0, first = e->slices.first[text];
  for (size_t i = 0; i < s->n; i++) {
    const Token *t = &s->tokens[i];
    size_t position = position_of(&m->config, t->id, i, &not_pads);
    if (t->id < 0 || (size_t)t->id >= m->words.n)
      return no_embedding(m, t->id, err);
    if (position >= m->positions.n)
      return fail(err, ERR_RANGE, "text has %zu tokens, the model takes %zu",
                  s->n, m->max_tokens);
    if (m->types.n > 1 && (t->type < 0 || (size_t)t->type >= m->types.n))
      return fail(err, ERR_FORMAT, "token type %d is beyond the %zu embeddings",
                  (int)t->type, m->types.n);
    e->tokens[first + i] = t;
    e->positions[first + i] = (uint32_t)position;
  }
  return OK;
}

static int check_lengths(const Encoder *e, Error *err) {
  for (size_t i = 0; i < e->n_texts; i++)
    if (!e->texts[i].n || e->texts[i].n > e->model->config.max_positions)
      return fail(err, ERR_RANGE,
                  "text has %zu tokens, the model takes 1 to %zu",
                  e->texts[i].n, e->model->max_tokens);
  return e->n_texts ? OK : fail(err, ERR_RANGE, "no text to encode");
}

/* --- Before the first operation --------------------------------------------*/

/* Texts of a slice lie back to back from its first lane on. */
static void text_lanes(const Encoder *e, const Slice *slice, size_t text,
                       size_t *first, size_t *end) {
  *first = e->slices.first[text] - slice->panel * LANES;
  *end = *first + e->texts[text].n;
}

/* Counts the stretches or, once there is room, writes them down. */
static size_t list_stretches(Encoder *e) {
  const Slices *s = &e->slices;
  size_t n = 0, first, end;
  for (size_t i = 0; i < s->n; i++) {
    if (e->first_stretch)
      e->first_stretch[i] = n;
    for (size_t j = 0; j < s->list[i].n_texts; j++) {
      text_lanes(e, &s->list[i], s->order[s->list[i].text + j], &first, &end);
      if (e->stretches)
        stretch_list(first, end, e->stretches + n);
      n += stretch_count(first, end);
    }
  }
  if (e->first_stretch)
    e->first_stretch[s->n] = n;
  return n;
}

static size_t most_tokens(const Slices *s) {
  size_t most = 0;
  for (size_t i = 0; i < s->n; i++)
    most = s->list[i].tokens > most ? s->list[i].tokens : most;
  return most;
}

static size_t longest_text(const Encoder *e) {
  size_t most = 0;
  for (size_t i = 0; i < e->n_texts; i++)
    most = e->texts[i].n > most ? e->texts[i].n : most;
  return most;
}

/* Takes everything from the arena; runs twice, measuring and placing. */
static void lay_out(Encoder *e, size_t n_stretches, Hidden *out) {
  const Slices *s = &e->slices;
  size_t lanes = s->panels * LANES, most = most_tokens(s);
  size_t longest = longest_text(e), C = e->model->config.dim;
  Arena *arena = &out->arena;
  size_t own = panel_count(most) * LANES;
  e->hidden_each = own * C;
  e->hidden = arena_array(arena, e->use ? e->n_workers * own : lanes,
                          C * sizeof *e->hidden);
  out->first = arena_array(arena, e->n_texts, sizeof *out->first);
  e->tokens = arena_array(arena, lanes, sizeof *e->tokens);
  e->positions = arena_array(arena, lanes, sizeof *e->positions);
  e->stretches = arena_array(arena, n_stretches, sizeof *e->stretches);
  e->first_stretch = arena_array(arena, s->n + 1, sizeof *e->first_stretch);
  e->workers = arena_array(arena, e->n_workers, sizeof *e->workers);
  for (size_t i = 0; i < e->n_workers; i++) {
    Forward f = forward_of(e->model, &e->slice_run, most, longest, arena);
    if (e->workers)
      e->workers[i] = f;
  }
}

/* Is more of the slices empty than what they bring is worth? */
static bool is_wasteful(const Encoder *e) {
  size_t tokens = 0;
  for (size_t i = 0; i < e->n_texts; i++)
    tokens += e->texts[i].n;
  return e->slices.panels > panel_count(tokens + tokens / 32);
}

/* Slices of their own only where that is quicker, and BLAS has one caller. */
static int plan_own(Encoder *e, Error *err) {
  bool has_bytes = e->model->precision == PRECISION_INT8;
  SliceRoom room =
      slices_own(e->texts, e->n_texts, e->run.n_threads, has_bytes);
  if (!room.most || e->run.engine != ENGINE_NATIVE)
    return OK;
  int rc = slices_plan(e->texts, e->n_texts, room, &e->slices, err);
  e->is_own = !rc && !is_wasteful(e);
  if (!e->is_own)
    slices_clear(&e->slices);
  return rc;
}

static int plan(Encoder *e, Error *err) {
  size_t threads = e->run.n_threads;
  int rc = plan_own(e, err);
  if (!rc && !e->is_own)
    rc = slices_plan(e->texts, e->n_texts, slices_shared(e->texts, e->n_texts),
                     &e->slices, err);
  if (rc)
    return rc;
  e->slice_run = e->run;
  e->n_workers = 1;
  if (e->is_own) {
    e->slice_run.n_threads = 1;
    e->n_workers = threads < e->slices.n ? threads : e->slices.n;
  }
  return OK;
}

static int prepare(Encoder *e, Hidden *out, Error *err) {
  int rc = check_lengths(e, err);
  if (!rc && e->run.engine == ENGINE_BLAS)
    rc = blas_open(err);
  rc = rc ? rc : plan(e, err);
  if (rc)
    return rc;
  size_t n_stretches = list_stretches(e);
  lay_out(e, n_stretches, out);
  rc = arena_open(&out->arena, err);
  if (rc)
    return rc;
  lay_out(e, n_stretches, out);
  list_stretches(e);
  for (size_t i = 0; !rc && i < e->n_texts; i++)
    rc = place_text(e, i, err);
  return rc;
}

/* --- Slices
 * -----------------------------------------------------------------*/

/* The slice's texts, whose vectors begin there. */
static void use_slice(Encoder *e, const Slice *slice, float *hidden) {
  Hidden h = {.hidden = hidden, .n_tokens = slice->tokens};
  for (size_t i = 0; i < slice->n_texts; i++) {
    size_t first, end, text = e->slices.order[slice->text + i];
    text_lanes(e, slice, text, &first, &end);
    e->use(e->arg, text, &h, first);
  }
}

static int run_slice(Encoder *e, size_t i, size_t worker) {
  const Slice *slice = &e->slices.list[i];
  size_t lane = slice->panel * LANES, stretch = e->first_stretch[i];
  size_t at = e->use ? worker * e->hidden_each : lane * e->model->config.dim;
  Tokens tokens = {.T = slice->tokens,
                   .list = e->tokens + lane,
                   .positions = e->positions + lane,
                   .stretches = e->stretches + stretch,
                   .n_stretches = e->first_stretch[i + 1] - stretch,
                   .hidden = e->hidden + at};
  int rc = forward_run(&e->workers[worker], &tokens);
  if (e->use && rc == OK)
    use_slice(e, slice, tokens.hidden);
  return rc;
}

static bool is_stopped(void *arg) {
  return atomic_load(&((Encoder *)arg)->stopped);
}

/* The calling thread asks for all. */
static bool ask_stop(void *arg) {
  Encoder *e = arg;
  if (!is_stopped(e) && poll_stop(&e->run.poll))
    atomic_store(&e->stopped, true);
  return is_stopped(e);
}

static void slice_task(void *arg, size_t index, size_t thread) {
  Encoder *e = arg;
  Forward *f = &e->workers[thread];
  if (e->run.poll.stop)
    f->pass.run.poll = (Poll){thread ? is_stopped : ask_stop, e};
  if (run_slice(e, index, thread))
    atomic_store(&e->stopped, true);
}

static int run_own(Encoder *e) {
  Team team = team_begin(e->n_workers);
  Poll poll = {e->run.poll.stop ? ask_stop : NULL, e};
  int rc = team_run(&team, e->slices.n, slice_task, e, &poll);
  team_end(&team);
  return rc || atomic_load(&e->stopped) ? ERR_INTERRUPT : OK;
}

static int run_slices(Encoder *e) {
  int rc = OK;
  if (e->is_own)
    return run_own(e);
  for (size_t i = 0; i < e->slices.n && rc == OK; i++)
    rc = run_slice(e, i, 0);
  return rc;
}

static int encode(Encoder *e, Hidden *out, Error *err) {
  int rc = prepare(e, out, err);
  if (rc)
    return rc;
  if (run_slices(e))
    return fail(err, ERR_INTERRUPT, "interrupted");
  out->hidden = e->hidden;
  out->n_tokens = (e->slices.panels - 1) * LANES;
  out->n_tokens += (e->slices.list[e->slices.n - 1].tokens - 1) % LANES + 1;
  memcpy(out->first, e->slices.first, e->n_texts * sizeof *out->first);
  return OK;
}

static int open_and_run(Encoder e, Hidden *out, Error *err) {
  e.run.n_threads = e.run.n_threads ? e.run.n_threads : 1;
  *out = (Hidden){0};
  int rc = encode(&e, out, err);
  slices_clear(&e.slices);
  if (rc)
    hidden_clear(out);
  return rc;
}

int encoder_run(const Model *model, const Run *run, const Sequence *texts,
                size_t n_texts, Hidden *out, Error *err) {
  return open_and_run(
      (Encoder){
          .model = model, .run = *run, .texts = texts, .n_texts = n_texts},
      out, err);
}

int encoder_each(const Model *model, const Run *run, const Sequence *texts,
                 size_t n_texts, encoder_use *use, void *arg, Error *err) {
  Hidden none;
  int rc = open_and_run((Encoder){.model = model,
                                  .run = *run,
                                  .texts = texts,
                                  .n_texts = n_texts,
                                  .use = use,
                                  .arg = arg},
                        &none, err);
  hidden_clear(&none);
  return rc;
}

/* --- Results
 * ----------------------------------------------------------------*/

int output_check(const float *numbers, size_t n, Error *err) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(numbers[i]))
      return fail(err, ERR_FORMAT,
                  "the model gives non-finite output: its weights are damaged");
  return OK;
}

void hidden_clear(Hidden *h) {
  arena_close(&h->arena);
  *h = (Hidden){0};
}
