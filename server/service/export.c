/* SPDX-License-Identifier: Apache-2.0 */
/* Privacy is by construction: a stored payload is read into struct command and written anew from
 * it. What the table of commands does not name (a job's image, command and secrets, receipts, keys)
 * has no way through. */
#include "service/export.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "service/logfile.h"
#include "service/rules.h"
#include "sign/sha.h"
#include "store/commands.h"
#include "store/load.h"
#include "store/trades.h"

#define PAGE_ROWS 256
#define PAGE_BYTES_MAX                                                                             \
    ((size_t)PAGE_ROWS * 5 * BODY_MAX) /* payloads have at most four times that */
#define TRADES_ROWS     ((size_t)4096)
#define POOLS_BYTES_MAX ((size_t)1 << 20)

struct exporting {
    const struct export_options *o;
    struct logfile_header header;
    struct logfile_footer footer;
    struct sha256_stream *sha;
    struct buf line;
};

/* ---- the market as it is stored ---- */

static bool load_pools(struct db *db, struct logfile_header *h, struct err *err)
{
    struct arena a;
    struct pool *pools = NULL;
    size_t n = 0;

    arena_init(&a, POOLS_BYTES_MAX);
    bool ok = store_load_pools(db, &a, &pools, &n, err);
    if (ok && n > ARRAY_LEN(h->pools))
        ok = FAIL(err, ERR_DB, "The market has more than %zu pools.", ARRAY_LEN(h->pools));
    if (ok) {
        memcpy(h->pools, pools, n * sizeof(*pools));
        h->pools_n = (int32_t)n;
    }
    arena_done(&a);
    return ok;
}

static bool load_state(struct db *db, const struct logfile_header *h, struct stored_state *out,
                       struct err *err)
{
    struct market_rules rules;

    if (!rules_stored(db, &rules, err)) return false;
    struct market *m = market_new(&mem_heap, &rules, h->pools, (size_t)h->pools_n);
    if (!m) return FAIL(err, ERR_NO_MEMORY, "There is no memory for the market.");
    const bool ok = store_load_state(db, m, err) == DB_ONE;
    if (ok) *out = (struct stored_state){ market_last_seq(m), market_last_us(m), market_hash(m) };
    market_free(m);
    return ok;
}

struct looking {
    struct logfile_header header;
    struct stored_state *out;
};

static enum db_rc look(struct db *db, void *arg, struct err *err)
{
    struct looking *l = arg;

    return load_pools(db, &l->header, err) && load_state(db, &l->header, l->out, err) ? DB_ONE
                                                                                      : DB_FAIL;
}

bool export_state(struct db *db, struct stored_state *out, struct err *err)
{
    struct looking *l = mem_zalloc(sizeof(*l));

    l->out = out;
    const bool ok = db_snapshot(db, look, l, err) == DB_ONE;
    mem_free(l);
    return ok;
}

/* ---- lines ---- */

/* Send what is in the line's buffer; `counted`: it is under the footer's hash. */
static bool send(struct exporting *e, bool counted, struct err *err)
{
    const struct str line = buf_view(&e->line);

    if (e->line.failed) return FAIL(err, ERR_NO_MEMORY, "There is no memory for a line.");
    if (counted) sha256_add(e->sha, line.p, line.n);
    const bool ok = e->o->write(e->o->arg, line, err);
    buf_clear(&e->line);
    return ok;
}

static bool send_header(struct exporting *e, struct err *err)
{
    struct logfile_header *h = &e->header;

    h->first_seq = e->o->from > LOGFILE_FIRST ? e->o->from : LOGFILE_FIRST;
    h->version = LOGFILE_VERSION;
    h->rules = market_rules_default;
    snprintf(h->format, sizeof(h->format), LOGFILE_FORMAT);
    snprintf(h->market, sizeof(h->market), "%s", e->o->market_id);
    logfile_genesis(h, h->genesis);
    logfile_put_header(h, &e->line);
    return send(e, /* counted= */ true, err);
}

static bool put_row(struct exporting *e, const struct command_row *row, struct err *err)
{
    struct command c;
    struct str more;

    if (codec_read(row->payload, &c, &more, err) != CODEC_OK) {
        const struct err inner = *err;
        return FAIL(err, ERR_DB, "Command %" PRId64 " cannot be read: %s", row->seq, inner.detail);
    }
    if (row->seq != e->footer.last_seq + 1)
        return FAIL(err, ERR_DB, "The database has command %" PRId64 " where %" PRId64 " is due.",
                    row->seq, e->footer.last_seq + 1);
    c.seq = row->seq;
    c.at_us = row->at_us;
    logfile_put_command(&c, &e->line);
    e->footer.last_seq = row->seq;
    e->footer.count++;
    return send(e, /* counted= */ true, err);
}

static bool send_page(struct db *db, struct exporting *e, bool *more, struct err *err)
{
    struct arena a;
    struct command_row *rows = NULL;
    size_t n = 0;

    arena_init(&a, PAGE_BYTES_MAX);
    bool ok = store_list_commands_after(db, e->footer.last_seq, PAGE_ROWS, &a, &rows, &n, err);
    for (size_t i = 0; i < n && ok; i++)
        ok = put_row(e, &rows[i], err);
    arena_done(&a);
    *more = n == PAGE_ROWS;
    return ok;
}

static bool send_commands(struct db *db, struct exporting *e, struct err *err)
{
    bool more = true;

    e->footer.last_seq = e->header.first_seq - 1;
    while (more)
        if (!send_page(db, e, &more, err)) return false;
    return true;
}

/* ---- the footer ---- */

static bool count_trades(struct db *db, struct exporting *e, struct err *err)
{
    uint64_t h = TRADE_HASH_START;
    int64_t last = e->header.first_seq * FILLS_MAX - 1; /* a trade is numbered by its command */
    enum db_rc rc = DB_ONE;

    while (rc == DB_ONE) {
        struct arena a;
        struct trade_row *rows = NULL;
        size_t n = 0;
        arena_init(&a, TRADES_ROWS * 2 * sizeof(*rows));
        rc = store_list_trades_after(db, last, (int64_t)TRADES_ROWS, &a, &rows, &n, err);
        for (size_t i = 0; i < n; i++) {
            h = trade_hash_add(h, rows[i].bid, rows[i].ask, (struct money){ rows[i].price },
                               rows[i].units);
            last = rows[i].trade;
        }
        e->footer.trades += (int64_t)n;
        arena_done(&a);
    }
    hash_text(h, e->footer.trade_hash);
    return rc == DB_NONE;
}

static bool send_footer(struct exporting *e, struct err *err)
{
    const struct hash h = sha256_end(take(e->sha));

    hex_encode(h.b, sizeof(h.b), e->footer.sha256);
    logfile_put_footer(&e->footer, &e->line);
    return send(e, /* counted= */ false, err);
}

static bool send_all(struct db *db, struct exporting *e, struct err *err)
{
    struct stored_state state = { 0 };

    if (!load_pools(db, &e->header, err) || !load_state(db, &e->header, &state, err)) return false;
    hash_text(state.state_hash, e->footer.state_hash);
    if (e->o->from > state.last_seq + 1)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "The market has come to command %" PRId64 "; there is none from %" PRId64
                    " on.",
                    state.last_seq, e->o->from);
    if (!send_header(e, err) || !send_commands(db, e, err)) return false;
    if (e->footer.last_seq != state.last_seq)
        return FAIL(err, ERR_DB, "The database has commands to %" PRId64 ", not to %" PRId64 ".",
                    e->footer.last_seq, state.last_seq);
    return count_trades(db, e, err) && send_footer(e, err);
}

static enum db_rc export_all(struct db *db, void *arg, struct err *err)
{
    return send_all(db, arg, err) ? DB_ONE : DB_FAIL;
}

bool export_log(struct db *db, const struct export_options *o, struct err *err)
{
    struct exporting *e = mem_zalloc(sizeof(*e));

    e->o = o;
    e->sha = sha256_new();
    buf_init(&e->line, LOGFILE_LINE_MAX);
    const bool ok = e->sha ? db_snapshot(db, export_all, e, err) == DB_ONE
                           : FAIL(err, ERR_NO_MEMORY, "There is no memory for a hash.");
    sha256_free(e->sha);
    buf_done(&e->line);
    mem_free(e);
    return ok;
}
