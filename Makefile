# DistilBERT inside SQLite.  `make help` lists the targets.
#
# What most people need is here; what takes its time, or other machines, is in
# tests/*.mk.  Objects live under build/MODE, so that modes stay side by side:
#   release (default), asan, tsan, coverage.
# Another compiler (make CC=clang-14) or set of built-in models (MODELS=none)
# has a folder of its own as well.
# Sources are found by wildcard.  Each is compiled twice: as part of the
# loadable extension (build/MODE/so) and, with SQLITE_CORE, for linking into
# a program (build/MODE/core), which tests, fuzz targets and `make static` use.
# Tests are compiled into build/MODE/core as well, and linked by one recipe.

MODE ?= release
MODELS ?= all
B := build/$(MODE)$(patsubst %,-%,$(filter-out cc gcc,$(notdir $(CC))) \
  $(filter-out all,$(MODELS)))
B := $(subst $() ,,$(B))
PREFIX ?= /usr/local

ARCH := $(shell $(CC) -dumpmachine 2>/dev/null | cut -d- -f1)

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
# What debuggers read is a third as long when compressed.
HARD_LINK += -Wl,--compress-debug-sections=zlib
ifeq ($(MODE),release)
HARD_LINK += -Wl,-z,defs
endif
LIBS := -lcjson -lutf8proc -lm -ldl

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

# The one place of the number is the file VERSION.
VERSION := $(shell cat VERSION)
FLAGS_fn_info := -DDISTILBERT_VERSION='"$(VERSION)"'

.PHONY: all loadable static objects programs packages test test-packages unit host oracle \
        sql sql-loaded lint warnings examples demo install uninstall help \
        format clean
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

$(B)/so/src/sql/fn_info.o $(B)/core/src/sql/fn_info.o: VERSION

# The built-in checkpoint is pulled in by the assembler.
$(B)/so/src/model/builtin.o $(B)/core/src/model/builtin.o: \
  $(wildcard models/*.safetensors)

# --- Tests ----------------------------------------------------------------
# Each program ends with a line "N passed, N failed", which scripts/tally adds
# up.  Its main file gives it the name; more objects, or flags in LINK, are
# said where the program is.  What an archive has and nobody calls stays out.

define link
@mkdir -p $(@D)
$(CC) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(ALL_LDFLAGS) $(LINK) \
  -lsqlite3 $(LIBS)
endef

$(B)/core/tests/%.o: ALL_CFLAGS += -Itests

$(B)/tests/%: $(B)/core/tests/%.o $(B)/libdistilbert.a
	$(link)

tests_in = $(patsubst %.c,$(B)/%,$(wildcard tests/$(1)/test_*.c))
UNIT   := $(call tests_in,unit)
HOST   := $(call tests_in,host)
ORACLE := $(call tests_in,oracle)

$(B)/tests/host/test_memory: $(B)/core/tests/bench/checkpoint.o

JOBS := $(shell nproc 2>/dev/null || echo 2)

test: packages ## everything that a change must pass
	-@$(MAKE) -s -k -j$(JOBS) loadable programs
	@scripts/total $(MAKE) -k --no-print-directory POINTS=4 HOSTILE=200 \
	  lint warnings unit host sql sql-loaded queries oracle fuzz-replay oom io \
	  hostile examples

unit: $(UNIT) ## unit tests: arrays of {input, expected}
	@scripts/tally unit $(UNIT:%="$(UNDER) %")

host: $(HOST) ## the whole library in a process: threads, forks, limits, schemas
	@scripts/tally host $(HOST:%="$(UNDER) %")

oracle: $(ORACLE) ## results of the reference implementation
	@scripts/tally oracle $(ORACLE:%="$(UNDER) %")

# One process a file: a crash, or a changed setting, stays in its file.
RUNNER   := $(B)/tests/sql/runner
LIFETIME := $(B)/tests/sql/lifetime
SCRIPTS  := $(sort $(wildcard tests/sql/*.sql))
RUNNER_SRC := tests/sql/runner.c tests/sql/count.c tests/fault/fault.c
comma := ,
WRAP := $(addprefix -Wl$(comma)--wrap=,mmap open read pread fstat stat \
  pthread_create)

$(RUNNER): $(RUNNER_SRC:%.c=$(B)/core/%.o)
$(RUNNER): LINK := -Wl,--undefined=sqlite3_distilbert_init $(WRAP)

sql: $(RUNNER) ## SQL scripts, the expectation beside each query
	@scripts/tally sql $(SCRIPTS:%="$(UNDER) $(RUNNER) %")

sql-loaded: $(RUNNER) $(LIFETIME) $(B)/distilbert.so ## the same with .load
	@scripts/tally sql-loaded \
	  $(SCRIPTS:%="$(RUNNER) --load $(B)/distilbert.so %") \
	  "$(LIFETIME) $(B)/distilbert.so"

include tests/campaigns.mk tests/cross.mk tests/bench.mk tests/sqlite.mk \
  tests/fuzz/fuzz.mk
include bindings/bindings.mk examples/cluster/cluster.mk \
  scripts/release/release.mk docs/docs.mk

programs: $(UNIT) $(HOST) $(ORACLE) $(RUNNER) $(LIFETIME) $(HOSTILE_RUN) $(REPLAY) # all that tests need

# What goes to other languages and systems; needs their toolchains and registries.
test-packages: ## packages, bindings, releases, clusters: the tests that `make test` leaves out
	@scripts/total $(MAKE) -k --no-print-directory \
	  platforms-test python-test bindings-test dist-test cluster-test

# --- Checks of the sources ------------------------------------------------

lint: $(B)/distilbert.so ## the rules this tree is written by
	@if command -v python3 >/dev/null; then \
	  scripts/tally lint "scripts/lint $<"; \
	else echo "lint: 0 passed, 0 failed, 1 skipped (no python3 here)"; fi

# A compiler that is not there is skipped.
warnings: ## gcc and clang have nothing to say
	@scripts/tally warnings "scripts/warnings gcc" "scripts/warnings clang-14"

# --- The rest -------------------------------------------------------------

packages: # says what is missing, and the command that installs it, first
	@scripts/install-packages build test

EXAMPLES := $(patsubst %.c,$(B)/%,$(wildcard examples/*.c))

$(B)/examples/%: examples/%.c
	@mkdir -p $(@D)
	$(CC) $(WARN) -O2 -o $@ $< -lsqlite3

examples: loadable $(EXAMPLES) ## run every example, recipe and README query
	@scripts/tally examples "scripts/examples $(B)/examples" \
	  $(if $(shell command -v python3),scripts/check-docs)

demo: ## ask questions over 304 paragraphs, search them, fill masked words
	@scripts/install-packages build
	@$(MAKE) -s -j$(JOBS) MODE=release loadable
	@rm -f build/demo.db
	@sqlite3 -batch -init /dev/null build/demo.db '.read examples/demo.sql'

# $PREFIX/lib/distilbert.so is for .load, the rest for programs that link.
DEST = $(DESTDIR)$(PREFIX)

install: loadable static ## library, header, distilbert.pc, manual to $PREFIX
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(LIBS)|' \
	  distilbert.pc.in >$(B)/distilbert.pc
	install -d $(DEST)/lib/pkgconfig $(DEST)/include $(DEST)/share/man/man1
	install -m 644 $(B)/distilbert.so $(B)/libdistilbert.a $(DEST)/lib
	install -m 644 $(B)/distilbert.pc $(DEST)/lib/pkgconfig
	install -m 644 src/distilbert.h $(DEST)/include
	install -m 644 docs/sqlite-distilbert.1 $(DEST)/share/man/man1

uninstall: ## take away what install put there
	rm -f $(DEST)/lib/distilbert.so $(DEST)/lib/libdistilbert.a \
	  $(DEST)/lib/pkgconfig/distilbert.pc $(DEST)/include/distilbert.h \
	  $(DEST)/share/man/man1/sqlite-distilbert.1

help: ## this list
	@awk -F':.*## ' '/^[a-z -]+:.*## /{printf "  %-17s %s\n",$$1,$$2}' \
	  $(filter-out %.d,$(MAKEFILE_LIST))

format: ## rewrite sources with clang-format
	clang-format-14 -i $(wildcard src/*.h src/*/*.[ch] tests/*.h \
	  tests/*/*.[ch] examples/*.c bindings/*/*.c)

clean: ## remove everything built
	rm -rf build distilbert.so

-include $(shell find build -name '*.d' -type f 2>/dev/null)
