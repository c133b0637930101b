/*
 * fuzz_config.c - any bytes as config.json: what is accepted is in range and
 * fits together, as everything downstream trusts; labels are in order.
 */
#include <math.h>
#include <string.h>
#include "fuzz.h"
#include "model/family.h"
#include "model/config.h"
#include "model/labels.h"

static void check_config(const Config *c) {
  REQUIRE(c->family == family_named(c->family->name));
  REQUIRE(c->task >= 0 && c->task < TASK_COUNT);
  REQUIRE(c->dim >= 1 && c->dim <= CONFIG_MAX_DIM);
  REQUIRE(c->n_heads >= 1 && c->dim % c->n_heads == 0);
  REQUIRE(c->n_layers >= 1 && c->n_layers <= CONFIG_MAX_LAYERS);
  REQUIRE(c->hidden_dim >= 1 && c->hidden_dim <= CONFIG_MAX_DIM);
  REQUIRE(c->vocab_size >= 1 && c->vocab_size <= CONFIG_MAX_VOCAB);
  REQUIRE(c->max_positions >= 1 && c->max_positions <= CONFIG_MAX_POSITIONS);
  REQUIRE((c->n_types == 0) == !c->family->sizes[SIZE_TYPES].key);
  REQUIRE(c->n_types <= CONFIG_MAX_DIM);
  REQUIRE(c->pad_id >= 0 && (size_t)c->pad_id < c->vocab_size);
  REQUIRE(!c->family->positions_follow_pad ||
          c->max_positions >= (size_t)c->pad_id + 2);
  REQUIRE(isfinite(c->norm_eps) && c->norm_eps >= 0 && c->norm_eps <= 1);
  REQUIRE(c->activation >= ACTIVATION_NONE &&
          c->activation <= ACTIVATION_LAPLACE);
  REQUIRE(!c->sinusoidal || c->family->sinusoids);
}

/* Labels by number, each with a name, whoever gave it. */
static void check_labels(const uint8_t *data, size_t size) {
  Labels labels;
  Error err = {""};
  char room[LABEL_ROOM];
  int rc = labels_read((const char *)data, size, &labels, &err);
  REQUIRE(rc == OK || strncmp(err.message, "config.json", 11) == 0);
  REQUIRE(rc == OK || (!labels.named && !labels.texts));
  for (size_t i = 0; i < labels.n; i++) {
    REQUIRE(i == 0 || labels.named[i].id >= labels.named[i - 1].id);
    REQUIRE(strlen(label_name(&labels, labels.named[i].id, room)) <= size);
  }
  REQUIRE(!strcmp(label_name(&labels, 1u << 31, room), "LABEL_2147483648"));
  REQUIRE(labels_scoring(&labels, 1) >= SCORING_SIGMOID);
  REQUIRE(labels_scoring(&labels, 2) >= SCORING_SOFTMAX);
  labels_clear(&labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Config config;
  Error err = {""};
  int rc = config_parse((const char *)data, size, &config, &err);
  check_labels(data, size);
  if (rc == OK)
    check_config(&config);
  else
    REQUIRE(strncmp(err.message, "config.json", 11) == 0);
  return 0;
}
