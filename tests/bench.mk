# bench.mk - speed and quality, measured.  Included by Makefile.

.PHONY: bench bench-kernels quality

# How long `make bench` may repeat its rounds; a quarter more for bytes.
BENCH_SECONDS ?= 100
BENCH := $(B)/tests/bench/bench
BENCH_PARTS := $(B)/core/tests/bench/checkpoint.o $(B)/core/tests/bench/peak.o

$(BENCH) $(BENCH)_int8: $(BENCH_PARTS)
$(BENCH): $(B)/core/tests/bench/reading.o
$(BENCH)_kernels: $(B)/core/tests/bench/peak.o

bench: packages $(BENCH) $(BENCH)_int8 ## speed beside the peak and BLAS; start; memory
	@$(BENCH) $(B)/tests/bench/model $(BENCH_SECONDS)
	@$(BENCH)_int8 $(B)/tests/bench/model $$(( $(BENCH_SECONDS) / 4 ))

bench-kernels: $(BENCH)_kernels ## products alone, as shares of the peak
	@$<

# The data is not ours to carry: QUALITY_SQUAD=dev-v1.1.json[.xz] names it, and
# QUALITY_STS=stsb-en-test.csv; QUALITY_SENTIMENT, QUALITY_ENTITIES and
# QUALITY_WIKI likewise.  What is measured is what comes out here, to tenths.
QUALITY_FLAGS ?=
EMBEDDER := models/all-minilm-l6-v2.safetensors

quality: loadable ## what the built-in models know, through SQL
	@scripts/tally quality tests/quality/test_metrics.py
	@tests/quality/sts.py --expect 81.98 0.3
	@tests/quality/sts.py --expect 81.98 0.1 --model $(EMBEDDER)
	@tests/quality/heads.py sentiment --expect 90.25 0.3
	@tests/quality/heads.py entities --expect 78.55 0.3
	@tests/quality/masked.py --top1 43
	@tests/quality/squad.py --expect 77.95 85.92 $(QUALITY_FLAGS)
