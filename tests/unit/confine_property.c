/* SPDX-License-Identifier: MIT */
/*
 * confine_property.c - whatever the policy allows, the kernel's layers allow.
 *
 * Random trees, policies and acts. A child does the acts one by one, but only what
 * zc_policy_decide() allows of the event, as an observer would see to it; once bare, once under
 * Landlock and the companion filter, on equal trees. What succeeded bare must succeed there.
 *
 * ZC_PROPERTY_SECONDS (6) and ZC_PROPERTY_SEED (1) make it longer or other; as root every second round
 * is done as nobody.
 */
#include <grp.h>
#include <time.h>

#include "tests/unit/confine_acts.h"
#include "tests/unit/t.h"

#define DIED 99

static struct trail *trails[2]; /* bare, and under the layers */
static uint64_t *compared;      /* acts that succeeded bare */

/* --- a round --------------------------------------------------------------------------------------- */

struct round {
	uint64_t seed;
	char policy[8192];
	char why[2 * TEXT_CAP + 128];
};

static int run_child(const struct zc_image *image, const struct zc_confine_plan *plan,
		     const struct round *round, struct trail *trail)
{
	int errors[ZC_CONFINE_LAYERS], status;
	pid_t child;

	grow_tree(round->seed);
	memset(trail, 0, sizeof(*trail));
	child = fork();
	if (child == 0) {
		alarm(20);
		if (plan &&
		    (zc_confine_apply(plan, errors) < 0 || errors[ZC_CONFINE_LANDLOCK] > 0 ||
		     errors[ZC_CONFINE_SECCOMP] > 0 || errors[ZC_CONFINE_MOUNTS] > 0))
			_exit(DIED);
		live(image, round->seed ^ 0xac7, trail);
		_exit(0);
	}
	waitpid(child, &status, 0);
	fell_tree(world_top);
	return WIFEXITED(status) ? WEXITSTATUS(status) : DIED;
}

static bool compare(struct round *round)
{
	for (unsigned i = 0; i < trails[0]->count; i++) {
		bool held = i < trails[1]->count && trails[1]->act[i].error == 0;

		if (!trails[0]->act[i].judged || trails[0]->act[i].error)
			continue;
		++*compared;
		if (held && trails[1]->act[i].judged)
			continue;
		snprintf(round->why, sizeof(round->why), "act %u, %s: 0 bare, %s under the layers",
			 i, trails[0]->act[i].what, strerror(trails[1]->act[i].error));
		return false;
	}
	return true;
}

static bool tell(struct round *round, const struct made *made)
{
	const struct zc_confine_account *account = &made->account[ZC_CONFINE_LANDLOCK];

	printf("# seed %llu, uid %u: %s\n", (unsigned long long)round->seed, geteuid(), round->why);
	for (char *line = strtok(round->policy, "\n"); line; line = strtok(NULL, "\n"))
		printf("# | %s\n", line);
	printf("# %s\n", account->detail ? account->detail : "");
	for (char **text = account->widened; text && *text; text++)
		if (strstr(*text, world_top))
			printf("# widened %s\n", *text);
	for (unsigned i = 0; i < trails[0]->count; i++)
		if (trails[0]->act[i].judged)
			printf("# %3u %s: %d, %d\n", i, trails[0]->act[i].what,
			       trails[0]->act[i].error, trails[1]->act[i].error);
	return false;
}

static struct zc_image *freeze(const char *policy)
{
	char project[TEXT_CAP], logs[TEXT_CAP];
	struct zc_policy_world world = { .home = world_root,
					 .project = project,
					 .tmpdir = project };
	struct zc_policy_set *set;
	struct zc_policy_error error;
	struct zc_image *image = NULL;
	size_t size;

	snprintf(project, sizeof(project), "%s/b", world_root);
	snprintf(logs, sizeof(logs), "%s/b/ab", world_root);
	world.log_dir = strlen(policy) % 2 ? logs : NULL;
	set = zc_policy_set_new(&world);
	if (zc_policy_add_text(set, "p", policy, strlen(policy), &error) < 0 ||
	    zc_policy_freeze(set, &image, &size, &error) < 0)
		image = NULL;
	zc_policy_set_free(set);
	return image;
}

/*
 * What a traced run has instead of the companion: masks, and a network namespace where one is due
 * (slow: it takes the kernel milliseconds to end one).
 */
static struct made spaces_plan(const struct zc_image *image, struct zc_confine_host *host,
			       bool slow)
{
	const uint32_t layers = ONLY(MOUNTS) | (slow ? ONLY(NETNS) : 0);
	struct zc_confine_wish wish = {
		.image = image,
		.host = host,
		.take = ONLY(LANDLOCK) | layers,
		.named = geteuid() ? ONLY(MOUNTS) : 0, /* in a user namespace */
		.traced = true,
		.cwd = "/",
		.caps_keep = ZC_CONFINE_CAPS_ALL,
	};
	struct made made = { .plan = NULL };

	host->mountns = geteuid() == 0;
	host->netns = host->userns = true;
	host->root = geteuid() == 0;
	if (zc_confine_make(&wish, &made.plan, &made.size, made.account) < 0)
		made.plan = NULL;
	return made;
}

/* 0: held; 1: did not; 2: nothing was asked. */
static int do_round(uint64_t seed)
{
	static struct round round;
	struct rolls r = rolls_from(seed ^ 0x90);
	bool spaces = seed % 4 < 2;
	struct zc_confine_host host = real_host();
	struct zc_image *image;
	struct made made;
	bool held = true;

	snprintf(world_top, sizeof(world_top), "/tmp/zc-property-%d", getpid());
	snprintf(world_root, sizeof(world_root), "%s/r", world_top);
	round.seed = seed;
	random_policy(&r, round.policy, sizeof(round.policy), ports);
	if (host.landlock_abi > 1 && roll(&r, 4) == 0)
		host.landlock_abi = 1 + (int)roll(&r, (unsigned)host.landlock_abi);
	/* Rules are resolved, and places looked at, on the tree as the command will find it. */
	grow_tree(seed);
	image = freeze(round.policy);
	if (!image) {
		fell_tree(world_top);
		return 2;
	}
	made = spaces ? spaces_plan(image, &host, seed % 16 < 2)
		      : plan_of(image, &host, ONLY(LANDLOCK) | ONLY(SECCOMP));
	fell_tree(world_top);
	if (!made.plan || run_child(image, NULL, &round, trails[0]) ||
	    run_child(image, made.plan, &round, trails[1])) {
		snprintf(round.why, sizeof(round.why), "a child died, or a layer was not applied");
		held = false;
	} else {
		held = compare(&round);
	}
	if (!held)
		tell(&round, &made);
	fflush(stdout);
	made_free(&made);
	free(image);
	return !held;
}

/* Each round in a process of its own: it may have another user. */
static int fork_round(uint64_t seed)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (geteuid() == 0 && seed % 2 &&
		    (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 ||
		     setresuid(65534, 65534, 65534) < 0))
			_exit(DIED);
		alarm(60);
		_exit(do_round(seed));
	}
	waitpid(child, &status, 0);
	if (!WIFEXITED(status))
		printf("# seed %llu did not end\n", (unsigned long long)seed);
	return WIFEXITED(status) ? WEXITSTATUS(status) : DIED;
}

static int listener(uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t len = sizeof(at);

	if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 1024) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		abort();
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int abstract_listener(const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path + 1, name);
	/* Another of these tests may hold the name: as good. */
	if (bind(fd, (struct sockaddr *)&at,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) == 0)
		listen(fd, 1024);
	return fd;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	uint64_t seconds = number_from("ZC_PROPERTY_SECONDS", 6);
	uint64_t seed = number_from("ZC_PROPERTY_SEED", 1), done = 0, failed = 0;
	time_t end = time(NULL) + (time_t)seconds;
	int servers[4];

	if (real_host().landlock_abi < 1) {
		T_SKIP("no Landlock on this kernel");
		T_DONE();
	}
	for (unsigned i = 0; i < 2; i++)
		trails[i] = mmap(NULL, sizeof(struct trail), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	compared = mmap(NULL, sizeof(*compared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	servers[0] = listener(&ports[0]);
	servers[1] = listener(&ports[1]);
	servers[2] = abstract_listener("zc-property");
	servers[3] = abstract_listener("zc-other");
	for (; time(NULL) < end && failed < 3; done++) {
		int result = fork_round(seed + done), fd;

		failed += result == 1 || result == DIED;
		for (unsigned i = 0; i < ZC_LEN(servers); i++)
			while ((fd = accept4(servers[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
				close(fd);
	}
	T_OK(*compared > done && !failed, "%llu acts in %llu rounds from seed %llu are let through",
	     (unsigned long long)*compared, (unsigned long long)done, (unsigned long long)seed);
	T_DONE();
}
