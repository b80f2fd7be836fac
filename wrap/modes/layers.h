/* SPDX-License-Identifier: MIT */
/*
 * layers.h - what the kernel refuses besides: which layers are wished for, the plan, what became of it.
 */
#ifndef ZC_WRAP_LAYERS_H
#define ZC_WRAP_LAYERS_H

#include "confine/confine.h"
#include "wrap/wrap.h"

#define ZC_KERNEL_ALL ((1u << ZC_CONFINE_LAYERS) - 1)
/* A user namespace changes what the command sees: it is not taken unasked. */
#define ZC_KERNEL_AUTO (ZC_KERNEL_ALL & ~(1u << ZC_CONFINE_USERNS))

/* Bit n: layer n. As --kernel says it, whatever the mode then is. */
struct zc_kernel_wish {
	uint32_t take;    /* where it fits */
	uint32_t named;   /* asked for by name, or by "all" */
	uint32_t require; /* 125 rather than without */
};

/*
 * --kernel=[auto|off|all|require][,LAYER|,-LAYER]...: the first word says what to begin with (auto
 * without it), each name adds a layer, which is then required unless --best-effort is said; "-" in
 * front takes one out. Returns 0, or -EINVAL with trouble.
 */
int zc_kernel_parse(const struct zc_options *options, struct zc_kernel_wish *ret,
		    struct zc_trouble *trouble);

/* Makes the plan from the frozen image, for the mode that was chosen. Returns 0 or -errno with trouble. */
int zc_layers_plan(struct zc_job *job);
/* The plan, which there is, as a sealed memfd with CLOEXEC. Returns it or -errno. */
int zc_layers_seal(const struct zc_job *job);
/* What became of layer n: error 0, or errno. */
void zc_layers_applied(struct zc_job *job, unsigned layer, int error);
bool zc_layers_failed(const struct zc_job *job); /* any */
/* A required layer failed with error: says which. Returns error. */
int zc_layers_blame(struct zc_job *job, int error);
void zc_layers_finish(struct zc_job *job);

#endif
