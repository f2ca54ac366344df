/* SPDX-License-Identifier: Apache-2.0 */
#include "service/replay.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "service/logfile.h"
#include "sign/sha.h"

#define AT_US_MAX (INT64_C(1) << 60) /* as the market counts time: the year 38,500 */

enum expects { EXPECTS_HEADER, EXPECTS_COMMANDS, EXPECTS_MORE };

/* What one footer is about. */
struct piece {
    struct sha256_stream *sha;
    int64_t commands, trades;
    uint64_t trade_hash;
};

struct replay {
    struct logfile_header header, first; /* of this piece, and of the first one */
    struct market *market;
    struct piece piece;
    enum expects expects;
    int64_t lines, commands, trades;
    uint64_t trade_hash;
    bool footer, refused; /* one was read; a line was refused */
};

struct replay *replay_new(void)
{
    struct replay *r = mem_zalloc(sizeof(*r));

    r->trade_hash = TRADE_HASH_START;
    return r;
}

void replay_free(struct replay *r)
{
    if (!r) return;
    market_free(r->market);
    sha256_free(r->piece.sha);
    mem_free(r);
}

/* ---- header ---- */

static bool begin_market(struct replay *r, struct err *err)
{
    const struct logfile_header *h = &r->header;

    if (h->first_seq != LOGFILE_FIRST)
        return FAIL(err, ERR_WRONG_STATE,
                    "header: this piece begins at %" PRId64 "; put those before it first, from %d.",
                    h->first_seq, LOGFILE_FIRST);
    r->market = market_new(&mem_heap, &h->rules, h->pools, (size_t)h->pools_n);
    r->first = *h;
    return r->market || FAIL(err, ERR_NO_MEMORY, "There is no memory for the market.");
}

static bool go_on(struct replay *r, struct err *err)
{
    const struct logfile_header *h = &r->header;
    const int64_t due = market_last_seq(r->market) + 1;

    if (strcmp(h->genesis, r->first.genesis) != 0)
        return FAIL(err, ERR_WRONG_STATE, "header: this piece is of another market.");
    if (h->first_seq != due)
        return FAIL(err, ERR_WRONG_STATE,
                    "header: this piece begins at %" PRId64 " where %" PRId64 " is due.",
                    h->first_seq, due);
    if (logfile_same_pools(h, &r->first)) return true; /* the market has begun without new ones */
    return FAIL(err, ERR_WRONG_STATE,
                "header: pools were added since the first piece; export the log anew.");
}

static bool take_header(struct replay *r, struct str line, struct err *err)
{
    if (logfile_line_of(line) != LOGFILE_HEADER)
        return FAIL(err, ERR_VALIDATION_FAILED, "%s",
                    r->expects == EXPECTS_HEADER
                        ? "this is no header: the first line of a log is {\"first_seq\":…}."
                        : "there is something behind the footer that is no header.");
    if (!logfile_get_header(line, &r->header, err)) return false;
    if (!(r->market ? go_on(r, err) : begin_market(r, err))) return false;
    r->piece = (struct piece){ .sha = sha256_new(), .trade_hash = TRADE_HASH_START };
    r->expects = EXPECTS_COMMANDS;
    return r->piece.sha || FAIL(err, ERR_NO_MEMORY, "There is no memory for a hash.");
}

/* ---- commands ---- */

static bool check_place(const struct replay *r, const struct command *c, struct err *err)
{
    const int64_t due = market_last_seq(r->market) + 1, last_us = market_last_us(r->market);

    if (c->seq > due)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "number %" PRId64 " where %" PRId64
                    " is due: lines are missing, or not in order.",
                    c->seq, due);
    if (c->seq < due)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "number %" PRId64 " where %" PRId64
                    " is due: lines repeat, or are not in order.",
                    c->seq, due);
    if (c->at_us < last_us)
        return FAIL(err, ERR_VALIDATION_FAILED,
                    "time goes back: at_us %" PRId64 " behind %" PRId64 ".", c->at_us, last_us);
    if (c->at_us < AT_US_MAX) return true;
    return FAIL(err, ERR_VALIDATION_FAILED, "at_us %" PRId64 " is beyond all time.", c->at_us);
}

static void count_trades(struct replay *r, const struct outcome *out)
{
    const struct trade *t = market_trades(r->market) + out->trades_first;

    for (int32_t i = 0; i < out->trades_n; i++) {
        r->trade_hash = trade_hash_add(r->trade_hash, t[i].bid, t[i].ask, t[i].price, t[i].units);
        r->piece.trade_hash =
            trade_hash_add(r->piece.trade_hash, t[i].bid, t[i].ask, t[i].price, t[i].units);
    }
    r->trades += out->trades_n;
    r->piece.trades += out->trades_n;
}

static bool take_command(struct replay *r, struct str line, struct err *err)
{
    struct command c;
    struct outcome out;

    if (!logfile_get_command(line, &c, err) || !check_place(r, &c, err)) return false;
    market_apply(r->market, &c, &out);
    if (out.refused != ERR_NONE)
        return FAIL(err, ERR_WRONG_STATE, "the market refuses this %s (%s): %s",
                    command_name(c.kind), err_info(out.refused)->name, out.why);
    count_trades(r, &out);
    r->commands++;
    r->piece.commands++;
    if (r->commands % GROUP_MAX == 0) market_settle_group(r->market);
    return true;
}

/* ---- footer ---- */

static bool disagree(struct err *err, const char *what, const char *said, const char *found)
{
    return FAIL(err, ERR_WRONG_STATE, "the footer says %s %s, but it is %s.", what, said, found);
}

static bool same_number(struct err *err, const char *what, int64_t said, int64_t found)
{
    char left[24], right[24];

    if (said == found) return true;
    snprintf(left, sizeof(left), "%" PRId64, said);
    snprintf(right, sizeof(right), "%" PRId64, found);
    return disagree(err, what, left, right);
}

static bool same_text(struct err *err, const char *what, const char *said, const char *found)
{
    return strcmp(said, found) == 0 || disagree(err, what, said, found);
}

/* The bytes are compared last: a difference in count or trades says more about what happened. */
static bool compare(const struct replay *r, const struct logfile_footer *f, const char *sha256,
                    struct err *err)
{
    char trades[17], state[17];

    hash_text(r->piece.trade_hash, trades);
    hash_text(market_hash(r->market), state);
    return same_number(err, "count", f->count, r->piece.commands) &&
           same_number(err, "last_seq", f->last_seq, market_last_seq(r->market)) &&
           same_number(err, "trades", f->trades, r->piece.trades) &&
           same_text(err, "trade_hash", f->trade_hash, trades) &&
           same_text(err, "state_hash", f->state_hash, state) &&
           same_text(err, "sha256", f->sha256, sha256);
}

static bool take_footer(struct replay *r, struct str line, struct err *err)
{
    struct logfile_footer f;
    char sha256[65];

    if (!logfile_get_footer(line, &f, err)) return false;
    const struct hash h = sha256_end(take(r->piece.sha));
    hex_encode(h.b, sizeof(h.b), sha256);
    market_settle_group(r->market);
    r->footer = true;
    r->expects = EXPECTS_MORE;
    return compare(r, &f, sha256, err);
}

/* ---- lines ---- */

static bool take_line(struct replay *r, struct str line, struct err *err)
{
    if (line.n == 0 || line.p[line.n - 1] != '\n')
        return FAIL(err, ERR_MALFORMED_BODY, "the line has no end: the file was cut.");
    const struct str text = { line.p, line.n - 1 };

    if (r->expects != EXPECTS_COMMANDS) {
        if (!take_header(r, text, err)) return false;
    } else if (logfile_line_of(text) == LOGFILE_FOOTER) {
        return take_footer(r, text, err);
    } else if (!take_command(r, text, err)) {
        return false;
    }
    sha256_add(r->piece.sha, line.p, line.n);
    return true;
}

/* The same error, with the number of the line in front. */
static bool at_line(int64_t number, struct err *err)
{
    const struct err inner = *err;

    (void)err_set(err, inner.code, inner.file, inner.line, "line %" PRId64 ": %s", number,
                  inner.detail);
    return false;
}

bool replay_line(struct replay *r, struct str line, struct err *err)
{
    r->lines++;
    if (take_line(r, line, err)) return true;
    r->refused = true;
    return at_line(r->lines, err);
}

bool replay_end(struct replay *r, struct err *err)
{
    switch (r->expects) {
    case EXPECTS_MORE: return true;
    case EXPECTS_HEADER: return FAIL(err, ERR_MALFORMED_BODY, "the file is empty.");
    case EXPECTS_COMMANDS: break;
    }
    return FAIL(err, ERR_MALFORMED_BODY,
                "the file ends after line %" PRId64 " without a footer: it was cut.", r->lines);
}

void replay_result(const struct replay *r, struct replay_result *out)
{
    *out = (struct replay_result){
        .lines = r->lines,
        .commands = r->commands,
        .trades = r->trades,
        .last_seq = r->market ? market_last_seq(r->market) : 0,
        .trade_hash = r->trade_hash,
        .state_hash = r->market ? market_hash(r->market) : 0,
        .footer = r->footer,
        .matches = r->footer && !r->refused && r->expects == EXPECTS_MORE,
    };
}
