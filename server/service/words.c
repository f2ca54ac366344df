/* SPDX-License-Identifier: Apache-2.0 */
#include "service/words.h"

#include "sign/sha.h"

#define LABEL_BYTES 7
#define LABEL_BITS  52

/* clang-format off */
const char *const region_names[REGIONS + 1] = {
    "unknown", "africa", "asia", "europe", "middle-east", "north-america", "oceania", "south-america", NULL,
};
const char *const isolation_names[ISOLATIONS + 1] = { "runc", "userns", "gvisor", "vm", "attested", NULL };
const char *const interconnect_names[INTERCONNECTS + 1] = { "pcie", "nvlink", "nvswitch", NULL };
const char *const egress_names[EGRESSES + 1] = { "none", "allowlist", "open", NULL };
const char *const tif_names[5] = { "good-till-time", "immediate-or-cancel", "fill-or-kill", "post-only", NULL };
const char *const rank_names[3] = { "price", "value", NULL };
const char *const own_names[4] = { "first", "only", "never", NULL };
/* clang-format on */

int64_t label_number(struct str text)
{
    int64_t n = 0;

    if (text.n == 0) return 0;
    const struct hash h = sha256(text);
    for (int i = 0; i < LABEL_BYTES; i++)
        n = n << 8 | h.b[i];
    n &= (INT64_C(1) << LABEL_BITS) - 1;
    return n > 0 ? n : 1;
}
