/* SPDX-License-Identifier: Apache-2.0 */
/* The depth of each pool as others may see it: looked at now and then, and shown once what it shows
 * is released. */
#pragma once

#include "service/writer_inside.h"

#define DEPTH_AGE_US 100000

void depth_refresh(struct writer *w);                   /* look, when it is time */
void depth_publish(struct writer *w, int64_t last_seq); /* commands up to this one are released */
