# cross.mk - other architectures.  Included by Makefile.

.PHONY: neon cross

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

# Headers of libraries are the same on all systems, those of libc are not; the
# libraries themselves stay undefined.
ARM := aarch64-linux-gnu-gcc

cross: ## compile and link for AArch64
	@mkdir -p build/include
	@ln -sf /usr/include/sqlite3*.h /usr/include/utf8proc.h \
	  /usr/include/cjson build/include
	$(MAKE) CC=$(ARM) CFLAGS="$(CFLAGS) -isystem build/include" \
	  LIBS="-lm -ldl" HARD_LINK="-Wl,-z,relro -Wl,-z,now" \
	  build/release-$(ARM)/distilbert.so
