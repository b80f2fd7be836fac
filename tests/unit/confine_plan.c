/* SPDX-License-Identifier: MIT */
/*
 * confine_plan.c - the block that is handed over: what is accepted, the account, required layers.
 */
#include "confine/plan.h"
#include "tests/unit/confine.h"
#include "tests/unit/t.h"

static void test_names(void)
{
	bool held = true;

	for (unsigned layer = 0; layer < ZC_CONFINE_LAYERS; layer++)
		held = held && zc_confine_find(zc_confine_name(layer)) == (int)layer;
	T_OK(held, "each layer is found by its name");
	T_OK(zc_confine_find("landlocked") == -1 && !strcmp(zc_confine_name(99), "?"),
	     "nothing else is");
}

/* Does a plan with one changed word still pass? */
static bool passes(const struct made *made, size_t offset, uint32_t value)
{
	char *copy = malloc(made->size);
	bool passed;

	memcpy(copy, made->plan, made->size);
	memcpy(copy + offset, &value, sizeof(value));
	passed = zc_confine_check(copy, made->size) == 0;
	free(copy);
	return passed;
}

#define FIELD(name) offsetof(struct zc_confine_plan, name)

static void test_check(void)
{
	const char *rules[] = { "allow-read /", "allow-write /usr/share", NULL };
	const struct zc_confine_host host = { .landlock_abi = 7, .seccomp = true };
	struct zc_image *image = image_of(rules, "/nonexistent");
	struct made made = plan_of(image, &host, ONLY(LANDLOCK) | ONLY(SECCOMP));
	uint32_t paths = made.plan->table[ZC_PLAN_PATHS].offset;

	T_OK(zc_confine_check(made.plan, made.size) == 0, "what is made is accepted");
	T_OK(zc_confine_check(made.plan, made.size - 1) == -EINVAL,
	     "not when something is missing");
	T_OK(zc_confine_check(made.plan, 3) == -EINVAL, "nor when nearly all is");
	T_OK(!passes(&made, 0, 1), "nor with another magic");
	T_OK(!passes(&made, FIELD(version), 99), "nor from another version");
	T_OK(!passes(&made, FIELD(planned), 1u << 20), "nor with a layer that does not exist");
	T_OK(!passes(&made, FIELD(require), 1), "nor with one required that is not planned");
	T_OK(!passes(&made, FIELD(jail), 0x7fffffff), "nor with a text outside");
	T_OK(!passes(&made, FIELD(table[ZC_PLAN_PATHS].count), 0x10000000), "nor a table too long");
	T_OK(!passes(&made, FIELD(table[ZC_PLAN_PATHS].offset), 4), "nor one over the head");
	T_OK(!passes(&made, FIELD(table[ZC_PLAN_FILTER].count), 5000), "nor a filter too long");
	T_OK(!passes(&made, paths, 0xffffff), "nor a path outside of the texts");
	made_free(&made);
	free(image);
}

static void test_required(void)
{
	const char *rules[] = { "allow-read /", "allow-write /usr/share", NULL };
	const struct zc_confine_host host = { .landlock_abi = 0 };
	struct zc_image *image = image_of(rules, "/nonexistent");
	struct zc_confine_wish wish = { .image = image,
					.host = &host,
					.require = ONLY(LANDLOCK),
					.caps_keep = ZC_CONFINE_CAPS_ALL };
	struct made made = { .plan = NULL };

	T_OK(zc_confine_make(&wish, &made.plan, &made.size, made.account) == -ENOTSUP,
	     "what is required and not to be had is an error");
	T_OK(made.account[ZC_CONFINE_LANDLOCK].detail &&
		     strstr(made.account[ZC_CONFINE_LANDLOCK].detail, "no Landlock"),
	     "that says why: %s", made.account[ZC_CONFINE_LANDLOCK].detail);
	made_free(&made);
	free(image);
}

/* A kernel that knows less than was promised: the layer is reported, and ends the run where required. */
static void test_failing(void)
{
	const char *rules[] = { "allow-read /", "allow-write /usr/share", NULL };
	const struct zc_confine_host host = { .landlock_abi = 7 };
	struct zc_image *image = image_of(rules, "/nonexistent");
	struct made made = plan_of(image, &host, ONLY(LANDLOCK));
	int errors[ZC_CONFINE_LAYERS], status;

	made.plan->handled_fs |= 1ull << 60; /* a right that no kernel knows */
	for (unsigned required = 0; required < 2; required++) {
		pid_t child;

		made.plan->require = required ? ONLY(LANDLOCK) : 0;
		child = fork();
		if (child == 0) {
			int r = zc_confine_apply(made.plan, errors);

			_exit(r < 0 ? 1 : errors[ZC_CONFINE_LANDLOCK] > 0 ? 2 : 0);
		}
		waitpid(child, &status, 0);
		T_OK(WIFEXITED(status) && WEXITSTATUS(status) == (required ? 1 : 2),
		     required ? "a required layer that fails ends it" : "another is reported");
	}
	made_free(&made);
	free(image);
}

static void test_account(void)
{
	const char *rules[102] = { NULL };
	static char text[100][64];
	const struct zc_confine_host host = { .landlock_abi = 7 };
	struct zc_confine_account *account;
	struct zc_image *image;
	struct made made;
	size_t count = 0;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(text[i], sizeof(text[i]), "allow-write /usr/share/nonexistent%u", i);
		rules[i] = text[i];
	}
	image = image_of(rules, "/nonexistent");
	made = plan_of(image, &host, ONLY(LANDLOCK));
	account = &made.account[ZC_CONFINE_LANDLOCK];
	while (account->widened && account->widened[count])
		count++;
	T_OK(count == ZC_PLAN_LISTED + 1 && says(account->widened, " more"),
	     "a long list ends with a number: %s", account->widened[count - 1]);
	T_OK(!made.account[ZC_CONFINE_SECCOMP].planned &&
		     !strcmp(made.account[ZC_CONFINE_SECCOMP].detail, "not asked for"),
	     "a layer that was not asked for says so");
	made_free(&made);
	free(image);
}

int main(void)
{
	test_names();
	test_check();
	test_required();
	test_failing();
	test_account();
	T_DONE();
}
