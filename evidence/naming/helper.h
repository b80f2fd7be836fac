/* SPDX-License-Identifier: MIT */
/*
 * helper.h - processes of our own that nobody's wait sees, and packets to and from them.
 *
 * zcwrap waits for any child, and ends what is left of its tree: a helper must not be among them. So
 * it ends without a signal (clone(2)), which such waits pass over. There may be threads, and what they held
 * when the helper was made nobody gives back: nothing is called in it that takes a lock.
 *
 * Memory: none. Fails: -errno.
 */
#ifndef ZC_EVIDENCE_NAMING_HELPER_H
#define ZC_EVIDENCE_NAMING_HELPER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Makes a process that calls serve(socket), which does not return: in a session of its own, every signal blocked, its
 * streams /dev/null, nothing open but the socket (its number is above ZC_NAMING_FD). apart: no child of ours, not even
 * so, for who waits with __WALL; *ret_pid is then 0. Returns our end of the socket (SOCK_SEQPACKET) or -errno.
 */
int zc_helper_begin(const char *name, bool apart, void (*serve)(int socket), pid_t *ret_pid);
/* Closes our end, which is how a helper is told to go, and waits until it has gone. */
void zc_helper_end(int socket, pid_t pid);
/* fork(2) as the kernel has it: libc's would wait for locks. signal: what the parent gets at its end. */
pid_t zc_helper_fork(int signal);

/* One packet, and a descriptor with it where passed >= 0. 0 or -errno. */
int zc_helper_send(int socket, const void *bytes, size_t len, int passed);
/* The next packet, cut to cap; *ret_passed is the descriptor that came with it, or -1. 0: nobody is there any more. */
ssize_t zc_helper_receive(int socket, void *bytes, size_t cap, int *ret_passed);

#endif
