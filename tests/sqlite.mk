# sqlite.mk - tests under other versions of SQLite.  Included by Makefile.
#
#   make queries                     the system's SQLite, then each of VERSIONS
#   make queries-oldest              one of them
#   make newest                      more of the tests with the newest
#
# A version is a row: its package manager, and the package that carries its
# one source file, which is fetched and compiled once, into build.  Where the
# package manager is missing, or cannot reach its registry, the version is
# skipped.  In MODE=tsan SQLite has the sanitizer too, which then sees all locks.
#
# The runner is linked with that SQLite alone and loads distilbert.so, built
# with the system's header: one file for all versions, as people have it.

VERSIONS := oldest 3.46 newest

FROM_oldest := cargo libsqlite3-sys 0.17.2
FROM_3.46   := npm better-sqlite3@11.3.0
FROM_newest := npm better-sqlite3

fetch_npm = npm pack --silent $(1) && \
  tar xzf *.tgz --strip-components=3 package/deps/sqlite3
fetch_cargo = mkdir -p src && : >src/lib.rs && \
  printf '[package]\nname = "fetch"\nversion = "1.0.0"\n\n[dependencies]\n%s\n' \
    '$(1) = "=$(2)"' >Cargo.toml && cargo vendor --quiet >vendor.log && \
  cp vendor/$(1)/sqlite3/sqlite3.[ch] .

S := $(B)/sqlite
SQLITE_FLAGS := -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_COLUMN_METADATA \
                -DSQLITE_ENABLE_RTREE -DSQLITE_ENABLE_JSON1 \
                -DSQLITE_THREADSAFE=1
SQLITE_OPT := $(if $(filter release,$(MODE)),-O1,$(OPT))

build/sqlite/%/sqlite3.c:
	@rm -rf $(@D) && mkdir -p $(@D)
	@cd $(@D) && $(call fetch_$(word 1,$(FROM_$*)),$(word 2,$(FROM_$*)),$(word 3,$(FROM_$*)))
	@cd $(@D) && test -f sqlite3.c && touch sqlite3.c

$(S)/%/sqlite3.o: build/sqlite/%/sqlite3.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(SQLITE_OPT) -w $(SQLITE_FLAGS) -c -o $@ $<

# Compiled with that version's header.
link_there = $(CC) $(ALL_CFLAGS) -DSQLITE_CORE -Itests \
  -isystem build/sqlite/$(notdir $(@D)) -o $@ $^ $(ALL_LDFLAGS) $(LINK) $(LIBS)

$(S)/%/runner: LINK := $(WRAP)
$(S)/%/runner: $(RUNNER_SRC) $(S)/%/sqlite3.o
	$(link_there)

# --- Queries people write -------------------------------------------------

QUERIES := $(sort $(wildcard tests/queries/*.sql))

queries: ## queries people write, under old and new SQLite (npm, cargo)
	@scripts/total $(MAKE) -k --no-print-directory queries-system \
	  $(VERSIONS:%=queries-%)

queries-system: $(RUNNER)
	@scripts/tally $@ $(QUERIES:%="$(UNDER) $(RUNNER) %")

# $(call with_version,NAME,COMMAND): COMMAND where its source can be had.
with_version = \
  if ! command -v $(firstword $(FROM_$(1))) >/dev/null; then \
    scripts/tally $@ "echo 0 passed, 0 failed, 1 skipped: no $(firstword $(FROM_$(1)))"; \
  elif ! $(MAKE) -s build/sqlite/$(1)/sqlite3.c; then \
    scripts/tally $@ "echo 0 passed, 0 failed, 1 skipped: not fetched by $(firstword $(FROM_$(1)))"; \
  else $(2); fi

$(VERSIONS:%=queries-%): queries-%:
	@$(call with_version,$*,$(MAKE) --no-print-directory queries-with-$*)

queries-with-%: $(S)/%/runner $(B)/distilbert.so
	@scripts/tally queries-$* \
	  $(QUERIES:%="$(S)/$*/runner --load $(B)/distilbert.so %")

# --- The newest -----------------------------------------------------------

NEWEST_TESTS := threads interrupt extension schema etiquette

$(S)/newest/test_%: tests/host/test_%.c $(S)/newest/sqlite3.o \
                    $(B)/libdistilbert.a
	$(link_there)

newest: ## SQL and connections with the newest SQLite (npm)
	@$(call with_version,newest,\
	  scripts/total $(MAKE) -k --no-print-directory newest-tests)

newest-tests: $(S)/newest/runner $(B)/distilbert.so \
              $(NEWEST_TESTS:%=$(S)/newest/test_%)
	@scripts/tally newest \
	  $(SCRIPTS:%="$(S)/newest/runner --load $(B)/distilbert.so %") \
	  $(NEWEST_TESTS:%="$(S)/newest/test_%")

.PHONY: queries queries-system $(VERSIONS:%=queries-%) newest newest-tests
