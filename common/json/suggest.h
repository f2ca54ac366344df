/* SPDX-License-Identifier: Apache-2.0 */
/* What may have been meant by a name that is none of ours. Pure. */
#pragma once

#include "base/str.h"

/* How many letters must be changed, added or dropped to get from one to the other; SIZE_MAX when
 * either is longer than 64 bytes. */
size_t edit_distance(struct str a, struct str b);

/* Is `meant` at most two changes, and fewer than half of its letters, away from `given`? */
bool is_near(struct str given, struct str meant);
