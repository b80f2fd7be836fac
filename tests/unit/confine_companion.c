/* SPDX-License-Identifier: MIT */
/*
 * confine_companion.c - the filter beside Landlock: never stricter than the policy, and in force.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include "core/decide/policy.h"
#include "tests/unit/confine.h"
#include "tests/unit/t.h"
#include "tracer/tracer.h"

#define FAST_OPEN 0x20000000
#define QUESTIONS 40000

static const char *const loopback[] = { "allow-read /", "allow-run /", "allow-net 127.0.0.0/8",
					NULL };
static const char *const none[] = { "allow-read /", "allow-run /", NULL };
static const char *const no_net[] = { "allow-read /", "allow-run /", "no-net", NULL };
static const char *const every_net[] = { "allow-read /", "allow-run /", "allow-net", NULL };
static const char *const some_sys[] = { "allow-read /",       "allow-sys namespace",
					"allow-sys io-uring", "allow-sys clone3",
					"allow-sys hostname", NULL };
static const char *const everything[] = { "allow-all", NULL };
static const char *const *const policies[] = { loopback,  none,     no_net,
					       every_net, some_sys, everything };

static uint64_t random_state = 0x5eed;

static unsigned roll(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

static struct made companion_of(const struct zc_image *image)
{
	const struct zc_confine_host host = { .seccomp = true };

	return plan_of(image, &host, ONLY(SECCOMP));
}

static struct sock_fprog program_of(const struct zc_confine_plan *plan)
{
	return (struct sock_fprog){
		.len = (unsigned short)plan->table[ZC_PLAN_FILTER].count,
		.filter = (struct sock_filter *)zc_plan_at(plan, ZC_PLAN_FILTER),
	};
}

/* --- never stricter --------------------------------------------------------------------------- */

static long no_bytes(void *context, uint64_t address, void *buffer, size_t len)
{
	memset(buffer, 0, len);
	return (long)len;
}

static long no_text(void *context, uint64_t address, char *buffer, size_t cap)
{
	memcpy(buffer, "/x", 3);
	return 2;
}

static uint64_t random_argument(unsigned role)
{
	static const int protocols[] = { 0, 1, 6, 17, 33, 58, 132, 136, 262, 15 };
	static const uint32_t clone_flags[] = {
		0x11, 0x3d0f00, CLONE_NEWUSER, CLONE_NEWNS, 0x10000000, CLONE_VFORK, 0
	};
	static const uint32_t send_flags[] = { 0, FAST_OPEN, MSG_NOSIGNAL,
					       FAST_OPEN | MSG_DONTWAIT };

	switch (role) {
	case ZC_ROLE_DOMAIN: return roll(46);
	case ZC_ROLE_TYPE: return roll(8) | (roll(2) ? SOCK_CLOEXEC : 0);
	case ZC_ROLE_PROTO: return (uint64_t)protocols[roll(ZC_LEN(protocols))];
	case ZC_ROLE_CLONEFLAGS: return clone_flags[roll(ZC_LEN(clone_flags))];
	case ZC_ROLE_MSGFLAGS: return send_flags[roll(ZC_LEN(send_flags))];
	case ZC_ROLE_SOCKADDR: return 0;
	default: return roll(3);
	}
}

/* A peer as the most lenient reader of memory would find it: none, an address, the run's own. */
static void dress(struct zc_event *event)
{
	if (event->op != ZC_OP_SEND || !(event->flags & ZC_EV_FAST_OPEN))
		return;
	event->flags |= ZC_EV_HAS_PEER;
	event->domain = AF_INET;
	event->peer =
		(struct zc_endpoint){ .family = AF_INET, .port = (uint16_t)(1 + roll(65535)) };
	event->peer.addr[0] = roll(2) ? 127 : (uint8_t)roll(256);
	event->peer.addr[3] = 1;
}

static void test_never_stricter(void)
{
	const struct zc_reader reader = { no_bytes, no_text, NULL };
	static struct zc_event_text text;
	unsigned asked = 0, refused = 0, wrong = 0;

	for (size_t p = 0; p < ZC_LEN(policies); p++) {
		struct zc_image *image = image_of(policies[p], "/nonexistent");
		struct made made = companion_of(image);
		struct sock_fprog program = program_of(made.plan);

		for (unsigned i = 0; program.len && i < QUESTIONS; i++) {
			unsigned row = roll(ZC_CALL_COUNT), abi = roll(ZC_ABI_COUNT);
			struct seccomp_data data = { .arch = abi == ZC_ABI_I386
								     ? AUDIT_ARCH_I386
								     : AUDIT_ARCH_X86_64 };
			uint64_t args[6];
			struct zc_verdict verdict;
			struct zc_event event;
			uint32_t answer;

			data.nr = zc_calls[row].nr[abi == ZC_ABI_I386];
			if (data.nr < 0)
				continue;
			data.nr |= abi == ZC_ABI_X32 ? 0x40000000 : 0;
			for (unsigned n = 0; n < 6; n++)
				data.args[n] = args[n] = random_argument(zc_calls[row].role[n]);
			answer = zc_filter_run(&program, &data);
			asked++;
			if (answer == SECCOMP_RET_ALLOW)
				continue;
			refused++;
			zc_event_fill(&event, row, abi, args, &reader, &text);
			dress(&event);
			verdict = zc_policy_decide(image, &event);
			if (zc_refuses(verdict) &&
			    answer == (SECCOMP_RET_ERRNO | (uint32_t)verdict.error))
				continue;
			if (!wrong++)
				printf("# %s, policy %zu: %x, the policy says %u\n",
				       zc_calls[row].name, p, answer, verdict.error);
		}
		made_free(&made);
		free(image);
	}
	T_OK(asked > 50000 && refused > 1000, "%u calls, of which %u are refused", asked, refused);
	T_OK(wrong == 0, "never what the policy allows, and with its errno");
}

/* --- in force ----------------------------------------------------------------------------------- */

struct wanted {
	long nr;
	long args[6];
	int error; /* 0: anything that is not the filter's */
	const char *what;
};

static int act(const void *with)
{
	const struct wanted *w = with;
	long r = syscall(w->nr, w->args[0], w->args[1], w->args[2], w->args[3], w->args[4],
			 w->args[5]);

	return r < 0 ? errno : 0;
}

static void expect(const char *name, const char *const *policy, const struct wanted *list,
		   size_t count)
{
	struct zc_image *image = image_of(policy, "/nonexistent");
	struct made made = companion_of(image);

	for (size_t i = 0; i < count; i++) {
		int error = under(made.plan, act, &list[i]);

		T_OK(error == list[i].error, "%s: %s (%d)", name, list[i].what, error);
	}
	made_free(&made);
	free(image);
}

static void test_in_force(void)
{
	static const struct wanted few[] = {
		{ SYS_socket, { AF_PACKET, SOCK_RAW, 0 }, EPERM, "no packet sockets" },
		{ SYS_socket, { AF_INET, SOCK_RAW, IPPROTO_TCP }, EPERM, "no raw sockets" },
		{ SYS_socket, { AF_INET, SOCK_STREAM, 132 }, EPERM, "no SCTP" },
		{ SYS_socket, { AF_VSOCK, SOCK_STREAM, 0 }, EPERM, "no foreign family" },
		{ SYS_socket, { AF_INET, SOCK_STREAM, 0 }, 0, "TCP sockets" },
		{ SYS_socket, { AF_UNIX, SOCK_STREAM, 0 }, 0, "unix sockets" },
		{ SYS_io_uring_setup, { 1, 0 }, ENOSYS, "no rings" },
		{ SYS_clone3, { 0, 0 }, ENOSYS, "no clone3, so that libraries fall back" },
		{ SYS_unshare, { CLONE_NEWUSER }, EPERM, "no new namespaces" },
		{ SYS_unshare, { CLONE_FILES }, 0, "but one's own file table" },
		{ SYS_chroot, { (long)"/nonexistent" }, EPERM, "no other root" },
	};
	static const struct wanted offline[] = {
		{ SYS_socket, { AF_INET, SOCK_DGRAM, 0 }, EPERM, "no UDP" },
		{ SYS_socket, { AF_INET6, SOCK_STREAM, 262 }, EPERM, "no MPTCP" },
		{ SYS_socket, { AF_UNIX, SOCK_DGRAM, 0 }, 0, "unix sockets" },
		{ SYS_socket, { AF_NETLINK, SOCK_RAW, 0 }, 0, "routes" },
		{ SYS_socket, { AF_NETLINK, SOCK_RAW, 9 }, EPERM, "nothing else of netlink" },
		{ SYS_sendto, { -1, 0, 0, FAST_OPEN, 0, 0 }, EPERM, "no fast open" },
		{ SYS_sendto, { -1, 0, 0, 0, 0, 0 }, EBADF, "other sends" },
	};

	expect("loopback", loopback, few, ZC_LEN(few));
	expect("--no-net", no_net, offline, ZC_LEN(offline));
}

static void test_traced(void)
{
	const struct zc_confine_host host = { .seccomp = true };
	struct zc_image *image = image_of(no_net, "/nonexistent");
	const struct zc_confine_wish wish = { .image = image,
					      .host = &host,
					      .take = ONLY(SECCOMP),
					      .traced = true,
					      .caps_keep = ZC_CONFINE_CAPS_ALL };
	struct made made;

	zc_confine_make(&wish, &made.plan, &made.size, made.account);
	T_OK(!zc_confine_plans(made.plan, ZC_CONFINE_SECCOMP),
	     "where an observer watches it is left out: %s",
	     made.account[ZC_CONFINE_SECCOMP].detail);
	made_free(&made);
	free(image);
}

int main(void)
{
	test_never_stricter();
	test_in_force();
	test_traced();
	T_DONE();
}
