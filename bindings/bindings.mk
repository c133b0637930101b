# bindings.mk - packages for other languages, and the files they carry.
# Included by Makefile.
include bindings/platforms/platforms.mk
include bindings/node/node.mk
include bindings/others.mk
include bindings/python/python.mk
