/* SPDX-License-Identifier: Apache-2.0 */
#include "sign/sequence.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "sign/sha.h"

#define STATEMENT_MAX 256
#define GROUP_LARGEST 65536
#define MARKET_ID_MAX 64

static struct hash leaf_of(const struct sequence *s)
{
    const uint64_t seq = htobe64((uint64_t)s->seq), at = htobe64((uint64_t)s->at_us);
    uint8_t bytes[80];

    memcpy(bytes, s->commit.b, 32);
    memcpy(bytes + 32, s->request.b, 32);
    memcpy(bytes + 64, &seq, 8);
    memcpy(bytes + 72, &at, 8);
    return merkle_leaf(sha256_parts, bytes, sizeof(bytes));
}

/* What is signed for a root; a market's id needs no escape. */
static struct str statement(struct str market_id, struct hash root, uint32_t size,
                            char room[STATEMENT_MAX])
{
    char hex[65];

    hex_encode(root.b, sizeof(root.b), hex);
    const int n =
        snprintf(room, STATEMENT_MAX, "{\"market_id\":\"%.*s\",\"root\":\"%s\",\"size\":%u}",
                 (int)market_id.n, market_id.p, hex, (unsigned)size);
    assert(n > 0);
    return (struct str){ room, (size_t)n < STATEMENT_MAX ? (size_t)n : STATEMENT_MAX - 1 };
}

/* ---- signing ---- */

/* One level up: neighbours are joined, a lone last one goes up as it is, and each of `all` that is
 * below a neighbour notes the other. */
static size_t join(struct sequence *const *all, size_t n, struct hash *level, size_t width,
                   unsigned height)
{
    for (size_t i = 0; i < n; i++) {
        const size_t other = (all[i]->index >> height) ^ 1;
        if (other < width) all[i]->path[all[i]->path_n++] = level[other];
    }
    for (size_t i = 0; i < width / 2; i++)
        level[i] = merkle_node(sha256_parts, level[2 * i], level[2 * i + 1]);
    if (width & 1) level[width / 2] = level[width - 1];
    return (width + 1) / 2;
}

void sequence_sign(struct sequence *const *all, size_t n, struct hash *room, const char *market_id,
                   const struct key *market)
{
    char text[STATEMENT_MAX];
    size_t width = n;

    assert(n > 0 && n <= GROUP_LARGEST);
    for (size_t i = 0; i < n; i++) {
        all[i]->index = (uint32_t)i;
        all[i]->size = (uint32_t)n;
        all[i]->path_n = 0;
        room[i] = leaf_of(all[i]);
    }
    for (unsigned height = 0; width > 1; height++)
        width = join(all, n, room, width, height);
    const struct signature s = key_sign_tagged(
        market, TAG_SEQUENCE, statement(str_of(market_id), room[0], (uint32_t)n, text));
    for (size_t i = 0; i < n; i++)
        all[i]->signature = s;
}

/* ---- as text ---- */

static void put_bytes(struct buf *b, const char *name, const void *p, size_t n)
{
    buf_c(b, name);
    base64_encode(p, n, b);
    buf_char(b, ':');
}

void sequence_text(const struct sequence *s, struct buf *b)
{
    buf_c(b, "seq=");
    buf_i64(b, s->seq);
    buf_c(b, ", at=\"");
    buf_i64(b, s->at_us);
    put_bytes(b, "\", commit=:", s->commit.b, sizeof(s->commit.b));
    put_bytes(b, ", request=:", s->request.b, sizeof(s->request.b));
    buf_c(b, ", index=");
    buf_i64(b, s->index);
    buf_c(b, ", size=");
    buf_i64(b, s->size);
    put_bytes(b, ", path=:", s->path, s->path_n * sizeof(s->path[0]));
    put_bytes(b, ", signature=:", s->signature.b, sizeof(s->signature.b));
}

/* The value of the next member: between `before` and `after`. */
static bool next(struct str *rest, const char *before, char after, struct str *out)
{
    const struct str head = str_of(before);

    if (!str_starts(*rest, head)) return false;
    *rest = (struct str){ rest->p + head.n, rest->n - head.n };
    return str_cut(*rest, after, out, rest);
}

static bool next_i64(struct str *rest, const char *before, char after, int64_t max, int64_t *out)
{
    struct str text;
    return next(rest, before, after, &text) && str_i64(text, 0, max, out);
}

static bool next_bytes(struct str *rest, const char *before, uint8_t *out, size_t *n)
{
    struct str text;
    return next(rest, before, ':', &text) && base64_decode(text, out, n);
}

bool sequence_parse(struct str text, struct sequence *out, struct err *err)
{
    struct sequence s = { .path_n = 0 };
    struct str rest = text;
    int64_t index = 0, size = 0;
    uint8_t path[sizeof(s.path)];
    size_t commit_n = 32, request_n = 32, path_n = sizeof(path), signature_n = SIGNATURE_SIZE;

    const bool ok = text.n < SEQUENCE_TEXT_MAX && next_i64(&rest, "seq=", ',', INT64_MAX, &s.seq) &&
                    next_i64(&rest, " at=\"", '"', INT64_MAX, &s.at_us) &&
                    next_bytes(&rest, ", commit=:", s.commit.b, &commit_n) &&
                    next_bytes(&rest, ", request=:", s.request.b, &request_n) &&
                    next_i64(&rest, ", index=", ',', GROUP_LARGEST, &index) &&
                    next_i64(&rest, " size=", ',', GROUP_LARGEST, &size) &&
                    next_bytes(&rest, " path=:", path, &path_n) &&
                    next_bytes(&rest, ", signature=:", s.signature.b, &signature_n);
    if (!ok || rest.n > 0 || commit_n != 32 || request_n != 32 || path_n % 32 != 0 ||
        signature_n != SIGNATURE_SIZE || index >= size)
        return FAIL(err, ERR_VALIDATION_FAILED, "This is no statement of a sequence.");
    memcpy(s.path, path, path_n);
    s.path_n = path_n / 32;
    s.index = (uint32_t)index;
    s.size = (uint32_t)size;
    *out = s;
    return true;
}

/* ---- checking ---- */

/* The root that leaf and path give; RFC 9162 §2.1.3.2. False: the path is not one of that tree. */
static bool climb(const struct sequence *s, struct hash *root)
{
    uint32_t at = s->index, last = s->size - 1;
    struct hash r = leaf_of(s);

    for (size_t i = 0; i < s->path_n; i++) {
        if (last == 0) return false;
        if (at & 1 || at == last) {
            r = merkle_node(sha256_parts, s->path[i], r);
            for (; !(at & 1) && at != 0; at >>= 1)
                last >>= 1;
        } else {
            r = merkle_node(sha256_parts, r, s->path[i]);
        }
        at >>= 1;
        last >>= 1;
    }
    *root = r;
    return last == 0;
}

bool sequence_verify(const struct sequence *s, struct str market_id,
                     const struct public_key *market, struct err *err)
{
    char text[STATEMENT_MAX];
    struct hash root;

    if (s->size == 0 || s->index >= s->size || !climb(s, &root))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The path of the statement is not one of a tree of its size.");
    if (market_id.n > MARKET_ID_MAX ||
        !public_key_verify_tagged(market, TAG_SEQUENCE, statement(market_id, root, s->size, text),
                                  &s->signature))
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The market's signature does not fit the statement of a sequence.");
    return true;
}
