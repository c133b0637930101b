# docs.mk - pictures of the documentation.  Included by Makefile.
#
# docs/speed.svg is drawn by `make bench-peers`, out of what it measures.

.PHONY: pictures

PICTURES_VENV := build/pictures-venv
# Versions are those that it was drawn with.
PICTURES_PACKAGES := matplotlib==3.11.2 scikit-learn==1.9.1

$(PICTURES_VENV)/installed: docs/docs.mk
	@python3 -m venv $(PICTURES_VENV)
	@$(PICTURES_VENV)/bin/pip install -q --disable-pip-version-check \
	  $(PICTURES_PACKAGES)
	@touch $@

pictures: loadable $(PICTURES_VENV)/installed ## draw docs/map.svg: the demo's paragraphs by meaning
	@$(PICTURES_VENV)/bin/python docs/map.py
