/* SPDX-License-Identifier: MIT */
/*
 * policy_freeze.c - what profiles, layers, links and derived rules come to, asked of the image.
 *
 * Each case is a policy with its own expectations. So that an expectation cannot hold for a wrong
 * reason, test_expectations() first shows that they fail when they should.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "core/wire/gate.h"
#include "tests/unit/policy.h"

/* clang-format off */
static const struct { const char *text, *message; } untrue[] = {
	{ "version 1\nallow-read /\nexpect deny read /etc/hostname\n",
	  "t.zc:3: expected deny read /etc/hostname, but allow-read / (t.zc:2) allows it" },
	{ "include @dev\nexpect allow read ~/.ssh/id\n",
	  "t.zc:2: expected allow read ~/.ssh/id, but deny-read ~/.ssh (@dev) denies it" },
	{ "deny-read /x\nexpect allow write /x\n", "t.zc:2: expected allow write /x, but it is refused: " },
	{ "allow-net 127.0.0.1\nexpect deny net 127.0.0.1:1\n", "t.zc:2: expected deny net 127.0.0.1:1, but " },
	{ "allow-net 127.0.0.1:2\nexpect allow net 127.0.0.1:1\n", "t.zc:2: expected allow net 127.0.0.1:1, but " },
	{ "allow-listen 80\nexpect deny listen 80\n", "t.zc:2: expected deny listen 80, but " },
	{ "allow-sys mount\nexpect deny sys mount\n", "t.zc:2: expected deny sys mount, but " },
	{ "no-base\ndeny-run /x\nexpect allow run /bin/sh\n", "t.zc:3: expected allow run /bin/sh, but " },
	{ "allow-net unix:/x\nexpect deny net unix:/x/y\n", "t.zc:2: expected deny net unix:/x/y, but " },
	{ "allow-net unix:@*\nexpect deny net unix:@y\n", "t.zc:2: expected deny net unix:@y, but " },
	{ "audit\ndeny-read /x\nexpect allow read /x\n", "t.zc:3: expected allow read /x, but deny-read /x (t.zc:2) denies it" },
};

static const struct { const char *title, *text; } cases[] = {
	{ "a rule covers a directory's subtree and nothing beside it",
	  "allow-read /srv/a\nexpect allow read /srv/a\nexpect allow read /srv/a/b/c\nexpect deny read /srv/ab\nexpect deny read /srv\n" },
	{ "writing includes nothing of reading",
	  "allow-write /srv\nexpect allow write /srv/x\nexpect deny read /srv/x\nexpect deny run /srv/x\n" },
	{ "deny beats log beats allow, whatever the order",
	  "deny-read /srv/a\nallow-read /srv\nlog-read /srv/b\nexpect deny read /srv/a\nexpect allow read /srv/b\nexpect allow read /srv/c\n" },
	{ "'*' stays inside a component, '**' crosses",
	  "allow-read /s/*/x\nallow-write /s/**/y\nexpect allow read /s/a/x\nexpect deny read /s/a/b/x\nexpect deny read /s/x\n"
	  "expect allow write /s/a/b/y\nexpect allow write /s/y\nexpect deny write /s/a/b/z\n" },
	{ "an escaped '*' is a name",
	  "allow-read /s/\\*\nexpect allow read /s/\\*\nexpect deny read /s/a\n" },
	{ "paths are folded: dots, double slashes, trailing slashes",
	  "allow-read ./x//y/\nallow-write sub/../z\nexpect allow read x/y/q\nexpect allow write ./z\nexpect deny write sub\n" },
	{ "variables expand at the start",
	  "allow-read ~/a\nallow-read ${PROJECT}/b\nallow-read ${TMPDIR}/../tmp/c\nexpect allow read ${HOME}/a/x\n"
	  "expect allow read ${PROJECT}/b\nexpect allow read ${TMPDIR}/c\nexpect deny read ${HOME}/b\n" },
	{ "a named policy has @base, and @dev only when it says so",
	  "allow-read /srv\nexpect allow read /usr/lib/x\nexpect allow write /dev/null\nexpect allow read /proc/self/status\n"
	  "expect deny read /opt/x\nexpect deny write ${PROJECT}/x\nexpect deny run /bin/sh\n" },
	{ "no-base takes @base away",
	  "no-base\nallow-read /srv\nexpect deny read /usr/lib/x\nexpect deny write /dev/null\n" },
	{ "@dev reads all but what is protected, writes the project and caches, runs anything",
	  "include @dev\nexpect allow read /opt/x\nexpect allow write ${PROJECT}/x\nexpect allow write ${TMPDIR}/x\n"
	  "expect allow write ~/.cache/x\nexpect allow write /dev/shm/x\nexpect allow run /opt/x\nexpect deny write /opt/x\n"
	  "expect deny write /etc/passwd\nexpect deny sys mount\n" },
	{ "@dev protects keys, histories, start-up files and other processes",
	  "include @dev\nexpect deny read ~/.ssh/id_rsa\nexpect deny read ~/.aws/credentials\nexpect deny read ~/.npmrc\n"
	  "expect deny read ~/.bash_history\nexpect deny read /etc/shadow\nexpect deny read /etc/shadow-\nexpect deny read /proc/1/environ\n"
	  "expect deny read /proc/4321/task/4321/mem\nexpect allow read /proc/self/environ\nexpect allow read /proc/1/status\n"
	  "expect deny read /dev/sda1\nexpect allow read ~/.config/x\n" },
	{ "protected writes hold when the user allows the home as a whole",
	  "include @dev\nallow-write ~\nexpect allow write ~/x\nexpect deny write ~/.bashrc\nexpect deny write ~/.ssh/authorized_keys\n"
	  "expect deny write ~/.config/systemd/user/x\nexpect deny write ~/.gitconfig\n" },
	{ "a protected path yields to a rule that names it or what is inside, not to an ancestor",
	  "include @dev\nallow-read /\nallow-read ~/.ssh/known\nallow-read ~/.aws\nexpect allow read ~/.ssh/known\n"
	  "expect deny read ~/.ssh/id\nexpect allow read ~/.aws/credentials\n" },
	{ "not even everything opens a protected path",
	  "include @dev\nallow-all\nexpect deny read ~/.ssh/id\nexpect allow write /etc/x\nexpect allow sys mount\n"
	  "expect allow net 192.0.2.1:80\nexpect deny net 169.254.169.254:80\nexpect deny sys signal-supervisor\n" },
	{ "cloud metadata opens to the rule that names it",
	  "include @dev\nallow-net 169.254.169.254\nexpect allow net 169.254.169.254:80\n" },
	{ "one user allow replaces the profile's in its class, and in no other",
	  "include @dev\nallow-write ${PROJECT}/build\nexpect allow write ${PROJECT}/build/x\nexpect deny write ${PROJECT}/x\n"
	  "expect deny write ~/.cache/x\nexpect allow read /opt/x\nexpect allow write /dev/null\n" },
	{ "log counts as an allow; deny and quiet-deny only add",
	  "include @dev\nlog-write /srv\ndeny-read /opt/a\nquiet-deny-read /opt/b\nexpect allow write /srv/x\nexpect deny write ${PROJECT}/x\n"
	  "expect deny read /opt/a\nexpect deny read /opt/b\nexpect allow read /opt/c\n" },
	{ "@dev has the network and the listening of this machine only",
	  "include @dev\nexpect allow net 127.0.0.1:80\nexpect allow net 127.9.9.9:80\nexpect allow net [::1]:80\n"
	  "expect deny net 192.0.2.1:80\nexpect deny net [2001:db8::1]:80\nexpect allow listen 127.0.0.1:80\nexpect deny listen 0.0.0.0:80\n"
	  "expect deny listen 80\n" },
	{ "unix sockets follow what may be written",
	  "include @dev\nexpect allow net unix:${PROJECT}/s\nexpect allow net unix:/dev/log\nexpect deny net unix:/srv/s\n"
	  "expect deny net unix:/run/docker.sock\nexpect deny net unix:/tmp/ssh-XYZ/agent.1\nexpect deny net unix:/tmp/.X11-unix/X0\n"
	  "expect deny net unix:/tmp/tmux-0/default\nexpect deny net unix:@/tmp/.X11-unix/X0\nexpect deny net unix:~/.ssh/agent\n" },
	{ "... and a user's own writes narrow them too",
	  "include @dev\nallow-write ${PROJECT}/a\nexpect allow net unix:${PROJECT}/a/s\nexpect deny net unix:${PROJECT}/s\nexpect deny net unix:/tmp/s\n" },
	{ "... and a user's deny of writing",
	  "include @dev\ndeny-write ${PROJECT}/a\nexpect deny net unix:${PROJECT}/a/s\nexpect allow net unix:${PROJECT}/s\n" },
	{ "a socket that is named is allowed, and takes the place of the profile's network",
	  "include @dev\nallow-net unix:/srv/s\nexpect allow net unix:/srv/s\nexpect deny net 127.0.0.1:1\nexpect deny net unix:/tmp/s\n" },
	{ "abstract sockets are allowed by name, or all",
	  "allow-net unix:@a\\x01b\nexpect allow net unix:@a\\x01b\nexpect deny net unix:@a\n" },
	{ "ports, networks and addresses",
	  "allow-net :443\nallow-net 10.0.0.0/8:22\nallow-net [2001:db8::/32]\ndeny-net 10.1.0.0/16\nexpect allow net 192.0.2.1:443\n"
	  "expect allow net [2001:db9::1]:443\nexpect allow net 10.2.3.4:22\nexpect deny net 10.1.3.4:22\nexpect deny net 10.2.3.4:23\n"
	  "expect allow net [2001:db8:1::]:1\nexpect deny net [2001:db9::1]:22\n" },
	{ "an IPv4 address in IPv6 clothes is the IPv4 address",
	  "allow-net ::ffff:10.2.0.1\nexpect allow net 10.2.0.1:5\nexpect allow net [::ffff:10.2.0.1]:5\nexpect deny net 10.2.0.2:5\n" },
	{ "localhost resolves without a network",
	  "allow-net localhost:8080\nexpect allow net 127.0.0.1:8080\nexpect deny net 127.0.0.1:8081\nexpect allow net localhost:8080\n" },
	{ "whoever may leave the machine by name may ask for names",
	  "allow-net :443\nexpect allow net unix:/run/nscd/socket\nexpect allow net unix:/run/systemd/resolve/io.systemd.Resolve\n" },
	{ "whoever may not, may not",
	  "include @dev\nexpect deny net unix:/run/systemd/resolve/io.systemd.Resolve\n" },
	{ "@offline has no network, @readonly no place to write",
	  "include @offline\nexpect deny net 127.0.0.1:80\nexpect deny listen 127.0.0.1:80\nexpect allow write ${PROJECT}/x\nexpect allow net unix:/dev/log\n" },
	{ "@protected denies what is protected, and allows nothing",
	  "include @protected\nallow-read ~\nexpect allow read ~/x\nexpect deny read ~/.ssh/id\nexpect deny read /opt/x\n"
	  "expect deny run /bin/sh\nexpect deny write ${PROJECT}/x\n" },
	{ "@readonly reads and runs",
	  "include @readonly\nexpect allow read /opt/x\nexpect deny read ~/.ssh/id\nexpect allow run /opt/x\nexpect deny write ${PROJECT}/x\n"
	  "expect deny write ${TMPDIR}/x\nexpect allow write /dev/null\nexpect deny net 127.0.0.1:80\n" },
	{ "@ci writes less than @dev and protects the runner",
	  "include @ci\nexpect allow write ${PROJECT}/x\nexpect deny write /var/tmp/x\nexpect deny read /var/run/secrets/x\n"
	  "expect deny write ${TMPDIR}/_runner_file_commands/set_env\nexpect allow net 127.0.0.1:1\n" },
	{ "several profiles add up",
	  "include @readonly\ninclude @offline\nexpect allow write ${PROJECT}/x\nexpect deny net 127.0.0.1:80\n" },
	{ "no-net refuses what rules allow, but not unix sockets",
	  "no-net\nallow-net\nexpect deny net 127.0.0.1:80\nexpect allow net unix:/x\n" },
	{ "in a jail @base lets libraries be loaded, and tells no names of the host",
	  "jail ${PROJECT}\nexpect deny read /etc/hosts\nexpect deny read /etc/passwd\nexpect allow read /usr/lib/x\n" },
	{ "a jail is its directory and @base",
	  "jail ${PROJECT}\nexpect allow read ${PROJECT}/x\nexpect allow write ${PROJECT}/x\nexpect allow run ${PROJECT}/x\n"
	  "expect allow net unix:${PROJECT}/s\nexpect deny read /opt/x\nexpect deny run /bin/sh\nexpect deny net 127.0.0.1:80\n"
	  "expect allow read /usr/lib/x\n" },
	{ "the log directory cannot be written, whatever is allowed",
	  "allow-all\nallow-write ${HOME}/../logs\nexpect deny write ${HOME}/../logs\nexpect deny write ${HOME}/../logs/zc-1/run.json\n"
	  "expect allow read ${HOME}/../logs/x\nexpect allow write ${HOME}/../other\n" },
	{ "a link's rule holds where it leads",
	  "allow-read link\nexpect allow read real/x\nexpect allow read link/x\nexpect deny read other\n" },
	{ "a deny holds for the name that was given and for where it leads",
	  "allow-read /\ndeny-read link\nexpect deny read real/x\nexpect deny read link/x\nexpect allow read other\n" },
	{ "a link that leads nowhere yet is followed all the same",
	  "allow-write dangling\nexpect allow write real/later\nexpect deny write real/x\n" },
	{ "links in a circle are no way out and no hang",
	  "allow-read circle\nexpect deny read /etc/shadow\n" },
	{ "the part before a wildcard is followed",
	  "allow-read link/*.txt\nexpect allow read real/a.txt\nexpect deny read real/a.c\n" },
};
/* clang-format on */

static void test_expectations(void)
{
	for (size_t i = 0; i < ZC_LEN(untrue); i++)
		T_OK(p_fails(untrue[i].text, untrue[i].message), "an untrue one: %s", p_error.text);
}

static void test_git(void)
{
	const char *text = "include @dev\nexpect deny write ${PROJECT}/.git/hooks/pre-commit\n"
			   "expect deny write ${PROJECT}/.git/modules/a/b/hooks/x\n"
			   "expect allow write ${PROJECT}/.git/index\n"
			   "expect allow write ${PROJECT}/sub/.git/hooks/x\n";

	T_OK(!p_holds(text), "without a repository there are no hooks to protect");
	T_OK(p_holds("include @dev\nallow-write ${PROJECT}\nexpect deny write "
		     "${PROJECT}/sub/.git/hooks/pre-commit\n"
		     "expect allow write ${PROJECT}/sub/.git/hooks/pre-commit.sample\n"
		     "expect allow write ${PROJECT}/sub/.git/config\n"),
	     "nobody leaves a hook in a repository below, but may make one: %s", p_error.text);
	p_dir("project/.git");
	T_OK(p_holds(text), "the hooks of the repository that is there are protected: %s",
	     p_error.text);
	p_dir("project/inner");
	p_world.project = p_path("project/inner");
	T_OK(p_holds("include @dev\nallow-write ~/..\nexpect deny write "
		     "${PROJECT}/../.git/hooks/x\n"),
	     "also from a directory inside of it: %s", p_error.text);
	p_world.project = p_path("project");
	T_OK(p_holds("include @dev\nallow-write ${PROJECT}/.git/hooks/one\nexpect allow write "
		     "${PROJECT}/.git/hooks/one\nexpect deny write ${PROJECT}/.git/hooks/two\n"),
	     "a hook opens by name: %s", p_error.text);
}

/* The world of the run as a set of rules. */
static void test_ours(void)
{
	const char *write[] = { "/opt/zc/zcwrap", NULL }, *read[] = { "/opt/zc/key", NULL };
	const char *file[] = { "policy=mine.zc", NULL };
	char text[512];

	p_world.ours_write = write;
	p_world.ours_read = read;
	T_OK(p_holds("allow-all\nallow-write /opt/zc/zcwrap\nallow-read /opt/zc/key\nexpect deny "
		     "write /opt/zc/zcwrap\n"
		     "expect allow read /opt/zc/zcwrap\nexpect deny read /opt/zc/key\nexpect deny "
		     "write /opt/zc/key\n"),
	     "our programs are not written and the key is not read: %s", p_error.text);
	p_world.ours_write = p_world.ours_read = NULL;
	snprintf(text, sizeof(text),
		 "allow-all\nallow-write /proc/%d/mem\nexpect deny write /proc/%d/mem\nexpect deny "
		 "read /proc/%d/fd/3\n"
		 "expect deny write /proc/%d/task/7/oom_score_adj\nexpect allow read "
		 "/proc/%d/status\n",
		 getpid(), getpid(), getpid(), getpid(), getpid());
	T_OK(p_holds(text), "our own process cannot be steered: %s", p_error.text);
	p_file("mine.zc", "allow-all\nexpect deny write mine.zc\nexpect allow write "
			  "other.zc\nexpect allow read mine.zc\n");
	zc_policy_set_free(p_try_with(file, NULL, false));
	T_OK(p_error.text[0] == '\0', "a policy file is not written by what it judges: %s",
	     p_error.text);
}

static void test_places(void)
{
	struct zc_policy_world before = p_world;
	struct zc_policy_set *set;
	char text[512];

	p_world.project = "/";
	set = p_try("include @dev\nexpect deny write /x\nexpect allow write /tmp/x\n");
	T_OK(set && strstr(zc_policy_note(set, 0), "${PROJECT}"),
	     "the root as working directory is not writable: %s",
	     set ? zc_policy_note(set, 0) : p_error.text);
	zc_policy_set_free(set);
	p_world.home = NULL;
	T_OK(p_holds("include @dev\nexpect allow read /opt/x\n"),
	     "a profile does without a home: %s", p_error.text);
	T_OK(p_fails("deny-read ~/x\n", "t.zc:1: '~/x': the variable has no value here"),
	     "a rule does not: %s", p_error.text);
	p_world.home = "relative";
	T_OK(p_fails("deny-read ~/x\n", "t.zc:1: '~/x': the variable has no value"),
	     "nor with a relative one");
	p_world = before;
	p_world.project = p_path("with *star");
	snprintf(text, sizeof(text),
		 "allow-write ${PROJECT}/a\nexpect allow write ${PROJECT}/a\n"
		 "expect deny write %s/with\\ xstar/a\n",
		 p_root);
	T_OK(p_holds(text), "a '*' in the name of the project is no wildcard: %s", p_error.text);
	p_world = before;
}

static void test_notes(void)
{
	struct zc_policy_set *set = p_try("include @dev\nallow-read ~/.ssh/known\nallow-read /\n");

	T_OK(set && zc_policy_note(set, 0) &&
		     !strcmp(zc_policy_note(set, 0), "allow-read ~/.ssh/known (t.zc:2) opens a "
						     "protected path: deny-read ~/.ssh"),
	     "opening a protected path is noted: %s", set ? zc_policy_note(set, 0) : p_error.text);
	T_OK(set && !zc_policy_note(set, 1), "an ancestor opens nothing and is not noted");
	T_OK(set && !strcmp(zc_policy_source(set, 0), "@base") &&
		     !strcmp(zc_policy_source(set, 1), "@dev") && !zc_policy_source(set, 2),
	     "the sources are the profiles");
	zc_policy_set_free(set);
	set = p_try_with(NULL, NULL, false);
	T_OK(set && !strcmp(zc_policy_source(set, 1), "@dev"), "without any policy it is @dev");
	zc_policy_set_free(set);
}

/* zc_image.flags of a policy, or ~0. */
static uint32_t flags_of(const char *text)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	struct zc_image *image = NULL;
	uint32_t flags = ~0u;
	size_t size;

	if (zc_policy_add_text(set, "t.zc", text, strlen(text), &p_error) == 0 &&
	    zc_policy_freeze(set, &image, &size, &p_error) == 0)
		flags = image->flags;
	free(image);
	zc_policy_set_free(set);
	return flags;
}

static void test_image_flags(void)
{
	T_OK(flags_of("audit\nkill\nno-net\ngap allow\n") ==
		     (ZC_IMAGE_AUDIT | ZC_IMAGE_KILL | ZC_IMAGE_NO_NET | ZC_IMAGE_GAP_ALLOW),
	     "flags arrive");
	T_OK(flags_of("include @dev\n") == 0, "under @dev no names are resolved");
	T_OK(flags_of("allow-net 127.0.0.0/8\nallow-net ::1\n") == 0,
	     "nor where only this machine is reached");
	T_OK(flags_of("allow-net\n") == ZC_IMAGE_DNS, "where everything is reached they are");
	T_OK(flags_of("allow-net :443\n") == ZC_IMAGE_DNS, "and where a port is open to the world");
	T_OK(flags_of("allow-net\nno-net\n") == ZC_IMAGE_NO_NET, "but not under no-net");
	T_OK(!(flags_of("allow-net localhost:80\n") & (ZC_IMAGE_DNS | ZC_IMAGE_NAMES)),
	     "a name for this machine is no way out");
}

static void test_seal(void)
{
	struct zc_policy_set *set = zc_policy_set_new(&p_world);
	struct zc_image *image = NULL;
	size_t size = 0;
	int fd = -1;

	if (T_OK(zc_policy_freeze(set, &image, &size, &p_error) == 0, "it freezes")) {
		fd = zc_policy_seal(image, size);
		T_OK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC,
		     "the memfd is not inherited by accident");
		T_OK(pwrite(fd, "x", 1, 0) == -1 && ftruncate(fd, 1) == -1 &&
			     fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1,
		     "and nobody changes it any more");
		T_OK(zc_policy_freeze(set, &image, &size, &p_error) == -EINVAL,
		     "a set freezes once");
		close(fd);
	}
	free(image);
	zc_policy_set_free(set);
}

/* Makes a system call from one of the gate's doors. */
static long call_door(const char *page, size_t door, long nr)
{
	long result;

	__asm__ volatile("subq $128, %%rsp\n\tcall *%[door]\n\taddq $128, %%rsp"
			 : "=a"(result)
			 : "a"(nr), [door] "r"(page + door)
			 : "rcx", "r11", "memory", "cc");
	return result;
}

static void test_gate_page(const struct zc_image *image, size_t size)
{
	int fd = zc_policy_seal(image, size);
	struct stat st;
	unsigned char *page;
	size_t stops = 0;

	if (!T_OK(fd >= 0 && fstat(fd, &st) == 0 &&
			  (uint64_t)st.st_size == zc_gate_offset(image) + ZC_GATE_PAGE,
		  "a page follows the image"))
		return;
	page = mmap((void *)(uintptr_t)image->gate, ZC_GATE_PAGE, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, (off_t)zc_gate_offset(image));
	T_OK((uintptr_t)page == image->gate, "which can be executed at the image's address");
	T_OK(call_door((char *)page, ZC_GATE_PASS, SYS_getpid) == getpid() &&
		     call_door((char *)page, ZC_GATE_SIDE, SYS_getpid) == getpid(),
	     "both doors are system calls that come back");
	T_OK(memcmp(page + ZC_GATE_PASS + ZC_GATE_BEHIND - 2, "\x0f\x05\xc3", 3) == 0 &&
		     memcmp(page + ZC_GATE_SIDE + ZC_GATE_BEHIND - 2, "\x0f\x05\xc3", 3) == 0,
	     "the instruction pointer is where filters expect it");
	for (size_t i = 0; i < ZC_GATE_PAGE; i++)
		stops += page[i] == 0xcc;
	T_OK(stops == ZC_GATE_PAGE - 14, "and everything else in it stops");
	T_OK(mmap(NULL, ZC_GATE_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  (off_t)zc_gate_offset(image)) == MAP_FAILED,
	     "nobody writes into it");
	munmap(page, ZC_GATE_PAGE);
	close(fd);
}

static void test_gate(void)
{
	struct zc_policy_world world = p_world;
	uint32_t last = 0;

	for (int i = 0; i < 4; i++) {
		struct zc_policy_set *set;
		struct zc_image *image = NULL;
		size_t size = 0;

		world.gate = i < 3;
		set = zc_policy_set_new(&world);
		if (!T_OK(zc_policy_freeze(set, &image, &size, &p_error) == 0, "it freezes"))
			return;
		if (world.gate)
			T_OK(image->gate >= ZC_GATE_FIRST && image->gate < ZC_GATE_END &&
				     image->gate % ZC_GATE_PAGE == 0 && image->gate != last,
			     "the gate has a page of its own in each run: %x", image->gate);
		else
			T_OK(image->gate == 0, "there is none unless it is asked for");
		if (i == 0)
			test_gate_page(image, size);
		last = image->gate;
		image->gate |= 1;
		T_OK(zc_image_check(image, size) == -EINVAL, "an address off a page is no gate");
		free(image);
		zc_policy_set_free(set);
	}
}

int main(void)
{
	p_begin();
	p_dir("real"), p_dir("sub");
	if (symlink("real", "link") || symlink("real/later", "dangling") ||
	    symlink("circle", "circle"))
		return 99;
	test_expectations();
	for (size_t i = 0; i < ZC_LEN(cases); i++)
		T_OK(p_holds(cases[i].text), "%s %s", cases[i].title, p_error.text);
	test_git();
	test_ours();
	test_places();
	test_notes();
	test_image_flags();
	test_seal();
	test_gate();
	p_end();
	T_DONE();
}
