/* SPDX-License-Identifier: MIT */
/*
 * policy_join.c - a stricter policy behind the one that is enforced: what decide() makes of both, and that
 * nothing but the pair as it was joined passes the check.
 */
#include <fcntl.h>

#include "tests/unit/policy.h"

static struct zc_image *made(const char *text, size_t *ret_size)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	struct zc_image *image = NULL;

	if (!set || zc_policy_add_text(set, "t.zc", text, strlen(text), &p_error) ||
	    zc_policy_freeze(set, &image, ret_size, &p_error)) {
		printf("# %s\n", p_error.text);
		exit(99);
	}
	zc_policy_set_free(set);
	return image;
}

static struct zc_verdict ask(const struct zc_image *image, const char *path)
{
	struct zc_event event = { .call = ZC_ID_openat, .op = ZC_OP_OPEN_READ, .objects = 1 };

	event.object[0] = (struct zc_object){ .requested = path,
					      .given = path,
					      .path = path,
					      .requested_len = (uint32_t)strlen(path),
					      .given_len = (uint32_t)strlen(path),
					      .path_len = (uint32_t)strlen(path),
					      .need = ZC_NEED_READ,
					      .flags = ZC_OBJ_EXISTS };
	return zc_policy_decide(image, &event);
}

static void test_decide(void)
{
	static const struct {
		const char *path;
		uint8_t action;
		const char *rule, *source; /* NULL: none */
		bool stricter, plain;
	} rows[] = {
		{ "/a/x", ZC_ALLOWED, "allow-read /a", "t.zc:1", false, true },
		{ "/a/deny", ZC_REFUSED, "deny-read /a/deny", "t.zc:2", false, false },
		{ "/a/strict", ZC_AUDITED, "deny-read /a/strict", "t.zc:2", true, false },
		{ "/a/quiet", ZC_ALLOWED, "allow-read /a", "t.zc:1", false, false },
		{ "/a/log", ZC_LOGGED, "log-read /a/log", "t.zc:3", false, false },
		{ "/a/log/strict", ZC_AUDITED, "deny-read /a/log/strict", "t.zc:4", true, false },
		{ "/b/x", ZC_AUDITED, NULL, NULL, true, false },
		{ "/c", ZC_REFUSED, NULL, NULL, false, false },
	};
	size_t size, stricter_size;
	struct zc_image *image = made("allow-read /a\ndeny-read /a/deny\nlog-read /a/log\n"
				      "allow-read /b\n",
				      &size);
	struct zc_image *stricter =
		made("allow-read /a\ndeny-read /a/strict\nquiet-deny-read /a/quiet\n"
		     "deny-read /a/log/strict\n",
		     &stricter_size);

	T_OK(zc_policy_join(&image, &size, stricter, stricter_size) == 0, "two images join");
	T_OK(zc_policy_join(&image, &size, stricter, stricter_size) == -EINVAL, "once only");
	for (size_t i = 0; i < ZC_LEN(rows); i++) {
		struct zc_verdict verdict = ask(image, rows[i].path);
		const struct zc_image_rule *rule = zc_image_rule(image, verdict.rule);
		bool right = verdict.action == rows[i].action && !rule == !rows[i].rule &&
			     zc_rule_is_stricter(verdict.rule) == rows[i].stricter;

		if (rule && right)
			right = !strcmp(zc_image_text(image, rule->text), rows[i].rule) &&
				!strcmp(zc_image_text(image, rule->source), rows[i].source);
		T_OK(right && (verdict.error != 0) == zc_refuses(verdict), "%s", rows[i].path);
		T_OK(zc_policy_allows_path(image, rows[i].path, strlen(rows[i].path),
					   ZC_NEED_READ) == rows[i].plain,
		     "%s is %sa plain allow", rows[i].path, rows[i].plain ? "" : "not ");
	}
	T_OK(zc_policy_allows_below(image, "/a/x", 4, ZC_NEED_READ), "below what both allow");
	T_OK(!zc_policy_allows_below(image, "/b", 2, ZC_NEED_READ), "not below what one allows");
	free(stricter);
	free(image);
}

static void test_check(void)
{
	size_t size, stricter_size;
	struct zc_image *image = made("allow-read /a\n", &size);
	struct zc_image *stricter = made("deny-read /a\n", &stricter_size), *inner;
	struct zc_image_table whole;

	T_OK(zc_policy_join(&image, &size, stricter, stricter_size) == 0, "two images join");
	whole = image->stricter;
	inner = (struct zc_image *)((char *)image + whole.offset);
	image->stricter.offset += 8;
	T_OK(zc_image_check_head(image, size) < 0, "another place is no image");
	image->stricter.offset = (uint32_t)size & ~7u;
	T_OK(zc_image_check_head(image, size) < 0, "nor what lies behind the end");
	image->stricter = whole;
	image->stricter.count += 8;
	T_OK(zc_image_check_head(image, size) < 0, "nor one that is longer");
	image->stricter = whole;
	inner->stricter = (struct zc_image_table){ 0, 8 };
	T_OK(zc_image_check_head(image, size) < 0, "a stricter image has none itself");
	inner->stricter = (struct zc_image_table){ 0, 0 };
	((struct zc_image_rule *)((char *)inner + inner->rules.offset))->text = 0;
	T_OK(zc_image_check(image, size) < 0, "texts of its rules lie in its strings");
	free(stricter);
	free(image);
}

int main(void)
{
	p_begin();
	test_decide();
	test_check();
	p_end();
	T_DONE();
}
