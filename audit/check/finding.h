/* SPDX-License-Identifier: Apache-2.0 */
/* What an audit found: the first thing that does not fit, by a code, with what and where. */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/str.h"

enum finding_kind {
    FIND_NONE,
#define FINDING(name, code, what) FIND_##name,
#include "check/findings.def"
#undef FINDING
    FINDINGS
};

struct finding_info {
    const char *code, *what;
};
extern const struct finding_info finding_infos[FINDINGS]; /* [0]: "none" */

struct finding {
    enum finding_kind kind; /* FIND_NONE: all fits */
    int64_t seq;            /* the command at which it shows; 0: none */
    char object[64];        /* "lease 126976", "commands.leaf", … */
    char expected[512], found[512];
};

/* Note the first one; later ones are not. Always false, so that a check can end with it. */
bool find(struct finding *f, enum finding_kind kind, int64_t seq, const char *object,
          const char *expected, const char *found);
/* The same of numbers. */
bool find_i64(struct finding *f, enum finding_kind kind, int64_t seq, const char *object,
              int64_t expected, int64_t found);
/* "lease 126976". The text is valid until the next call. */
const char *object_named(const char *kind, int64_t number);
