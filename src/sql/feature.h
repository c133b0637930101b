/*
 * feature.h - what a file brings into SQL: functions and tables, as rows.
 *
 * Each fn_NAME.c ends with its Feature; extension.c registers those that
 * FEATURES lists.
 *
 *     static const Scalar scalars[] = {
 *         {"distilbert_answer", 2, 3, PURE, 3, fn_answer, SAFE_ALWAYS},
 *     };
 *     static const FeatureTable tables[] = {{&answers_table, SAFE_ALWAYS}};
 *     const Feature answer_feature = {FEATURE_ROWS(scalars),
 *                                     FEATURE_ROWS(tables)};
 */
#ifndef SQL_FEATURE_H
#define SQL_FEATURE_H

#include "sql/scan.h"

/* What the safe entry shows. */
typedef enum Safe {
  SAFE_ALWAYS,    /* it is there, as in the other entry */
  SAFE_READ_ONLY, /* a table without INSERT, UPDATE and DELETE */
  SAFE_ABSENT     /* not: it opens paths, runs SQL or changes the process */
} Safe;

/*
 * Flags of a function. WRITES is DETERMINISTIC too, as SQLite 3.40 lets a CHECK
 * of a schema call any other function, DIRECTONLY or not.
 */
enum {
  VOLATILE = SQLITE_UTF8,
  PURE = SQLITE_UTF8 | SQLITE_DETERMINISTIC,
  WRITES = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
  TYPED = 0x1000000,    /* the result has a subtype; SQLite knows the flag from
                         * 3.45 on, and before ignores what it does not know */
  READS_TYPE = 0x100000 /* looks at the subtype of an argument, which SQLite may
                         * else drop */
};

/* A function; its user data is the Connection (call.h). */
typedef struct Scalar {
  const char *name;
  int least, most; /* arguments */
  int flags;
  int model; /* the number of arguments with which a model is named; 0: never */
  void (*run)(sqlite3_context *ctx, int argc, sqlite3_value **argv);
  Safe safe;
} Scalar;

typedef struct FeatureTable {
  const TableKind *kind;
  Safe safe;
} FeatureTable;

typedef struct Feature {
  const Scalar *scalars;
  size_t n_scalars;
  const FeatureTable *tables;
  size_t n_tables;
} Feature;

#define FEATURE_ROWS(rows) (rows), sizeof(rows) / sizeof *(rows)

/* All of them, each in the file of its name: answer_feature of fn_answer.c. */
#define FEATURES(X)                                                            \
  X(answer)                                                                    \
  X(embed)                                                                     \
  X(ask)                                                                       \
  X(fts)                                                                       \
  X(fill)                                                                      \
  X(classify)                                                                  \
  X(choose)                                                                    \
  X(entities)                                                                  \
  X(tokens)                                                                    \
  X(chunks)                                                                    \
  X(features)                                                                  \
  X(embed_each)                                                                \
  X(answer_each)                                                               \
  X(classify_each)                                                             \
  X(entities_each)                                                             \
  X(progress)                                                                  \
  X(info)                                                                      \
  X(models)                                                                    \
  X(quantize)                                                                  \
  X(config)

#define FEATURE_DECLARED(name) extern const Feature name##_feature;
FEATURES(FEATURE_DECLARED)

#endif
