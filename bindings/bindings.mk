# bindings.mk - what goes to other languages and systems.  Included by Makefile.
include bindings/others.mk
include bindings/node/node.mk
