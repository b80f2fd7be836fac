/* SPDX-License-Identifier: MIT */
/*
 * mounts.c - which of the policy's denies become mounts: Landlock only gives, this takes away again.
 *
 *   deny-write   the place is bound over itself, read-only
 *   deny-read    a mask over it: names, and no content
 *
 * Only where nothing is lost that the policy allows. A read-only place must be refused to writers from
 * there on down, since a mount point cannot be removed or renamed either. A mask takes away programs
 * and sockets too, so it is made where those are refused as well, or there are none. What remains is
 * told in the account; the observer refuses it all the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "confine/spaces/mounts.h"
#include "core/decide/judge.h"
#include "core/path.h"

#define ALLOWS(layer) (layer(ZC_SAYS_ALLOW) | layer(ZC_SAYS_LOG) | layer(ZC_SAYS_ASK))

struct planning {
	struct zc_plan_maker *maker;
	const struct zc_image *image;
	const char *root; /* "" or the jail */
	const char *cwd;  /* as the policy sees it; NULL: outside of the jail */
	struct zc_mount_places places;
	uint8_t *use; /* of each place: enum use */
	struct zc_mount_scan scan;
	char outside[2 * ZC_PATH_CAP];
};

enum use { USE_NONE, USE_READ_ONLY, USE_MASK };

static const char *rule_text(const struct planning *p, uint32_t number)
{
	const struct zc_image_rule *rule = zc_image_rule(p->image, number);

	return rule ? zc_image_text(p->image, rule->text) : "a rule";
}

static const char *outside(struct planning *p, const char *path)
{
	snprintf(p->outside, sizeof(p->outside), "%s%s", p->root, *p->root && !path[1] ? "" : path);
	return p->outside;
}

/* --- what the policy says of a place and all below ------------------------------------------------- */

struct view {
	const struct zc_image *image;
	struct zc_walk walk;
	uint64_t below; /* what rules say of anything deeper */
};

static void take_view(struct view *view, const struct zc_image *image, const char *path)
{
	const struct zc_image_node *nodes = zc_image_at(image, image->nodes);

	view->image = image;
	view->below = 0;
	zc_walk(image, path, strlen(path), NULL, &view->walk);
	for (uint32_t i = 0; i < view->walk.count; i++)
		view->below |= nodes[view->walk.active[i] & ~ZC_WALK_STICKY].below;
}

/* Is the class refused there, and nowhere below allowed again? */
static bool refused_from_here(const struct view *view, unsigned cls)
{
	uint64_t mask = view->walk.mask | (cls == ZC_CLASS_UNIX ? view->image->any_unix : 0);
	unsigned said = zc_said(mask, cls), deeper = zc_said(view->below, cls);
	const unsigned profile = ZC_SAID_PROFILE(ZC_SAYS_DENY) | ZC_SAID_PROFILE(ZC_SAYS_QUIET);

	if (view->walk.complex ||
	    zc_judge_ruling(view->image, &view->walk, cls).outcome < ZC_OUT_QUIET)
		return false;
	if (said & ZC_SAID_DENIES & ~profile)
		return true; /* the user's and our own denies are never lifted */
	if (!(said & profile))
		deeper &= ZC_SAID_BASE | ALLOWS(ZC_SAID_USER) |
			  (zc_replaced(view->image, cls) ? 0 : ALLOWS(ZC_SAID_PROFILE));
	else
		deeper &= ALLOWS(ZC_SAID_USER);
	return !deeper;
}

static bool denied(const struct view *view, unsigned cls)
{
	return view->walk.mask & zc_mounts_denies(cls);
}

/* --- what can be made of it -------------------------------------------------------------------------- */

static bool holds_cwd(const struct planning *p, const char *path)
{
	return p->cwd && zc_path_under(p->cwd, strlen(p->cwd), path, strlen(path));
}

static bool has_programs(struct planning *p, const struct zc_mount_place *place)
{
	if (S_ISDIR(place->mode))
		return p->scan.programs;
	return S_ISREG(place->mode) && place->mode & 0111;
}

/* NULL, or why a mask over it would take away what is allowed. */
static const char *unmaskable(struct planning *p, const struct zc_mount_place *place,
			      const struct view *view)
{
	if (!place->path[1])
		return "the root directory cannot be masked";
	if (holds_cwd(p, place->path))
		return "the command starts in it";
	if (!refused_from_here(view, ZC_CLASS_READ))
		return "something in it may be read";
	if (!refused_from_here(view, ZC_CLASS_WRITE))
		return "it, or something in it, may be written";
	if (!refused_from_here(view, ZC_CLASS_UNIX))
		return "sockets in it may be spoken to";
	if (!refused_from_here(view, ZC_CLASS_RUN) && has_programs(p, place))
		return "programs in it may be run";
	return NULL;
}

static const char *unbindable(const struct zc_mount_place *place, const struct view *view)
{
	if (!S_ISDIR(place->mode) && !S_ISREG(place->mode))
		return "a read-only mount does not hold devices and FIFOs";
	return refused_from_here(view, ZC_CLASS_WRITE) ? NULL : "something in it may be written";
}

static void lacks(struct planning *p, const struct zc_mount_place *place, const char *why)
{
	zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS, "%s: %s: %s", rule_text(p, place->rule),
			 place->path, why);
}

/* Which of the two, and says why not when neither. Fills p->scan for a directory to mask. */
static enum use decide_use(struct planning *p, const struct zc_mount_place *place)
{
	struct view view;
	bool read, write;
	const char *why;

	take_view(&view, p->image, place->path);
	read = denied(&view, ZC_CLASS_READ) &&
	       zc_judge_ruling(p->image, &view.walk, ZC_CLASS_READ).outcome >= ZC_OUT_QUIET;
	write = denied(&view, ZC_CLASS_WRITE) &&
		zc_judge_ruling(p->image, &view.walk, ZC_CLASS_WRITE).outcome >= ZC_OUT_QUIET;
	if (read) {
		if (S_ISDIR(place->mode))
			zc_mounts_scan(outside(p, place->path), &p->scan);
		why = unmaskable(p, place, &view);
		if (!why)
			return USE_MASK;
		lacks(p, place, why);
	}
	if (!write)
		return USE_NONE;
	why = unbindable(place, &view);
	if (why && !read)
		lacks(p, place, why);
	return why ? USE_NONE : USE_READ_ONLY;
}

/* --- into the plan ------------------------------------------------------------------------------------ */

static void put(struct planning *p, unsigned kind, const char *path, uint64_t flags)
{
	struct zc_plan_mount mount = { .kind = kind, .flags = flags };

	mount.path = zc_plan_text(p->maker, path);
	zc_plan_add(p->maker, ZC_PLAN_MOUNTS, &mount);
}

/* What the mount there has and, in a user namespace, cannot be without (mount_namespaces(7)). */
static uint64_t flags_of(const char *path)
{
	static const struct {
		unsigned long has, keep;
	} flags[] = {
		{ ST_NOSUID, MS_NOSUID },         { ST_NODEV, MS_NODEV },
		{ ST_NOEXEC, MS_NOEXEC },         { ST_NOATIME, MS_NOATIME },
		{ ST_NODIRATIME, MS_NODIRATIME }, { ST_RELATIME, MS_RELATIME },
	};
	struct statvfs fs;
	uint64_t keep = 0;

	if (statvfs(path, &fs) < 0)
		return 0;
	for (size_t i = 0; i < ZC_LEN(flags); i++)
		if (fs.f_flag & flags[i].has)
			keep |= flags[i].keep;
	return keep & (MS_NOATIME | MS_RELATIME) ? keep : keep | MS_STRICTATIME;
}

static void put_mask(struct planning *p, const struct zc_mount_place *place)
{
	bool directory = S_ISDIR(place->mode);

	put(p, directory ? ZC_PLAN_MOUNT_MASK_DIR : ZC_PLAN_MOUNT_MASK_FILE,
	    outside(p, place->path), S_ISREG(place->mode) ? place->size : 0);
	for (uint32_t i = 0; directory && i < p->scan.names; i++)
		put(p, p->scan.name[i].directory ? ZC_PLAN_MOUNT_NAME_DIR : ZC_PLAN_MOUNT_NAME_FILE,
		    p->scan.name[i].path, p->scan.name[i].size);
}

/* Is the place below one that is used already, so that nothing is left to do? */
static bool is_covered(const struct planning *p, size_t n)
{
	const char *path = p->places.place[n].path;

	for (size_t i = 0; i < n; i++) {
		const char *above = p->places.place[i].path;

		if (p->use[i] == USE_MASK &&
		    zc_path_under(path, strlen(path), above, strlen(above)))
			return true;
	}
	return false;
}

static bool is_read_only(const struct planning *p, size_t n)
{
	const char *path = p->places.place[n].path;

	for (size_t i = 0; i < n; i++) {
		const char *above = p->places.place[i].path;

		if (p->use[i] == USE_READ_ONLY &&
		    zc_path_under(path, strlen(path), above, strlen(above)))
			return true;
	}
	return false;
}

/* A directory to cover while masks are made: one that has nothing to do with them. */
static const char *find_scratch(const struct planning *p)
{
	static const char *const some[] = { "/sys", "/mnt",  "/media", "/srv", "/boot",
					    "/opt", "/home", "/run",   "/tmp", "/var" };
	struct stat st;

	for (size_t i = 0; i < ZC_LEN(some); i++) {
		size_t len = strlen(some[i]);
		bool free = lstat(some[i], &st) == 0 && S_ISDIR(st.st_mode) &&
			    !zc_path_under(p->root, strlen(p->root), some[i], len);

		for (size_t n = 0; n < p->places.count && free && !*p->root; n++)
			free = !zc_path_under(p->places.place[n].path,
					      strlen(p->places.place[n].path), some[i], len);
		if (free)
			return some[i];
	}
	return NULL;
}

struct counts {
	uint32_t masks, read_only;
};

static void put_places(struct planning *p, struct counts *counts)
{
	const char *scratch = find_scratch(p);

	*counts = (struct counts){ 0 };
	for (size_t i = 0; i < p->places.count; i++) {
		const struct zc_mount_place *place = &p->places.place[i];

		if (is_covered(p, i))
			continue;
		if (counts->masks + counts->read_only == ZC_MOUNTS_MAX) {
			lacks(p, place, "there are too many of them");
			continue;
		}
		p->use[i] = (uint8_t)decide_use(p, place);
		if (p->use[i] == USE_MASK && !scratch) {
			lacks(p, place, "there is no directory to make a mask in");
			p->use[i] = USE_NONE;
		}
		if (p->use[i] == USE_MASK && !counts->masks++)
			put(p, ZC_PLAN_MOUNT_SCRATCH, scratch, 0);
		if (p->use[i] == USE_MASK)
			put_mask(p, place);
		zc_mounts_scan_finish(&p->scan);
		if (p->use[i] == USE_READ_ONLY)
			counts->read_only += !is_read_only(p, i);
	}
	for (size_t i = 0; i < p->places.count; i++)
		if (p->use[i] == USE_READ_ONLY && !is_read_only(p, i))
			put(p, ZC_PLAN_MOUNT_READ_ONLY, outside(p, p->places.place[i].path),
			    flags_of(outside(p, p->places.place[i].path)));
}

/* --- the account -------------------------------------------------------------------------------------- */

static void tell_missing(void *context, uint32_t rule, const char *path)
{
	struct planning *p = context;

	zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS, "%s: %s is not there now", rule_text(p, rule),
			 path);
}

static void tell_places(struct planning *p)
{
	const struct zc_mount_places *places = &p->places;

	if (places->stars)
		zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS, "%u rules like '%s': '**' has no end",
				 places->stars, rule_text(p, places->stars_rule));
	if (places->processes)
		zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS,
				 "%u rules on files of processes in /proc: they come and go",
				 places->processes);
	if (places->missing)
		zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS,
				 "%u places that the profile protects are not there now",
				 places->missing);
	if (places->too_many)
		zc_account_lacks(p->maker, ZC_CONFINE_MOUNTS, "%u rules more than are looked up",
				 places->too_many);
}

static void tell(struct planning *p, const struct counts *counts)
{
	if (!counts->masks && !counts->read_only) {
		zc_account_detail(p->maker, ZC_CONFINE_MOUNTS,
				  "no deny names a place that is here and can be mounted over");
		return;
	}
	zc_plan_take(p->maker, ZC_CONFINE_MOUNTS);
	zc_account_detail(
		p->maker, ZC_CONFINE_MOUNTS,
		"%u masked, %u read-only; in a mask names show, sizes too, and nothing else",
		counts->masks, counts->read_only);
}

/* NULL, or why there are to be no mounts at all. */
static const char *unfit(const struct zc_confine_wish *wish)
{
	const uint64_t sys = 1ull << ZC_SYS_MOUNT | 1ull << ZC_SYS_NAMESPACE;
	const uint64_t *user = wish->image->sys[ZC_LAYER_USER];
	const uint64_t *profile = wish->image->sys[ZC_LAYER_PROFILE];
	bool named = (wish->named | wish->require) >> ZC_CONFINE_MOUNTS & 1;

	if (!wish->traced)
		return "only where a tracer looks names up outside of them";
	if ((user[ZC_SAYS_ALLOW] | user[ZC_SAYS_LOG] | profile[ZC_SAYS_ALLOW] |
	     profile[ZC_SAYS_LOG]) &
	    sys)
		return "the policy allows mounting or namespaces of one's own, which would be "
		       "another "
		       "view already";
	if (!wish->host->mountns && !(named && wish->host->userns))
		return wish->host->userns ? "it needs a user namespace here, which changes what "
					    "the command sees: "
					    "say --kernel=mounts for it"
					  : "this host lets us make none";
	return NULL;
}

static const char *policy_cwd(const struct zc_confine_wish *wish, const char *root)
{
	size_t len = strlen(root);

	if (!wish->cwd || !zc_path_under(wish->cwd, strlen(wish->cwd), root, len))
		return *root ? NULL : wish->cwd;
	return wish->cwd[len] ? wish->cwd + len : "/";
}

int zc_mounts_plan(struct zc_plan_maker *maker)
{
	const struct zc_confine_wish *wish = maker->wish;
	const char *why = unfit(wish);
	struct planning *p;
	struct counts counts;
	int error;

	if (why) {
		zc_account_detail(maker, ZC_CONFINE_MOUNTS, "%s", why);
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->maker = maker;
	p->image = wish->image;
	p->root = wish->image->jail.count && wish->jail ? wish->jail : "";
	p->cwd = policy_cwd(wish, p->root);
	error = zc_mounts_find(&(struct zc_mount_find){ p->image, p->root, tell_missing, p },
			       &p->places);
	p->use = calloc(p->places.count + 1, 1);
	if (!error && p->use) {
		put_places(p, &counts);
		if (wish->cwd && counts.masks + counts.read_only)
			put(p, ZC_PLAN_MOUNT_CWD, wish->cwd, 0);
		tell_places(p);
		tell(p, &counts);
		maker->wants_userns |= zc_plan_taken(maker, ZC_CONFINE_MOUNTS) &&
				       !wish->host->mountns;
	}
	error = error ? error : p->use ? maker->error : -ENOMEM;
	zc_mounts_finish(&p->places);
	free(p->use);
	free(p);
	return error;
}
