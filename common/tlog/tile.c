/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUP      1000
#define GROUPS_MAX 6 /* of three digits: more than 2^55, the tiles of 2^63 entries */
#define N_MAX      (UINT64_C(1) << 55)

/* Three digits. */
static bool group(struct str s, uint64_t *n)
{
    if (s.n != 3) return false;
    uint64_t value = 0;
    for (size_t i = 0; i < 3; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        value = value * 10 + (uint64_t)(s.p[i] - '0');
    }
    *n = *n * GROUP + value;
    return true;
}

/* x001/x234/067; the first group of several is not x000. */
static bool number(struct str s, uint64_t *out)
{
    struct str head, tail;
    uint64_t n = 0;

    for (int groups = 1; str_cut(s, '/', &head, &tail); groups++, s = tail) {
        if (groups == GROUPS_MAX || head.n != 4 || head.p[0] != 'x') return false;
        if (!group((struct str){ head.p + 1, 3 }, &n) || n == 0) return false;
    }
    if (!group(s, &n) || n >= N_MAX) return false;
    *out = n;
    return true;
}

/* Cut ".p/W" off the end. */
static bool partial(struct str *s, unsigned *width)
{
    size_t at = s->n;
    int64_t w;

    *width = TILE_WIDTH;
    while (at > 0 && s->p[at - 1] != '.')
        at--;
    if (at == 0) return true;
    const struct str tail = { s->p + at, s->n - at };
    if (!str_starts(tail, STR("p/"))) return false;
    if (!str_i64((struct str){ tail.p + 2, tail.n - 2 }, 1, TILE_WIDTH - 1, &w)) return false;
    s->n = at - 1;
    *width = (unsigned)w;
    return true;
}

enum tlog_rc tile_name_parse(struct str text, struct tile_name *out)
{
    struct str level, rest;
    struct tile_name t = { .level = TILE_ENTRIES };
    int64_t l;

    if (text.n >= TILE_NAME_MAX || !str_cut(text, '/', &level, &rest)) return TLOG_BAD_TILE_NAME;
    if (!str_is(level, "entries")) {
        if (!str_i64(level, 0, TILE_LEVELS - 1, &l)) return TLOG_BAD_TILE_NAME;
        t.level = (int)l;
    }
    if (!partial(&rest, &t.width) || !number(rest, &t.n)) return TLOG_BAD_TILE_NAME;
    *out = t;
    return TLOG_OK;
}

void tile_name_text(const struct tile_name *t, char out[TILE_NAME_MAX])
{
    char groups[GROUPS_MAX * 5 + 1];
    size_t at = sizeof(groups) - 1;
    uint64_t n = t->n;

    assert(n < N_MAX && t->width >= 1 && t->width <= TILE_WIDTH);
    groups[at] = '\0';
    for (bool last = true; last || n > 0; last = false, n /= GROUP) {
        char one[8];
        const int len = snprintf(one, sizeof(one), last ? "%03u" : "x%03u/", (unsigned)(n % GROUP));
        at -= (size_t)len;
        memcpy(groups + at, one, (size_t)len);
    }
    char level[8] = "entries", width[8] = "";
    if (t->level != TILE_ENTRIES) snprintf(level, sizeof(level), "%d", t->level);
    if (t->width < TILE_WIDTH) snprintf(width, sizeof(width), ".p/%u", t->width);
    const int len = snprintf(out, TILE_NAME_MAX, "%s/%s%s", level, groups + at, width);
    assert(len > 0 && len < TILE_NAME_MAX);
}

enum tlog_rc tile_read(struct str bytes, unsigned width, struct hash out[TILE_WIDTH])
{
    if (width > TILE_WIDTH || bytes.n != width * sizeof(out[0])) return TLOG_BAD_TILE;
    if (bytes.n > 0) memcpy(out, bytes.p, bytes.n);
    return TLOG_OK;
}

void bundle_put(struct buf *b, struct str entry)
{
    assert(entry.n <= LOG_ENTRY_MAX);
    buf_char(b, (char)(entry.n >> 8));
    buf_char(b, (char)(entry.n & 0xff));
    buf_str(b, entry);
}

bool bundle_next(struct str *rest, struct str *entry)
{
    if (rest->n < 2) return false;
    const size_t n = (size_t)(uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1];
    if (rest->n - 2 < n) return false;
    *entry = (struct str){ rest->p + 2, n };
    *rest = (struct str){ rest->p + 2 + n, rest->n - 2 - n };
    return true;
}

enum tlog_rc bundle_leaves(merkle_hash_fn *h, struct str bytes, unsigned width,
                           struct hash out[TILE_WIDTH])
{
    struct str entry;

    if (width > TILE_WIDTH) return TLOG_BAD_BUNDLE;
    for (unsigned i = 0; i < width; i++) {
        if (!bundle_next(&bytes, &entry)) return TLOG_BAD_BUNDLE;
        out[i] = merkle_leaf(h, entry.p, entry.n);
    }
    return bytes.n == 0 ? TLOG_OK : TLOG_BAD_BUNDLE;
}
