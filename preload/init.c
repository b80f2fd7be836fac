/* SPDX-License-Identifier: MIT */
/*
 * init.c - finding the policy, the shared page and the collector; signing in.
 *
 * May run before any constructor, from the first hook that is called; then libc may not have set
 * itself up, so the environment is read from the kernel where libc's own copy is not there yet.
 */
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "preload/judge/gate.h"
#include "preload/judge/judge.h"

#define LOW_IMAGE (64l << 20) /* bytes; a larger one would reach down to where programs lie */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct zc_shim zc_shim;
struct zc_shim_rare zc_shim_rare;

extern char **__environ ZC_WEAK;
extern int dl_iterate_phdr(int (*visit)(struct dl_phdr_info *, size_t, void *), void *) ZC_WEAK;
extern const char *gnu_get_libc_version(void) ZC_WEAK;

/* Counts go here when there is no shared page: nothing has to ask whether one is there. */
static struct {
	uint64_t counters[16];
} no_page_counters;
static char **initial_environ;

char **zc_initial_environ(void)
{
	return initial_environ;
}

static const char *value_of(const char *entry, const char *name)
{
	while (*name && *entry == *name)
		entry++, name++;
	return !*name && *entry == '=' ? entry + 1 : NULL;
}

static const char *find_variable(char **environment, const char *name)
{
	for (; environment && *environment; environment++) {
		const char *value = value_of(*environment, name);

		if (value)
			return value;
	}
	return NULL;
}

/* Before libc is set up: the kernel's copy, as an array in memory that is never given back. */
static char **environ_from_kernel(void)
{
	const size_t cap = 512 * 1024, slots = 4096;
	long at, fd = zc_sys_openat(AT_FDCWD, "/proc/self/environ", O_RDONLY | O_CLOEXEC, 0);
	char *text, **list;
	size_t len = 0, n = 0;

	if (fd < 0)
		return NULL;
	at = zc_sys6(__NR_mmap, 0, (long)(cap + slots * sizeof(char *)), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096) {
		zc_sys_close((int)fd);
		return NULL;
	}
	text = (char *)at;
	list = (char **)(text + cap);
	for (;;) {
		long got = zc_sys3(__NR_read, fd, (long)(text + len), (long)(cap - 1 - len));

		if (got <= 0)
			break;
		len += (size_t)got;
	}
	zc_sys_close((int)fd);
	for (size_t i = 0; i < len && n + 1 < slots; i += zc_len(text + i) + 1)
		list[n++] = text + i;
	return list;
}

static bool is_inode(int fd, uint64_t ino, struct stat *st)
{
	return zc_sys2(__NR_fstat, fd, (long)st) == 0 && st->st_ino == ino;
}

/*
 * gate: 0, or that of the run. A shared mapping is held by an observer, twice the price of all else here, and
 * makes the process one whose memory others can write; from the gate it is not.
 */
static struct zc_page *map_page(int fd, uint64_t gate)
{
	const long size = sizeof(struct zc_page), protection = PROT_READ | PROT_WRITE;
	long at = gate ? zc_door(gate + ZC_GATE_PASS, __NR_mmap, 0, size, protection, MAP_SHARED,
				 fd, 0)
		       : zc_sys6(__NR_mmap, 0, size, protection, MAP_SHARED, fd, 0);

	return at < 0 && at > -4096 ? NULL : (struct zc_page *)at;
}

/*
 * Nobody writes it, here or elsewhere: private is the same as shared, and not held by an observer. The gate is
 * the last page of the same file, so one mapping puts both where the gate has to be; never over anything else:
 * kernels before 4.17 take the flag for a hint, so the answer is looked at.
 */
static long map_file(int fd, long size, uint64_t gate)
{
	const long at = (long)gate + (long)ZC_GATE_PAGE - size;
	long got;

	if (gate && size <= LOW_IMAGE && size % ZC_GATE_PAGE == 0) {
		got = zc_sys6(__NR_mmap, at, size, PROT_READ | PROT_EXEC,
			      MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
		if (got == at)
			return got;
		if (got >= 0 || got <= -4096)
			zc_sys2(__NR_munmap, got, size);
	}
	return zc_sys6(__NR_mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
}

static const struct zc_image *map_image(int fd, const struct stat *st, bool sealed)
{
	const struct zc_image *image;
	uint32_t gate = 0;
	long at;

	if (st->st_size < (long)sizeof(struct zc_image) ||
	    (sealed && zc_sys4(__NR_pread64, fd, (long)&gate, sizeof(gate),
			       offsetof(struct zc_image, gate)) != sizeof(gate)))
		return NULL;
	at = map_file(fd, st->st_size, gate);
	if (at < 0 && at > -4096)
		return NULL;
	image = (const struct zc_image *)at;
	/* zcwrap checked what it sealed; a file by hand is checked here, whatever that costs. */
	if ((sealed ? zc_image_check_head(image, (size_t)st->st_size)
		    : zc_image_check(image, (size_t)st->st_size)) < 0) {
		zc_sys2(__NR_munmap, (long)image, st->st_size);
		return NULL;
	}
	return image;
}

/* The gate, which may have come with the image. 0: there is none, or it could not be mapped. */
static uint64_t gate_of(const struct zc_image *image, int fd)
{
	if (!image || !image->gate)
		return 0;
	return (uint64_t)(uintptr_t)image + zc_gate_offset(image) == image->gate ||
			       zc_gate_map(image, fd)
		       ? image->gate
		       : 0;
}

/* *ret_gate: where it could be mapped, its address. */
static bool open_session(const char *value, uint64_t *ret_gate)
{
	const long seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct zc_session *session = &zc_shim.session;
	struct stat st;
	struct zc_page *page;
	uint64_t gate;

	if (zc_session_parse(session, value) < 0)
		return false;
	if (is_inode(session->image_fd, session->image_ino, &st) &&
	    (zc_sys3(__NR_fcntl, session->image_fd, F_GET_SEALS, 0) & seals) == seals)
		zc_shim.image = map_image(session->image_fd, &st, true);
	gate = gate_of(zc_shim.image, session->image_fd);
	if (is_inode(session->page_fd, session->page_ino, &st) &&
	    st.st_size >= (long)sizeof(*page)) {
		page = map_page(session->page_fd, gate);
		if (page && page->magic == ZC_PAGE_MAGIC)
			zc_shim.page = page;
	}
	*ret_gate = gate;
	return zc_shim.image && zc_shim.image->instance == session->instance;
}

/* By hand: ZENCUBE_IMAGE=FILE, and ZENCUBE_LOG=FILE for the frames. */
static bool open_by_hand(const char *image, const char *log)
{
	struct stat st;
	long fd = zc_sys_openat(AT_FDCWD, image, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (zc_sys2(__NR_fstat, fd, (long)&st) == 0)
		zc_shim.image = map_image((int)fd, &st, false);
	zc_sys_close((int)fd);
	if (zc_shim.image && log) {
		fd = zc_sys_openat(AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		if (fd >= 0) {
			/* Out of the way of the program's own numbers. */
			long high = zc_sys3(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 900);

			zc_shim.log_fd = (int)(high >= 0 ? high : fd);
			if (high >= 0)
				zc_sys_close((int)fd);
		}
	}
	return zc_shim.image != NULL;
}

static size_t put(char *to, size_t at, size_t cap, const char *text)
{
	while (*text && at + 1 < cap)
		to[at++] = *text++;
	to[at] = '\0';
	return at;
}

static void remember_variable(char *to, size_t cap, const char *name, const char *value)
{
	size_t at = put(to, 0, cap, name);

	at = put(to, at, cap, "=");
	put(to, at, cap, value);
}

/* Our own entry of LD_PRELOAD: the one that ends in our file's name. */
static void remember_preload(const char *value)
{
	static const char own[] = "libzcshim.so";
	const size_t own_len = sizeof(own) - 1;

	while (value && *value) {
		size_t len = 0;

		while (value[len] && value[len] != ':' && value[len] != ' ')
			len++;
		if (len >= own_len && len < ZC_PATH_CAP &&
		    zc_equal(value + len - own_len, own, own_len)) {
			char *at = len < sizeof(zc_shim.preload_here) ? zc_shim.preload_here
								      : zc_pages_take(ZC_PATH_CAP);

			if (!at)
				return;
			zc_copy(at, value, len);
			at[len] = '\0';
			zc_shim.preload = at;
			zc_shim.preload_len = len;
			return;
		}
		value += len + (value[len] != '\0');
	}
}

/* A filter of the program's own (not its container's) makes the shim passive from the start. */
static void look_for_filter(void)
{
	if (!zc_shim.hybrid && !zc_shim.page->outer_filter &&
	    zc_sys6(__NR_prctl, 21 /* PR_GET_SECCOMP */, 0, 0, 0, 0, 0) == 2)
		zc_shim.passive = 1;
}

static void find_policy(char **environment)
{
	const char *session = find_variable(environment, ZC_ENV_SESSION);
	const char *image = find_variable(environment, ZC_ENV_IMAGE);
	const char *log = find_variable(environment, ZC_ENV_LOG);
	bool found = false;
	uint64_t gate = 0;
	int ours[4];

	remember_preload(find_variable(environment, ZC_ENV_PRELOAD));
	if (session) {
		found = open_session(session, &gate);
		remember_variable(zc_shim.session_env, sizeof(zc_shim.session_env), ZC_ENV_SESSION,
				  session);
	} else if (image) {
		found = open_by_hand(image, log);
		remember_variable(zc_shim_rare.by_hand[0], sizeof(zc_shim_rare.by_hand[0]),
				  ZC_ENV_IMAGE, image);
		if (log)
			remember_variable(zc_shim_rare.by_hand[1], sizeof(zc_shim_rare.by_hand[1]),
					  ZC_ENV_LOG, log);
	}
	zc_shim.armed = ZC_ARMED; /* so that our descriptors count */
	zc_shim.lowest_fd = zc_our_fds(ours) ? ours[0] : 0x7fffffff;
	zc_shim.passive = zc_shim.session.passive;
	if (!session && !image)
		zc_shim.armed = ZC_INERT;
	else
		zc_shim.armed = found ? ZC_ARMED : zc_shim.session.gap_allow ? ZC_INERT : ZC_BLIND;
	if (found && session && zc_shim.image->gate) {
		zc_shim.hybrid = 1;
		zc_gate_start(gate);
		if (!zc_shim.gate)
			zc_shim.armed =
				ZC_INERT; /* the tracer sees it all, and counts us as without */
	}
}

void zc_start(void)
{
	static struct zc_page *stand_in;
	static int started;
	char **environment;

	if (__atomic_exchange_n(&started, 1, __ATOMIC_ACQ_REL))
		return; /* another hook below us is at it; it stays unstarted until it is done */
	zc_shim.preload = zc_shim.preload_here;
	zc_shim.log_fd = zc_shim.session.image_fd = zc_shim.session.page_fd =
		zc_shim.session.socket_fd = ZC_FD_NONE;
	environment = &__environ && __environ ? __environ : environ_from_kernel();
	initial_environ = environment;
	/* The counters at the head of struct zc_page are all that is touched without a real page. */
	_Static_assert(offsetof(struct zc_page, diverged) == 8 * 16,
		       "the stand-in covers the counters");
	stand_in = (struct zc_page *)&no_page_counters;
	zc_shim.page = stand_in;
	zc_shim.pid = zc_sys_getpid();
	find_policy(environment);
	if (zc_shim.armed == ZC_INERT)
		return;
	look_for_filter();
	if (zc_shim.hybrid)
		return; /* nothing is sent, so nothing is told apart */
	if (zc_sys3(__NR_getrandom, (long)&zc_shim.exec_id, sizeof(zc_shim.exec_id), 1) < 0)
		zc_shim.exec_id = (uint64_t)zc_shim.pid;
}

void zc_forked(void)
{
	zc_shim.pid = zc_sys_getpid();
	zc_cwd_forget();
	zc_gate_forked();
}

struct debug_search {
	const void *r_debug;
};

static int find_r_debug(struct dl_phdr_info *info, size_t size, void *context)
{
	struct debug_search *search = context;

	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Dyn) * dyn;

		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		dyn = (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		for (; dyn->d_tag != DT_NULL; dyn++)
			if (dyn->d_tag == DT_DEBUG)
				search->r_debug = (const void *)dyn->d_un.d_ptr;
	}
	return 1; /* the first entry is the program itself */
}

/* argv lies right below the environment on the initial stack, with its count in front. */
static char **argv_from_environ(char **environment)
{
	char **at = environment - 1;

	for (long n = 0; n < 1 << 20; n++)
		if ((long)*--at == n)
			return at + 1;
	return NULL;
}

static __attribute__((constructor)) void construct(int argc, char **argv, char **envp)
{
	struct debug_search search = { NULL };

	zc_start();
	if (dl_iterate_phdr)
		dl_iterate_phdr(find_r_debug, &search);
	zc_real_start(search.r_debug);
	if (zc_shim.armed == ZC_INERT || zc_shim.hybrid)
		return;
	/* musl calls constructors without arguments. */
	if (!gnu_get_libc_version)
		argv = &__environ && __environ ? argv_from_environ(__environ) : NULL;
	zc_sign_in(argv);
}
