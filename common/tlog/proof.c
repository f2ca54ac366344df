/* SPDX-License-Identifier: Apache-2.0 */
#include "tlog/proof.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "sign/sha.h"

#define HEAD      "c2sp.org/tlog-proof@v1"
#define EXTRA     "extra "
#define INDEX     "index "
#define EXTRA_MAX 4096 /* bytes of it; ours have none */

static struct str after(struct str line, size_t n)
{
    return (struct str){ line.p + n, line.n - n };
}

static bool is_base64(struct str s)
{
    uint8_t bytes[EXTRA_MAX];
    size_t n = sizeof(bytes);
    return base64_decode(s, bytes, &n);
}

static enum tlog_rc parse_path(struct str rest, struct log_proof *p)
{
    struct str line;
    uint8_t bytes[sizeof(p->path[0].b)];

    while (str_cut(rest, '\n', &line, &rest)) {
        size_t n = sizeof(bytes);
        if (line.n == 0) {
            p->checkpoint = rest;
            return TLOG_OK;
        }
        if (p->path_n == TREE_PATH_MAX) return TLOG_LONG_PATH;
        if (!base64_decode(line, bytes, &n) || n != sizeof(bytes)) return TLOG_BAD_HASH;
        memcpy(p->path[p->path_n++].b, bytes, sizeof(bytes));
    }
    return TLOG_NO_SIGNATURES;
}

enum tlog_rc log_proof_parse(struct str bytes, struct log_proof *out)
{
    struct str line, rest;
    int64_t index;

    if (bytes.n > NOTE_MAX) return TLOG_TOO_LONG;
    *out = (struct log_proof){ .index = 0 };
    if (!str_cut(bytes, '\n', &line, &rest) || !str_is(line, HEAD)) return TLOG_BAD_PROOF;
    if (!str_cut(rest, '\n', &line, &rest)) return TLOG_BAD_INDEX;
    if (str_starts(line, STR(EXTRA))) {
        out->extra = after(line, sizeof(EXTRA) - 1);
        if (!is_base64(out->extra)) return TLOG_BAD_PROOF;
        if (!str_cut(rest, '\n', &line, &rest)) return TLOG_BAD_INDEX;
    }
    if (!str_starts(line, STR(INDEX)) ||
        !str_i64(after(line, sizeof(INDEX) - 1), 0, INT64_MAX, &index))
        return TLOG_BAD_INDEX;
    out->index = (uint64_t)index;
    return parse_path(rest, out);
}

void log_proof_text(const struct log_proof *p, struct buf *b)
{
    buf_fmt(b, HEAD "\n" INDEX "%" PRIu64 "\n", p->index);
    for (size_t i = 0; i < p->path_n; i++) {
        base64_encode(p->path[i].b, sizeof(p->path[i].b), b);
        buf_char(b, '\n');
    }
    buf_char(b, '\n');
    buf_str(b, p->checkpoint);
}

static enum tlog_rc check_witnesses(const struct note *note, const struct log_trust *t)
{
    size_t have = 0;

    if (t->needed == 0) return TLOG_OK;
    const enum tlog_rc rc = note_verify(note, t->witnesses, t->witnesses_n, &have);
    if (rc == TLOG_FORGED) return rc;
    return have >= t->needed ? TLOG_OK : TLOG_FEW_WITNESSES;
}

enum tlog_rc log_proof_verify(struct str bytes, struct str entry, const struct log_trust *trust)
{
    struct log_proof p;
    struct note note;
    struct checkpoint_note c;
    enum tlog_rc rc = log_proof_parse(bytes, &p);

    if (rc == TLOG_OK) rc = checkpoint_note_open(p.checkpoint, &trust->log, &note, &c);
    if (rc == TLOG_OK) rc = check_witnesses(&note, trust);
    if (rc != TLOG_OK) return rc;
    if (p.index >= c.size) return TLOG_BAD_INDEX;
    const struct hash leaf = merkle_leaf(sha256_parts, entry.p, entry.n);
    return merkle_check_inclusion(sha256_parts, leaf, p.index, c.size, p.path, p.path_n, c.root)
               ? TLOG_OK
               : TLOG_NOT_INCLUDED;
}
