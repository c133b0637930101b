# DistilBERT inside SQLite.  `make help` lists the targets.
#
# Objects live under build/MODE, so that modes stay side by side:
#   release (default), asan, tsan, coverage.
# Another compiler (make CC=clang-14) or set of built-in models (MODELS=none)
# has a folder of its own as well.
# Sources are found by wildcard.  Each is compiled twice: as part of the
# loadable extension (build/MODE/so) and, with SQLITE_CORE, for linking into
# a program (build/MODE/core), which tests, fuzz targets and `make static` use.

MODE ?= release
MODELS ?= all
B := build/$(MODE)$(patsubst %,-%,$(filter-out cc gcc,$(notdir $(CC))) \
  $(filter-out all,$(MODELS)))
B := $(subst $() ,,$(B))
PREFIX ?= /usr/local

ARCH := $(shell $(CC) -dumpmachine | cut -d- -f1)

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla
BASE := -std=gnu11 -g -fPIC -fvisibility=hidden -ffp-contract=off \
        -fno-math-errno -fno-trapping-math -pthread -Isrc
HARD := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2

OPT_release  := -O2 $(HARD)
OPT_asan     := -O1 -fno-omit-frame-pointer \
                -fsanitize=address,undefined -fno-sanitize-recover=all
OPT_tsan     := -O1 -fno-omit-frame-pointer -fsanitize=thread
OPT_coverage := -O0 --coverage
OPT          := $(OPT_$(MODE))

CFLAGS  ?=
LDFLAGS ?=
ALL_CFLAGS := $(BASE) $(OPT) $(WARN) -DMODELS_$(MODELS) $(CFLAGS)
ALL_LDFLAGS := $(filter -fsanitize% --coverage,$(OPT)) -pthread $(LDFLAGS)
HARD_LINK := -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete
ifeq ($(MODE),release)
HARD_LINK += -Wl,-z,defs
endif
LIBS := -lcjson -lm -ldl

SRC  := $(sort $(wildcard src/*/*.c))
SO   := $(SRC:%.c=$(B)/so/%.o)
CORE := $(SRC:%.c=$(B)/core/%.o)

# Instruction sets: a flag for one file each, never -march=native.
ifeq ($(ARCH),x86_64)
FLAGS_kernels_avx2   := -mavx2 -mfma
FLAGS_kernels_avx512 := -mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma
endif
NEON_FLAGS := -march=armv8-a+dotprod
ifeq ($(ARCH),aarch64)
FLAGS_kernels_neon := $(NEON_FLAGS)
endif
file_flags = $(FLAGS_$(basename $(notdir $<)))
# Kernels want loops unrolled and vectorised; for coverage at least their tiles
# in registers, as they would not fit a thread's stack.
KERNEL_OPT := $(if $(filter coverage,$(MODE)),-O1,-O3)
# Undefined-behaviour checks in unrolled tiles take the compiler a minute; the
# same code is checked in the other sets.
TILE_OPT   := $(if $(filter asan,$(MODE)),-fno-sanitize=undefined,$(KERNEL_OPT))
FLAGS_kernels_portable := $(KERNEL_OPT)
FLAGS_kernels_avx2     += $(TILE_OPT)
FLAGS_kernels_avx512   += $(TILE_OPT)
FLAGS_kernels_neon     += $(KERNEL_OPT)
FLAGS_widen            := $(KERNEL_OPT)
FLAGS_rows             := $(KERNEL_OPT)

.PHONY: all loadable static objects install clean format help packages neon \
        test unit sql sql-loaded oracle oom io kernels programs asan tsan \
        valgrind valgrind-unit valgrind-sql fuzz fuzz-replay lint warnings \
        cross coverage examples demo bench bench-kernels quality
.SECONDARY:

all: loadable ## build distilbert.so

loadable: $(B)/distilbert.so ## the same, under build/MODE
	@if [ $(MODE) = release ]; then cp -f $< distilbert.so; fi

$(B)/distilbert.so: $(SO)
	$(CC) -shared -o $@ $(SO) $(ALL_LDFLAGS) $(HARD_LINK) \
	  -Wl,--version-script=src/exports.map $(LIBS)

objects: $(SO) $(CORE)

static: $(B)/libdistilbert.a ## build/MODE/libdistilbert.a, for SQLITE_CORE

$(B)/libdistilbert.a: $(CORE)
	rm -f $@ && ar rcs $@ $(CORE)

$(B)/so/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(file_flags) -MMD -MP -c -o $@ $<

$(B)/core/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE $(file_flags) -MMD -MP -c -o $@ $<

# The built-in checkpoint is pulled in by the assembler.
$(B)/so/src/model/builtin.o $(B)/core/src/model/builtin.o: \
  $(wildcard models/*.safetensors)

# --- Tests ----------------------------------------------------------------
# A program for each file of tests/unit and tests/oracle; each ends with a
# line "N passed, N failed", which scripts/tally adds up.

UNIT   := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c))
ORACLE := $(patsubst %.c,$(B)/%,$(wildcard tests/oracle/test_*.c))

$(B)/tests/%: tests/%.c $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests -MMD -MP -MF $@.d -o $@ $< \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) -lsqlite3 $(LIBS) $(LIBS_$(*F))

# A second opinion on Unicode, in this test only and where it is there.
LIBS_test_unicode = $(shell echo '\#include <utf8proc.h>' | \
  $(CC) -E - >/dev/null 2>&1 && echo -lutf8proc)

JOBS := $(shell nproc 2>/dev/null || echo 2)

test: packages ## everything that a change must pass
	-@$(MAKE) -s -k -j$(JOBS) loadable programs
	@scripts/total $(MAKE) -k --no-print-directory POINTS=4 HOSTILE=200 \
	  lint warnings unit sql sql-loaded queries oracle fuzz-replay oom io hostile \
	  examples

unit: $(UNIT) ## unit tests: arrays of {input, expected}
	@scripts/tally unit $(UNIT:%="$(UNDER) %")

oracle: $(ORACLE) ## results of the reference implementation
	@scripts/tally oracle $(ORACLE:%="$(UNDER) %")

# One process a file: a crash, or a changed setting, stays in its file.
RUNNER  := $(B)/tests/sql/runner
RUNNER_SRC := tests/sql/runner.c tests/sql/count.c tests/fault/fault.c
SCRIPTS := $(sort $(wildcard tests/sql/*.sql))
WRAP    := mmap open read pread fstat stat pthread_create
POINTS  ?= 0

$(RUNNER): $(RUNNER_SRC) $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests -MMD -MP -MF $@.d -o $@ \
	  -Wl,--undefined=sqlite3_distilbert_init $(filter %.c,$^) \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) $(WRAP:%=-Wl,--wrap=%) \
	  -lsqlite3 $(LIBS)

sql: $(RUNNER) ## SQL scripts, the expectation beside each query
	@scripts/tally sql $(SCRIPTS:%="$(UNDER) $(RUNNER) %")

sql-loaded: $(RUNNER) $(B)/tests/sql/lifetime $(B)/distilbert.so ## the same with .load
	@scripts/tally sql-loaded \
	  $(SCRIPTS:%="$(RUNNER) --load $(B)/distilbert.so %") \
	  "$(B)/tests/sql/lifetime $(B)/distilbert.so"

$(B)/tests/sql/lifetime: tests/sql/lifetime.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Itests -o $@ $< $(ALL_LDFLAGS) -lsqlite3 -ldl

oom: $(RUNNER) ## the same, each allocation failing in turn, leaks counted
	@scripts/tally oom \
	  $(SCRIPTS:%="$(UNDER) $(RUNNER) --oom --points $(POINTS) %")

io: $(RUNNER) ## the same, each system call of ours failing in turn
	@scripts/tally io \
	  $(SCRIPTS:%="$(UNDER) $(RUNNER) --io --points $(POINTS) %")

# Folders damaged for each of six checkpoints.
HOSTILE ?= 2000

HOSTILE_RUN := $(B)/tests/fault/hostile

$(HOSTILE_RUN): tests/fault/hostile.c tests/fault/mutate.c \
                          tests/fault/mutate.h $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests -o $@ $(filter %.c,$^) \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) -lsqlite3 $(LIBS)

hostile: $(HOSTILE_RUN) ## damaged model directories: an error or an answer
	@scripts/tally hostile "$< $(HOSTILE)"

# What takes its time: a thousand forks, exits and lives; ten minutes of churn.
SOAK := $(B)/tests/unit/test_etiquette $(B)/tests/unit/test_threads \
        $(B)/tests/sql/lifetime

soak: $(SOAK) $(B)/distilbert.so ## the host's life, for a quarter of an hour
	@scripts/tally soak "$(B)/tests/unit/test_etiquette 25" \
	  "$(B)/tests/sql/lifetime $(B)/distilbert.so 10000" \
	  "$(B)/tests/unit/test_threads 600"

# Texts of the built-in model; plain C takes a second for each in 20 of them.
DETERMINISM ?= 1000

determinism: $(B)/tests/unit/test_determinism ## one hash for all kernels, threads, batches
	@scripts/tally determinism "$< $(DETERMINISM)"

# The portable set multiplies in software: SETS=portable takes hours.  That its
# bits are the same is shown by test_kernels and test_determinism.
SETS := $(if $(filter x86_64,$(ARCH)),avx2 avx512,neon)

kernels: ## sql and oracle under each set of kernels
	@scripts/total $(MAKE) -k --no-print-directory $(SETS:%=kernels-%)

kernels-%:
	@echo "== kernels: $*"
	@DISTILBERT_KERNELS=$* $(MAKE) -k --no-print-directory sql oracle

include tests/sqlite.mk

# Emulated, so only the test of kernels, which needs no library.
NEON_CC  := aarch64-linux-gnu-gcc
NEON_RUN := qemu-aarch64 -L /usr/aarch64-linux-gnu
NEON_SRC := $(wildcard src/tensor/kernels*.c) src/tensor/math.c
NEON_TESTS := test_kernels test_kernels_bytes

neon: ## the kernels' test on AArch64: the bits of x86
	@mkdir -p build/neon
	@if command -v $(NEON_CC) && command -v $(firstword $(NEON_RUN)); then \
	  for test in $(NEON_TESTS); do \
	    $(NEON_CC) $(BASE) $(NEON_FLAGS) -O2 $(WARN) -Itests -o build/neon/$$test \
	      tests/unit/$$test.c $(NEON_SRC) -lm || exit 1; \
	  done && \
	  scripts/tally neon $(NEON_TESTS:%="$(NEON_RUN) build/neon/%"); \
	else \
	  echo "skipped: no $(NEON_CC) or $(firstword $(NEON_RUN)) here"; \
	  echo "neon: 0 passed, 0 failed, 1 skipped"; \
	fi

asan tsan: ## unit, sql and oracle with the address or thread sanitizer
	@scripts/total $(MAKE) -k --no-print-directory MODE=$@ unit sql oracle

# For what the sanitizers cannot know: libraries without instrumentation.
# Leaks are looked for in sql only: children of fork() in unit have lost what
# the other threads knew.
MEMCHECK := valgrind -q --error-exitcode=9

valgrind: ## unit and sql under memcheck
	@scripts/total $(MAKE) -k --no-print-directory valgrind-unit valgrind-sql

valgrind-unit:
	@$(MAKE) -k --no-print-directory unit UNDER="$(MEMCHECK)"

valgrind-sql:
	@$(MAKE) -k --no-print-directory sql UNDER="$(MEMCHECK) \
	  --leak-check=full --errors-for-leak-kinds=definite,indirect,possible"

include tests/fuzz/fuzz.mk

programs: $(UNIT) $(ORACLE) $(RUNNER) $(B)/tests/sql/lifetime $(HOSTILE_RUN) $(REPLAY) # all that tests need

# The data is not ours to carry: QUALITY_SQUAD=dev-v1.1.json[.xz] names it, and
# QUALITY_STS=stsb-en-test.csv.
QUALITY_FLAGS ?=
EMBEDDER := models/all-minilm-l6-v2.safetensors

quality: loadable ## SQuAD v1.1 and STS-B with the built-in models, through SQL
	@scripts/tally quality tests/quality/test_metrics.py
	@tests/quality/sts.py --expect 81.98 0.3
	@tests/quality/sts.py --expect 81.98 0.1 --model $(EMBEDDER)
	@tests/quality/squad.py --expect 71.96 81.39 $(QUALITY_FLAGS)

# --- Checks of the sources ------------------------------------------------

lint: $(B)/distilbert.so ## the rules this tree is written by
	@if command -v python3 >/dev/null; then \
	  scripts/tally lint "scripts/lint $<"; \
	else echo "lint: 0 passed, 0 failed, 1 skipped (no python3 here)"; fi

# A compiler that is not there is skipped.
warnings: ## gcc and clang have nothing to say
	@scripts/tally warnings "scripts/warnings gcc" "scripts/warnings clang-14"

# Headers of libraries are the same on all systems, those of libc are not; the
# libraries themselves stay undefined.
ARM := aarch64-linux-gnu-gcc

cross: ## compile and link for AArch64
	@mkdir -p build/include
	@ln -sf /usr/include/sqlite3*.h /usr/include/cjson build/include
	$(MAKE) CC=$(ARM) CFLAGS="$(CFLAGS) -isystem build/include" \
	  LIBS="-lm -ldl" HARD_LINK="-Wl,-z,relro -Wl,-z,now" \
	  build/release-$(ARM)/distilbert.so

coverage: ## lines and branches that the tests reach, by folder
	@scripts/total $(MAKE) -k --no-print-directory MODE=coverage \
	  unit sql oracle fuzz-replay
	@scripts/coverage build/coverage/core

# --- The rest -------------------------------------------------------------

packages:
	@scripts/install-packages build test

EXAMPLES := $(patsubst %.c,$(B)/%,$(wildcard examples/*.c))

$(B)/examples/%: examples/%.c
	@mkdir -p $(@D)
	$(CC) $(WARN) -O2 -o $@ $< -lsqlite3

examples: loadable $(EXAMPLES) ## run every example, recipe and README query
	@scripts/tally examples "scripts/examples $(B)/examples" \
	  $(if $(shell command -v python3),scripts/check-docs)

demo: ## ask questions over 304 paragraphs, in the sqlite3 shell
	@scripts/install-packages build
	@$(MAKE) -s -j$(JOBS) MODE=release loadable
	@rm -f build/demo.db
	@sqlite3 -batch -init /dev/null $(FILL_MODEL:%=-cmd '.parameter set @fill_model "%"') \
	  build/demo.db '.read examples/demo.sql'

# How long `make bench` may repeat its rounds; a quarter more for AVX2 alone.
BENCH_SECONDS ?= 100
BENCH := $(B)/tests/bench/bench

$(BENCH): $(addprefix tests/bench/,bench.c checkpoint.c peak.c reading.c) \
          $(wildcard tests/bench/*.h) $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests/bench -o $@ $(filter %.c,$^) \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) -lsqlite3 $(LIBS)

$(BENCH)_int8: $(addprefix tests/bench/,bench_int8.c checkpoint.c peak.c) \
               $(wildcard tests/bench/*.h) $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests/bench -o $@ $(filter %.c,$^) \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) -lsqlite3 $(LIBS)

bench: packages $(BENCH) $(BENCH)_int8 ## speed beside the peak and BLAS; start; memory
	@$(BENCH) $(B)/tests/bench/model $(BENCH_SECONDS)
	@$(BENCH)_int8 $(B)/tests/bench/model $$(( $(BENCH_SECONDS) / 4 ))

$(BENCH)_kernels: $(addprefix tests/bench/,bench_kernels.c peak.c) \
                  tests/bench/peak.h $(B)/libdistilbert.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests/bench -o $@ $(filter %.c,$^) \
	  $(B)/libdistilbert.a $(ALL_LDFLAGS) -lsqlite3 $(LIBS)

bench-kernels: $(BENCH)_kernels ## products alone, as shares of the peak
	@$<

install: loadable ## distilbert.so to $PREFIX/lib
	install -d $(DESTDIR)$(PREFIX)/lib
	install -m 644 $(B)/distilbert.so $(DESTDIR)$(PREFIX)/lib

help: ## this list
	@awk -F':.*## ' '/^[a-z -]+:.*## /{printf "  %-12s %s\n",$$1,$$2}' \
	  $(MAKEFILE_LIST)

format: ## rewrite sources with clang-format
	clang-format-14 -i $(wildcard src/*/*.[ch] tests/*/*.[ch] examples/*.c)

clean: ## remove everything built
	rm -rf build distilbert.so

-include $(shell find build -name '*.d' 2>/dev/null)
