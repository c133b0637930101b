# bindings.mk - what goes to other languages and systems.  Included by Makefile.
include bindings/python/python.mk
