# campaigns.mk - tests that take their time: failures injected, sanitizers,
# memcheck, other kernels, forks by the thousand.  Included by Makefile.
#
# UNDER is what programs run under; MODE builds them anew, beside the others.

.PHONY: oom io hostile soak determinism kernels asan tsan valgrind \
        valgrind-unit valgrind-sql coverage

# --- Failures -------------------------------------------------------------

# Failures spread over a step; 0: all of them.
POINTS ?= 0

oom: $(RUNNER) ## SQL scripts, each allocation failing in turn, leaks counted
	@scripts/tally oom \
	  $(SCRIPTS:%="$(UNDER) $(RUNNER) --oom --points $(POINTS) %")

io: $(RUNNER) ## the same, each system call of ours failing in turn
	@scripts/tally io \
	  $(SCRIPTS:%="$(UNDER) $(RUNNER) --io --points $(POINTS) %")

# Folders damaged for each of eight checkpoints.
HOSTILE ?= 2000

HOSTILE_RUN := $(B)/tests/fault/hostile
$(HOSTILE_RUN): $(B)/core/tests/fault/mutate.o

hostile: $(HOSTILE_RUN) ## damaged model directories: an error or an answer
	@scripts/tally hostile "$< $(HOSTILE)"

# --- The host -------------------------------------------------------------

# A thousand forks, exits and lives; ten minutes of churn.
SOAK := $(B)/tests/host/test_etiquette $(B)/tests/host/test_threads

soak: $(SOAK) $(LIFETIME) $(B)/distilbert.so ## the host's life, for a quarter of an hour
	@scripts/tally soak "$(B)/tests/host/test_etiquette 25" \
	  "$(LIFETIME) $(B)/distilbert.so 10000" \
	  "$(B)/tests/host/test_threads 600"

# --- The same bits --------------------------------------------------------

# Texts of the built-in model; plain C takes a second for each in 20 of them.
DETERMINISM ?= 1000

determinism: $(B)/tests/host/test_determinism ## one hash for all kernels, threads, batches
	@scripts/tally determinism "$< $(DETERMINISM)"

# The portable set multiplies in software: SETS=portable takes hours.  That its
# bits are the same is shown by test_kernels and test_determinism.
SETS := $(if $(filter x86_64,$(ARCH)),avx2 avx512,neon)

kernels: ## sql and oracle under each set of kernels
	@scripts/total $(MAKE) -k --no-print-directory $(SETS:%=kernels-%)

kernels-%:
	@echo "== kernels: $*"
	@DISTILBERT_KERNELS=$* $(MAKE) -k --no-print-directory sql oracle

# --- Checkers -------------------------------------------------------------

asan tsan: ## unit, host, sql and oracle with the sanitizer
	@scripts/total $(MAKE) -k --no-print-directory MODE=$@ \
	  unit host sql oracle

# For what the sanitizers cannot know: libraries without instrumentation.
# Leaks are looked for in sql only: children of fork() have lost what
# the other threads knew.
MEMCHECK := valgrind -q --error-exitcode=9

valgrind: ## unit, host and sql under memcheck
	@scripts/total $(MAKE) -k --no-print-directory valgrind-unit valgrind-sql

valgrind-unit:
	@$(MAKE) -k --no-print-directory unit host UNDER="$(MEMCHECK)"

valgrind-sql:
	@$(MAKE) -k --no-print-directory sql UNDER="$(MEMCHECK) \
	  --leak-check=full --errors-for-leak-kinds=definite,indirect,possible"

coverage: ## lines and branches that the tests reach, by folder
	@scripts/total $(MAKE) -k --no-print-directory MODE=coverage \
	  unit host sql oracle fuzz-replay
	@scripts/coverage build/coverage/core
