/* SPDX-License-Identifier: MIT */
/*
 * main.c - zcname: takes questions from its socket and answers them, until nobody asks any more.
 */
#include <elfutils/libdw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "namer/namer.h"

static struct zc_namer_file *file[ZC_NAMING_MODULES];
static _Alignas(8) unsigned char question[ZC_NAMING_PACKET], answer[ZC_NAMING_PACKET];

static void out_of_memory(void)
{
	_exit(ZC_NAMING_OUT_OF_MEMORY);
}

/* The next question and the file that came with it, or -1. Returns its size, 0 at the end. */
static size_t receive(int *ret_fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec vector = { question, sizeof(question) };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(ZC_NAMING_FD, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *part = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_fd = -1;
	if (part && part->cmsg_type == SCM_RIGHTS && part->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(part), sizeof(int));
	return got > 0 ? (size_t)got : 0;
}

static void say_file(const struct zc_naming_head *head)
{
	struct zc_naming_packet packet;
	struct zc_naming_file said;

	zc_namer_say(file[head->module], &said);
	zc_naming_begin(&packet, answer, head);
	zc_naming_put_file(&packet, &said);
	send(ZC_NAMING_FD, answer, packet.len, MSG_NOSIGNAL);
}

static void take_file(const struct zc_naming_head *head, int fd)
{
	struct zc_namer_file **slot = &file[head->module];

	if (!*slot)
		*slot = calloc(1, sizeof(**slot));
	if (!*slot)
		out_of_memory();
	switch (head->kind) {
	case ZC_NAMING_OPEN: zc_namer_open(*slot, fd, head->flags & ZC_NAMING_LINES); break;
	case ZC_NAMING_DEBUG: zc_namer_add_debug(*slot, fd); break;
	default: zc_namer_add_supplement(*slot, fd);
	}
	close(fd); /* what was opened is mapped */
	say_file(head);
}

/* A version that the linker appended is not part of the name. */
static struct zc_naming_text plain(const char *name)
{
	return (struct zc_naming_text){ name, name ? strcspn(name, "@") : 0 };
}

static void name_place(struct zc_namer_file *from, uint64_t address, struct zc_naming_place *ret)
{
	const struct zc_namer_symbol *symbol = zc_namer_symbol(&from->symbols, address);
	struct zc_naming_frame *function;

	*ret = (struct zc_naming_place){ 0 };
	zc_namer_debug(&from->lines_of, address, ret);
	if (!ret->frames)
		ret->frames = symbol != NULL;
	if (!ret->frames)
		return;
	function = &ret->frame[ret->frames - 1];
	if (symbol) {
		function->function = plain(symbol->name);
		ret->function_offset = address - symbol->address;
	} else {
		/* Without the symbol nothing says where it begins. */
		function->function = (struct zc_naming_text){ NULL, 0 };
	}
	for (uint32_t i = 0; i < ret->frames; i++) {
		struct zc_naming_frame *frame = &ret->frame[i];
		char name[ZC_NAMING_TEXT_MAX];
		const char *shown;

		if (!frame->function.at || frame->function.len >= sizeof(name))
			continue;
		memcpy(name, frame->function.at, frame->function.len);
		name[frame->function.len] = '\0';
		shown = zc_namer_shown(name);
		frame->shown = (struct zc_naming_text){ shown, shown ? strlen(shown) : 0 };
	}
}

static void release(const struct zc_naming_place *place)
{
	for (uint32_t i = 0; i < place->frames; i++)
		free((char *)place->frame[i].shown.at);
}

/* As many of the addresses as fit into a packet. */
static void name_places(struct zc_naming_head *head)
{
	struct zc_naming_packet packet;
	struct zc_naming_place place;
	uint32_t count = 0;
	bool fits = true;

	zc_naming_begin(&packet, answer, head);
	while (fits && count < head->count) {
		uint64_t address;

		memcpy(&address, question + sizeof(*head) + count * sizeof(address),
		       sizeof(address));
		name_place(file[head->module], address, &place);
		fits = zc_naming_put_place(&packet, &place);
		count += fits;
		release(&place);
	}
	head->count = count;
	memcpy(answer, head, sizeof(*head));
	send(ZC_NAMING_FD, answer, packet.len, MSG_NOSIGNAL);
}

static void answer_one(size_t size, int fd)
{
	struct zc_naming_head head;

	if (size < sizeof(head))
		_exit(2);
	memcpy(&head, question, sizeof(head));
	if (head.module >= ZC_NAMING_MODULES || head.count > ZC_NAMING_ASK_MAX ||
	    size != sizeof(head) + head.count * sizeof(uint64_t))
		_exit(2);
	if (head.kind != ZC_NAMING_NAME && fd >= 0)
		take_file(&head, fd);
	else if (head.kind == ZC_NAMING_NAME && fd < 0 && file[head.module])
		name_places(&head);
	else
		_exit(2);
}

int main(int argc, char **argv)
{
	const char *what;
	size_t size;
	int fd, r;

	if (argc > 1) {
		fputs("zcname is started by the other programs of ZenCube; it has no options\n",
		      stderr);
		return 2;
	}
	elf_version(EV_CURRENT);
	r = zc_box_enter(&what);
	if (r < 0) {
		fprintf(stderr, "zcname: cannot give up %s: %s\n", what, strerror(-r));
		return 3;
	}
	while ((size = receive(&fd)) > 0) {
		zc_box_clock(true);
		answer_one(size, fd);
		zc_box_clock(false);
	}
	_exit(0);
}
