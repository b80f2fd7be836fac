/* SPDX-License-Identifier: MIT */
/*
 * evidence_render.c - zcaudit render: a file of frames in, event lines or lines for people out.
 */
#include <fcntl.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "audit/audit.h"
#include "evidence_frames.h"
#include "namer.h"
#include "t.h"

static char in_path[] = "/tmp/zc-render-in-XXXXXX", out_path[] = "/tmp/zc-render-out-XXXXXX";

/* Runs the subcommand with both outputs in a file; returns its status, *ret_text the output. */
static int render(const char *option, const char *file, char **ret_text)
{
	char *argv[] = { (char *)"render", (char *)option, (char *)file, NULL };
	char **args = option ? argv : argv + 1;
	int out = open(out_path, O_RDWR | O_TRUNC), saved = dup(1), saved_err = dup(2), status;
	off_t len;

	fflush(stdout);
	if (!option)
		argv[1] = (char *)"render";
	dup2(out, 1);
	dup2(out, 2);
	optind = 0;
	status = zc_audit_render(option ? 3 : 2, args);
	fflush(stdout);
	dup2(saved, 1);
	dup2(saved_err, 2);
	close(saved);
	close(saved_err);
	len = lseek(out, 0, SEEK_END);
	free(*ret_text);
	*ret_text = calloc(1, (size_t)len + 1);
	if (!*ret_text || pread(out, *ret_text, (size_t)len, 0) != len)
		abort();
	close(out);
	return status;
}

__attribute__((noinline)) static void write_frames(const char *tail, size_t tail_len)
{
	static struct frame_buffer frame;
	int fd = open(in_path, O_WRONLY | O_TRUNC);

	frame_sign_in(&frame, 7);
	if (write(fd, frame.words, frame.size) != (ssize_t)frame.size)
		abort();
	frame_refusal(&frame, 7, "/etc/shadow", 9);
	frame_put_stack(&frame, 8192);
	frame_end(&frame);
	if (write(fd, frame.words, frame.size) != (ssize_t)frame.size ||
	    write(fd, tail, tail_len) != (ssize_t)tail_len ||
	    write(fd, frame.words, frame.size) != (ssize_t)frame.size ||
	    write(fd, frame.words, 100) != 100)
		abort();
	close(fd);
}

static unsigned parsed_lines(char *text)
{
	unsigned lines = 0;

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		struct json_object *event = json_tokener_parse(line), *type;

		lines += event && json_object_object_get_ex(event, "type", &type) &&
			 !strcmp(json_object_get_string(type), "violation");
		json_object_put(event);
	}
	return lines;
}

int main(void)
{
	static const char garbage[24] = "these bytes are no frame";
	char *text = NULL;
	int status;

	use_built_namer();
	close(mkstemp(in_path));
	close(mkstemp(out_path));
	write_frames(garbage, 24);
	status = render("--json", in_path, &text);
	T_OK(status == 0 && strstr(text, "124 bytes are not frames; the last frame is cut off"),
	     "what is not a frame is counted");
	T_OK(parsed_lines(text) == 2, "and the frames around it are rendered");
	status = render("--text", in_path, &text);
	T_OK(status == 0 && strstr(text, "denied open_read /etc/shadow") &&
		     strstr(text, "write_frames"),
	     "lines for people name the function");
	status = render("--image=/dev/null", in_path, &text);
	T_OK(status == 125 && strstr(text, "cannot use image"), "an image that is none is refused");
	status = render(NULL, "/etc/hostname", &text);
	T_OK(status == 125 && strstr(text, "not a file of frames"),
	     "a file without frames is refused");
	status = render(NULL, "/nonexistent", &text);
	T_OK(status == 125 && strstr(text, "No such file"), "a missing file is an error");
	status = render("--wrong", in_path, &text);
	T_OK(status == 125, "a wrong option is an error");
	free(text);
	unlink(in_path);
	unlink(out_path);
	T_DONE();
}
