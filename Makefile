# sluice: `make`, `make demo`, `make test`; `make help` lists the rest.
.DEFAULT_GOAL := all
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

VERSION := 0.1.0
FLAVOUR ?= release
prefix  ?= /usr/local
B       := build/$(FLAVOUR)
GEN     := build/generated

CC      := $(if $(filter fuzz,$(FLAVOUR)),clang-14,gcc)
PKGS    := libzstd libsnappy zlib yaml-0.1 sqlite3 libpcre2-8 jansson libxxhash libutf8proc libcrypto libcurl ncursesw libpq
WERROR  ?= -Werror
WARN    := -Wall -Wextra $(WERROR) -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
# LOADED, with all that they bring, are loaded by those who need them (shared/library.h); libsnappy ships no .pc file
LOADED  := libcurl libpq libsnappy
PKG_LIBS = $(shell pkg-config --libs $(filter-out $(LOADED),$(PKGS)) 2>/dev/null)
PKG_INCL = $(shell pkg-config --cflags $(filter-out libsnappy,$(PKGS)) 2>/dev/null)

CFLAGS_release  := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
CFLAGS_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DARENA_SEPARATE
LDFLAGS_asan    := -fsanitize=address,undefined
CFLAGS_tsan     := -O1 -g -fsanitize=thread
LDFLAGS_tsan    := -fsanitize=thread
# libFuzzer is clang's, and so are warnings that gcc's users never see: `make fuzz` builds without -Werror.
CFLAGS_fuzz     := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS_fuzz    := -fsanitize=fuzzer,address,undefined
SUFFIX_release  :=
SUFFIX_asan     := -asan
SUFFIX_tsan     := -tsan

CPPFLAGS += -I. -I$(GEN) -D_GNU_SOURCE -DSQLITE_ENABLE_SESSION -DSQLITE_ENABLE_PREUPDATE_HOOK -DSLUICE_VERSION='"$(VERSION)"' -DSLUICE_SUFFIX='"$(SUFFIX_$(FLAVOUR))"' $(PKG_INCL)
CFLAGS   := -std=c11 $(WARN) -pthread $(CFLAGS_$(FLAVOUR))
LDFLAGS  := -pthread $(LDFLAGS_$(FLAVOUR))
LDLIBS   = $(PKG_LIBS) -lm

SHARED_SRC := $(sort $(shell find shared -name '*.c'))
WORKER_SRC := $(sort $(shell find worker -name '*.c' ! -path worker/main.c))
TUI_SRC    := $(sort $(shell find tui -name '*.c' ! -path tui/main.c))
TEST_SRC   := $(sort $(shell find tests/unit -name 'test_*.c'))
GENERATED  := $(patsubst schema/%,$(GEN)/schema/%.h,$(wildcard schema/*.sql schema/*.json schema/*/*.sql))

SLUICED := $(B)/sluiced$(SUFFIX_$(FLAVOUR))
SLUICE  := $(B)/sluice$(SUFFIX_$(FLAVOUR))
PROGRAMS := $(if $(wildcard worker/main.c),$(SLUICED)) $(if $(wildcard tui/main.c),$(SLUICE))
ORACLE  := $(B)/tests/oracle/oracle
TESTS   := $(TEST_SRC:tests/unit/%.c=$(B)/tests/unit/%)

all: $(PROGRAMS) ## both programs, in build/release

objs = $(patsubst %.c,$(B)/%.o,$(1))

$(B)/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The text of a schema file as a C string: `static const char NAME[]`.
$(GEN)/schema/%.h: schema/%
	@mkdir -p $(@D)
	@{ echo "static const char $$(basename $* | tr '.-' '__')_text[] ="; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/    "&\\n"/' $<; echo "    ;"; } > $@

$(B)/libshared.a: $(call objs,$(SHARED_SRC))
$(B)/libworker.a: $(call objs,$(WORKER_SRC))
$(B)/libtui.a: $(call objs,$(TUI_SRC))
$(B)/lib%.a:
	@rm -f $@
	ar rcs $@ $^

$(SLUICED): $(B)/worker/main.o $(B)/libworker.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@
$(SLUICE): $(B)/tui/main.o $(B)/libtui.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

# A unit test links the floor it tests and everything below: the libraries bring only what it uses.
$(B)/tests/unit/tui/%: $(B)/tests/unit/tui/%.o $(B)/libtui.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -o $@
$(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/libworker.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -lcmocka -lsnappy -o $@

# Loaded by Python, which no sanitizer watches.
$(B)/tests/screen.so: tests/console/screen.c
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) -O2 -g -fPIC -shared $< -lvterm -o $@

unit: $(TESTS) $(B)/tests/screen.so $(ORACLE)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

asan tsan: ## both programs and the unit tests with sanitizers, in build/asan or build/tsan
	$(MAKE) FLAVOUR=$@ all unit

packages-test: packages-s3 packages-warehouse

packages-%:
	@deploy/packages/install.sh deploy/packages/$*.txt

demo: ## installs what is missing, builds, fills demo/lake, runs the worker, opens the console; LAKE=s3: on a local S3; WAREHOUSE=1: with a PostgreSQL
	@$(MAKE) --no-print-directory packages-build $(if $(filter s3,$(LAKE)),packages-s3) $(if $(WAREHOUSE),packages-warehouse)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@demo/demo.sh $(B) $(LAKE) $(if $(WAREHOUSE),warehouse)

test: ## installs what the tests need, builds, runs every test
	@$(MAKE) --no-print-directory packages-build packages-test
	@$(MAKE) --no-print-directory -j$$(nproc) all unit
	@tests/run.py --build $(B)

# What a lake can, wherever it lies.
S3_TESTS := $(patsubst %,integration/test_%.py,pipeline gold redrive supersede bad_input faults watch) crash/test_kill.py

test-s3: ## the tests of a lake, on one in S3; "make test" has run some of them there
	@$(MAKE) --no-print-directory packages-build packages-test
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@TESTS_ON=s3 tests/run.py --build $(B) $(S3_TESTS)

test-fleet: ## eight workers, 2,000 files, a kill a second; "make test" has run it with fewer files
	@$(MAKE) --no-print-directory packages-build packages-test
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@SLUICE_FLEET_FILES=2000 tests/run.py --build $(B) test_fleet_workers

$(B)/tests/bench/gen_sales: $(B)/tests/bench/gen_sales.o
	$(CC) $(LDFLAGS) $^ -o $@

$(ORACLE): $(patsubst %.c,$(B)/%.o,$(wildcard tests/oracle/*.c)) $(B)/libworker.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

oracle: $(ORACLE) ## random expressions, in the worker's engine and in PostgreSQL; N=20000 SEED=…
	@tests/oracle/run.py --build $(B) $(if $(N),--count $(N)) $(if $(SEED),--seed $(SEED))

$(B)/tests/fuzz/%: $(B)/tests/fuzz/%.o $(B)/libworker.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

fuzz: ## the Parquet and CSV readers on mutated files; TIME=3600: seconds each; TARGET=parquet, footer or reader: only that
	@$(MAKE) --no-print-directory packages-build packages-test packages-fuzz
	@$(MAKE) --no-print-directory -j$$(nproc) $(B)/tests/unit/worker/format/parquet/test_samples
	@$(MAKE) --no-print-directory -j$$(nproc) FLAVOUR=fuzz WERROR= $(patsubst %,build/fuzz/tests/fuzz/fuzz_%,$(or $(TARGET),parquet footer reader))
	@tests/fuzz/run.py --build $(B) --time $(or $(TIME),60) $(or $(TARGET),parquet footer reader)

$(B)/tests/bench/scan: $(B)/tests/bench/scan.o $(B)/libworker.a $(B)/libshared.a
	$(CC) $(LDFLAGS) $^ $(LDLIBS) -o $@

bench: all $(B)/tests/bench/gen_sales $(B)/tests/bench/scan ## jobs against installed peers, in turn; QUICK=1: 100 MB; JOBS="scan J1 J4": only these; ZSV=path: scan against it
	@tests/bench/run.py --build $(B) $(if $(QUICK),--quick) $(if $(JOBS),--jobs $(JOBS)) $(if $(ZSV),--zsv $(ZSV))

bench-console: all $(B)/tests/screen.so ## the console over a journal with a million rejected rows
	@SLUICED=$(abspath $(SLUICED)) SLUICE=$(abspath $(SLUICE)) tests/bench/console.py

screenshots: ## pictures of the console, in screenshots/
	@$(MAKE) --no-print-directory packages-build packages-screenshots
	@$(MAKE) --no-print-directory -j$$(nproc) all $(B)/tests/screen.so
	@tests/screenshots/make.sh $(B)

lint: ## floors, tests for modules, banned functions, formatting
	@tests/lint.py

format: ## clang-format over all sources
	clang-format -i $$(git ls-files '*.c' '*.h')

compile_commands.json: Makefile ## for clangd and clang-tidy
	@bear --output $@ -- $(MAKE) -B all >/dev/null

install: all ## into $(DESTDIR)$(prefix)
	install -D -m 755 $(SLUICED) $(DESTDIR)$(prefix)/bin/sluiced
	install -D -m 755 $(SLUICE) $(DESTDIR)$(prefix)/bin/sluice
	install -D -m 644 worker/sluiced.1 $(DESTDIR)$(prefix)/share/man/man1/sluiced.1
	install -D -m 644 tui/sluice.1 $(DESTDIR)$(prefix)/share/man/man1/sluice.1
	install -D -m 644 deploy/completion/sluiced.bash $(DESTDIR)$(prefix)/share/bash-completion/completions/sluiced
	install -D -m 644 deploy/completion/sluice.bash $(DESTDIR)$(prefix)/share/bash-completion/completions/sluice
	install -d $(DESTDIR)$(prefix)/share/sluice
	cp -r schema $(DESTDIR)$(prefix)/share/sluice/

clean: ## removes build/
	rm -rf build compile_commands.json

help: ## this list
	@sed -n 's/^\([a-z][a-z_. ]*\):.*## /\1\t/p' Makefile | expand -t 24

.PHONY: all unit asan tsan demo test fuzz oracle test-s3 bench bench-console screenshots lint format install clean help
.SECONDARY:
