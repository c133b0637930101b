/*
 * each.c - the rows of a query, read ahead, with what a task finds in their
 * texts.
 *
 * In:  a query of a key and texts; a task that takes texts and runs them
 *      together (EachTask).
 * Out: a row of the query after the other, in its order, and for each the
 *      number of its text in the task.
 *
 *     read a window:  key 7, "a"   key 8, "b"   key 9, "a"   key 10, NULL
 *     items:          0            1            0            none
 *     run:            "a", "b" together
 *     give:           7 -> 0       8 -> 1       9 -> 0       10 -> none
 *
 * A window is what there is of memory: its rows and the task's results for
 * them.  It ends at EACH_ROWS rows or EACH_BYTES of keys and texts.
 *
 * A text that the task refuses has its error in the task's result; the others
 * go on.  A query that fails in the middle gives the rows that it had.
 */
#include "sql/each.h"

#include <string.h>
#include "base/memory.h"
#include "base/sha256.h"
#include "sql/bar.h"
#include "store/settings.h"
SQLITE_EXTENSION_INIT3

static int n_texts(const Each *each) {
  return each->kind->shape.columns - 1;
}

/* --- Equal texts ---------------------------------------------------------- */

static void digest(const EncodeText *texts, int n, unsigned char out[32]) {
  Sha256 h;
  sha256_init(&h);
  for (int i = 0; i < n; i++) {
    uint64_t bytes = texts[i].bytes;
    sha256_add(&h, &bytes, sizeof bytes);
    if (bytes)
      sha256_add(&h, texts[i].text, texts[i].bytes);
  }
  sha256_end(&h, out);
}

/* The item of these texts; true: it is new, and each->items counts it. */
static bool find_item(Each *each, const EncodeText *texts, size_t *item) {
  unsigned char *own = each->digests[each->items];
  size_t at;
  digest(texts, n_texts(each), own);
  memcpy(&at, own, sizeof at);
  for (;; at++) {
    uint16_t *slot = &each->slots[at % EACH_SLOTS];
    *item = *slot ? *slot - 1u : each->items;
    if (!*slot) {
      *slot = (uint16_t)++each->items;
      return true;
    }
    if (memcmp(each->digests[*item], own, sizeof each->digests[0]) == 0)
      return false;
  }
}

/* --- Reading a window ----------------------------------------------------- */

static void free_rows(Each *each) {
  for (size_t i = 0; i < each->n; i++) {
    sqlite3_value_free(each->rows[i].key);
    for (int t = 0; t < EACH_TEXTS; t++)
      sqlite3_value_free(each->rows[i].texts[t]);
  }
  each->n = each->at = each->items = 0;
}

/* A copy of a column of the query's current row. */
static int copy_value(Each *each, int column, sqlite3_value **out,
                      size_t *bytes, Error *err) {
  int type = sqlite3_column_type(each->query, column);
  if (type == SQLITE_TEXT || type == SQLITE_BLOB)
    *bytes += (size_t)sqlite3_column_bytes(each->query, column);
  *out = sqlite3_value_dup(sqlite3_column_value(each->query, column));
  return *out ? OK : fail_memory(err);
}

static int copy_row(Each *each, EachRow *row, size_t *bytes, Error *err) {
  int rc = copy_value(each, 0, &row->key, bytes, err);
  for (int i = 0; i < n_texts(each) && rc == OK; i++)
    rc = copy_value(each, i + 1, &row->texts[i], bytes, err);
  return rc;
}

/* Gives the row's texts to the task, unless one is NULL or they are known. */
static int add_row(Each *each, EachRow *row, Error *err) {
  EncodeText texts[EACH_TEXTS];
  row->item = EACH_NO_ITEM;
  if (value_any_null(row->texts, n_texts(each)))
    return OK;
  for (int i = 0; i < n_texts(each); i++) {
    int rc = value_text(row->texts[i], &texts[i], err);
    if (rc)
      return rc;
  }
  return find_item(each, texts, &row->item)
             ? each->kind->add(each->task, texts, err)
             : OK;
}

static int read_row(Each *each, Call *call, size_t *bytes, Error *err) {
  bool found;
  int rc = query_step(call, each->query, &found, err);
  if (rc || !found) {
    sqlite3_finalize(each->query);
    each->query = NULL;
    return rc;
  }
  EachRow *row = &each->rows[each->n++];
  *row = (EachRow){0};
  rc = copy_row(each, row, bytes, err);
  return rc ? rc : add_row(each, row, err);
}

/* What a query says of itself waits behind the rows that it gave. */
static int postpone(Each *each, int rc, Error *err) {
  if (rc != ERR_FORMAT || each->query || each->n == 0)
    return rc;
  each->code = rc;
  each->error = *err;
  return OK;
}

static int read_window(Each *each, Scan *scan, Error *err) {
  size_t bytes = 0;
  int rc = OK;
  while (rc == OK && each->query && each->n < each->most && bytes < EACH_BYTES)
    rc = read_row(each, &scan->call, &bytes, err);
  rc = postpone(each, rc, err);
  each->most = 2 * each->most < EACH_ROWS ? 2 * each->most : EACH_ROWS;
  return rc;
}

/* --- Progress ------------------------------------------------------------- */

static void show(Each *each, size_t rows) {
  progress_add(each->progress, rows);
  if (!each->progress || !each->is_drawn)
    return;
  ProgressState state = progress_state(each->progress);
  bar_draw(&each->bar, &state);
}

static int begin_progress(Each *each, Scan *scan, QueryPlace place,
                          Error *err) {
  size_t known = 0;
  Progress shown = setting_progress();
  int rc = shown == PROGRESS_OFF ? OK : query_count(scan, place, &known, err);
  each->progress = rc ? NULL : progress_begin(scan->kind->name);
  each->is_drawn = shown == PROGRESS_BAR && bar_is_visible();
  progress_count(each->progress, known);
  return rc;
}

static void end_progress(Each *each) {
  if (!each->progress)
    return;
  ProgressState state = progress_state(each->progress);
  bar_end(&each->bar, &state);
  progress_end(each->progress);
  each->progress = NULL;
}

/* --- From open to close --------------------------------------------------- */

int each_open(Each *each, Scan *scan, QueryPlace place, const EachTask *kind,
              void *task, Error *err) {
  each->kind = kind;
  each->task = task;
  each->most = scan->wanted ? scan->wanted : 1;
  each->most = each->most < EACH_ROWS ? each->most : EACH_ROWS;
  each->rows = mem_array(EACH_ROWS, sizeof *each->rows);
  each->digests = mem_array(EACH_ROWS + 1, sizeof *each->digests);
  each->slots = mem_array(EACH_SLOTS, sizeof *each->slots);
  if (!each->rows || !each->digests || !each->slots)
    return fail_memory(err);
  int rc = query_open(scan, place, kind->shape, &each->query, err);
  return rc ? rc : begin_progress(each, scan, place, err);
}

/* The window before it is done with. */
static int next_window(Each *each, Scan *scan, Error *err) {
  free_rows(each);
  each->kind->empty(each->task);
  memset(each->slots, 0, EACH_SLOTS * sizeof *each->slots);
  if (each->code)
    return fail(err, each->code, "%s", each->error.message);
  int rc = read_window(each, scan, err);
  call_count(&scan->call, each->items);
  if (rc == OK && each->items > 0)
    rc = each->kind->run(each->task, err);
  if (rc == OK)
    show(each, each->n);
  return rc;
}

int each_next(Each *each, Scan *scan, Error *err) {
  if (each->at + 1 < each->n) {
    each->at++;
    return OK;
  }
  int rc = next_window(each, scan, err);
  scan->done = rc || each->n == 0;
  return rc;
}

int each_next_row(Scan *scan, Error *err) {
  return each_next(scan->state, scan, err);
}

void each_error(sqlite3_context *ctx, int rc, const Error *error) {
  if (rc)
    sqlite3_result_text(ctx, error->message, -1, SQLITE_TRANSIENT);
}

void each_close(Each *each) {
  end_progress(each);
  sqlite3_finalize(each->query);
  if (each->rows)
    free_rows(each);
  mem_free(each->rows);
  mem_free(each->digests);
  mem_free(each->slots);
  *each = (Each){0};
}
