# ZenCube. `make help` lists what there is to make.
#
# Out of tree: everything built lies below $(B). The user's CC, CPPFLAGS, CFLAGS, LDFLAGS and LDLIBS
# are appended and never overwritten; only the shim's own flags come after them, because they must win.
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

warn := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla -Wundef \
	-Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough -Wno-unused-parameter
ifeq ($(WERROR),1)
warn += -Werror
endif
base := -std=gnu11 -D_GNU_SOURCE -I. -g -MMD -MP $(warn)
ifneq ($(SAN),1)
base += -O2
hard := -D_FORTIFY_SOURCE=2 -fstack-protector-strong
else
base += -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
endif
tool_cflags := $(base) $(hard) -fPIE
tool_ldflags := -pie -Wl,-z,relro,-z,now
# The guest in a stranger's process: no libc headers' magic, no guards, no dynamic TLS, no builtins
# that turn into libc calls.
shim_cflags := -std=gnu11 -D_GNU_SOURCE -I. -g -O2 -MMD -MP $(warn) -fPIC -ffreestanding -fvisibility=hidden \
	-fno-stack-protector -fno-lto -U_FORTIFY_SOURCE -U_FILE_OFFSET_BITS -ftls-model=initial-exec \
	-fasynchronous-unwind-tables -fno-builtin -DZC_SHIM
shim_ldflags := -shared -nostdlib -Wl,-z,now,-z,relro,--hash-style=both,--build-id,-soname,libzcshim.so \
	-Wl,--version-script=$(B)/shim.map

core_src := $(wildcard core/*.c)
policy_src := $(wildcard policy/*.c)
evidence_src := $(filter-out evidence/zcaudit%.c,$(wildcard evidence/*.c))
audit_src := $(wildcard evidence/zcaudit*.c)
wrap_src := $(wildcard wrap/*.c)
tracer_src := $(wildcard tracer/*.c)
shim_src := $(wildcard preload/*.c)
shim_asm := $(wildcard preload/*.S)

tool_obj = $(patsubst %.c,$(B)/tool/%.o,$(1))
shim_obj := $(patsubst %.c,$(B)/shim/%.o,$(core_src) $(shim_src)) $(patsubst %.S,$(B)/shim/%.o,$(shim_asm))
libs_policy := -ljson-c -lsodium
libs_evidence := -ljson-c -lsodium -lunwind-x86_64 -lunwind -lelf

programs := $(B)/zcwrap $(B)/zctrace $(B)/zcaudit $(B)/libzcshim.so
all: $(programs)

$(B)/zcwrap: $(call tool_obj,$(wrap_src) $(policy_src) $(evidence_src) $(core_src))
	$(CC) $(tool_ldflags) $(base_ld) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs_policy) $(libs_evidence) -lpthread $(LDLIBS)
$(B)/zctrace: $(call tool_obj,$(tracer_src) $(policy_src) $(evidence_src) $(core_src))
	$(CC) $(tool_ldflags) $(base_ld) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs_policy) $(libs_evidence) $(LDLIBS)
$(B)/zcaudit: $(call tool_obj,$(audit_src) $(evidence_src) $(core_src))
	$(CC) $(tool_ldflags) $(base_ld) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs_evidence) $(LDLIBS)
ifeq ($(SAN),1)
base_ld := -fsanitize=address,undefined
endif

$(B)/libzcshim.so: $(shim_obj) $(B)/shim.map
	$(CC) $(CFLAGS) $(LDFLAGS) $(shim_ldflags) -o $@ $(shim_obj)
$(B)/shim.map: core/calls.def scripts/shim-map
	@mkdir -p $(@D)
	sh scripts/shim-map core/calls.def >$@

$(B)/tool/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(tool_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(B)/shim/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(shim_cflags) -c -o $@ $<
$(B)/shim/%.o: %.S
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(shim_cflags) -c -o $@ $<

clean:
	rm -rf $(B)

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all clean
