/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that notices nodes which fell silent. */
#pragma once

#include "service/liveness.h"

struct reaper;

struct reaper *reaper_start(const char *conninfo, struct liveness *l, struct err *err);
void reaper_stop(struct reaper *r); /* takes NULL */
