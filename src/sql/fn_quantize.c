/*
 * fn_quantize.c - a checkpoint as one file of bytes.
 *
 *     SELECT distilbert_quantize('squad', 'squad-int8.safetensors');
 *     SELECT distilbert_quantize('squad', 'squad-int8.safetensors', 1);
 *     INSERT INTO distilbert_models(name, path)
 *       VALUES ('small', 'squad-int8.safetensors');
 *
 * Out: the bytes written, about a quarter of what the checkpoint had; an error
 *      leaves nothing behind.  NULL in gives NULL out.
 *
 * The file is ordinary safetensors that carries config and tokenizer in its
 * metadata; loaded, it computes what precision = 'int8' of the checkpoint
 * does, to the bit.
 *
 * Nothing that is there is replaced, whatever it is; `overwrite` = 1 replaces a
 * regular file that is itself safetensors, never a link.
 *
 * It writes files, so only top-level SQL may call it (DIRECTONLY), and the
 * safe entry does not have it.
 */
#include "sql/call.h"
#include "sql/feature.h"
SQLITE_EXTENSION_INIT3

static void fn_quantize(sqlite3_context *ctx, int argc, sqlite3_value **argv) {
  Call call;
  Error err;
  const char *name, *path;
  size_t bytes = 0;
  int64_t overwrite = 0;
  if (value_any_null(argv, argc))
    return;
  call_begin_scalar(&call, "distilbert_quantize", ctx);
  int rc = value_name("model", argv[0], &name, &err);
  rc = rc ? rc : value_string("path", argv[1], &path, &err);
  if (!rc && argc > 2)
    rc = value_integer("overwrite", argv[2], 0, 1, &overwrite, &err);
  if (!rc)
    rc = registry_quantize(name, path, overwrite, &call.run.poll, &bytes, &err);
  call_end(&call);
  if (rc)
    call_fail(ctx, &call, rc, &err);
  else
    sqlite3_result_int64(ctx, (sqlite3_int64)bytes);
}

static const Scalar scalars[] = {
    {"distilbert_quantize", 2, 3, WRITES, 0, fn_quantize, SAFE_ABSENT},
};

const Feature quantize_feature = {FEATURE_ROWS(scalars), NULL, 0};
