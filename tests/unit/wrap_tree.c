/* SPDX-License-Identifier: MIT */
/*
 * wrap_tree.c - the tree of processes: found whatever they call themselves, never taken for others.
 */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/t.h"
#include "wrap/wrap.h"

/* A child with a child; both say that they are there. Returns the child, *ret_grandchild the other. */
static pid_t family(const char *name, pid_t *ret_grandchild)
{
	int ready[2];
	pid_t child, grandchild = -1;

	if (pipe(ready) < 0)
		return -1;
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, name);
		grandchild = fork();
		if (grandchild == 0)
			pause();
		if (write(ready[1], &grandchild, sizeof(grandchild)) < 0)
			_exit(1);
		pause();
	}
	if (read(ready[0], ret_grandchild, sizeof(*ret_grandchild)) != sizeof(*ret_grandchild))
		return -1;
	close(ready[0]);
	close(ready[1]);
	return child;
}

static bool holds(const struct zc_tree *tree, pid_t pid)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->member[i].pid == pid)
			return true;
	return false;
}

int main(void)
{
	static const char *const names[] = { "plain", ") R 1 1 1", "a b) (c", "line\nS 1", "" };
	struct zc_tree tree = { 0 }, before = { 0 };
	pid_t child = -1, grandchild = -1, old, old_grandchild;

	for (size_t i = 0; i < ZC_LEN(names); i++) {
		child = family(names[i], &grandchild);
		T_OK(zc_tree_scan(&tree, getpid(), NULL) == 0 && tree.count == 2 &&
			     holds(&tree, child) && holds(&tree, grandchild),
		     "a process named '%s' and its child are found",
		     i == 3 ? "line\\nS 1" : names[i]);
		T_OK(zc_tree_below(grandchild, getpid()) && !zc_tree_below(getppid(), getpid()),
		     "who descends from us does, who does not does not");
		T_OK(zc_tree_signal(&tree, SIGKILL) == 2, "both take a signal");
		waitpid(child, NULL, 0);
	}
	T_OK(!zc_tree_below(child, getpid()), "who is gone descends from nobody");

	old = family("old", &old_grandchild);
	zc_tree_scan(&before, getpid(), NULL);
	child = family("new", &grandchild);
	zc_tree_scan(&tree, getpid(), &before);
	T_OK(tree.count == 2 && holds(&tree, child) && !holds(&tree, old) &&
		     !holds(&tree, old_grandchild),
	     "who was there before is left out, with its children");

	tree.member[0].start++;
	tree.member[1].start++;
	T_OK(zc_tree_signal(&tree, SIGKILL) == 0 && kill(child, 0) == 0,
	     "a pid that now is another process takes no signal");
	zc_tree_scan(&tree, getpid(), NULL);
	T_OK(zc_tree_signal(&tree, SIGKILL) == 4, "all of them take it in the end");
	zc_tree_finish(&tree);
	zc_tree_finish(&before);
	T_DONE();
}
