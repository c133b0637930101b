/*
 * test_masked.c - logits of the masked-word head against the reference.
 *
 * Every recorded mask: its best ids in order with their logits; all logits of
 * the first two texts.  Checkpoints: tied and stored decoders, old LayerNorm
 * names, relu in the head.
 */
#include <math.h>
#include "check.h"
#include "heads.h"
#include "oracle/oracle.h"

static const Run run = {ENGINE_NATIVE, 2, {0}};

static void check_best(const char *name, const cJSON *mask,
                       const float *logits) {
  const cJSON *ids = cJSON_GetObjectItem(mask, "top_ids");
  const cJSON *values = cJSON_GetObjectItem(mask, "top_logits");
  CHECK(ids && values, "%s: no top_ids", name);
  for (int i = 0; i < cJSON_GetArraySize(ids); i++) {
    double want = cJSON_GetArrayItem(values, i)->valuedouble;
    double got = (double)logits[oracle_int(ids, i)];
    CHECK(fabs(got - want) <= 1e-4, "%s: logit %g, not %g", name, got, want);
  }
}

static void check_record(const char *name, const Model *model,
                         const cJSON *record) {
  size_t n, V = head_outputs(model, TASK_FILL);
  Token *tokens = oracle_tokens(record, &n);
  float *logits = malloc(V * sizeof *logits);
  const cJSON *mask;
  Error err = {""};
  cJSON_ArrayForEach(mask, cJSON_GetObjectItem(record, "masks")) {
    size_t at = (size_t)cJSON_GetObjectItem(mask, "position")->valueint;
    int code = head_of(model, &run, TASK_FILL, &(Sequence){tokens, n}, &at, 1,
                       logits, &err);
    CHECK(code == OK, "%s: %s", name, err.message);
    if (!code)
      check_best(name, mask, logits);
  }
  free(logits);
  free(tokens);
}

static void check_model(const char *name) {
  cJSON *json = oracle_expected(name);
  Model *model = oracle_model(name);
  const cJSON *record;
  CHECK(json && model && model->tasks & TASK_BIT(TASK_FILL), "%s", name);
  if (json && model)
    cJSON_ArrayForEach(record, cJSON_GetObjectItem(json, "inputs"))
        check_record(name, model, record);
  model_free(model);
  cJSON_Delete(json);
}

int main(void) {
  check_model("distilbert-uncased-mlm");
  check_model("distilbert-uncased-mlm-tied");
  check_model("distilbert-uncased-relu");
  check_model("bert-uncased-mlm");
  check_model("roberta-mlm");
  return check_done();
}
