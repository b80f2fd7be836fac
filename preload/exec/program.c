/* SPDX-License-Identifier: MIT */
/*
 * program.c - may this program run? Its file, a script's interpreter, what a loader is told to start.
 */
#include <sys/stat.h>
#include <time.h>

#include "preload/exec/carry.h"
#include "preload/judge/gate.h"
#include "preload/judge/judge.h"
#include "preload/open/open.h"

#define MOST_INTERPRETERS 5u

struct question {
	const void *caller;
	struct zc_elf_look *look;
	unsigned depth;
	bool announce;
	/* Of what is run on behalf of something else: that one's arguments ... */
	const struct zc_argv *outer;
	/* ... and as what: a script's interpreter, or the outer's argument of that number. */
	const char *interpreter, *option, *script;
	uint32_t launched;
	char *const *argv;         /* what the first of all was given */
	const struct question *up; /* whose interpreter this is; NULL: nobody's */
};

static int judge(struct question q, int dirfd, const char *path, int atflags);

/* A look takes a handful of small reads that lie close together: one call fetches several. */
struct window {
	long fd, len;
	uint64_t offset;
	char bytes[576];
};

static long read_window(void *context, void *buffer, size_t len, uint64_t offset)
{
	struct window *w = context;

	if (len > sizeof(w->bytes))
		return -EINVAL;
	if (offset < w->offset || offset + len > w->offset + (uint64_t)w->len) {
		w->offset = offset;
		w->len = zc_sys4(__NR_pread64, w->fd, (long)w->bytes, sizeof(w->bytes),
				 (long)offset);
		if (w->len < 0)
			w->len = 0;
	}
	if (w->len < (long)len)
		len = (size_t)w->len;
	zc_copy(buffer, w->bytes + (offset - w->offset), len);
	return (long)len;
}

/*
 * The program that a script's first line names; cut off behind it. *ret_option: what stands behind it,
 * NULL when nothing does.
 */
static char *interpreter_of(char *line, long len, char **ret_option)
{
	char *at = line + 2, *end, *option;

	line[len] = '\0';
	while (*at == ' ' || *at == '\t')
		at++;
	for (end = at; *end && *end != ' ' && *end != '\t' && *end != '\n';)
		end++;
	for (option = end; *option == ' ' || *option == '\t';)
		option++;
	*ret_option = *option && *option != '\n' ? option : NULL;
	while (*option && *option != '\n')
		option++;
	while (option > end && (*option == '\n' || !*option || *option == ' ' || *option == '\t'))
		*option-- = '\0';
	*end = '\0';
	return at;
}

/* ---- arguments, where the policy has rules on commands ---- */

static bool arguments_matter(void)
{
	return zc_shim.image && zc_argv_matters(zc_shim.image);
}

static size_t bounded_len(const char *text, size_t most)
{
	size_t len = 0;

	while (len < most && text[len])
		len++;
	return len;
}

static void take_own_arguments(struct zc_argv *to, char *const *argv)
{
	size_t room;

	to->count = 0;
	for (size_t i = 0; argv && argv[i] && (room = zc_argv_room(to)); i++)
		zc_argv_add(to, argv[i], bounded_len(argv[i], room));
}

static void take_outer_arguments(struct zc_argv *to, const struct question *q)
{
	*to = *q->outer;
	if (q->interpreter) {
		zc_argv_interpret(to, q->interpreter, q->option, q->script);
		return;
	}
	to->count = q->launched < to->count ? to->count - q->launched : 0;
	for (uint32_t i = 0; i < to->count; i++)
		to->at[i] = q->outer->at[i + q->launched];
}

static uint64_t look_at_stream(void *context, int fd)
{
	struct stat st;

	if (zc_sys2(__NR_fstat, fd, (long)&st) < 0)
		return 0;
	return zc_feed_key(st.st_mode, st.st_dev, st.st_ino);
}

static void take_arguments(struct question q, struct zc_guard *guard)
{
	long len;

	if (q.outer)
		take_outer_arguments(&guard->argv, &q);
	else
		take_own_arguments(&guard->argv, q.argv);
	guard->argv.cwd = NULL;
	guard->event.argv = &guard->argv;
	if (zc_shim.passive)
		return;
	len = zc_read_cwd(guard->cwd);
	if (len > 0 && guard->cwd[0] == '/') {
		guard->argv.cwd = guard->cwd;
		guard->argv.cwd_len = (uint32_t)len;
	}
	if (zc_feeds_matter(zc_shim.image))
		zc_feeds_judge(&zc_shim.page->feeds, zc_shim.image, &guard->event, look_at_stream,
			       NULL);
}

/* "#!": the kernel runs what stands there, so that must be allowed too. */
static int judge_interpreter(struct question q, const struct zc_guard *guard, char *line, long len)
{
	const struct zc_object *script = &guard->event.object[0];
	const struct question up = q;
	char *option, *at = interpreter_of(line, len, &option);

	q.up = &up;
	q.depth++;
	q.announce = false;
	q.outer = &guard->argv;
	q.interpreter = at;
	q.option = option;
	q.script = script->requested_len ? script->requested : script->path ? script->path : "";
	return *at ? judge(q, AT_FDCWD, at, 0) : 0;
}

/* Looks into the file: a script's first line, or a program's headers. */
static int look_inside(struct question q, const struct zc_guard *guard, const char *spelled,
		       bool *ret_script)
{
	struct window w = {
		zc_sys_openat(AT_FDCWD, spelled, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0), 0, 0, { 0 }
	};
	char mark[4];
	int error = 0;

	if (w.fd < 0)
		return 0; /* not readable: no script, and its headers stay unknown */
	*ret_script = read_window(&w, mark, sizeof(mark), 0) > 2 && mark[0] == '#' &&
		      mark[1] == '!';
	if (*ret_script)
		error = judge_interpreter(q, guard, w.bytes, w.len > 255 ? 255 : w.len);
	else
		zc_elf_look(q.look, read_window, &w);
	zc_sys_close((int)w.fd);
	return error;
}

/*
 * What is a loader told to start, and by which argument? Scripts on the way have put theirs in front, the
 * last one first.
 */
static const char *launched_by(const struct question *q, uint32_t *ret_at)
{
	bool value = false;

	*ret_at = 0;
	for (const struct question *s = q; s && s->interpreter; s = s->up) {
		if (s->option && (++*ret_at, zc_launched_word(s->option, &value)))
			return s->option;
		if (++*ret_at, zc_launched_word(s->script, &value))
			return s->script;
	}
	for (size_t i = 1; q->argv && q->argv[0] && q->argv[i]; i++)
		if (++*ret_at, zc_launched_word(q->argv[i], &value))
			return q->argv[i];
	return NULL;
}

/* "ld.so PROGRAM": that one has to be allowed too. */
static int judge_launched(struct question q, const struct zc_guard *guard)
{
	struct question inner = {
		.caller = q.caller, .look = q.look, .depth = q.depth + 1, .outer = &guard->argv
	};
	const char *program = launched_by(&q, &inner.launched);

	return program ? judge(inner, AT_FDCWD, program, 0) : 0;
}

static int judge_file(struct question q, struct zc_guard *guard)
{
	struct zc_object *object = &guard->event.object[0];
	const char *spelled = guard->pin[0].fd >= 0 ? guard->spelled[0] : NULL;
	char by_fd[40];
	bool script = false;
	int error;

	/* Code without a name is judged by the one it goes by: "/memfd:name". */
	if (object->flags & ZC_OBJ_NAMELESS && object->path && object->path[0] == '/')
		object->flags &= (uint8_t)~ZC_OBJ_NAMELESS;
	if (arguments_matter())
		take_arguments(q, guard);
	error = zc_guard_decide(guard);
	if (error)
		return error;
	if (object->flags & ZC_OBJ_BY_FD && object->dirfd >= 0) {
		zc_spell_fd(by_fd, object->dirfd);
		spelled = by_fd;
	}
	if (spelled && !zc_shim.passive)
		error = look_inside(q, guard, spelled, &script);
	if (!error && object->path && !script &&
	    (q.look->loader ||
	     (!q.look->bits && zc_is_named_loader(object->path, object->path_len))))
		error = judge_launched(q, guard);
	if (!error && q.announce)
		zc_say_exec(object->path, q.argv, 0);
	return error;
}

static int judge(struct question q, int dirfd, const char *path, int atflags)
{
	const long args[6] = { dirfd, (long)path, (long)q.argv, 0, atflags, 0 };
	struct zc_guard *guard;
	int error;

	if (q.depth > MOST_INTERPRETERS)
		return 0; /* the kernel gives up sooner, with ELOOP */
	guard = zc_guard_take(q.caller);
	if (!guard)
		return -ENOMEM;
	error = zc_guard_fill(guard, ZC_ID_execveat, args);
	if (!error)
		error = zc_resolve(guard, 0);
	if (!error)
		error = judge_file(q, guard);
	zc_guard_give(guard);
	return error;
}

/* ---- what was found to be an ordinary program ---- */

#define ORDINARY 16u
#define SETTLED_S 2 /* a file that has just changed may change again within one tick of the clock */

/*
 * Files that were found to be for this machine, with a loader and no sanitizer, by all that changes when they do:
 * a shell or make starts the same few again and again. Whoever would write here could as well start them itself.
 */
static uint64_t ordinary[ORDINARY];

static uint64_t identity_of(const struct stat *st)
{
	const uint64_t is[] = { st->st_dev,
				st->st_ino,
				(uint64_t)st->st_size,
				(uint64_t)st->st_mtim.tv_sec,
				(uint64_t)st->st_mtim.tv_nsec,
				(uint64_t)st->st_ctim.tv_sec,
				(uint64_t)st->st_ctim.tv_nsec };

	return zc_hash_bytes(is, sizeof(is), 5) | 1; /* 0 is free */
}

/* *ret_identity: of a regular file; 0 where it is none, or was changed just now. */
static bool is_ordinary(int dirfd, const char *path, uint64_t *ret_identity)
{
	struct stat st;

	*ret_identity = 0;
	if (zc_sys4(__NR_newfstatat, dirfd, (long)path, (long)&st, 0) != 0 || !S_ISREG(st.st_mode))
		return false;
	*ret_identity = identity_of(&st);
	return __atomic_load_n(&ordinary[*ret_identity >> 8 & (ORDINARY - 1)], __ATOMIC_RELAXED) ==
	       *ret_identity;
}

/* The one that was looked at, if it has been as it is for a while. */
static void keep_ordinary(int fd, uint64_t identity, const struct zc_elf_look *look)
{
	struct timespec now = { 0, 0 };
	struct stat st;

	if (!identity || look->bits != 64 || !look->native || !look->interpreted || look->loader ||
	    look->sanitizer[0] || zc_sys2(__NR_fstat, fd, (long)&st) != 0 ||
	    identity_of(&st) != identity ||
	    zc_sys2(__NR_clock_gettime, CLOCK_REALTIME_COARSE, (long)&now) != 0 ||
	    now.tv_sec - st.st_ctim.tv_sec < SETTLED_S)
		return;
	__atomic_store_n(&ordinary[identity >> 8 & (ORDINARY - 1)], identity, __ATOMIC_RELAXED);
}

/*
 * Mode `hybrid`: nothing is judged here, but what it is must be known for what it is given in LD_PRELOAD.
 * It is looked at where that costs no stop: through the gate, or on the program's own descriptor.
 */
static void look_only(struct zc_elf_look *ret, int dirfd, const char *path, int atflags,
		      unsigned depth)
{
	struct window w = { -1, 0, 0, { 0 } };
	bool own = atflags & AT_EMPTY_PATH && zc_text_len(path) == 0;
	char mark[4];
	char *next = NULL, *option;
	uint64_t identity = 0;

	if (!zc_gate_is_open() || depth > MOST_INTERPRETERS)
		return;
	if (!own && is_ordinary(dirfd, path, &identity)) {
		*ret = (struct zc_elf_look){ .bits = 64, .native = true, .interpreted = true };
		return;
	}
	w.fd = own ? dirfd
		   : zc_open_inside(NULL, dirfd, path, zc_text_len(path),
				    O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	if (w.fd < 0)
		return;
	if (read_window(&w, mark, sizeof(mark), 0) > 2 && mark[0] == '#' && mark[1] == '!')
		next = interpreter_of(w.bytes, w.len > 255 ? 255 : w.len, &option);
	else if (zc_elf_look(ret, read_window, &w) == 0)
		keep_ordinary((int)w.fd, identity, ret);
	if (!own)
		zc_sys_close((int)w.fd);
	if (next && *next)
		look_only(ret, AT_FDCWD, next, 0, depth + 1);
}

int zc_judge_program(const void *caller, int dirfd, const char *path, char *const *argv,
		     int atflags, bool announce, struct zc_elf_look *ret_look)
{
	struct question q = {
		.caller = caller, .look = ret_look, .announce = announce, .argv = argv
	};

	zc_fill(ret_look, 0, sizeof(*ret_look));
	if (zc_shim.hybrid) {
		look_only(ret_look, dirfd, path, atflags, 0);
		return 0;
	}
	return zc_is_armed() ? judge(q, dirfd, path, atflags) : 0;
}
