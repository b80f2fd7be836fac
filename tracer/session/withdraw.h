/* SPDX-License-Identifier: MIT */
/*
 * withdraw.h - the judge leaves the command's process group, and what that means for job control.
 */
#ifndef ZC_TRACER_WITHDRAW_H
#define ZC_TRACER_WITHDRAW_H

#include "core/base.h"

/*
 * Whatever is sent to the group that we share with the command does not reach us any more, where that can be
 * without a change for those in it. is_parent: the command is our child.
 */
void zc_tracer_leave_group(bool is_parent);

#endif
