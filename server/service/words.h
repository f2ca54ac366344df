/* SPDX-License-Identifier: Apache-2.0 */
/* What people call the numbers of domain/command.h. By number; each list ends with NULL. */
#pragma once

#include "domain/command.h"

extern const char *const region_names[REGIONS + 1];             /* [0] is "unknown" */
extern const char *const isolation_names[ISOLATIONS + 1];       /* "runc", … */
extern const char *const interconnect_names[INTERCONNECTS + 1]; /* "pcie", … */
extern const char *const egress_names[EGRESSES + 1];            /* "none", … */
extern const char *const tif_names[5];                          /* "good-till-time", … */
extern const char *const rank_names[3];                         /* "price", "value" */
extern const char *const own_names[4];                          /* "first", "only", "never" */

/* A data label as the number that the rules compare: 52 bits of its SHA-256, never 0, so that every
 * reader of JSON can hold it. Empty: 0. */
int64_t label_number(struct str text);
