/* SPDX-License-Identifier: Apache-2.0 */
#include "check/finding.h"

#include <inttypes.h>
#include <stdio.h>

const struct finding_info finding_infos[FINDINGS] = {
    { "none", "All fits." },
#define FINDING(name, code, what) { code, what },
#include "check/findings.def"
#undef FINDING
};

bool find(struct finding *f, enum finding_kind kind, int64_t seq, const char *object,
          const char *expected, const char *found)
{
    if (f->kind != FIND_NONE) return false;
    f->kind = kind;
    f->seq = seq;
    snprintf(f->object, sizeof(f->object), "%s", object);
    snprintf(f->expected, sizeof(f->expected), "%s", expected);
    snprintf(f->found, sizeof(f->found), "%s", found);
    return false;
}

bool find_i64(struct finding *f, enum finding_kind kind, int64_t seq, const char *object,
              int64_t expected, int64_t found)
{
    char want[24], got[24];

    snprintf(want, sizeof(want), "%" PRId64, expected);
    snprintf(got, sizeof(got), "%" PRId64, found);
    return find(f, kind, seq, object, want, got);
}

const char *object_named(const char *kind, int64_t number)
{
    static _Thread_local char text[64];

    snprintf(text, sizeof(text), "%s %" PRId64, kind, number);
    return text;
}
