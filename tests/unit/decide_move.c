/* SPDX-License-Identifier: MIT */
/*
 * decide_move.c - rename, exchange and link never take anything out of its rules.
 */
#include "tests/unit/decide.h"
#include "tests/unit/t.h"

#define USER ZC_LAYER_USER
#define ALLOW ZC_SAYS_ALLOW
#define DENY ZC_SAYS_DENY

enum { FILE_, TREE, SWAP_FILES, SWAP_TREES, LINK_ };

static struct zc_verdict move(struct lab *lab, int what, const char *from, const char *to)
{
	bool tree = what == TREE || what == SWAP_TREES;
	struct zc_event event = lab_event(what == LINK_ ? ZC_OP_LINK : ZC_OP_RENAME);

	lab_object(&event, 0, from, what == LINK_ ? R | W : W);
	lab_object(&event, 1, to, W);
	event.object[0].flags |= tree ? ZC_OBJ_DIRECTORY : 0;
	event.object[1].flags = 0;
	if (what == SWAP_FILES || what == SWAP_TREES) {
		event.flags |= ZC_EV_EXCHANGE;
		event.object[1].flags = event.object[0].flags;
	}
	return zc_policy_decide(lab_image(lab), &event);
}

static bool loses(struct zc_verdict verdict)
{
	return refused(verdict, EACCES) && verdict.reason == ZC_WHY_MOVE_LOSES;
}

static bool gains(struct zc_verdict verdict)
{
	return refused(verdict, EACCES) && verdict.reason == ZC_WHY_MOVE_GAINS;
}

static void test_denied_below(void)
{
	struct lab lab = lab_new(0);
	int deny;

	lab_path(&lab, USER, ALLOW, R | W, "/t");
	deny = lab_path(&lab, USER, DENY, R, "/t/nest/vault");
	T_OK(gains(move(&lab, FILE_, "/t/nest/vault/key", "/t/free")),
	     "a denied file cannot be moved out of its deny");
	T_OK(move(&lab, FILE_, "/t/nest/vault/key", "/t/free").rule == (uint32_t)deny,
	     "the deny is named");
	T_OK(gains(move(&lab, TREE, "/t/nest/vault", "/t/free")),
	     "nor the directory that is denied");
	T_OK(loses(move(&lab, TREE, "/t/nest", "/t/free")), "nor one that holds it");
	T_OK(move(&lab, TREE, "/t/nest", "/t/free").rule == (uint32_t)deny &&
		     move(&lab, TREE, "/t/nest", "/t/free").cls == ZC_CLASS_READ,
	     "the deny that it would lose is named");
	T_OK(refused(move(&lab, LINK_, "/t/nest/vault/key", "/t/free"), EACCES), "nor linked");
	T_OK(allowed(move(&lab, FILE_, "/t/nest/vault/a", "/t/nest/vault/b")),
	     "inside its deny it may move");
	T_OK(allowed(move(&lab, FILE_, "/t/nest/a", "/t/nest/vault/a")),
	     "and something may move into a deny");
	T_OK(allowed(move(&lab, TREE, "/t/other", "/t/free")),
	     "what holds nothing denied moves freely");
	T_OK(allowed(move(&lab, FILE_, "/t/nest", "/t/free")), "a file of that name holds nothing");
	T_OK(gains(move(&lab, SWAP_FILES, "/t/a", "/t/nest/vault/key")),
	     "an exchange is judged the other way round too");
	T_OK(move(&lab, SWAP_FILES, "/t/a", "/t/nest/vault/key").object == 1,
	     "and says which end it was");
	T_OK(loses(move(&lab, SWAP_TREES, "/t/a", "/t/nest")), "for trees as well");
	T_OK(refused(move(&lab, FILE_, "/t/a", "/elsewhere"), EACCES), "both ends need write");
	lab_free(&lab);
}

static void test_rights(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, USER, ALLOW, W, "/in");
	lab_path(&lab, USER, ALLOW, R | W | X, "/out");
	lab_path(&lab, USER, ALLOW, W, "/part");
	lab_path(&lab, USER, ALLOW, X, "/part/bin");
	lab_path(&lab, USER, ALLOW, W, "/glob");
	lab_path(&lab, USER, ALLOW, R, "/glob/**/public");
	T_OK(gains(move(&lab, FILE_, "/in/x", "/out/x")),
	     "a file cannot become readable or runnable by moving");
	T_OK(allowed(move(&lab, FILE_, "/out/x", "/in/x")), "it may lose rights");
	T_OK(gains(move(&lab, TREE, "/in/x", "/part")),
	     "nor can what a tree holds, under a right that begins below");
	T_OK(allowed(move(&lab, FILE_, "/in/x", "/part/x")), "where none begins it may move");
	T_OK(gains(move(&lab, TREE, "/in/x", "/glob/x")), "a right that begins below ** counts");
	T_OK(allowed(move(&lab, TREE, "/glob/x", "/glob/y")),
	     "inside the same ** nothing is gained");
	T_OK(allowed(move(&lab, FILE_, "/in/x", "/glob/x")), "and a file holds nothing that could");
	lab_free(&lab);
}

static void test_patterns(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, USER, ALLOW, R | W, "/");
	lab_path(&lab, USER, DENY, W, "/p/**/.git/hooks");
	T_OK(allowed(move(&lab, TREE, "/p/a", "/p/b")),
	     "a tree moves inside a ** that denies below it");
	T_OK(loses(move(&lab, TREE, "/p/a", "/q")), "but not out of it");
	T_OK(loses(move(&lab, TREE, "/p/a/.git", "/p/a/git")),
	     "nor to a name that the pattern does not have");
	T_OK(allowed(move(&lab, TREE, "/p/a/.git", "/p/b/.git")), "to one that it has it may");
	T_OK(allowed(move(&lab, FILE_, "/p/a", "/q")), "a file leaves freely");
	lab_free(&lab);
}

static void test_evidence(void)
{
	struct lab lab = lab_new(ZC_IMAGE_AUDIT);
	struct zc_verdict verdict;
	int implicit;

	lab_path(&lab, USER, ALLOW, R | W, "/w");
	lab_path(&lab, USER, DENY, R, "/w/a/b/secret");
	implicit = lab_path(&lab, ZC_LAYER_IMPLICIT, DENY, W, "/w/a/b/logs");
	lab_path(&lab, ZC_LAYER_IMPLICIT, DENY, R, "/w/key");
	verdict = move(&lab, TREE, "/w/a", "/w/z");
	T_OK(verdict.action == ZC_REFUSED && verdict.rule == (uint32_t)implicit,
	     "an ancestor of the log directory stays where it is, under --audit too, and that rule "
	     "is named");
	T_OK(move(&lab, TREE, "/w/a/b", "/w/z").action == ZC_REFUSED, "and so do all between");
	T_OK(move(&lab, TREE, "/w/a/b/logs", "/w/z").action == ZC_REFUSED,
	     "and the directory itself");
	T_OK(move(&lab, FILE_, "/w/key", "/w/k").action == ZC_REFUSED,
	     "the signing key does not become readable");
	T_OK(move(&lab, FILE_, "/w/a/b/secret", "/w/s").action == ZC_AUDITED,
	     "what the user denies is only recorded");
	T_OK(allowed(move(&lab, FILE_, "/w/a/b/x", "/w/y")),
	     "writing elsewhere below an ancestor is free");
	lab_free(&lab);
}

static void test_lifted(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, ZC_LAYER_PROFILE, ALLOW, R | W, "/h");
	lab_path(&lab, ZC_LAYER_PROFILE, DENY, R, "/h/.ssh");
	lab_path(&lab, ZC_LAYER_PROFILE, DENY, R, "/h/.aws");
	lab_path(&lab, USER, ALLOW, R, "/h");
	lab_path(&lab, USER, ALLOW, R, "/h/.ssh");
	T_OK(allowed(move(&lab, FILE_, "/h/.ssh/config", "/h/config")),
	     "a deny that is lifted does not hold a file");
	T_OK(gains(move(&lab, FILE_, "/h/.aws/x", "/h/x")), "one that is not does");
	lab_free(&lab);
}

static void test_sockets(void)
{
	struct lab lab = lab_new(0);

	lab_path(&lab, USER, ALLOW, R | W, "/s");
	lab_path(&lab, USER, ALLOW, U, "/s/open");
	T_OK(gains(move(&lab, FILE_, "/s/agent.sock", "/s/open/agent.sock")),
	     "a socket does not move to where it may be spoken to");
	T_OK(allowed(move(&lab, FILE_, "/s/open/a", "/s/b")), "away from there it may");
	lab_free(&lab);
}

int main(void)
{
	test_denied_below();
	test_rights();
	test_patterns();
	test_evidence();
	test_lifted();
	test_sockets();
	T_DONE();
}
