# fuzz.mk - fuzzing, and the replay of what it found.  Included by Makefile.
#
#   make fuzz                        every target for FUZZ_SECONDS
#   make fuzz FUZZ=json FUZZ_RUNS=10000000
#   make fuzz-replay                 stored inputs, with the MODE's compiler
#
# The engine is clang's libFuzzer; src/ is compiled once more for it, into
# build/fuzz.  What it learns stays in build/fuzz/corpus, what it finds goes to
# build/fuzz/findings.

FUZZ_CC      ?= clang-14
FUZZ_SECONDS ?= 60
FUZZ_RUNS    ?=
FUZZ_LIMIT    = $(if $(FUZZ_RUNS),-runs=$(FUZZ_RUNS),-max_total_time=$(FUZZ_SECONDS))
FUZZ_ALL     := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ         ?= $(FUZZ_ALL)

F := build/fuzz
FUZZ_FLAGS := $(BASE) -O1 -fno-omit-frame-pointer -fno-sanitize-recover=all \
              -DMODELS_$(MODELS) -DSQLITE_CORE
FUZZ_CHECK := address,undefined

$(F)/core/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link,$(FUZZ_CHECK) \
	  $(file_flags) -MMD -MP -c -o $@ $<

$(F)/libdistilbert.a: $(SRC:%.c=$(F)/core/%.o)
	rm -f $@ && ar rcs $@ $^

$(F)/fuzz_%: tests/fuzz/fuzz_%.c $(F)/libdistilbert.a
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer,$(FUZZ_CHECK) -Itests/fuzz \
	  -MMD -MP -MF $@.d -o $@ $< $(F)/libdistilbert.a -pthread -lsqlite3 $(LIBS)

fuzz: $(FUZZ:%=$(F)/fuzz_%) ## FUZZ_SECONDS of each target, or FUZZ_RUNS
	@scripts/fuzz "$(FUZZ_LIMIT)" $(FUZZ)

REPLAY := $(FUZZ_ALL:%=$(B)/tests/fuzz/replay_%)

$(B)/tests/fuzz/replay_%: $(B)/core/tests/fuzz/fuzz_%.o \
                          $(B)/core/tests/fuzz/replay.o $(B)/libdistilbert.a
	$(link)

fuzz-replay: $(REPLAY) ## the stored inputs of every fuzz target
	@scripts/tally fuzz-replay $(foreach name,$(FUZZ_ALL),\
	  "$(B)/tests/fuzz/replay_$(name) tests/fuzz/corpus/$(name) \
	  tests/fuzz/regressions/$(name)")

.PHONY: fuzz fuzz-replay
