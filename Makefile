# ZenCube. `make help` lists what there is to make.
#
# Out of tree: everything built lies below $(B). The user's CC, CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS
# are appended and never overwritten; only the shim's own flags come after them, because they must win.
ifeq ($(SAN),1)
B ?= build/san
else
B ?= build
endif
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
FUZZ_SECONDS ?= 20
jobs = $(if $(findstring j,$(MAKEFLAGS)),,-j$(shell nproc))

# One short line for each file that is made; V=1 shows the commands.
ifneq ($(V),1)
Q := @
say = @printf '  %-4s %s\n' $(1) $@
endif

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

# --- flags -----------------------------------------------------------------------------------------
warn := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef \
	-Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough -Wno-unused-parameter \
	-Werror=implicit-function-declaration
ifeq ($(WERROR),1)
warn += -Werror
endif
base := -std=gnu11 -D_GNU_SOURCE -I. -g -MMD -MP $(warn)
ifeq ($(SAN),1)
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=undefined
base += -O1 -fno-omit-frame-pointer $(sanitize)
else
base += -O2
hard := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
tool_cflags := $(base) $(hard) -fPIE -DZC_LIBDIR='"$(PREFIX)/lib/zencube"'
tool_ldflags := -pie -Wl,-z,relro,-z,now $(sanitize)
# The guest in a stranger's process: no libc headers' magic, no guards, no dynamic TLS, no builtins
# that turn into libc calls.
shim_cflags := -std=gnu11 -D_GNU_SOURCE -I. -g -O2 -MMD -MP $(warn) -fPIC -ffreestanding \
	-fvisibility=hidden -fno-stack-protector -fno-lto -U_FORTIFY_SOURCE -U_FILE_OFFSET_BITS \
	-ftls-model=initial-exec -mno-red-zone -fasynchronous-unwind-tables -fno-builtin -ffunction-sections \
	-fdata-sections -DZC_SHIM
# Without relro: making part of the data read-only again is a mapping more for each program that starts, and what
# could be written instead, the shim's own state, lies beside it. preload/layout.ld has the rest of that.
shim_ldflags := -shared -nostdlib -Wl,-z,now,-z,norelro,-z,noseparate-code,--hash-style=both,--build-id \
	-Wl,--gc-sections,-soname,libzcshim.so,--version-script=$(B)/shim.map,-T,preload/layout.ld
# Only who reads files of suspects in a process of its own: libdw, and libiberty's demangler.
namer_libs := -ldw -lelf -liberty
libs := -ljson-c -lsodium -lunwind-x86_64 -lunwind -lelf -lz -lpthread

# --- what is built from what -----------------------------------------------------------------------
core_src := $(wildcard core/*.c core/*/*.c)
text_src := $(wildcard text/*.c)
policy_src := $(wildcard policy/*.c policy/*/*.c)
confine_src := $(wildcard confine/*.c confine/*/*.c)
evidence_src := $(wildcard evidence/*.c evidence/*/*.c)
audit_src := $(wildcard audit/*.c audit/*/*.c)
wrap_src := $(wildcard wrap/*.c wrap/*/*.c)
tracer_src := $(wildcard tracer/*.c tracer/*/*.c)
namer_src := $(wildcard namer/*.c)
shim_src := $(wildcard preload/*.c preload/*/*.c preload/*/*.S)
unit_src := $(wildcard tests/unit/*.c)
fuzz_src := $(wildcard tests/fuzz/*.c)

tool_obj = $(patsubst %.c,$(B)/tool/%.o,$(1))
shim_obj := $(addprefix $(B)/shim/,$(addsuffix .o,$(basename $(core_src) $(shim_src))))
# The tests link against everything but the main functions.
testable := $(filter-out wrap/main.c tracer/main.c audit/main.c, \
	$(core_src) $(text_src) $(policy_src) $(confine_src) $(evidence_src) $(audit_src) $(wrap_src) \
	$(tracer_src))

programs := $(B)/zcwrap $(B)/zctrace $(B)/zcaudit $(B)/zcname $(B)/libzcshim.so
units := $(patsubst %.c,$(B)/%,$(unit_src))
replays := $(patsubst tests/fuzz/%.c,$(B)/tests/replay/%,$(fuzz_src))
fuzzers := $(patsubst tests/fuzz/%.c,$(B)/fuzzer/%,$(fuzz_src))

all: $(programs)
tests: $(units) $(replays)

link = $(Q)$(CC) $(CFLAGS) $(tool_ldflags) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(libs) $(LDLIBS)
$(B)/zcwrap: $(call tool_obj,$(wrap_src) $(policy_src) $(confine_src) $(evidence_src) $(text_src) $(core_src))
	$(call say,LD)
	$(link)
$(B)/zctrace: $(call tool_obj,$(tracer_src) $(policy_src) $(confine_src) $(evidence_src) $(text_src) $(core_src))
	$(call say,LD)
	$(link)
$(B)/zcaudit: $(call tool_obj,$(audit_src) $(evidence_src) $(policy_src) $(text_src) $(core_src))
	$(call say,LD)
	$(link)
$(B)/zcname: $(call tool_obj,$(namer_src) evidence/naming/protocol.c)
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(tool_ldflags) $(LDFLAGS) -o $@ $(filter %.o %.a,$^) $(namer_libs) $(LDLIBS)
$(B)/libzcshim.so: $(shim_obj) $(B)/shim.map preload/layout.ld
	$(call say,LD)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(shim_ldflags) -o $@ $(shim_obj)
$(B)/shim.map: core/calls.def scripts/shim-map
	@mkdir -p $(@D)
	$(Q)sh scripts/shim-map core/calls.def >$@

$(B)/libtestable.a: $(call tool_obj,$(testable))
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^
$(units): $(B)/tests/unit/%: $(B)/tool/tests/unit/%.o $(B)/libtestable.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(link)
$(replays): $(B)/tests/replay/%: $(B)/tool/tests/fuzz/%.o $(B)/tool/tests/replay.o $(B)/libtestable.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(link)

# Objects depend on the command line too, so that switching compilers or flags never mixes them.
flags := $(CC) | $(tool_cflags) | $(shim_cflags) | $(CPPFLAGS) | $(CFLAGS)
$(B)/flags: always
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(flags))' | cmp -s - $@ || echo '$(subst ','\'',$(flags))' >$@
$(B)/tool/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(tool_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
# What the page and the schemas are made of is taken in by the assembler, which names no dependencies.
$(B)/tool/evidence/report/report_html.o: evidence/report/page.css evidence/report/page.js
$(B)/tool/audit/report.o: docs/schema/event.json docs/schema/run.json
$(B)/shim/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(shim_cflags) -c -o $@ $<
$(B)/shim/%.o: %.S $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(shim_cflags) -c -o $@ $<

# --- tests -----------------------------------------------------------------------------------------
# The first step installs what is missing, so that this works on a machine that has only make.
check:
	@sh scripts/deps.sh --tests
	$(MAKE) $(jobs) all tests
	@python3 tests/run --build=$(B) $(ONLY)

# All that tests/cpython/run knows; `make check` has the quick ones. Some minutes, most of them asleep.
check-cpython: all
	@ZC_BUILD=$(abspath $(B)) python3 tests/cpython/run $(CPYTHON)

check-san:
	@sh scripts/deps.sh --tests
	$(MAKE) $(jobs) SAN=1 all tests
	@python3 tests/run --build=build/san unit replay e2e

# clang's fuzzer on each target, FUZZ_SECONDS each; what it finds belongs into tests/fuzz/corpus/.
fuzz:
	@sh scripts/deps.sh --fuzz
	$(MAKE) $(jobs) $(fuzzers)
	@sh scripts/fuzz.sh $(B) $(FUZZ_SECONDS)
$(B)/fuzzer/%: tests/fuzz/%.c $(testable)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)clang -std=gnu11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined -o $@ $^ $(libs)

lint:
	@sh scripts/deps.sh --lint
	@sh scripts/lint.sh $(B)/lint

format:
	clang-format -i $$(sh scripts/lint.sh --files)

$(B)/bench/evidence: $(B)/tool/bench/evidence.o $(B)/libtestable.a
	@mkdir -p $(@D)
	$(call say,LD)
	$(link)
bench: all $(B)/bench/evidence
	@sh scripts/deps.sh --tests
	@python3 bench/run --build=$(B) $(BENCH)

demo:
	@sh scripts/deps.sh
	@echo 'Building ...'
	@$(MAKE) --no-print-directory $(jobs) say= all
	@sh scripts/demo.sh $(B)

# --- installing ------------------------------------------------------------------------------------
man1 := $(wildcard docs/*.1)
man5 := $(wildcard docs/*.5)
man7 := $(wildcard docs/*.7)
to := $(DESTDIR)$(PREFIX)
install: all
	install -d $(to)/bin $(to)/lib/zencube $(to)/share/man/man1 $(to)/share/man/man5 $(to)/share/man/man7
	install -m 755 $(B)/zcwrap $(B)/zctrace $(B)/zcaudit $(to)/bin
	install -m 755 $(B)/libzcshim.so $(B)/zcname $(to)/lib/zencube
	install -m 644 $(man1) $(to)/share/man/man1
	install -m 644 $(man5) $(to)/share/man/man5
	install -m 644 $(man7) $(to)/share/man/man7
	install -D -m 644 completions/zencube.bash $(to)/share/bash-completion/completions/zcwrap
	ln -sf zcwrap $(to)/share/bash-completion/completions/zctrace
	ln -sf zcwrap $(to)/share/bash-completion/completions/zcaudit
	install -D -m 644 completions/_zencube $(to)/share/zsh/site-functions/_zencube
	for name in zcwrap zctrace zcaudit; do install -D -m 644 completions/zencube.fish \
		$(to)/share/fish/vendor_completions.d/$$name.fish; done
uninstall:
	rm -f $(addprefix $(to)/bin/,zcwrap zctrace zcaudit) \
		$(addprefix $(to)/lib/zencube/,libzcshim.so zcname)
	rm -f $(addprefix $(to)/share/man/man1/,$(notdir $(man1)))
	rm -f $(addprefix $(to)/share/man/man5/,$(notdir $(man5)))
	rm -f $(addprefix $(to)/share/man/man7/,$(notdir $(man7)))
	rm -f $(addprefix $(to)/share/bash-completion/completions/,zcwrap zctrace zcaudit)
	rm -f $(to)/share/zsh/site-functions/_zencube
	rm -f $(addprefix $(to)/share/fish/vendor_completions.d/,zcwrap.fish zctrace.fish zcaudit.fish)
	-rmdir $(to)/lib/zencube

clean:
	rm -rf $(B)

help:
	@sed -n 's/^#: //p' Makefile
#: make               the programs, into build/
#: make demo          build, then watch a real program being refused (start here)
#: make check         install what is missing, build, and run every test  [ONLY="unit probe"]
#: make check-cpython Python's own tests under ZenCube, if installed      [CPYTHON="-m test_os"]
#: make check-san     unit tests and programs under AddressSanitizer and UBSan
#: make fuzz          clang's fuzzer on each target                       [FUZZ_SECONDS=20]
#: make bench         what it costs, as ratios to the bare run            [BENCH=--write]
#: make lint          format, cppcheck, clang-tidy, shellcheck, -Werror with gcc and clang
#: make format        rewrite the sources in the house's format
#: make install       into DESTDIR/PREFIX (default /usr/local); make uninstall removes it
#: make clean         remove build/
#: Variables: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS, B=DIR, PREFIX, DESTDIR, WERROR=1, SAN=1, V=1

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all tests check check-cpython check-san fuzz lint format bench demo install uninstall clean help always
