# cluster.mk - the programs of examples/cluster, run.  Included by Makefile.
#
# A gigabyte of Spark and Ray goes to build/cluster, from PyPI, once.

.PHONY: cluster-test cluster-bench

cluster-test: loadable ## Spark and Ray: same bits, workers killed (PyPI, Java)
	@scripts/tally cluster "examples/cluster/test.py $(B)/distilbert.so"

cluster-bench: loadable # rows a second of one worker and of two
	@examples/cluster/test.py $(B)/distilbert.so measure.py
