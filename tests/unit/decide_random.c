/* SPDX-License-Identifier: MIT */
/*
 * decide_random.c - the image against a slow and obvious reading of a plain list of rules.
 *
 * The reference shares no code with the image: it matches each rule's components against the path's
 * by recursion and takes the steps of the design in their order. A fixed seed makes every run the
 * same; a difference prints the whole policy and the question. Words are few, so that rules collide
 * often.
 */
#include "tests/unit/decide.h"
#include "tests/unit/t.h"

#define RULES_MAX 14
#define PARTS_MAX 7
#define POLICIES 4000
#define QUESTIONS 40

static uint64_t random_state = 0x5eed;

static unsigned roll(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % below;
}

/* --- the plain list -------------------------------------------------------------------------- */

struct parts {
	char text[PARTS_MAX][12];
	int count;
	bool itself; /* it ended in "/.": nothing below is meant */
};

struct rule {
	enum zc_layer layer;
	enum zc_says says;
	unsigned classes;
	struct parts pattern; /* a trailing "**" is left off, "**" after "**" too */
	char text[132];
};

struct policy {
	struct rule rule[RULES_MAX];
	int count;
	uint32_t flags;
};

static bool is_dstar(const struct parts *parts, int i)
{
	return !strcmp(parts->text[i], "**");
}

static bool word_matches(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '*')
		return word_matches(pattern + 1, text) ||
		       (*text && word_matches(pattern, text + 1));
	return *pattern == *text && word_matches(pattern + 1, text + 1);
}

/* Do components p.. of the pattern cover exactly components i..end of the path? */
static bool covers(const struct parts *pattern, int p, const struct parts *path, int i, int end)
{
	if (p == pattern->count)
		return i == end;
	if (is_dstar(pattern, p))
		return covers(pattern, p + 1, path, i, end) ||
		       (i < end && covers(pattern, p, path, i + 1, end));
	return i < end && word_matches(pattern->text[p], path->text[i]) &&
	       covers(pattern, p + 1, path, i + 1, end);
}

/* The deepest directory of path, or path itself, that the pattern names; -1: none. */
static int deepest(const struct parts *pattern, const struct parts *path)
{
	for (int end = path->count; end >= (pattern->itself ? path->count : 0); end--)
		if (covers(pattern, 0, path, 0, end))
			return end;
	return -1;
}

static int spelled_out(const struct parts *pattern)
{
	int n = 0;

	while (n < pattern->count && !strchr(pattern->text[n], '*'))
		n++;
	return n + (n == pattern->count && pattern->itself);
}

static bool replaced(const struct policy *policy, unsigned cls)
{
	for (int i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rule[i];

		/*
		 * A user's allow of unix sockets is one of the network and back; other classes
		 * stand alone.
		 */
		if (rule->layer == ZC_LAYER_USER && rule->says <= ZC_SAYS_LOG &&
		    rule->classes >> cls & 1)
			return true;
	}
	return false;
}

/* Depth of the deepest rule of this kind on the path; -1: none. */
static int depth_of(const struct policy *policy, const struct parts *path, enum zc_layer layer,
		    enum zc_says says, unsigned cls)
{
	int best = -1;

	for (int i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rule[i];
		int depth;

		if (rule->layer != layer || rule->says != says || !(rule->classes >> cls & 1))
			continue;
		depth = deepest(&rule->pattern, path);
		if (depth > best)
			best = depth;
	}
	return best;
}

static int most_spelled_out(const struct policy *policy, const struct parts *path, unsigned cls)
{
	int best = -1;

	for (int i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rule[i];

		if (rule->layer == ZC_LAYER_USER && rule->says <= ZC_SAYS_LOG &&
		    rule->classes >> cls & 1 && deepest(&rule->pattern, path) >= 0 &&
		    spelled_out(&rule->pattern) > best)
			best = spelled_out(&rule->pattern);
	}
	return best;
}

enum answer { FREE, LOGGED, ASKED, QUIET, REFUSED, IMPLICIT };

static enum answer denies(const struct policy *policy, const struct parts *path, unsigned cls)
{
	int deny, quiet;

	if (depth_of(policy, path, ZC_LAYER_IMPLICIT, ZC_SAYS_DENY, cls) >= 0)
		return IMPLICIT;
	deny = depth_of(policy, path, ZC_LAYER_USER, ZC_SAYS_DENY, cls);
	quiet = depth_of(policy, path, ZC_LAYER_USER, ZC_SAYS_QUIET, cls);
	if (deny >= 0 || quiet >= 0)
		return deny >= quiet ? REFUSED : QUIET;
	deny = depth_of(policy, path, ZC_LAYER_PROFILE, ZC_SAYS_DENY, cls);
	quiet = depth_of(policy, path, ZC_LAYER_PROFILE, ZC_SAYS_QUIET, cls);
	if (deny < 0 && quiet < 0)
		return FREE;
	if (most_spelled_out(policy, path, cls) >= (deny > quiet ? deny : quiet))
		return FREE;
	return deny >= quiet ? REFUSED : QUIET;
}

static enum answer answer_for(const struct policy *policy, const struct parts *path, unsigned cls)
{
	enum answer denied = denies(policy, path, cls);
	bool theirs = !replaced(policy, cls);

	if (denied != FREE)
		return denied;
	if (depth_of(policy, path, ZC_LAYER_USER, ZC_SAYS_ASK, cls) >= 0 ||
	    depth_of(policy, path, ZC_LAYER_PROFILE, ZC_SAYS_ASK, cls) >= 0)
		return ASKED;
	if (depth_of(policy, path, ZC_LAYER_USER, ZC_SAYS_LOG, cls) >= 0 ||
	    (theirs && depth_of(policy, path, ZC_LAYER_PROFILE, ZC_SAYS_LOG, cls) >= 0))
		return LOGGED;
	if (depth_of(policy, path, ZC_LAYER_USER, ZC_SAYS_ALLOW, cls) >= 0 ||
	    depth_of(policy, path, ZC_LAYER_BASE, ZC_SAYS_ALLOW, cls) >= 0 ||
	    (theirs && depth_of(policy, path, ZC_LAYER_PROFILE, ZC_SAYS_ALLOW, cls) >= 0))
		return FREE;
	return REFUSED;
}

/* --- moves ------------------------------------------------------------------------------------ */

/*
 * Where in a pattern may one stand after path? Bit n: its first n components are used up. A "**"
 * may stand for nothing, and once reached is never left.
 */
static unsigned stands(const struct parts *pattern, const struct parts *path)
{
	unsigned now = 1;

	if (pattern->count && is_dstar(pattern, 0))
		now |= 2;
	for (int i = 0; i < path->count; i++) {
		unsigned next = 0;

		for (int p = 0; p <= pattern->count; p++) {
			if (!(now >> p & 1))
				continue;
			if (p > 0 && is_dstar(pattern, p - 1))
				next |= 1u << p;
			if (p < pattern->count && !is_dstar(pattern, p) &&
			    word_matches(pattern->text[p], path->text[i])) {
				next |= 1u << (p + 1);
				if (p + 1 < pattern->count && is_dstar(pattern, p + 1))
					next |= 1u << (p + 2);
			}
		}
		now = next;
	}
	return now;
}

static enum answer worse(enum answer a, enum answer b)
{
	return a > b ? a : b;
}

static enum answer move_one_way(const struct policy *policy, const struct parts *from,
				const struct parts *to, bool tree)
{
	unsigned unallowed = 0;
	enum answer worst = FREE;

	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++) {
		enum answer here = answer_for(policy, from, cls);

		if (here < ASKED)
			continue;
		unallowed |= 1u << cls;
		if (answer_for(policy, to, cls) < ASKED)
			worst = worse(worst, here == IMPLICIT ? IMPLICIT : REFUSED);
	}
	for (int i = 0; tree && i < policy->count; i++) {
		const struct rule *rule = &policy->rule[i];
		/* Not at its end, where it holds below; for a directory alone that is an entry more. */
		unsigned further = (1u << (rule->pattern.count + rule->pattern.itself)) - 1;
		unsigned here = stands(&rule->pattern, from) & further,
			 there = stands(&rule->pattern, to) & further;
		bool counts = rule->layer != ZC_LAYER_PROFILE;

		if (rule->says >= ZC_SAYS_ASK && here & ~there)
			worst = worse(worst, rule->layer == ZC_LAYER_IMPLICIT ? IMPLICIT : REFUSED);
		for (unsigned cls = 0; rule->says <= ZC_SAYS_LOG && cls < ZC_PATH_CLASSES; cls++)
			if (rule->classes & unallowed & 1u << cls && there & ~here &&
			    (counts || !replaced(policy, cls)))
				worst = worse(worst, REFUSED);
	}
	return worst;
}

static enum zc_action action_for(const struct policy *policy, enum answer answer)
{
	if (answer <= LOGGED)
		return answer == FREE ? ZC_ALLOWED : ZC_LOGGED;
	if (policy->flags & ZC_IMAGE_AUDIT)
		return answer == IMPLICIT ? ZC_REFUSED : ZC_AUDITED;
	if (answer == QUIET)
		return ZC_REFUSED_QUIET;
	return policy->flags & ZC_IMAGE_KILL ? ZC_KILLED : ZC_REFUSED;
}

/* --- chance ----------------------------------------------------------------------------------- */

static void roll_path(struct parts *path)
{
	static const char *const words[] = { "a", "b", "c", "ab", "ba", "abb", "x.c" };

	path->count = (int)roll(5);
	for (int i = 0; i < path->count; i++)
		strcpy(path->text[i], words[roll(i < 2 ? 3 : ZC_LEN(words))]);
}

static void roll_pattern(struct parts *pattern)
{
	static const char *const wild[] = {
		"*", "a*", "*b", "a*b", "*b*", "a*b*", "*.c", "**", "**"
	};

	roll_path(pattern);
	pattern->itself = false;
	for (int i = 0; i < pattern->count; i++)
		if (roll(4) == 0)
			strcpy(pattern->text[i], wild[roll(ZC_LEN(wild))]);
}

static void print_parts(char *text, size_t cap, const struct parts *parts)
{
	size_t at = 0;

	for (int i = 0; i < parts->count; i++)
		at += (size_t)snprintf(text + at, cap - at, "/%s", parts->text[i]);
	if (!parts->count)
		snprintf(text, cap, "/");
}

static void tidy(struct parts *pattern)
{
	struct parts clean = { .count = 0, .itself = pattern->itself };

	for (int i = 0; i < pattern->count; i++)
		if (!(is_dstar(pattern, i) && clean.count && is_dstar(&clean, clean.count - 1)))
			strcpy(clean.text[clean.count++], pattern->text[i]);
	while (clean.count && is_dstar(&clean, clean.count - 1) && !clean.itself)
		clean.count--;
	*pattern = clean;
}

static void roll_rule(struct rule *rule)
{
	unsigned dice = roll(20);

	rule->layer = dice < 2    ? ZC_LAYER_BASE
		      : dice < 10 ? ZC_LAYER_PROFILE
		      : dice < 19 ? ZC_LAYER_USER
				  : ZC_LAYER_IMPLICIT;
	rule->says = (enum zc_says)roll(ZC_SAYS_COUNT);
	if (roll(2))
		rule->says = ZC_SAYS_ALLOW;
	if (rule->layer == ZC_LAYER_BASE)
		rule->says = ZC_SAYS_ALLOW;
	if (rule->layer == ZC_LAYER_IMPLICIT)
		rule->says = ZC_SAYS_DENY;
	rule->classes = 1 + roll(15);
	roll_pattern(&rule->pattern);
	print_parts(rule->text, sizeof(rule->text), &rule->pattern);
	if (rule->says <= ZC_SAYS_LOG && roll(5) == 0) {
		rule->pattern.itself = true;
		strcat(strcmp(rule->text, "/") ? rule->text : strcpy(rule->text, ""), "/.");
	}
	tidy(&rule->pattern);
}

static void roll_policy(struct policy *policy, struct lab *lab)
{
	static const uint32_t flags[] = {
		0, 0, 0, ZC_IMAGE_AUDIT, ZC_IMAGE_KILL, ZC_IMAGE_AUDIT | ZC_IMAGE_KILL
	};

	policy->count = 1 + (int)roll(RULES_MAX);
	policy->flags = flags[roll(ZC_LEN(flags))];
	*lab = lab_new(policy->flags);
	for (int i = 0; i < policy->count; i++) {
		struct rule *rule = &policy->rule[i];

		roll_rule(rule);
		/* Rules are numbered from 0, so the image's numbers are the list's. */
		lab_path(lab, rule->layer, rule->says, rule->classes, rule->text);
	}
}

/* --- questions -------------------------------------------------------------------------------- */

static unsigned long asked, refusals, moves_refused, lifted_denies, subtrees;

static bool complain(const struct policy *policy, const char *what, const char *a, const char *b,
		     struct zc_verdict got, int wanted)
{
	printf("# %s %s %s: action %d reason %d cls %d rule %d, wanted action %d\n", what, a, b,
	       got.action, got.reason, got.cls, (int)got.rule, wanted);
	for (int i = 0; i < policy->count; i++)
		printf("#   %d: layer %d says %d classes %x %s\n", i, policy->rule[i].layer,
		       policy->rule[i].says, policy->rule[i].classes, policy->rule[i].text);
	return false;
}

/* Is the rule that the verdict names one that says so, and the deepest of those? */
static bool rule_is_right(const struct policy *policy, const struct parts *path,
			  struct zc_verdict verdict)
{
	const struct rule *rule;
	int depth;

	if (verdict.rule == ZC_RULE_NONE)
		return verdict.reason != ZC_WHY_RULE;
	if (verdict.reason != ZC_WHY_RULE || verdict.rule >= (uint32_t)policy->count)
		return false;
	rule = &policy->rule[verdict.rule];
	depth = deepest(&rule->pattern, path);
	if (!(rule->classes >> verdict.cls & 1) || depth < 0)
		return false;
	if (verdict.action == ZC_ALLOWED)
		return rule->says == ZC_SAYS_ALLOW;
	if (verdict.action == ZC_LOGGED)
		return rule->says == ZC_SAYS_LOG;
	return rule->says >= ZC_SAYS_ASK &&
	       depth == depth_of(policy, path, rule->layer, rule->says, verdict.cls);
}

/* What is allowed below an ancestor must be allowed here. */
static bool ancestors_agree(struct lab *lab, const char *text, unsigned need, bool allowed)
{
	for (size_t len = 1; text[len]; len++) {
		if (len > 1 && text[len] != '/')
			continue;
		if (!zc_policy_allows_below(lab_image(lab), text, len, need))
			continue;
		subtrees++;
		if (!allowed)
			return false;
	}
	return true;
}

static bool ask_one(const struct policy *policy, struct lab *lab)
{
	struct zc_event event = lab_event(ZC_OP_OPEN_RDWR);
	unsigned need = 1 + roll(15);
	enum answer answer = FREE;
	struct zc_verdict verdict;
	struct parts path;
	char text[128];
	bool fast;

	roll_path(&path);
	print_parts(text, sizeof(text), &path);
	lab_object(&event, 0, text, need);
	verdict = zc_policy_decide(lab_image(lab), &event);
	for (unsigned cls = 0; cls < ZC_PATH_CLASSES; cls++)
		if (need >> cls & 1)
			answer = worse(answer, answer_for(policy, &path, cls));
	asked++;
	refusals += answer >= ASKED;
	if (verdict.action != action_for(policy, answer) ||
	    (zc_refuses(verdict) != (verdict.error == EACCES)))
		return complain(policy, "need", text, "", verdict, action_for(policy, answer));
	if (!rule_is_right(policy, &path, verdict))
		return complain(policy, "wrong rule for", text, "", verdict,
				action_for(policy, answer));
	fast = zc_policy_allows_path(lab_image(lab), text, strlen(text), need);
	if (fast && answer != FREE)
		return complain(policy, "the fast path allows", text, "", verdict,
				action_for(policy, answer));
	if (!ancestors_agree(lab, text, need, fast))
		return complain(policy, "an ancestor allows all below", text, "", verdict,
				action_for(policy, answer));
	lifted_denies += answer == FREE && !fast;
	return true;
}

/* A symbolic link: allowed where it leads, denied by either name. */
static bool ask_link(const struct policy *policy, struct lab *lab)
{
	struct zc_event event = lab_event(ZC_OP_OPEN_READ);
	struct parts path, given;
	char text[128], given_text[128];
	struct zc_verdict verdict;
	enum answer answer;

	roll_path(&path);
	roll_path(&given);
	print_parts(text, sizeof(text), &path);
	print_parts(given_text, sizeof(given_text), &given);
	lab_object(&event, 0, text, R);
	event.object[0].given = given_text;
	event.object[0].given_len = (uint32_t)strlen(given_text);
	verdict = zc_policy_decide(lab_image(lab), &event);
	answer = worse(answer_for(policy, &path, ZC_CLASS_READ),
		       denies(policy, &given, ZC_CLASS_READ));
	asked++;
	if (verdict.action != action_for(policy, answer))
		return complain(policy, "link", text, given_text, verdict,
				action_for(policy, answer));
	return true;
}

static bool ask_move(const struct policy *policy, struct lab *lab)
{
	bool link = roll(4) == 0, exchange = !link && roll(4) == 0;
	struct zc_event event = lab_event(link ? ZC_OP_LINK : ZC_OP_RENAME);
	bool trees[2] = { !link && roll(2), !link && roll(2) };
	char text[2][128];
	struct zc_verdict verdict;
	struct parts end[2];
	enum answer answer = FREE;

	for (unsigned n = 0; n < 2; n++) {
		roll_path(&end[n]);
		print_parts(text[n], sizeof(text[n]), &end[n]);
		lab_object(&event, n, text[n], n == 0 && link ? R | W : W);
		event.object[n].flags |= trees[n] ? ZC_OBJ_DIRECTORY : 0;
		answer = worse(answer, answer_for(policy, &end[n], ZC_CLASS_WRITE));
	}
	if (link)
		answer = worse(answer, answer_for(policy, &end[0], ZC_CLASS_READ));
	if (exchange)
		event.flags |= ZC_EV_EXCHANGE;
	verdict = zc_policy_decide(lab_image(lab), &event);
	asked++;
	moves_refused += answer < ASKED && zc_refuses(verdict);
	answer = worse(answer, move_one_way(policy, &end[0], &end[1], trees[0]));
	if (exchange)
		answer = worse(answer, move_one_way(policy, &end[1], &end[0], trees[1]));
	if (verdict.action != action_for(policy, answer))
		return complain(policy,
				link       ? "hard link"
				: exchange ? "exchange"
					   : "rename",
				text[0], text[1], verdict, action_for(policy, answer));
	return true;
}

/* ZC_CASES=1000000 asks that many; what asks always is enough to meet every kind of difference. */
static int policies(void)
{
	const char *cases = getenv("ZC_CASES");
	long count = cases ? atol(cases) / QUESTIONS : 0;

	return count > POLICIES && count < 1000000 ? (int)count : POLICIES;
}

int main(void)
{
	const int rounds = policies();
	bool one = true, link = true, move = true;

	for (int p = 0; p < rounds && one && link && move; p++) {
		struct policy policy;
		struct lab lab;

		roll_policy(&policy, &lab);
		for (int q = 0; q < QUESTIONS && one && link && move; q++) {
			one = ask_one(&policy, &lab);
			link = q % 4 || ask_link(&policy, &lab);
			move = q % 2 || ask_move(&policy, &lab);
		}
		lab_free(&lab);
	}
	T_OK(one, "every verdict on a path is what a plain reading of the list comes to");
	T_OK(link, "so is every verdict on a link, which denies hold by either name");
	T_OK(move, "and every verdict on a rename, an exchange and a hard link");
	T_OK(asked >= 200000 && refusals > 20000 && asked - refusals > 20000,
	     "over %lu questions, %lu of the plain ones refused", asked, refusals);
	T_OK(moves_refused > 1000, "%lu of them moves that only the rule for moving refuses",
	     moves_refused);
	T_OK(lifted_denies > 100, "and %lu allows that the fast path left to the decision",
	     lifted_denies);
	T_OK(subtrees > 1000, "below %lu directories everything was allowed, and it was", subtrees);
	T_DONE();
}
