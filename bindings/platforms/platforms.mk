# platforms.mk - the library for each platform that packages serve, compiled
# here with zig.  Included by bindings.mk.
#
#   make platform PLATFORM=p   build/platforms/p/distilbert.so (.dylib, .dll)
#   make platforms             of each of PLATFORMS
#   make platforms-test        what is in the files; those that run here, run
#   make platforms-again       built twice, the same bytes
#
# A platform is a row: zig's name of it, how its file ends, libraries of the
# system.  The Makefile's own rules compile and link, in a make of their own
# whose variables say how; cJSON and utf8proc are linked in.  zig, the sources
# of both, and all that is built stay under build/platforms.
#
# Two builds give the same bytes: nothing knows the date, or the folder.

PLATFORMS ?= linux-x86_64 linux-aarch64 musl-x86_64 musl-aarch64 \
             windows-x86_64 macos-x86_64 macos-arm64
PLATFORM ?= linux-x86_64

TRIPLE_linux-x86_64   := x86_64-linux-gnu.2.17
TRIPLE_linux-aarch64  := aarch64-linux-gnu.2.17
TRIPLE_musl-x86_64    := x86_64-linux-musl
TRIPLE_musl-aarch64   := aarch64-linux-musl
TRIPLE_windows-x86_64 := x86_64-windows-gnu
TRIPLE_macos-x86_64   := x86_64-macos.11.0
TRIPLE_macos-arm64    := aarch64-macos.11.0

SYSTEM = $(firstword $(subst -, ,$(PLATFORM)))
ENDING_windows := dll
ENDING_macos   := dylib
ENDING  = $(or $(ENDING_$(SYSTEM)),so)

P       := build/platforms
ZIG     := $(P)/python/ziglang/zig
SOURCES := $(P)/source
OBJECTS := $(P)/objects
.PHONY: platform platform-file platform-host platform-host-file platforms \
        platforms-test platforms-again foreign

platforms: ## distilbert for Linux, musl, Windows and macOS, under build/platforms
	@for p in $(PLATFORMS); do \
	  $(MAKE) --no-print-directory platform PLATFORM=$$p || exit 1; done

platform: $(ZIG) $(P)/include/done ## the same for one PLATFORM
	@case "$(TRIPLE_$(PLATFORM))" in \
	'') echo "no such platform: $(PLATFORM)" >&2; exit 1;; esac
	+@$(WITH_ZIG) platform-file

# SQLite's own source, with a program that loads what platform made.
platform-host: $(ZIG) $(P)/include/done build/sqlite/3.46/sqlite3.c
	+@$(WITH_ZIG) platform-host-file

platforms-test: foreign $(P)/tools/done ## what is in them, and whether they answer alike
	@$(MAKE) -s --no-print-directory -j$(JOBS) loadable platforms
	@scripts/tally platforms "bindings/platforms/check $(PLATFORMS)"

platforms-again: platforms ## whether two builds of them give the same bytes
	@scripts/tally platforms-again "bindings/platforms/again $(PLATFORMS)"

# What runs those that are not this machine's.
foreign:
	@scripts/install-packages build zig \
	  $(if $(filter-out linux-x86_64 macos-%,$(PLATFORMS)),foreign)

WITH_ZIG = $(ZIG_CACHE) $(MAKE) --no-print-directory \
	  PLATFORM=$(PLATFORM) MODE=release MODELS=all \
	  B=$(OBJECTS)/$(PLATFORM) CC="$(ZIG) cc -target $(TRIPLE_$(PLATFORM))" \
	  ARCH=$(firstword $(subst -, ,$(TRIPLE_$(PLATFORM)))) \
	  CFLAGS="$(PLATFORM_CFLAGS)" HARD="$(HARD_$(SYSTEM))" \
	  WARN="$(PLATFORM_WARN)" NEON_FLAGS=-mcpu=$(or $(NEON_$(SYSTEM)),generic+dotprod)

ZIG_CACHE = SOURCE_DATE_EPOCH=0 ZIG_GLOBAL_CACHE_DIR=$(CURDIR)/$(P)/cache \
            ZIG_LOCAL_CACHE_DIR=$(CURDIR)/$(P)/cache

# The compiler comes through pip, the rest from Debian (fetch).
$(ZIG): bindings/platforms/zig.txt
	@scripts/install-packages build zig
	@echo "getting the compiler zig from PyPI, into $(P)"
	@rm -rf $(P)/python
	@$(PIP_INTO) $(P)/python -r $<
	@touch $@

PIP_INTO := PIP_ROOT_USER_ACTION=ignore python3 -m pip install -q --no-input \
  --disable-pip-version-check --no-deps --upgrade --target

$(P)/tools/done: bindings/platforms/tools.txt
	@$(PIP_INTO) $(@D) -r $<
	@touch $@

# The headers of SQLite are the installed ones, copied, since what else is in
# their folder is not for these targets.
$(P)/include/done: bindings/platforms/sources.txt
	@bindings/platforms/fetch cjson $(SOURCES)/cjson
	@bindings/platforms/fetch utf8proc $(SOURCES)/utf8proc
	@mkdir -p $(@D)/cjson
	@cp $(SOURCES)/cjson/cJSON.h $(@D)/cjson
	@cp $(SOURCES)/utf8proc/utf8proc.h $(@D)
	@echo '#include <sqlite3ext.h>' | gcc -E - | \
	  sed -n 's|^# 1 "\(/.*/sqlite3[ext]*\.h\)".*|\1|p' | sort -u | \
	  xargs -I{} cp {} $(@D)
	@test -e $(@D)/sqlite3ext.h && touch $@

PLATFORM_CFLAGS = -g0 -fomit-frame-pointer -ffile-prefix-map=$(CURDIR)=. \
  -isystem $(P)/include -DCJSON_HIDE_SYMBOLS -DUTF8PROC_STATIC \
  $(CFLAGS_$(SYSTEM))
PLATFORM_WARN := -Wall -Wextra -Wconversion -Wshadow -Wno-enum-float-conversion
NEON_macos := apple_m1
HARD_linux := -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARD_musl  := -fstack-protector-strong

CFLAGS_windows := -D_FILE_OFFSET_BITS=64

# --- In the make that compiles for one platform ---------------------------

ifeq ($(findstring $(ZIG),$(CC)),$(ZIG))

# zig's clang wants 512-bit registers named.  It keeps objects by what went
# into them, but does not see what the assembler reads: hence the models' sum.
FLAGS_kernels_avx512 += $(if $(filter x86_64,$(ARCH)),-mevex512)
FLAGS_builtin = -DMODELS_SUM=$(firstword $(shell cat models/*.safetensors | cksum))

ELF_LINK := -Wl,-soname,distilbert.so -Wl,--version-script=src/exports.map \
  -Wl,-z,relro -Wl,-z,now -Wl,-z,nodelete -Wl,-z,defs -Wl,--build-id=none \
  -Wl,-s -lm -ldl
LINK_linux := $(ELF_LINK)
LINK_musl  := $(ELF_LINK)
LINK_windows := -Wl,-s -Wl,--out-implib,$(B)/distilbert.lib src/exports.def
LINK_macos := -Wl,-install_name,@rpath/distilbert.dylib -Wl,-x

FILE   := $(P)/$(PLATFORM)/distilbert.$(ENDING)
LINKED := $(B)/linked/cJSON.o $(B)/linked/utf8proc.o
MODEL  := $(B)/linked/cpu_model.o
STATIC := $(if $(filter linux,$(SYSTEM)),$(P)/$(PLATFORM)/libdistilbert.a)

platform-file: $(FILE) $(STATIC)

$(FILE): $(SO) $(LINKED) $(MODEL) bindings/platforms/platforms.mk
	@mkdir -p $(@D)
	$(CC) -shared -pthread -o $@ $(filter %.o,$^) $(LINK_$(SYSTEM))

# Programs' own compilers have cpu_model.
$(STATIC): $(CORE) $(LINKED)
	@mkdir -p $(@D)
	@rm -f $@
	$(ZIG) ar rcsD $@ $^

$(B)/linked/%.o: bindings/platforms/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

HOST := $(P)/$(PLATFORM)/host$(if $(filter windows,$(SYSTEM)),.exe)

platform-host-file: $(HOST)

$(HOST): $(B)/linked/host.o $(B)/linked/sqlite3.o
	$(CC) -pthread -o $@ $^ $(HOST_$(SYSTEM))

HOST_linux := -lm -ldl
HOST_musl  := -dynamic

# Not our code: its warnings are its authors'.
$(B)/linked/cJSON.o: $(SOURCES)/cjson/cJSON.c
$(B)/linked/utf8proc.o: $(SOURCES)/utf8proc/utf8proc.c
$(B)/linked/sqlite3.o: build/sqlite/3.46/sqlite3.c
$(LINKED) $(B)/linked/sqlite3.o:
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -w -c -o $@ $<

endif
