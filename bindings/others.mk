# others.mk - the tests of the bindings.  Included by bindings.mk.
#
#   make bindings-test        all of them
#   make bindings-test-go     one
#
# Each bindings/NAME/test is a program as scripts/tally knows them; check.sh
# has what they share.  What they build goes to build/bindings; what they fetch
# goes through the caches of the toolchains.  Python's package has tests of its
# own kind: `make python-test`.

BINDINGS := $(filter-out python, \
  $(patsubst bindings/%/test,%,$(wildcard bindings/*/test)))
BOUND := build/bindings

.PHONY: bindings-test $(BINDINGS:%=bindings-test-%)

bindings-test: loadable static ## what each language's binding prints beside the shell
	@scripts/install-packages bindings
	@scripts/total $(MAKE) -k -j$(JOBS) --no-print-directory -O \
	  $(BINDINGS:%=bindings-test-%)

$(BOUND)/expected: bindings/expected bindings/queries.sql $(B)/distilbert.so
	@mkdir -p $(@D)
	@bindings/expected $(B)/distilbert bindings/queries.sql >$@

$(BINDINGS:%=bindings-test-%): bindings-test-%: $(BOUND)/expected \
                               $(B)/libdistilbert.a
	@LIBRARY=$(CURDIR)/$(B)/distilbert.so STATIC=$(CURDIR)/$(B) OUT=$(CURDIR)/$(BOUND) \
	  EXPECTED=$(CURDIR)/$(BOUND)/expected \
	  scripts/tally $@ "bindings/$*/test $*"
