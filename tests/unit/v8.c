/* SPDX-License-Identifier: MIT */
/*
 * v8.c - reading V8's tables, texts and frames, in a heap that is put together here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/lang/interpreter.h"
#include "tests/unit/t.h"
#include "tests/unit/v8_heap.h"

#define SMI(n) ((uint64_t)(uint32_t)(n) << 32)

static struct heap heap;

/* ---- putting it together ---- */

static void set(uint64_t object, int offset, uint64_t word)
{
	memcpy(heap.byte + (object - 1 - HEAP_AT) + offset, &word, sizeof(word));
}

static uint64_t make_bytes(size_t size)
{
	uint64_t object = HEAP_AT + heap.len + 1;

	heap.len += (size + 7) & ~(size_t)7;
	return object;
}

static uint64_t make(int type, size_t size)
{
	uint64_t map = make_bytes(24), object = make_bytes(size);
	uint16_t number = (uint16_t)type;

	memcpy(heap.byte + (map - 1 - HEAP_AT) + 12, &number, sizeof(number));
	set(object, 0, map);
	return object;
}

static uint64_t make_text(const char *text)
{
	uint32_t len = (uint32_t)strlen(text);
	uint64_t object = make(40, 16 + len);

	memcpy(heap.byte + (object - 1 - HEAP_AT) + 12, &len, sizeof(len));
	memcpy(heap.byte + (object - 1 - HEAP_AT) + 16, text, len);
	return object;
}

static uint64_t make_joined(int type, uint64_t first, uint64_t second, uint32_t len)
{
	uint64_t object = make(type, 32);

	memcpy(heap.byte + (object - 1 - HEAP_AT) + 12, &len, sizeof(len));
	set(object, 16, first);
	set(object, 24, second);
	return object;
}

static uint64_t make_array(const unsigned char *bytes, size_t len)
{
	uint64_t object = make(190, 16 + len);

	set(object, 8, SMI(len));
	memcpy(heap.byte + (object - 1 - HEAP_AT) + 16, bytes, len);
	return object;
}

/* Of "function outer(p) {...}", as Node 20 makes it: a call of map at 23, in the second line. */
static const unsigned char positions[] = { 0x01, 0x88, 0x04, 0x02, 0x48, 0x13, 0x04, 0x09,
					   0x0c, 0x0f, 0x24, 0x07, 0x23, 0x0c, 0x70 };

struct made {
	uint64_t name, scope, source, script, shared, function, bytecode;
};

static struct made made;

static void start(void)
{
	memset(&heap, 0, sizeof(heap));
	heap.len = HEAP_STACK;
	made.name = make_text("outer");
	made.scope = make(261, 96);
	set(made.scope, 24, SMI(0));
	set(made.scope, 32, made.name);
	set(made.scope, 40, SMI(-1));
	set(made.scope, 48, make(131, 16)); /* undefined */
	set(made.scope, 56, SMI(129));
	set(made.scope, 64, SMI(181));
	made.source = make_text(
		"12345678901234567890123456789012345678901234567890123456789012345678901234567890\n"
		"second line 0123456789012345678901234567\nthird, from 122\n"
		"fourth 890123456789\nfifth\nsixth\nlast line of them, which is a long one, long");
	made.script = make(167, 120);
	set(made.script, 8, made.source);
	set(made.script, 16, make_text("/w/main.js"));
	made.bytecode = make(191, 54 + 30);
	set(made.bytecode, 8, SMI(30));
	set(made.bytecode, 16, make(175, 16));
	set(made.bytecode, 24, make_array(positions, 0));
	set(made.bytecode, 32, make_array(positions, sizeof(positions)));
	made.shared = make(262, 64);
	set(made.shared, 8, made.bytecode);
	set(made.shared, 16, made.scope);
	set(made.shared, 32, made.script);
	made.function = make(2066, 64);
	set(made.function, 24, made.shared);
}

/* A frame at offset at of the stack, called from the one at caller; it goes on in V8's own code. */
static void put_frame(unsigned at, unsigned caller, uint64_t function, int offset)
{
	uint64_t frame = HEAP_AT + 1 + at;

	set(frame, -40, SMI(offset + 53));
	set(frame, -32, made.bytecode);
	set(frame, -16, function);
	set(frame, -8, made.function); /* any object */
	set(frame, 0, HEAP_AT + caller);
	set(frame, 8, HEAP_CODE + 16);
}

/* ---- what comes out ---- */

static char told[8192];
static unsigned told_frames;

static void walk(bool is_copy)
{
	static struct zc_v8_work work;
	static _Alignas(8) char buffer[ZC_FRAME_MAX];
	struct zc_lang_thread who = { 7, true, 0, heap.byte, HEAP_STACK, HEAP_AT, is_copy };
	struct zc_peek memory = { heap_read, &heap, ZC_INTERPRETER_READS };
	struct zc_frame_writer writer;
	struct zc_wire_lang lang;
	const char *function, *file;
	struct zc_frame frame;
	struct zc_v8 v8;
	size_t at = 0, len = 0;

	heap_v8(&v8);
	told[0] = '\0';
	told_frames = 0;
	zc_frame_begin(&writer, buffer, sizeof(buffer), ZC_FRAME_RECORD);
	zc_v8_put(&v8, &memory, &who, &work, &writer);
	if (zc_frame_decode(&frame, buffer, zc_frame_end(&writer)) <= 0)
		abort();
	while (frame.field[ZC_FIELD_LANG].bytes &&
	       zc_frame_next_lang(frame.field[ZC_FIELD_LANG].bytes, frame.field[ZC_FIELD_LANG].len,
				  &at, &lang, &function, &file)) {
		told_frames++;
		len += (size_t)snprintf(told + len, sizeof(told) - len, "%.*s %.*s:%u%s @%u;",
					lang.function_len, function, lang.file_len, file, lang.line,
					lang.flags & ZC_LANG_BEGINS ? " begins" : "", lang.depth);
	}
}

/* ---- tables and texts alone ---- */

static int char_at(const unsigned char *table, size_t len, uint64_t code_len, uint64_t at)
{
	uint64_t position;

	if (!zc_v8_position(table, len, code_len, at, &position))
		return -2;
	return position == ZC_V8_NOWHERE ? -1 : zc_v8_position_char(position);
}

static void try_tables(void)
{
	/* Instructions of 1 (kind 4) and of 2 bytes (5); kind 0 makes what follows wider: 4 bytes. */
	static const unsigned char sizes[3 * 6] = { 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 4 };
	static const unsigned char code[] = { 4, 5, 9, 0, 5, 1, 2, 3, 4 };
	static const unsigned char lengths[] = { 10, 3, 4, 0x85, 1, 6 };
	uint64_t at = 99;

	T_OK(char_at(positions, sizeof(positions), 30, 23) == 151, "an instruction has its place");
	T_OK(char_at(positions, sizeof(positions), 30, 21) == 160, "and the one before it its own");
	T_OK(char_at(positions, sizeof(positions), 30, 22) == 160,
	     "what has none has that of the last one");
	T_OK(char_at(positions, sizeof(positions), 30, 0) == 147, "so has the first");
	T_OK(char_at(positions, sizeof(positions), 20, 0) == -2,
	     "a table that goes beyond its code is none");
	T_OK(char_at(positions, sizeof(positions) - 1, 30, 0) == -2, "nor is one that is cut off");
	T_OK(char_at(positions, 0, 30, 0) == -2, "nor an empty one");
	T_OK(zc_v8_instruction(lengths, sizeof(lengths), code, sizeof(code), sizes, 6, 13, &at) &&
		     at == 0,
	     "the return address behind the first instruction's code is the first one's");
	T_OK(zc_v8_instruction(lengths, sizeof(lengths), code, sizeof(code), sizes, 6, 14, &at) &&
		     at == 1,
	     "one byte further it is the second one's");
	T_OK(zc_v8_instruction(lengths, sizeof(lengths), code, sizeof(code), sizes, 6, 17 + 133,
			       &at) &&
		     at == 3,
	     "a wide one is one instruction");
	T_OK(zc_v8_instruction(lengths, sizeof(lengths), code, sizeof(code), sizes, 6, 17 + 134,
			       &at) &&
		     at == 8,
	     "and the next begins behind all of it");
	T_OK(!zc_v8_instruction(lengths, sizeof(lengths), code, sizeof(code), sizes, 6, 999, &at),
	     "what lies beyond is in no instruction");
}

static uint32_t ends(const char *text, unsigned width, uint32_t after)
{
	return zc_v8_line_ends((const unsigned char *)text, strlen(text) / width, width, &after);
}

static bool says(const char *chars, size_t count, unsigned width, const char *utf8)
{
	char text[64];
	size_t len = zc_v8_utf8((const unsigned char *)chars, count, width, text, sizeof(text));

	return len == strlen(utf8) && !memcmp(text, utf8, len);
}

static bool leads_to(const char *url, const char *path)
{
	char text[128];
	uint16_t len = (uint16_t)strlen(url);

	memcpy(text, url, len);
	len = zc_v8_path_of_url(text, len);
	return len == strlen(path) && !memcmp(text, path, len);
}

static void try_texts(void)
{
	T_OK(ends("a\nb\r\nc\rd", 1, 0) == 3, "three kinds of ends, and \\r\\n is one");
	T_OK(ends("\n\n34567\n\n0123456789\r\n\n\r\x8a\x0a\x0b", 1, 0) == 8, "in any row of eight");
	T_OK(ends("\nb", 1, '\r') == 1 && ends("b", 1, '\r') == 1,
	     "also where a read ended within");
	T_OK(ends("a\x20"
		  "\x28\x20"
		  "b\x20"
		  "\x29\x20",
		  2, 0) == 2,
	     "and two of Unicode's own");
	T_OK(says("a\xe9", 2, 1, "a\xc3\xa9"), "Latin-1");
	T_OK(says("\x3d\xd8\x00\xde\x16\x4e", 3, 2, "\xf0\x9f\x98\x80\xe4\xb8\x96"), "UTF-16");
	T_OK(says("\x3d\xd8\x61\0", 2, 2, "?a"), "half of a pair");
	T_OK(leads_to("file:///a/b%20c.mjs?x=1", "/a/b c.mjs"), "a URL becomes its path");
	T_OK(leads_to("file:///a%2", "/a%2") && leads_to("node:fs", "node:fs") &&
		     leads_to("file://host/x", "file://host/x"),
	     "what is none stays");
}

/* ---- frames ---- */

static void try_frames(void)
{
	start();
	put_frame(256, 384, made.function, 23);
	put_frame(384, 512, made.function, 21);
	walk(false);
	T_OK(!strcmp(told, "outer /w/main.js:4 @256;outer /w/main.js:5 @384;"),
	     "two frames, innermost first: %s", told);
	set(made.bytecode, 32, SMI(0));
	walk(false);
	T_OK(told_frames == 2 && strstr(told, ":3 begins @256"),
	     "without a table it is where the function begins: %s", told);
	set(made.script, 8, SMI(0));
	walk(false);
	T_OK(told_frames == 2 && strstr(told, ":0 @256"), "without a source there is no line: %s",
	     told);
	start();
	put_frame(256, 384, made.function, 23);
	set(HEAP_AT + 1 + 256, 8, HEAP_AT + 300);
	walk(false);
	T_OK(!told_frames, "what returns into the stack is no frame");
	put_frame(256, 128, made.function, 23);
	walk(false);
	T_OK(!told_frames, "nor what was called from further in");
	put_frame(256, 384, made.shared, 23);
	walk(false);
	T_OK(!told_frames, "nor one whose function is none");
	put_frame(256, 384, made.function, 23);
	walk(true);
	T_OK(told_frames == 1, "a parent that waits has the same frame");
}

static void try_names(void)
{
	uint64_t joined, parent;

	start();
	put_frame(256, 384, made.function, 23);
	parent = make_text("xxModule._");
	joined = make_joined(41, make_joined(43, parent, SMI(2), 8), make_text("load"), 12);
	set(made.scope, 32, make_text(""));
	set(made.scope, 48, make_joined(45, joined, 0, 12));
	set(made.script, 16, make_text("file:///w/two%20words.mjs"));
	walk(false);
	T_OK(!strcmp(told, "Module._load /w/two words.mjs:4 @256;"),
	     "an inferred name, of parts, and a module's path: %s", told);
	set(made.scope, 48, make(131, 16));
	set(made.script, 16, make(131, 16));
	walk(false);
	T_OK(!strcmp(told, "eval <anonymous>:4 @256;"), "code that was made: %s", told);
	set(made.script, 16, make_text("node:fs"));
	walk(false);
	T_OK(!strcmp(told, "<anonymous> node:fs:4 @256;"), "a function without a name: %s", told);
}

static void try_hostile(void)
{
	uint64_t loop;

	start();
	put_frame(256, 384, made.function, 23);
	loop = make_joined(41, 0, 0, 12);
	set(loop, 16, loop);
	set(loop, 24, loop);
	set(made.scope, 32, loop);
	set(made.script, 8, loop);
	set(made.script, 16, loop);
	walk(false);
	T_OK(told_frames == 1, "a string that is made of itself ends: %s", told);
	T_OK(heap.reads < ZC_INTERPRETER_READS, "in %u reads", heap.reads);
	for (unsigned i = 0; i + 56 < HEAP_STACK; i += 8)
		set(HEAP_AT + 1 + i, 0, made.function);
	for (unsigned i = 48; i + 64 < HEAP_STACK; i += 48)
		put_frame(i, i + 48, made.function, 23);
	heap.reads = 0;
	walk(false);
	T_OK(told_frames <= 64 && heap.reads <= ZC_INTERPRETER_READS,
	     "a stack full of them: %u frames, %u reads", told_frames, heap.reads);
	start();
	put_frame(256, 384, made.function, 23);
	for (size_t len = heap.len; len > HEAP_STACK; len -= 8) {
		heap.len = len;
		walk(false);
	}
	T_OK(!told_frames, "memory that ends anywhere gives fewer frames, or none");
}

int main(void)
{
	try_tables();
	try_texts();
	try_frames();
	try_names();
	try_hostile();
	T_DONE();
}
