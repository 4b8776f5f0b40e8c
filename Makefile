# SPDX-License-Identifier: GPL-2.0-or-later
# Builds, checks, shows and measures faultd; `make help` lists what it can do.

PREFIX  ?= /usr/local
DESTDIR ?=
V       ?= 0
CC      ?= gcc
CLANG   ?= clang
BPFTOOL ?= $(firstword $(shell command -v bpftool 2>/dev/null) /usr/sbin/bpftool)
PKGCONF ?= pkg-config
VERSION := 0.1.0
B       := build

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

ARCH     ?= $(shell uname -m)
BPF_ARCH := $(if $(filter aarch64 arm64,$(ARCH)),arm64,x86)

pc_cflags = $(shell $(PKGCONF) --cflags $(1) 2>/dev/null)
pc_libs   = $(shell $(PKGCONF) --libs $(1) 2>/dev/null)
pc_have   = $(shell $(PKGCONF) --exists $(1) 2>/dev/null && echo 1)

WARN   := -Wall -Wextra -Wshadow -Wstrict-prototypes -Werror
CFLAGS ?= -O2 -g
BASE   := -std=gnu11 -D_GNU_SOURCE -DFAULTD_VERSION='"$(VERSION)"' -Iuserspace -Iinclude -I$(B)/include $(WARN) -pthread
LIBS   := $(call pc_libs,libbpf jansson libconfuse) -lelf -lz
BASE   += $(call pc_cflags,libbpf jansson libconfuse)
ifeq ($(call pc_have,libsystemd),1)
BASE += -DHAVE_SYSTEMD $(call pc_cflags,libsystemd)
LIBS += $(call pc_libs,libsystemd)
endif
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDHARD := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SANFLAGS := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer

LIB_SRC  := $(sort $(wildcard userspace/*/*.c))
MAIN_SRC := userspace/faultd.c
GEN_SRC  := $(sort $(wildcard tools/faultgen*.c))
CTL_SRC  := $(sort $(wildcard tools/faultctl*.c))
UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
BPF_SRC  := $(sort $(wildcard bpf/*.bpf.c))

obj  = $(patsubst %.c,$(B)/obj/%.o,$(1))
sobj = $(patsubst %.c,$(B)/san/%.o,$(1))
UNIT := $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT_SRC))
SUNIT := $(patsubst tests/unit/%.c,$(B)/tests/san-%,$(UNIT_SRC))
PROGRAMS := $(B)/faultd $(if $(GEN_SRC),$(B)/faultgen) $(if $(CTL_SRC),$(B)/faultctl)

.PHONY: all
all: $(PROGRAMS)

.DELETE_ON_ERROR:
.SECONDARY:

# ---- BPF: one object a family, linked into one, one skeleton

SKEL := $(B)/include/faultd.skel.h

bpf_cc = $(CLANG) -target bpf -D__BPF__ -D__TARGET_ARCH_$(1) -std=gnu11 -O2 -g -mcpu=v2 -Wall -Wextra -Wshadow \
	-Wstrict-prototypes -Werror -Wno-unused-parameter -Wno-missing-declarations -Iinclude -Ibpf \
	$(addprefix -isystem ,$(wildcard /usr/include/$(shell uname -m)-linux-gnu))

$(B)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call bpf_cc,$(BPF_ARCH)) -MMD -MP -MT $@ -c $< -o $@

$(B)/bpf-arm64/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(call bpf_cc,arm64) -MMD -MP -MT $@ -c $< -o $@

# What others refer to comes first: libbpf's linker up to 1.1 loses the place of a map that was referred to before it
# was defined.
BPF_FIRST := ring process identity vma stall
BPF_OBJ := $(patsubst %,$(B)/bpf/%.bpf.o,$(BPF_FIRST)) $(filter-out $(patsubst %,$(B)/bpf/%.bpf.o,$(BPF_FIRST)),\
	$(patsubst bpf/%.c,$(B)/bpf/%.o,$(BPF_SRC)))

$(B)/faultd.bpf.o: $(BPF_OBJ)
	$(call say,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(SKEL): $(B)/faultd.bpf.o
	$(call say,SKEL,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name faultd_bpf >$@

# Only the rooms that include the skeleton wait for it; every other object is free to go first.
$(call obj,$(wildcard userspace/detect/*.c)) $(call sobj,$(wildcard userspace/detect/*.c)): | $(SKEL)

# ---- C

$(B)/include/syscall_names.h:
	$(call say,GEN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)echo '#include <sys/syscall.h>' | $(CC) -E -dM - | \
		sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$$/{\2, "\1"},/p' | sort -t'{' -k2 -n >$@

$(call obj,userspace/core/syscalls.c) $(call sobj,userspace/core/syscalls.c): | $(B)/include/syscall_names.h

$(B)/obj/tools/%.o: tools/%.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/obj/%.o: %.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(CFLAGS) $(HARDEN) -MMD -MP -c $< -o $@

$(B)/san/%.o: %.c
	$(call say,CC-SAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(BASE) $(SANFLAGS) -MMD -MP -c $< -o $@

$(B)/libfaultd.a: $(call obj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/libfaultd-san.a: $(call sobj,$(LIB_SRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/faultd: $(call obj,$(MAIN_SRC)) $(B)/libfaultd.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDHARD) -pthread -o $@ $^ $(LIBS) -lm

$(B)/faultd-san: $(call sobj,$(MAIN_SRC)) $(B)/libfaultd-san.a
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=address,undefined -pthread -o $@ $^ $(LIBS) -lm

$(B)/faultgen: $(call obj,$(GEN_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) -pthread -o $@ $^ -lm -ldl

$(B)/faultctl: $(call obj,$(CTL_SRC)) $(B)/libfaultd.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDHARD) -pthread -o $@ $^ $(LIBS) -lm

# ---- helpers of the bench: static, so that loading libraries is no part of what is measured

BENCH := $(patsubst tools/bench/%.c,$(B)/bench/%,$(sort $(wildcard tools/bench/*.c)))

$(B)/bench/%: tools/bench/%.c tools/bench/bench.h
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARN) -O2 -static -o $@ $<

$(B)/bench/nothing: tools/bench/nothing.c
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARN) -O2 -static -nostdlib -ffreestanding -fno-stack-protector -o $@ $<

# ---- unit tests; a test that replaces functions names them in one line of its own: // WRAP: open read

wrap_of = $(addprefix -Wl$(comma)--wrap=,$(shell sed -n 's,^// WRAP: *,,p' $(1)))
comma := ,

$(B)/tests/san-%: $(B)/san/tests/unit/%.o $(B)/libfaultd-san.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=address,undefined -pthread -o $@ $^ $(call wrap_of,tests/unit/$*.c) $(LIBS) -lcmocka -lm

$(B)/tests/%: $(B)/obj/tests/unit/%.o $(B)/libfaultd.a
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -pie -pthread -o $@ $^ $(call wrap_of,tests/unit/$*.c) $(LIBS) -lcmocka -lm

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- the commands of the README; each makes sure first that what it needs is there

setup = @tools/dist/setup

.PHONY: run check demo bench tests unit
run:
	$(setup) build
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(B)/faultd $(ARGS)

tests: all $(UNIT) $(SUNIT) $(B)/faultd-san

# TIERS="unit live" runs only those.
check:
	$(setup) build check
	$(Q)$(MAKE) --no-print-directory tests
	$(Q)tests/run $(TIERS)

demo:
	$(setup) build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/demo

bench:
	$(setup) build bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH)
	$(Q)tools/bench/run $(ARGS)

unit: $(UNIT)
	$(Q)tests/unit/run $(UNIT)

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/doc/faultd \
		$(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)/etc/faultd/faultd.conf.d
	install -m 755 $(B)/faultd $(DESTDIR)$(PREFIX)/sbin/faultd
	install -m 755 $(filter-out $(B)/faultd,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin/
	install -m 644 README.md tools/dist/faultd.conf.example $(DESTDIR)$(PREFIX)/share/doc/faultd/
	sed 's,@PREFIX@,$(PREFIX),' tools/dist/faultd.service.in >$(DESTDIR)$(PREFIX)/lib/systemd/system/faultd.service
	chmod 644 $(DESTDIR)$(PREFIX)/lib/systemd/system/faultd.service

.PHONY: help
help:
	@echo 'make            build into $(B)/'
	@echo 'make run        build, load and stream this host'"'"'s faults (ARGS="--output json" ...)'
	@echo 'make check      build and run every test (TIERS="unit live" ...)'
	@echo 'make demo       break real services and watch them come back'
	@echo 'make bench      measure speed and cost beside the peers'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR='

.PHONY: clean
clean:
	$(Q)rm -rf $(B)

# ---- fuzz targets: with libFuzzer where clang has it, else with a main() that mutates the seeds

FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_LIB := $(sort $(wildcard userspace/core/*.c userspace/diagnose/*.c userspace/monitor/*.c userspace/host/config*.c) \
	$(addprefix userspace/host/,cgroup.c supervisor.c user.c) \
	$(addprefix userspace/detect/,correlate.c decode.c known.c replay.c stalls.c))
fobj = $(patsubst %.c,$(B)/fuzz/obj/%.o,$(1))

# The compiler and the object that drives the targets, as shell variables.
$(B)/fuzz/engine:
	$(Q)mkdir -p $(@D)
	$(Q)if echo 'int LLVMFuzzerTestOneInput(void); int LLVMFuzzerTestOneInput(void) { return 0; }' | \
		$(CLANG) -fsanitize=fuzzer,address,undefined -x c -o $@.try - 2>/dev/null; then \
		printf '# libFuzzer\ncc="%s -fsanitize=fuzzer-no-link"\nld="%s -fsanitize=fuzzer"\nmain=\n' '$(CLANG)' '$(CLANG)'; \
	else \
		printf '# tests/fuzz/standalone.c\ncc="%s"\nld="%s"\nmain=%s\n' '$(CC)' '$(CC)' '$(call fobj,tests/fuzz/standalone.c)'; \
	fi >$@
	$(Q)rm -f $@.try

$(call fobj,userspace/core/syscalls.c): | $(B)/include/syscall_names.h

$(B)/fuzz/obj/%.o: %.c | $(B)/fuzz/engine
	$(call say,CC-FUZZ,$@)
	$(Q)mkdir -p $(@D)
	$(Q). $(B)/fuzz/engine && $$cc $(BASE) $(SANFLAGS) -MMD -MP -c $< -o $@

$(B)/fuzz/fuzz_%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o $(call fobj,$(FUZZ_LIB) tests/fuzz/standalone.c)
	$(call say,LINK,$@)
	$(Q). $(B)/fuzz/engine && $$ld -fsanitize=address,undefined -pthread -o $@ $< $(call fobj,$(FUZZ_LIB)) $$main $(LIBS) -lm

.PHONY: fuzz
fuzz: $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(FUZZ_SRC))

# For tests/style/run.
.PHONY: flags
flags:
	@:$(info $(BASE))
