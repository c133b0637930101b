/*
 * substitute.c - says what is there instead of a checkpoint, and what to do.
 *
 * In:  a file that should be one of a checkpoint's, or a folder without one.
 * Out: an error with the command that helps.
 *
 *     git clone without git-lfs    small texts in place of large files
 *     peft's save_pretrained       adapter_config.json and its safetensors
 *     an old save_pretrained       pytorch_model.bin: a program, never read
 *
 * A pointer of git-lfs begins with its specification's version line, which no
 * JSON, vocabulary, list of merges or safetensors file does.
 */
#include "model/substitute.h"

#include <string.h>

enum { PATH_ROOM = 4096 };

static const char pointer[] = "version https://git-lfs.github.com/spec/v1";

int substitute_check_text(const char *name, const char *text, Error *err) {
  if (strncmp(text, pointer, sizeof pointer - 1) != 0)
    return OK;
  return fail(err, ERR_FORMAT,
              "%s: is a pointer of git-lfs, not the file; run \"git lfs pull\" "
              "in its folder",
              name);
}

int substitute_check_file(File *file, Error *err) {
  char start[sizeof pointer] = "";
  size_t n = sizeof pointer - 1;
  if (file->size < n)
    return OK;
  int rc = file_read(file, 0, start, n, err);
  return rc ? rc : substitute_check_text(file->name, start, err);
}

static bool has(const char *folder, const char *name) {
  char path[PATH_ROOM];
  return path_join(path, sizeof path, folder, name, NULL) == OK &&
         file_exists(path);
}

int substitute_refuse(const char *folder, const char *wanted, Error *err) {
  if (has(folder, "adapter_config.json") ||
      has(folder, "adapter_model.safetensors"))
    return fail(err, ERR_UNSUPPORTED,
                "only a LoRA adapter found; merge it: python -c \"from peft "
                "import AutoPeftModelForFeatureExtraction as M; "
                "M.from_pretrained('DIR').merge_and_unload()"
                ".save_pretrained('OUT')\" (or the class of its head)");
  if (has(folder, "pytorch_model.bin"))
    return fail(err, ERR_UNSUPPORTED,
                "only pytorch_model.bin found; convert it: python -c "
                "\"from transformers import AutoModel as M; "
                "M.from_pretrained('DIR').save_pretrained('DIR')\" "
                "(with the class of its head)");
  return fail(err, ERR_IO, "%s: no such file", wanted);
}
