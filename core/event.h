/* SPDX-License-Identifier: MIT */
/*
 * event.h - one call, as the policy judges it.
 *
 * An event is made in two steps. zc_event_fill() turns raw arguments into what the call means, by
 * the roles of its row and a reader of the caller's memory; it makes no system call. Then whoever
 * observes (shim or tracer) resolves the paths in object[] the way its process sees them. Only then
 * is it complete and zc_policy_decide() may judge it.
 *
 * Context: anywhere, including signal handlers. Memory: the caller's. Fails: see zc_event_fill().
 */
#ifndef ZC_CORE_EVENT_H
#define ZC_CORE_EVENT_H

#include "core/base.h"
#include "core/call.h"

/* What an object is needed for; bit n is enum zc_class n. */
enum { ZC_NEED_READ = 1, ZC_NEED_WRITE = 2, ZC_NEED_RUN = 4, ZC_NEED_UNIX = 8 };

enum {
	ZC_OBJ_FOLLOW = 1,      /* a last symbolic link is followed */
	ZC_OBJ_EXISTS = 2,      /* set by the resolver: the object is there */
	ZC_OBJ_DIRECTORY = 4,   /* set by the resolver: and it is a directory */
	ZC_OBJ_BY_FD = 8,       /* the object is dirfd itself: FD role, AT_EMPTY_PATH, NULL path */
	ZC_OBJ_MUST_EXIST = 16, /* ENOENT comes before any verdict */
	ZC_OBJ_CREATES = 32,    /* the call makes the entry: EEXIST comes before any verdict */
	ZC_OBJ_NAMELESS =
		64, /* set by the resolver: pipe, socket, memfd: nothing a path rule covers */
};

/* One path of a call. The three spellings point into the observer's memory and are NUL-terminated. */
struct zc_object {
	const char *requested; /* as the program gave it; NULL: by descriptor */
	const char *given;     /* made absolute and lexically clean; NULL: unknown */
	const char *path;      /* resolved, as seen from the run's root; what is judged */
	uint32_t requested_len, given_len, path_len;
	int32_t dirfd; /* AT_FDCWD or a descriptor */
	uint8_t need;  /* ZC_NEED_* */
	uint8_t flags; /* ZC_OBJ_* */
};

/* A network address. v4-mapped IPv6 becomes IPv4. */
struct zc_endpoint {
	uint16_t family;  /* AF_*; AF_UNSPEC: none */
	uint16_t port;    /* host byte order */
	uint8_t addr[16]; /* IPv4 in the first four bytes */
	uint16_t
		name_len; /* AF_UNIX: length of name; abstract names start with NUL and may hold more */
	char name[108]; /* AF_UNIX: sun_path; not NUL-terminated when 108 long */
};

/* How it is known that a host name stands behind an address. */
enum zc_host_source {
	ZC_HOST_NONE,      /* not said: the name was asked for by the call itself */
	ZC_HOST_POLICY,    /* the name was resolved when the policy was frozen */
	ZC_HOST_HOSTS,     /* it stands in /etc/hosts */
	ZC_HOST_REFRESHED, /* the tracer has resolved it since */
	ZC_HOST_RESOLVER,  /* the tracer saw a resolver answer the program so */
	ZC_HOST_SHIM,      /* the shim saw libc answer so: from inside */
	ZC_HOST_SOURCES
};

#define ZC_NAME_CAP 254u  /* of a host name: RFC 1035's 253 bytes, and a NUL */
#define ZC_KNOWN_NAMES 8u /* of one address, that are looked at */
struct zc_known_name {
	uint8_t len, source; /* enum zc_host_source */
	char text[ZC_NAME_CAP];
};

enum {
	ZC_EV_UNREADABLE = 1,        /* an argument could not be read: refused */
	ZC_EV_MADE_IN_RUN = 2,       /* unix socket that was bound in this run */
	ZC_EV_OWN_TARGET = 4,        /* pid argument: a process of the run */
	ZC_EV_SUPERVISOR_TARGET = 8, /* pid argument: a process of ours */
	ZC_EV_EXCHANGE = 16,         /* RENAME_EXCHANGE */
	ZC_EV_HAS_PEER = 32,         /* peer is filled */
	ZC_EV_HARMLESS = 64,         /* by its arguments nothing a policy could refuse */
	ZC_EV_FAST_OPEN = 128,       /* a send that connects */
	ZC_EV_REROUTED = 512,        /* it may lead elsewhere than it says (protocols.h) */
	ZC_EV_DATAGRAM = 256,        /* BIND: to a datagram socket (observer's knowledge) */
};

struct zc_argv;

struct zc_event {
	uint16_t call;   /* enum zc_call_id */
	uint8_t abi;     /* enum zc_abi */
	uint8_t op;      /* enum zc_op */
	uint8_t objects; /* how many of object[] are used */
	uint8_t pad;
	uint16_t flags;  /* ZC_EV_* */
	uint32_t oflags; /* open flags, rename flags, or AT flags, by op */
	uint32_t mode;
	int32_t domain, type, protocol; /* SOCKET; type without SOCK_NONBLOCK and SOCK_CLOEXEC */
	int32_t target_pid;             /* PID role; 0: none */
	uint64_t args[6];
	struct zc_object object[2];
	struct zc_endpoint peer;
	const char *host;    /* RESOLVE: the name asked for, NUL-terminated; else zc_event_host() */
	uint8_t host_source; /* enum zc_host_source */
	uint8_t names_count;
	/* Under which names the observer knows peer's address (core/net/names.h); the observer's memory. */
	const struct zc_known_name *names;
	const struct zc_argv *argv; /* EXEC: set by the observer where rules ask for it (argv.h) */
	uint64_t fed; /* EXEC: bit n: with it the n-th rule on feeders is met (feeds.h) */
};

/* Reads the caller's memory. Both return bytes copied, or -EFAULT. */
struct zc_reader {
	long (*bytes)(void *context, uint64_t address, void *buffer, size_t len);
	/* Copies a text with its NUL and returns its length without it; -ENAMETOOLONG when longer. */
	long (*text)(void *context, uint64_t address, char *buffer, size_t cap);
	void *context;
};

/* Memory for the requested spellings, one for each object. */
struct zc_event_text {
	char path[2][ZC_PATH_CAP];
};

/*
 * Fills *event from a call and its raw arguments. text holds the paths that are read.
 * Returns 0; -EFAULT or -ENAMETOOLONG where the kernel would answer so (the event then has
 * ZC_EV_UNREADABLE); -ENOENT for an empty path where the kernel refuses one. MSGHDR roles take the
 * first message of the array; callers repeat for the rest with zc_event_fill_message().
 */
int zc_event_fill(struct zc_event *event, unsigned call, enum zc_abi abi, const uint64_t args[6],
		  const struct zc_reader *reader, struct zc_event_text *text);
/* Fills event->peer from the struct msghdr (of event->abi) at address. Returns 0 or -EFAULT. */
int zc_event_fill_message(struct zc_event *event, uint64_t address, const struct zc_reader *reader,
			  struct zc_event_text *text);

/*
 * owner.c. The rest of an event that may aim at a process by fcntl, prlimit64 or such an ioctl; oflags
 * is its command. Returns 0 or -EFAULT.
 */
int zc_event_fill_aim(struct zc_event *event, const uint64_t args[6],
		      const struct zc_reader *reader);
static inline bool zc_ioctl_sets_owner(uint32_t request)
{
	return request == 0x8901u || request == 0x8902u; /* FIOSETOWN, SIOCSPGRP */
}

/* Parses len bytes of a struct sockaddr. Returns 0, or -EINVAL when too short for its family. */
int zc_endpoint_parse(struct zc_endpoint *endpoint, const void *sockaddr, size_t len);
/* Writes "127.0.0.1:80", "[::1]:80", "unix:/path", "unix:@name"; returns its length. cap >= 128. */
size_t zc_endpoint_print(const struct zc_endpoint *endpoint, char *buffer, size_t cap);

/* "policy" "hosts" "refreshed" "resolver" "shim"; NULL for others. */
const char *zc_host_source_name(unsigned source);

/*
 * What is really asked of an object whose row asks for need; flags are the object's. O_CREAT alone
 * writes nothing where the file is there already.
 */
unsigned zc_object_need(unsigned op, uint32_t oflags, unsigned need, unsigned flags);
/* What open(2) flags ask of the object: ZC_NEED_*, 0 for O_PATH. */
unsigned zc_open_need(uint32_t oflags);
/* The refined op of an open: OPEN_READ, OPEN_WRITE, OPEN_RDWR. */
unsigned zc_open_op(uint32_t oflags);

#endif
