/* SPDX-License-Identifier: MIT */
/*
 * render.c - a file of raw frames, as event lines or as lines for people.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/state.h"
#include "audit/audit.h"

#define IMAGE_MAX (256u << 20)

struct render {
	const char *file, *image_file;
	bool text;
	struct zc_image *image;
	struct zc_evidence *evidence;
	uint64_t frames, skipped; /* whole frames; bytes between them */
};

static int fail(const char *what, const char *file, int error)
{
	fprintf(stderr, "zcaudit: cannot %s '%s': %s\n", what, file, strerror(error));
	return 125;
}

static int read_image(struct render *render)
{
	FILE *file = fopen(render->image_file, "rbe");
	struct stat st;
	int error = 0;

	if (!file)
		return fail("open image", render->image_file, errno);
	if (fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    st.st_size > IMAGE_MAX)
		error = EINVAL;
	if (!error)
		render->image = malloc((size_t)st.st_size);
	if (!error && (!render->image ||
		       fread(render->image, 1, (size_t)st.st_size, file) != (size_t)st.st_size))
		error = errno ? errno : EIO;
	if (!error && zc_image_check(render->image, (size_t)st.st_size) < 0)
		error = EINVAL;
	fclose(file);
	return error ? fail("use image", render->image_file, error) : 0;
}

/* Gives the whole frames at the start of buffer to the evidence; returns how many bytes were used. */
static size_t take_frames(struct render *render, const char *buffer, size_t len)
{
	struct zc_frame frame;
	size_t at = 0;

	while (at < len) {
		long size = zc_frame_decode(&frame, buffer + at, len - at);

		if (size == -EAGAIN)
			break;
		if (size <
		    0) { /* not a frame: frames start at multiples of 8 after the last good one */
			size = len - at < 8 ? (long)(len - at) : 8;
			render->skipped += (uint64_t)size;
		} else {
			zc_evidence_put(render->evidence, buffer + at, (size_t)size, 0);
			render->frames++;
		}
		at += (size_t)size;
	}
	return at;
}

static int read_frames(struct render *render, int fd)
{
	static uint64_t words[2 * ZC_FRAME_MAX / 8];
	char *buffer = (char *)words;
	size_t have = 0;

	for (;;) {
		ssize_t got = read(fd, buffer + have, sizeof(words) - have);
		size_t used;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail("read", render->file, errno);
		have += (size_t)got;
		used = take_frames(render, buffer, have);
		memmove(buffer, buffer + used, have - used);
		have -= used;
		if (!got)
			break;
	}
	if (!have && !render->skipped)
		return 0;
	if (!render->frames) {
		fprintf(stderr, "zcaudit: '%s' is not a file of frames\n", render->file);
		return 125;
	}
	fflush(stdout); /* not into the middle of a line, where both are one file */
	fprintf(stderr, "zcaudit: %s: %" PRIu64 " bytes are not frames%s\n", render->file,
		render->skipped + have, have ? "; the last frame is cut off" : "");
	return 0;
}

static int render_file(struct render *render)
{
	const char *plain = getenv("NO_COLOR");
	struct zc_evidence_setup setup = {
		.events_out = render->text ? NULL : stdout,
		.human = render->text ? stdout : NULL,
		.image = render->image,
		.color = render->text && isatty(STDOUT_FILENO) && !(plain && *plain),
		.engine = "shim",
	};
	int fd = strcmp(render->file, "-") ? open(render->file, O_RDONLY | O_CLOEXEC)
					   : STDIN_FILENO;
	int error, status;

	if (fd < 0)
		return fail("open", render->file, errno);
	error = zc_evidence_new(&render->evidence, &setup);
	if (error) {
		fprintf(stderr, "zcaudit: cannot start: %s\n", strerror(-error));
		return 125;
	}
	render->evidence->text_only = render->text;
	status = read_frames(render, fd);
	if (fd != STDIN_FILENO)
		close(fd);
	if ((fflush(stdout) == EOF || ferror(stdout)) && errno != EPIPE && !status)
		status = fail("write", "standard output", errno);
	zc_evidence_free(render->evidence);
	return status;
}

int zc_audit_render(int argc, char **argv)
{
	static const struct option options[] = {
		{ "image", required_argument, NULL, 'i' },
		{ "json", no_argument, NULL, 'j' },
		{ "text", no_argument, NULL, 't' },
		{ 0 },
	};
	struct render render = { 0 };
	int option, status = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'i': render.image_file = optarg; break;
		case 'j': render.text = false; break;
		case 't': render.text = true; break;
		default:
			fprintf(stderr, "zcaudit: render: unknown option or missing value: '%s'\n",
				argv[optind - 1]);
			return 125;
		}
	}
	if (optind != argc - 1) {
		fprintf(stderr,
			"zcaudit: render: name one file of frames, or - for standard input\n");
		return 125;
	}
	render.file = argv[optind];
	if (render.image_file)
		status = read_image(&render);
	if (!status)
		status = render_file(&render);
	free(render.image);
	return status;
}
