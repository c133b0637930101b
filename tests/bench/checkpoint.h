/*
 * checkpoint.h - a checkpoint of random weights, written to disk.
 */
#ifndef TESTS_BENCH_CHECKPOINT_H
#define TESTS_BENCH_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>

/* Words that are one token each, in BERT's vocabulary and in this one. */
enum { BENCH_WORDS = 16 };
extern const char *const bench_words[BENCH_WORDS];

/* Writes config.json, vocab.txt and model.safetensors into the folder, which is
 * made if need be. 6 layers and 30,522 words: 265 MB, the size of
 * distilbert-base-uncased with a question answering head. False, with a
 * message on stderr: it did not work. */
bool checkpoint_write(const char *folder, size_t n_layers, size_t n_words);
void checkpoint_remove(const char *folder);

#endif
