# bench.mk - speed and quality, measured.  Included by Makefile.

.PHONY: bench bench-kernels bench-peers bench-texts quality

# How long `make bench` may repeat its rounds; a quarter more for bytes.
BENCH_SECONDS ?= 100
BENCH := $(B)/tests/bench/bench
BENCH_PARTS := $(B)/core/tests/bench/checkpoint.o $(B)/core/tests/bench/peak.o

$(BENCH) $(BENCH)_int8 $(BENCH)_texts: $(BENCH_PARTS)
$(BENCH): $(B)/core/tests/bench/reading.o
$(BENCH)_kernels $(B)/tests/bench/peaks: $(B)/core/tests/bench/peak.o

bench: packages $(BENCH) $(BENCH)_int8 ## speed beside the peak and BLAS; start; memory
	@$(BENCH) $(B)/tests/bench/model $(BENCH_SECONDS)
	@$(BENCH)_int8 $(B)/tests/bench/model $$(( $(BENCH_SECONDS) / 4 ))

bench-kernels: $(BENCH)_kernels ## products alone, as shares of the peak
	@$<

bench-texts: $(BENCH)_texts ## tables of short texts, beside the peak
	@$< $(EMBEDDER) examples/demo-paragraphs.csv $(BENCH_SECONDS)

# Twelve gigabytes of other people's work (tests/bench/peers/README.md), an hour
# on an idle machine.  With PEERS_FLAGS="--rounds 2 --sentences 2000" it is a
# look: shown, and not written to docs/.
PEERS := tests/bench/peers
PEERS_FLAGS ?=

bench-peers: loadable $(B)/tests/bench/peaks ## other runtimes on the same work; writes docs/speed.*
	@$(PEERS)/setup.py
	@PEAKS=$(B)/tests/bench/peaks $(PEERS)/bench.py $(PEERS_FLAGS)
	@$(PEERS)/report.py $(if $(PEERS_FLAGS),,--write)

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
	@tests/quality/ask.py --share 85
	@tests/quality/squad.py --expect 77.95 85.92 $(QUALITY_FLAGS)
