/*
 * linear.c - the driver of linear layers.
 *
 * In:  layers of floats or of bytes, their input in lanes.
 * Out: their outputs in lanes, the activation applied.
 *
 *     floats   y = W x + b                              product
 *     bytes    y = (Wq xq - zero * sums) * scales + b   product_bytes
 *
 * A layer is cut into blocks of rows and groups of panels, a task each; block
 * after block, so that its weights stay in the cache for all groups.  What a
 * task has just written is still there too, so the activation comes at once.
 * A layer of bytes reads its input as bytes, quantised a token at a time, so
 * that neighbours never matter; what comes out is floats in both cases.
 *
 * How many tokens there are decides which kernel multiplies, and nothing else
 * does; all give the same bits.  BLAS takes whole layers of floats, on the
 * calling thread.
 */
#include "model/linear.h"

#include "tensor/blas.h"

enum {
  ROWS = 96,           /* output rows of a task: divides 384, 768, 3072; */
  LONG = 4,            /* groups from which on they are twice as many; */
  LEAST_ROWS = 24,     /* halved for wide inputs till there, not further */
  NEAR = 1250000,      /* bytes of input that stay in a core's cache; */
  NEAR_BLOCK = 294912, /* bytes of weights that leave room for them, */
  FAR_BLOCK = 1179648, /*   and where the input is too large anyway */
  FOLLOWED = 1024,     /* longer rows the processor asks for by itself */
  LEAST_FEW = 48,      /* rows of a task of a few tokens */
  MOST_FEW = 384       /* 10 milliseconds in plain C */
};

Pass pass_of(const Run *run, size_t tokens) {
  Pass pass = {.run = *run, .kernels = kernels_pick(NULL), .tokens = tokens};
  pass.run.n_threads = run->n_threads ? run->n_threads : 1;
  pass.panels = panel_count(tokens);
  return pass;
}

void pass_take(Pass *pass, Arena *arena, size_t n_in, size_t n_out,
               bool has_bytes) {
  size_t panels = pass->panels;
  ByteLanes *to = &pass->bytes;
  if (pass->run.engine == ENGINE_BLAS)
    pass->blas = arena_array(arena, blas_scratch(panels, n_in, n_out),
                             sizeof *pass->blas);
  if (!has_bytes)
    return;
  to->bytes = arena_array(arena, panels, byte_panel(n_in));
  to->scale = arena_array(arena, panels * LANES, sizeof *to->scale);
  to->zero = arena_array(arena, panels * LANES, sizeof *to->zero);
}

void pass_begin(Pass *pass) {
  pass->team = team_begin(pass->run.n_threads);
}

void pass_end(Pass *pass) {
  team_end(&pass->team);
}

static bool is_bytes(const Linear *w) {
  return w->q_weight != NULL;
}

static bool is_few(const Pass *pass, const Linear *w) {
  const Kernels *k = pass->kernels;
  return pass->tokens <= (is_bytes(w) ? k->few_bytes : k->few);
}

/* --- One part ------------------------------------------------------------- */

/* What a part asks for meanwhile: a share of the weights `rows` further on. */
typedef struct Share {
  size_t rows, group, groups;
} Share;

/* Some rows of the output, in some panels, and where they go. */
typedef struct Part {
  size_t row, rows, panel, panels;
  float *out;       /* the first row in the first panel */
  size_t out_panel; /* floats from there to the same row of the next panel */
  Share ahead;
} Part;

/* One group has memory to itself, and its tiles ask for what comes next. Long
 * rows, asked for so early, would push the input out of the cache. */
static void ask_ahead(Product *p, const Linear *w, const Part *part) {
  const Share *ahead = &part->ahead;
  size_t row = part->row + ahead->rows;
  if (ahead->groups < 2 || w->n_in > FOLLOWED || row + part->rows > w->n_out)
    return;
  size_t lines = part->rows * w->n_in / LANES;
  size_t from = lines * ahead->group / ahead->groups;
  p->next = w->weight + row * w->n_in + from * LANES;
  p->next_lines = lines * (ahead->group + 1) / ahead->groups - from;
}

static void float_rows(const Pass *pass, const Linear *w, Part part,
                       const float *in) {
  const Kernels *k = pass->kernels;
  Product p = {
      .rows = part.rows,
      .panels = part.panels,
      .depth = w->n_in,
      .a = w->weight + part.row * w->n_in,
      .row_stride = w->n_in,
      .k_stride = 1,
      .b = in + part.panel * w->n_in * LANES,
      .b_panel = w->n_in * LANES,
      .c = part.out,
      .c_panel = part.out_panel,
      .bias = w->bias ? w->bias + part.row : NULL,
  };
  ask_ahead(&p, w, &part);
  if (is_few(pass, w))
    k->product_few(&p, pass->tokens);
  else
    k->product(&p);
}

static void byte_rows(const Pass *pass, const Linear *w, Part part) {
  const Kernels *k = pass->kernels;
  const ByteLanes *in = &pass->bytes;
  ByteProduct p = {
      .rows = part.rows,
      .panels = part.panels,
      .depth = w->n_in,
      .a = w->q_weight + part.row * w->n_in,
      .row_stride = w->n_in,
      .row_scale = w->q_scales + part.row,
      .row_sum = w->q_sums + part.row,
      .b = in->bytes + part.panel * byte_panel(w->n_in),
      .b_panel = byte_panel(w->n_in),
      .scale = in->scale + part.panel * LANES,
      .zero = in->zero + part.panel * LANES,
      .c = part.out,
      .c_panel = part.out_panel,
      .bias = w->bias ? w->bias + part.row : NULL,
  };
  if (is_few(pass, w))
    k->product_bytes_few(&p, pass->tokens);
  else
    k->product_bytes(&p);
}

static void linear_part(const Pass *pass, const LinearRun *run, const Linear *w,
                        Part part) {
  if (is_bytes(w))
    byte_rows(pass, w, part);
  else
    float_rows(pass, w, part, run->in);
  for (size_t i = 0; run->activation && i < part.panels; i++)
    pass->kernels->activate(run->activation, part.rows * LANES,
                            part.out + i * part.out_panel);
}

/* --- Tasks ---------------------------------------------------------------- */

typedef struct Work {
  const Pass *pass;
  const LinearRun *run;
  size_t rows, blocks; /* blocks of rows; tasks: n x blocks x groups */
} Work;

static void run_task(void *arg, size_t index, size_t thread) {
  const Work *work = arg;
  const LinearRun *run = work->run;
  (void)thread;
  size_t P = work->pass->panels, groups = group_count(P);
  size_t group = index % groups, block = index / groups;
  const Projection *one = &run->list[block / work->blocks];
  size_t row = block % work->blocks * work->rows, end = row + work->rows;
  Part part = {.out_panel = run->slab * LANES,
               .ahead = {work->rows, group, groups}};
  part.panel = group_start(P, group);
  part.panels = group_start(P, group + 1) - part.panel;
  end = end < run->end - run->first ? end : run->end - run->first;
  for (; row < end; row += part.rows) {
    size_t slab = row / run->slab, at = row % run->slab;
    part.row = run->first + row;
    part.rows = run->slab - at < end - row ? run->slab - at : end - row;
    part.out = one->out + ((slab * P + part.panel) * run->slab + at) * LANES;
    linear_part(work->pass, run, one->linear, part);
  }
}

static void quantize_task(void *arg, size_t panel, size_t thread) {
  const Work *work = arg;
  const ByteLanes *to = &work->pass->bytes;
  size_t n = work->run->list[0].linear->n_in;
  (void)thread;
  work->pass->kernels->quantize(
      n, work->run->in + panel * n * LANES, to->bytes + panel * byte_panel(n),
      to->scale + panel * LANES, to->zero + panel * LANES);
}

static void activate_task(void *arg, size_t panel, size_t thread) {
  const Work *work = arg;
  const Projection *one = &work->run->list[0];
  size_t n = one->linear->n_out * LANES;
  (void)thread;
  work->pass->kernels->activate(work->run->activation, n, one->out + panel * n);
}

/* A few tokens read nothing twice, but each task begins with rows that nobody
 * has prefetched: so two tasks a thread. */
static size_t few_rows(const Pass *pass, const LinearRun *run) {
  size_t all = run->n * (run->end - run->first);
  size_t rows = all / (2 * pass->run.n_threads) / LANES * LANES;
  rows = rows < MOST_FEW ? rows : MOST_FEW;
  return rows > LEAST_FEW ? rows : LEAST_FEW;
}

/* A block of weights shares the cache with the input. An input too large for
 * that is read anew for each block: fewer and larger ones then. */
static size_t many_rows(const Pass *pass, const LinearRun *run) {
  const Linear *w = run->list[0].linear;
  size_t row = w->n_in * (is_bytes(w) ? sizeof(int8_t) : sizeof(float));
  size_t input = row * pass->panels * LANES;
  size_t rows = group_count(pass->panels) < LONG ? ROWS : 2 * ROWS;
  while (rows > LEAST_ROWS &&
         rows * row > (input > NEAR ? FAR_BLOCK : NEAR_BLOCK))
    rows /= 2;
  return rows;
}

static size_t task_rows(const Pass *pass, const LinearRun *run) {
  size_t rows = is_few(pass, run->list[0].linear) ? few_rows(pass, run)
                                                  : many_rows(pass, run);
  return run->slab < rows ? rows / run->slab * run->slab : rows;
}

static int run_native(Pass *pass, Work *work, bool has_bytes) {
  const LinearRun *run = work->run;
  const Poll *poll = &pass->run.poll;
  size_t rows = run->end - run->first;
  int rc = OK;
  if (has_bytes && run->first == 0) /* further rows have the same input */
    rc = team_run(&pass->team, pass->panels, quantize_task, work, poll);
  if (rc)
    return rc;
  work->rows = task_rows(pass, run);
  work->blocks = (rows + work->rows - 1) / work->rows;
  return team_run(&pass->team,
                  run->n * work->blocks * group_count(pass->panels), run_task,
                  work, poll);
}

static int run_blas(Pass *pass, Work *work) {
  const LinearRun *run = work->run;
  for (size_t i = 0; i < run->n; i++) {
    const Linear *w = run->list[i].linear;
    blas_linear(pass->panels, w->n_in, run->end - run->first, run->slab,
                run->in, w->weight + run->first * w->n_in,
                w->bias ? w->bias + run->first : NULL, run->list[i].out,
                pass->blas);
    if (poll_stop(&pass->run.poll))
      return ERR_INTERRUPT;
  }
  return run->activation ? team_run(&pass->team, pass->panels, activate_task,
                                    work, &pass->run.poll)
                         : OK;
}

int linear_run(Pass *pass, const LinearRun *run) {
  Work work = {.pass = pass, .run = run};
  bool has_bytes = false;
  for (size_t i = 0; i < run->n; i++)
    has_bytes |= is_bytes(run->list[i].linear);
  return pass->run.engine == ENGINE_BLAS && !has_bytes /* it knows none */
             ? run_blas(pass, &work)
             : run_native(pass, &work, has_bytes);
}

int linear_one(Pass *pass, const Linear *w, const float *in, float *out,
               Activation activation) {
  return linear_run(pass, &(LinearRun){.in = in,
                                       .list = {{w, out}},
                                       .n = 1,
                                       .end = w->n_out,
                                       .slab = w->n_out,
                                       .activation = activation});
}
