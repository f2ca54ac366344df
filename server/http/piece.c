/* SPDX-License-Identifier: Apache-2.0 */
#include "http/piece.h"

#include <stdio.h>
#include <string.h>

#include "base/limits.h"

static bool parse_content_range(struct str s, int64_t length, struct blob_piece *out)
{
    struct str range, first, last, total;
    int64_t a = 0, b = 0, n = 0;

    if (!str_starts(s, STR("bytes "))) return false;
    s = (struct str){ s.p + 6, s.n - 6 };
    if (!str_cut(s, '/', &range, &total)) return false;
    if (str_is(range, "*")) {
        if (length != 0 || !str_i64(total, 0, INT64_MAX, &n)) return false;
        a = n;
    } else {
        if (!str_cut(range, '-', &first, &last)) return false;
        if (!str_i64(first, 0, BLOB_MAX, &a) || !str_i64(last, a, BLOB_MAX, &b)) return false;
        if (b - a + 1 != length || !str_i64(total, b + 1, INT64_MAX, &n)) return false;
    }
    out->at = a;
    out->size = length;
    out->total = n;
    return true;
}

bool piece_read(struct req *rq, const struct hash *digest, int64_t length, struct blob_piece *out,
                bool *is_piece)
{
    const struct str header = req_header(rq, "Content-Range");

    *is_piece = header.n > 0;
    if (!*is_piece) return true;
    if (!parse_content_range(header, length, out))
        return FAIL(&rq->err, ERR_MALFORMED_REQUEST,
                    "Content-Range must be \"bytes a-b/total\" and fit the body.");
    if (out->total > BLOB_MAX)
        return FAIL(&rq->err, ERR_BODY_TOO_LARGE, "A blob has at most %lld bytes.", BLOB_MAX);
    out->account = rq->who.account;
    out->digest = *digest;
    return true;
}

void piece_offset(struct req *rq, int64_t offset)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)offset);
    reply_header(rq, "Upload-Offset", text);
}

enum range_is range_parse(struct str header, int64_t size, int64_t *first, int64_t *last)
{
    struct str a, b;
    int64_t from = 0, to = size - 1;

    if (!str_starts(header, STR("bytes="))) return RANGE_ALL;
    header = (struct str){ header.p + 6, header.n - 6 };
    if (memchr(header.p, ',', header.n) || !str_cut(header, '-', &a, &b)) return RANGE_ALL;
    if (a.n == 0) { /* so many from the end */
        int64_t n = 0;
        if (!str_i64(b, 0, INT64_MAX, &n)) return RANGE_ALL;
        if (n == 0) return RANGE_BEYOND;
        from = n < size ? size - n : 0;
    } else {
        if (!str_i64(a, 0, INT64_MAX, &from)) return RANGE_ALL;
        if (b.n > 0 && !str_i64(b, from, INT64_MAX, &to)) return RANGE_ALL;
    }
    if (from >= size) return RANGE_BEYOND;
    *first = from;
    *last = to < size - 1 ? to : size - 1;
    return RANGE_PART;
}
