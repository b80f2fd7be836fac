/* SPDX-License-Identifier: MIT */
/*
 * doctor_help.c - facts that the system tells, and what would help where something does not work.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "wrap/modes/doctor.h"

/* --- facts ------------------------------------------------------------------------------------------------ */

static long number_in(const char *file)
{
	char text[32] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 ? strtol(text, NULL, 10) : -1;
}

static int tracer_of_us(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	int pid = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "TracerPid:", 10) == 0)
			pid = atoi(line + 10);
	if (file)
		fclose(file);
	return pid;
}

void zc_doctor_look(struct zc_doctor_facts *facts)
{
	struct utsname name = { .sysname = "" };

	uname(&name);
	snprintf(facts->kernel, sizeof(facts->kernel), "%s %s", name.sysname, name.release);
	snprintf(facts->machine, sizeof(facts->machine), "%.31s", name.machine);
	facts->uid = (int)geteuid();
	facts->yama = (int)number_in("/proc/sys/kernel/yama/ptrace_scope");
	facts->apparmor = (int)number_in("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
	facts->userns_clone = (int)number_in("/proc/sys/kernel/unprivileged_userns_clone");
	facts->userns_max = number_in("/proc/sys/user/max_user_namespaces");
	facts->seccomp = prctl(PR_GET_SECCOMP);
	facts->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	facts->tracer = tracer_of_us();
	facts->container = access("/.dockerenv", F_OK) == 0 ||
			   access("/run/.containerenv", F_OK) == 0 || getenv("container");
}

/* --- help -------------------------------------------------------------------------------------------------- */

/* A filter around us answers EPERM or ENOSYS where the kernel would do it. */
static bool by_profile(const struct zc_doctor *doctor, int error)
{
	return doctor->facts.seccomp == 2 && (error == EPERM || error == ENOSYS || error == EACCES);
}

static const char *help_notify(const struct zc_doctor *doctor, int error)
{
	if (error == EBUSY)
		return "run it outside of the supervisor that answers system calls here; ptrace is "
		       "used instead";
	if (by_profile(doctor, error))
		return "a seccomp profile that lets seccomp(2) through (docker: --security-opt "
		       "seccomp=unconfined)";
	if (error == EINVAL || error == ENOSYS)
		return "Linux 5.19 or newer with CONFIG_SECCOMP_FILTER";
	if (doctor->facts.yama >= 2)
		return "reading a process's memory: kernel.yama.ptrace_scope=1, or CAP_SYS_PTRACE";
	return "";
}

static const char *help_ptrace(const struct zc_doctor *doctor, int error)
{
	if (doctor->facts.tracer)
		return "run it without a tracer around it (strace, gdb): a process has only one";
	if (doctor->facts.yama >= 3)
		return "kernel.yama.ptrace_scope=3 forbids it until the next boot";
	if (doctor->facts.yama == 2)
		return "kernel.yama.ptrace_scope=1 (sysctl), or CAP_SYS_PTRACE";
	if (by_profile(doctor, error))
		return "a seccomp profile that lets ptrace(2) through (docker: "
		       "--cap-add=SYS_PTRACE)";
	return "";
}

static const char *help_landlock(const struct zc_doctor *doctor, int error)
{
	if (by_profile(doctor, error))
		return "a seccomp profile that lets landlock_*(2) through (docker from 23.0 on "
		       "does)";
	if (error == EOPNOTSUPP)
		return "boot with landlock in the list of the lsm= parameter";
	if (error == ENOSYS)
		return "Linux 5.13 or newer with CONFIG_SECURITY_LANDLOCK";
	return "";
}

static const char *help_userns(const struct zc_doctor *doctor, int error)
{
	const struct zc_doctor_facts *facts = &doctor->facts;

	if (facts->userns_max == 0)
		return "user.max_user_namespaces above 0 (sysctl)";
	if (facts->userns_clone == 0)
		return "kernel.unprivileged_userns_clone=1 (sysctl)";
	if (facts->apparmor == 1)
		return "kernel.apparmor_restrict_unprivileged_userns=0 (sysctl), or an AppArmor "
		       "profile for zcwrap with 'userns,'";
	if (by_profile(doctor, error) || facts->container)
		return "a container that may make namespaces (docker: --security-opt "
		       "seccomp=unconfined --security-opt apparmor=unconfined)";
	return "";
}

static const char *help_privilege(const struct zc_doctor *doctor, int error)
{
	if (doctor->facts.uid != 0)
		return "root, or user namespaces with --kernel=NAME";
	return "root with CAP_SYS_ADMIN (a container's root lacks it: docker --cap-add=SYS_ADMIN)";
}

static const char *help_chroot(const struct zc_doctor *doctor, int error)
{
	return "root with CAP_SYS_CHROOT; without, --jail confines by policy";
}

static const char *help_cgroup(const struct zc_doctor *doctor, int error)
{
	return "a cgroup of one's own: systemd-run --user --scope, or root";
}

static const char *help_seccomp(const struct zc_doctor *doctor, int error)
{
	return by_profile(doctor, error) ? "a seccomp profile that lets seccomp(2) through"
					 : "a kernel with CONFIG_SECCOMP_FILTER";
}

void zc_doctor_help(struct zc_doctor_row *row, const struct zc_doctor *doctor, enum zc_fact fact)
{
	static const char *(*const helps[ZC_FACTS])(const struct zc_doctor *doctor, int error) = {
		[ZC_FACT_NOTIFY] = help_notify,     [ZC_FACT_PTRACE] = help_ptrace,
		[ZC_FACT_LANDLOCK] = help_landlock, [ZC_FACT_SECCOMP] = help_seccomp,
		[ZC_FACT_USERNS] = help_userns,     [ZC_FACT_USER_NETNS] = help_userns,
		[ZC_FACT_MOUNTNS] = help_privilege, [ZC_FACT_NETNS] = help_privilege,
		[ZC_FACT_CHROOT] = help_chroot,     [ZC_FACT_CGROUP] = help_cgroup,
	};
	const struct zc_tried *tried = &doctor->host.fact[fact];

	if (tried->tried && !tried->works)
		snprintf(row->help, sizeof(row->help), "%s", helps[fact](doctor, tried->error));
}
