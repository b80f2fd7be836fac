/* SPDX-License-Identifier: MIT */
/*
 * carry.c - the shim's way through an exec: three descriptors and two variables.
 *
 * Safe in a vfork child: it has descriptors of its own but our memory, so nothing is remembered here.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/wire/gate.h"
#include "preload/exec/carry.h"

extern char **environ ZC_WEAK;

char **zc_current_environ(void)
{
	return &environ ? environ : zc_initial_environ();
}

void *zc_block_map(size_t size)
{
	long at = zc_sys6(__NR_mmap, 0, (long)size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

void zc_block_unmap(void *block, size_t size)
{
	zc_sys2(__NR_munmap, (long)block, (long)size);
}

bool zc_names_variable(const char *entry, const char *name)
{
	while (*name && *entry == *name)
		entry++, name++;
	return !*name && *entry == '=';
}

static bool equal_text(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

const char *zc_own_variable(const struct zc_carry *carry, unsigned i)
{
	if (carry->session[0])
		return i == 0 ? carry->session : NULL;
	return i < 2 && zc_shim_rare.by_hand[i][0] ? zc_shim_rare.by_hand[i] : NULL;
}

static bool is_own_name(const char *entry)
{
	return entry[0] == 'Z' &&
	       (zc_names_variable(entry, ZC_ENV_SESSION) ||
		(!zc_shim.session_env[0] &&
		 (zc_names_variable(entry, ZC_ENV_IMAGE) || zc_names_variable(entry, ZC_ENV_LOG))));
}

/* ---- descriptors ---- */

/* Still ours, and set to survive the exec? */
static bool keep_open(int fd, uint64_t ino)
{
	struct stat st;
	long flags;

	/* No inode has number 0: in mode hybrid there is no socket. */
	if (fd < 0 || !ino || zc_sys2(__NR_fstat, fd, (long)&st) != 0 || st.st_ino != ino)
		return false;
	flags = zc_sys3(__NR_fcntl, fd, F_GETFD, 0);
	return flags >= 0 && (!(flags & FD_CLOEXEC) ||
			      zc_sys3(__NR_fcntl, fd, F_SETFD, flags & ~FD_CLOEXEC) == 0);
}

/* The image from our own mapping, in a new sealed memfd on a high number. */
static long remake_image(uint64_t *ret_ino)
{
	const long seals = F_SEAL_SEAL | F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	long fd = zc_sys2(__NR_memfd_create, (long)"zencube-image",
			  MFD_CLOEXEC | MFD_ALLOW_SEALING),
	     high;
	const size_t size = zc_shim.image->gate ? zc_gate_offset(zc_shim.image) + ZC_GATE_PAGE
						: zc_shim.image->size;
	struct stat st;
	size_t done = 0;

	while (fd >= 0 && done < size) {
		long put = zc_sys3(__NR_write, fd, (long)zc_shim.image + (long)done,
				   (long)(size - done));

		if (put <= 0)
			break;
		done += (size_t)put;
	}
	if (fd < 0 || done < size || zc_sys3(__NR_fcntl, fd, F_ADD_SEALS, seals) < 0 ||
	    zc_sys2(__NR_fstat, fd, (long)&st) < 0) {
		if (fd >= 0)
			zc_sys_close((int)fd);
		return -1;
	}
	high = zc_sys3(__NR_fcntl, fd, F_DUPFD, 900);
	if (high < 0)
		high = zc_sys3(__NR_fcntl, fd, F_DUPFD, 3);
	zc_sys_close((int)fd);
	*ret_ino = st.st_ino;
	return high;
}

static void print_session(struct zc_carry *carry, const struct zc_session *session)
{
	zc_copy(carry->session, ZC_ENV_SESSION "=", sizeof(ZC_ENV_SESSION));
	zc_session_print(session, carry->session + sizeof(ZC_ENV_SESSION),
			 sizeof(carry->session) - sizeof(ZC_ENV_SESSION));
}

static void see_to_descriptors(struct zc_carry *carry)
{
	struct zc_session session = zc_shim.session;
	long fd;

	carry->session[0] = '\0';
	if (!zc_shim.session_env[0])
		return;
	/* The next program may have a filter around it in any case: this says whose it is. */
	if (zc_shim.passive) {
		session.passive = true;
		print_session(carry, &session);
		return;
	}
	keep_open(session.page_fd, session.page_ino);
	keep_open(session.socket_fd, session.socket_ino);
	if (!zc_shim.image || keep_open(session.image_fd, session.image_ino)) {
		zc_copy(carry->session, zc_shim.session_env, sizeof(carry->session));
		return;
	}
	fd = remake_image(&session.image_ino);
	if (fd >= 0)
		session.image_fd = (int)fd;
	print_session(carry, &session);
}

/* ---- variables ---- */

/*
 * Nothing to add, replace or take out. A name that stands there twice is never right: who reads it
 * first and who reads it last would believe different ones.
 */
static bool is_complete(const struct zc_carry *carry, char *const *envp)
{
	char wanted[1024];
	unsigned own = 0, present = 0, named = 0, preloads = 0;

	if (zc_preload_list(wanted, sizeof(wanted), carry->preload, zc_shim.preload, carry->look) <
		    0 ||
	    !equal_text(wanted, carry->preload))
		return false;
	while (zc_own_variable(carry, own))
		own++;
	for (; envp && *envp; envp++) {
		preloads += zc_names_variable(*envp, ZC_ENV_PRELOAD);
		if (!is_own_name(*envp))
			continue;
		named++;
		for (unsigned i = 0; i < own; i++)
			present += equal_text(*envp, zc_own_variable(carry, i));
	}
	return present == own && named == own && preloads <= 1;
}

static void look_through(struct zc_carry *carry, char *const *envp)
{
	carry->preload = "";
	for (carry->entries = 0; envp && envp[carry->entries]; carry->entries++)
		if (envp[carry->entries][0] == 'L' &&
		    zc_names_variable(envp[carry->entries], ZC_ENV_PRELOAD))
			carry->preload = envp[carry->entries] + sizeof(ZC_ENV_PRELOAD);
}

void zc_carry_begin(struct zc_carry *carry, char *const *envp, const struct zc_elf_look *look)
{
	carry->look = look;
	carry->size = 0;
	see_to_descriptors(carry);
	look_through(carry, envp);
	if (!zc_shim.preload_len || is_complete(carry, envp))
		return;
	carry->size = (carry->entries + 5) * sizeof(char *) + sizeof(ZC_ENV_PRELOAD) +
		      zc_len(carry->preload) + zc_shim.preload_len + 64;
}

char **zc_carry_write(const struct zc_carry *carry, char *const *envp, void *block)
{
	char **list = block, *text = (char *)(list + carry->entries + 5);
	size_t text_cap = carry->size - (carry->entries + 5) * sizeof(char *), n = 0;

	if (!carry->size || !block)
		return (char **)envp;
	zc_copy(text, ZC_ENV_PRELOAD "=", sizeof(ZC_ENV_PRELOAD));
	if (zc_preload_list(text + sizeof(ZC_ENV_PRELOAD), text_cap - sizeof(ZC_ENV_PRELOAD),
			    carry->preload, zc_shim.preload, carry->look) > 0)
		list[n++] = text;
	for (unsigned i = 0; zc_own_variable(carry, i); i++)
		list[n++] = (char *)zc_own_variable(carry, i);
	for (; envp && *envp; envp++)
		if (!zc_names_variable(*envp, ZC_ENV_PRELOAD) && !is_own_name(*envp))
			list[n++] = *envp;
	list[n] = NULL;
	return list;
}

bool zc_carry_is_complete(char *const *envp)
{
	struct zc_carry carry;

	zc_carry_begin(&carry, envp, NULL);
	return carry.size == 0;
}
