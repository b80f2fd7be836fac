/* SPDX-License-Identifier: MIT */
/*
 * protocol.h - what is said between those who want names and zcname, who reads hostile files for them.
 *
 * One question, one answer, each one packet. A question is a head and addresses; files travel beside it
 * as descriptors. An answer is a head and what zc_naming_put_*() has written. Both sides run on one
 * machine: numbers are as the machine has them. Whoever took zcname over may answer anything, so what
 * reads answers checks every length, and believes nothing but that texts are texts.
 *
 * Memory: the caller's; texts that were taken point into the packet. Fails: false, for a packet that
 * does not hold together.
 */
#ifndef ZC_EVIDENCE_NAMING_PROTOCOL_H
#define ZC_EVIDENCE_NAMING_PROTOCOL_H

#include "core/base.h"

#define ZC_NAMING_FD 3            /* zcname's end of the socket */
#define ZC_NAMING_PACKET 65536u   /* bytes, at most */
#define ZC_NAMING_ASK_MAX 256u    /* addresses in one question */
#define ZC_NAMING_FRAMES 12u      /* of one address: a function and what was inlined there */
#define ZC_NAMING_TEXT_MAX 1024u  /* bytes of a name or a path */
#define ZC_NAMING_MODULES 256u    /* files that zcname keeps open */
#define ZC_NAMING_OUT_OF_MEMORY 9 /* zcname's exit status */

enum zc_naming_kind {
	ZC_NAMING_OPEN = 1, /* a module's file comes; the answer says what it is */
	ZC_NAMING_DEBUG,    /* its separate debug file, or one that may be; the answer as before */
	ZC_NAMING_SUPPLEMENT, /* what its debug file shares with others (dwz) */
	ZC_NAMING_NAME        /* addresses to name */
};

enum {
	ZC_NAMING_LINES = 1 /* with OPEN: lines and inlined functions are wanted too */
};

struct zc_naming_head {
	uint32_t kind;   /* enum zc_naming_kind; an answer repeats the question's */
	uint32_t module; /* a number of the asking side's, below ZC_NAMING_MODULES */
	uint32_t flags;
	uint32_t
		count; /* addresses; in an answer to NAME how many of them it is about, from the first */
};

struct zc_naming_text {
	const char *at; /* no NUL inside and none behind; NULL: there is none */
	size_t len;
};

/* What an opened file says about itself. */
struct zc_naming_file {
	struct zc_naming_text build_id;   /* hex digits */
	struct zc_naming_text debug_link; /* name of its debug file; only while one is wanted */
	struct zc_naming_text
		supplement; /* build-id in hex of what its debug data shares; only while wanted */
	struct zc_naming_text package_type, package, version; /* its package note */
	bool wants_debug;                                     /* a debug file would tell more */
};

struct zc_naming_frame {
	struct zc_naming_text function; /* as the linker knows it */
	struct zc_naming_text shown;    /* as its author wrote it, where that is something else */
	struct zc_naming_text file;
	uint32_t line;
};

struct zc_naming_place {
	uint64_t function_offset; /* of the address in the outermost of the frames */
	uint32_t frames; /* innermost first; the last is the function, the others inlined in it */
	struct zc_naming_frame frame[ZC_NAMING_FRAMES];
};

/* A packet that is being written, or read. */
struct zc_naming_packet {
	unsigned char *bytes;
	size_t len, cap; /* reading: len is where, cap how much there is */
};

void zc_naming_begin(struct zc_naming_packet *packet, void *buffer,
		     const struct zc_naming_head *head);
/* Each writes all of it or nothing; longer texts are cut. Returns false when there is no room. */
bool zc_naming_put_file(struct zc_naming_packet *packet, const struct zc_naming_file *file);
bool zc_naming_put_place(struct zc_naming_packet *packet, const struct zc_naming_place *place);

/* Starts to read a packet: an answer to what was asked. */
bool zc_naming_answers(struct zc_naming_packet *ret, void *buffer, size_t size,
		       const struct zc_naming_head *asked, uint32_t *ret_count);
bool zc_naming_take_file(struct zc_naming_packet *packet, struct zc_naming_file *ret);
bool zc_naming_take_place(struct zc_naming_packet *packet, struct zc_naming_place *ret);

#endif
