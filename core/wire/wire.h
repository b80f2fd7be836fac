/* SPDX-License-Identifier: MIT */
/*
 * wire.h - the record frame: what shim and tracer send, what files of raw frames hold.
 *
 * Theory of operation of wire/. Processes of a run never share more than three things: the image, a page of
 * counters and findings, and a socket that leads to zcwrap (session.h says how the shim finds them, gate.h what
 * lies behind the image in mode hybrid). Over the socket go frames, one way. record.h puts into them what every
 * observer has to say of an event, so that a record from the shim and one from the tracer differ only in who
 * saw it; observed.h is what such a record was about, when somebody reads it back.
 * A frame is whole without its sender: when it is read, the process is perhaps long gone.
 *
 * A datagram is one frame, or a few end to end: a fixed head, then fields {kind, length, bytes, padding to 8}. Numbers
 * are native-endian: frames never leave the machine. A file of frames is frames end to end.
 * The encoder writes into the caller's memory and stops cleanly when full (the frame then has
 * ZC_FRAME_TRUNCATED). The decoder trusts nothing: it is fuzzed.
 *
 * Context: anywhere. Memory: the caller's. Fails: -EMSGSIZE, -EINVAL.
 */
#ifndef ZC_CORE_WIRE_H
#define ZC_CORE_WIRE_H

#include "core/base.h"

#define ZC_FRAME_MAGIC 0x4d524643u /* "CFRM" */
#define ZC_FRAME_VERSION 1u
#define ZC_FRAME_MAX 49152u /* bytes, head included */
#define ZC_STACK_MAX 16384u /* bytes of stack a record may carry */

enum zc_frame_type {
	ZC_FRAME_SIGN_IN = 1, /* a program started under us: EXE ARGV CWD MAPS. TEXT: why it is
				 not covered all the same (mode watch) */
	ZC_FRAME_EXEC, /* args[0] (0: the sender) is about to become PATH, or was spawned as it; ARGV.
				 A SIGN_IN of that pid, before (spawned) or after, says it is covered */
	ZC_FRAME_EXEC_FAILED, /* ... and did not: error says why */
	ZC_FRAME_FORK,        /* sent by the new child */
	ZC_FRAME_RECORD,      /* a judged call worth a line */
	ZC_FRAME_NOTE,        /* something that is not a verdict: code is enum zc_note */
	ZC_FRAME_EXIT,        /* tracer only: error is the exit code, code the signal */
	ZC_FRAME_ASK, /* as a RECORD: somebody is to be asked. repeat: the question's number, tracer's; code:
			 the slot of the shared page plus 1, a shim's */
	ZC_FRAME_TYPES
};

enum zc_note {
	ZC_NOTE_PASSIVE = 1, /* the program installed a seccomp filter: fewer checks from here on */
	ZC_NOTE_UNKNOWN_CALL, /* syscall() with a number outside the catalogue: args[0] */
	ZC_NOTE_MAPS,         /* MAPS that appeared later */
	ZC_NOTE_NOT_DUMPABLE, /* PR_SET_DUMPABLE=0 answered without being done */
	ZC_NOTE_CHROOT,       /* the root changed: PATH */
	ZC_NOTE_PRELOAD_LEFT, /* exec of something that cannot load the shim: PATH */
	ZC_NOTE_SPAWN_UNSEEN, /* a spawn whose file actions were not understood */
	ZC_NOTE_CLONE3,       /* clone3 answered ENOSYS: its flags hide behind a pointer */
	ZC_NOTE_NESTED_TRACER, /* a program wanted to trace; it is traced already, so it is told EPERM */
	ZC_NOTE_LISTENER,  /* a program wanted to answer system calls itself; it is told EBUSY */
	ZC_NOTE_NO_FILTER, /* seccomp is not to be had: every call stops. TEXT: why */
	ZC_NOTE_BYPASS,    /* hybrid: a judged call around the shim. call, PCS: the place; MAPS */
	ZC_NOTE_NO_GATE,   /* hybrid: the gate page could not be mapped in this process */
	ZC_NOTES
};

enum zc_source {
	ZC_SOURCE_SHIM,
	ZC_SOURCE_PTRACE,
	ZC_SOURCE_NOTIFY,
	ZC_SOURCE_SUPERVISOR,
	ZC_SOURCE_PROC /* mode watch: seen in /proc, by looking now and then */
};

enum {
	ZC_FRAME_TRUNCATED = 1,   /* something did not fit */
	ZC_FRAME_REPEATS = 2,     /* further repeats are only counted */
	ZC_FRAME_DAC_REFUSES = 4, /* plain permissions would refuse it too */
	ZC_FRAME_THREADED = 8,
	ZC_FRAME_NO_STACK = 16, /* taken where a stack could not be (spooled, passive) */
	ZC_FRAME_VFORK = 32,
};

enum zc_field {
	ZC_FIELD_PATH = 1,  /* object 0: resolved */
	ZC_FIELD_GIVEN,     /* object 0: as given, absolute */
	ZC_FIELD_REQUESTED, /* object 0: as the program wrote it */
	ZC_FIELD_PATH2,
	ZC_FIELD_GIVEN2,
	ZC_FIELD_REQUESTED2,
	ZC_FIELD_ENDPOINT, /* struct zc_endpoint */
	ZC_FIELD_HOST,     /* name asked of the resolver, or known for the endpoint */
	ZC_FIELD_EXE,
	ZC_FIELD_ARGV /* NUL after each */,
	ZC_FIELD_CWD,
	ZC_FIELD_MAPS,   /* struct zc_wire_map, each followed by its name, padded to 8 */
	ZC_FIELD_REGS,   /* struct zc_wire_regs */
	ZC_FIELD_STACK,  /* uint64_t address, then bytes from there up */
	ZC_FIELD_PCS,    /* uint64_t program counters, innermost first (tracer: already unwound) */
	ZC_FIELD_TEXT,   /* free text: reasons, names */
	ZC_FIELD_DETAIL, /* struct zc_wire_detail: domain, type, protocol, flags of the call */
	ZC_FIELD_LANG, /* struct zc_wire_lang, each followed by its function and file, padded to 8 */
	ZC_FIELD_HOST_SOURCE, /* one byte: enum zc_host_source */
	ZC_FIELD_DIGEST,      /* struct zc_wire_digest */
	ZC_FIELDS
};

struct zc_frame_head {
	uint32_t magic;
	uint16_t version, type;
	uint32_t size;  /* whole frame */
	uint32_t flags; /* ZC_FRAME_* */
	uint64_t real_ns, mono_ns;
	int32_t pid, tid, ppid;
	uint32_t uid;
	uint16_t call; /* enum zc_call_id or ZC_CALL_NONE */
	uint8_t abi, op;
	uint8_t action, reason, cls, object;
	uint16_t error; /* errno answered; EXEC_FAILED: why */
	uint16_t code;  /* NOTE: enum zc_note */
	uint32_t rule;
	uint32_t source; /* enum zc_source */
	uint32_t asked;  /* enum zc_asked */
	uint64_t fingerprint;
	uint64_t repeat; /* how often this finding has happened, this one included, when sent */
	uint64_t args[6];
	uint64_t exec_id; /* random per exec: ties records to their sign-in */
};

struct zc_wire_map {
	uint64_t start, end; /* executable mapping */
	uint64_t bias;       /* address - bias = ELF virtual address */
	uint32_t name_len;   /* bytes of name after this struct, without NUL */
	uint8_t build_id_len;
	uint8_t build_id[20];
	uint8_t pad[7];
};

/* x86-64 registers a walk needs. */
struct zc_wire_regs {
	uint64_t ip, sp, bp, bx, r12, r13, r14, r15;
};

/* A frame as an interpreter has it; innermost first. */
enum zc_lang { ZC_LANG_PYTHON = 1, ZC_LANG_JS, ZC_LANGS };
#define ZC_LANG_TEXT_MAX 256u /* bytes of a function's or a file's name */
#define ZC_LANG_ENTRY 1u      /* the native function that runs it was called by native code */
#define ZC_LANG_BEGINS 2u  /* line is where the function begins; the one of the call is not known */
#define ZC_LANG_INLINED 4u /* compiled into the function that follows: they share a frame */

struct zc_wire_lang {
	uint8_t lang, flags;
	uint16_t function_len, file_len, pad;
	uint32_t line; /* 0: not known */
	uint32_t
		depth; /* of its frame pointer: bytes behind where STACK begins; 0: it has none of its own */
};

/* What the file of object 0 held when the call was judged. */
struct zc_wire_digest {
	uint8_t sha256[32]; /* of size bytes, when error is 0 */
	uint64_t size;
	uint32_t error; /* errno: why it could not be read; EFBIG: too large to be */
	uint32_t after; /* 1: made when the record arrived, which is after the call */
};

struct zc_wire_detail {
	uint32_t oflags, mode;
	int32_t domain, type, protocol, target_pid;
	int32_t dirfd[2];
	uint32_t event_flags; /* ZC_EV_* */
	uint8_t need[2], object_flags[2];
};

/* Encoding: begin, put fields, end. The buffer is 8-aligned; cap <= ZC_FRAME_MAX. */
struct zc_frame_writer {
	char *buffer;
	size_t cap, len;
};
struct zc_frame_head *zc_frame_begin(struct zc_frame_writer *writer, void *buffer, size_t cap,
				     unsigned type);
/* Appends a field. Returns false, and marks the frame truncated, when it does not fit. */
bool zc_frame_put(struct zc_frame_writer *writer, unsigned field, const void *bytes, size_t len);
/* Reserves len bytes for a field to be filled in place; NULL when it does not fit. */
void *zc_frame_reserve(struct zc_frame_writer *writer, unsigned field, size_t len);
/* Gives back what a reserved last field did not use: it keeps used bytes. */
void zc_frame_shrink(struct zc_frame_writer *writer, void *reserved, size_t used);
/* Finishes; returns the frame's size. */
size_t zc_frame_end(struct zc_frame_writer *writer);

/* Where the first frame of a datagram ends, as it says itself: size where that makes no sense, to be decoded whole. */
size_t zc_frame_first(const void *bytes, size_t size);

/* Decoding. fields[k].bytes is NULL when absent; bytes point into the frame, 8-aligned; the first of a kind wins. */
struct zc_frame {
	struct zc_frame_head head;
	struct {
		const void *bytes;
		uint32_t len;
	} field[ZC_FIELDS];
};
/* Decodes one frame at the start of size bytes. Returns its size, -EINVAL, or -EAGAIN when cut off. */
long zc_frame_decode(struct zc_frame *frame, const void *bytes, size_t size);
/* Steps through a MAPS field: *offset starts at 0. Returns false at the end or when malformed. */
bool zc_frame_next_map(const void *maps, size_t len, size_t *offset, struct zc_wire_map *ret_map,
		       const char **ret_name);
/* The same for a LANG field. */
bool zc_frame_next_lang(const void *langs, size_t len, size_t *offset,
			struct zc_wire_lang *ret_lang, const char **ret_function,
			const char **ret_file);

#endif
