# release.mk - what a release consists of.  Included by Makefile; README.md here
# says how one is made.

.PHONY: dist release dist-test

DIST := build/dist/sqlite-distilbert-$(VERSION).tar.gz
RELEASE_VENV := build/release-venv
# Versions are those that it was written with.
RELEASE_PACKAGES := spdx-tools==0.8.5

dist: ## sources of the last commit, as an archive that builds without git
	@scripts/release/dist $(DIST)
	@echo $(DIST)

$(RELEASE_VENV)/installed: scripts/release/release.mk
	@python3 -m venv $(RELEASE_VENV)
	@$(RELEASE_VENV)/bin/pip install -q --disable-pip-version-check \
	  $(RELEASE_PACKAGES)
	@touch $@

# REPOSITORY=https://github.com/OWNER/NAME is for sqlpkg.json.
release: $(RELEASE_VENV)/installed ## that, and what is built of packages, with sums and SBOM
	@scripts/release/gather build/release-files $(RELEASE_VENV)/bin/python

dist-test: ## the archive builds elsewhere, and twice the same; sums and SBOM are right
	@$(MAKE) -s $(RELEASE_VENV)/installed || :
	@scripts/tally dist-test scripts/release/test
