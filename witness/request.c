/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <string.h>

#include "base/base64.h"

#define OLD        "old "
#define HASHES_MAX 63 /* what c2sp.org/tlog-witness allows */

static enum tlog_rc parse_path(struct str *rest, struct add_request *r)
{
    struct str line;
    uint8_t bytes[sizeof(r->path[0].b)];

    while (str_cut(*rest, '\n', &line, rest)) {
        size_t n = sizeof(bytes);
        if (line.n == 0) return r->old == 0 && r->path_n > 0 ? TLOG_LONG_PATH : TLOG_OK;
        if (r->path_n == HASHES_MAX) return TLOG_LONG_PATH;
        if (!base64_decode(line, bytes, &n) || n != sizeof(bytes)) return TLOG_BAD_HASH;
        memcpy(r->path[r->path_n++].b, bytes, sizeof(bytes));
    }
    return TLOG_NO_SIGNATURES;
}

enum tlog_rc add_request_parse(struct str body, struct add_request *out)
{
    struct str line, rest;
    int64_t old;

    out->path_n = 0;
    if (!str_cut(body, '\n', &line, &rest) || !str_starts(line, STR(OLD)) ||
        !str_i64((struct str){ line.p + sizeof(OLD) - 1, line.n - sizeof(OLD) + 1 }, 0, INT64_MAX,
                 &old))
        return TLOG_BAD_SIZE;
    out->old = (uint64_t)old;
    enum tlog_rc rc = parse_path(&rest, out);
    if (rc == TLOG_OK) rc = note_parse(rest, &out->note);
    if (rc == TLOG_OK) rc = checkpoint_note_parse(out->note.text, &out->checkpoint);
    return rc;
}
