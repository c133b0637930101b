# python.mk - the Python package: its wheels, its tests, its picture.  Wheels
# are made of what `make platform` left in build/platforms; where there is
# nothing, of this machine's build/release/distilbert.so, under a tag that only
# this machine takes.

.PHONY: wheels python-test python-screenshot

wheels: ## a Python wheel of each build/platforms/*, in build/wheels
	@$(if $(wildcard build/platforms/*/distilbert.*),:,$(MAKE) -s loadable)
	@bindings/python/wheels build/wheels

python-test: loadable ## the Python package in fresh environments (PyPI)
	@scripts/install-packages python
	@scripts/tally python-test bindings/python/test

python-screenshot: loadable ## docs/datasette.png, of Datasette in Chromium
	@scripts/install-packages python
	@SCREENSHOT=$(CURDIR)/docs/datasette.png bindings/python/test test_browser.py
