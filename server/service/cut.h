/* SPDX-License-Identifier: Apache-2.0 */
/* Canonical JSON cut into pieces, without a tree: where a value ends is found once, and what it is
 * is asked by whoever needs it. Nothing is copied; the pieces live as long as the text. */
#pragma once

#include "base/str.h"
#include "service/codec.h"

struct cut_member {
    struct str name, value; /* the name as it stands between its quotes */
};

struct cut_members {
    struct cut_member v[COMMAND_MEMBERS_MAX];
    size_t n;
};

/* One object, whole. False: it is none, its names do not rise, or it has too many of them. What
 * stands within a value is not looked at but for texts and brackets. */
MUST_CHECK bool cut_object(struct str s, struct cut_members *out);

/* Take a value, or this character, off the front. False: there is none; *s may have moved. */
MUST_CHECK bool cut_value(struct str *s, struct str *out);
MUST_CHECK bool cut_char(struct str *s, char c);

/* Below zero, zero or above, as the bytes of `a` sort against those of `b`. */
int cut_compare(struct str a, struct str b);
