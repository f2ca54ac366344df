/* SPDX-License-Identifier: Apache-2.0 */
#include "service/asof.h"

#include "domain/settle.h"
#include "service/codec.h"
#include "service/payload.h"
#include "service/price.h"
#include "service/view.h"
#include "store/entries.h"

static struct trade_row trade_row_of(const struct trade *t)
{
    return (struct trade_row){ .trade = t->trade,
                               .at_us = t->at_us,
                               .pool = t->pool,
                               .units = t->units,
                               .price = t->price.micros,
                               .bid = t->bid,
                               .ask = t->ask,
                               .bid_rested = t->bid_rested,
                               .own = t->own,
                               .displacing = t->displacing };
}

/* The trades of the order that the command made. An ask may complete a gang, which then trades with
 * other asks too: those are not its own. */
static size_t own_trades(int64_t seq, struct trade_row *rows, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (rows[i].bid == seq || rows[i].ask == seq) rows[kept++] = rows[i];
    return kept;
}

bool as_of_submission(const struct market_info *info, const struct submission *s, struct arena *a,
                      struct as_of *out, struct err *err)
{
    struct trade_row *rows = arena_alloc(a, (s->trades_n + 1) * sizeof(*rows));

    if (!rows) return FAIL(err, ERR_NO_MEMORY, "No memory for the answer.");
    for (size_t i = 0; i < s->trades_n; i++)
        rows[i] = trade_row_of(&s->trades[i]);
    *out = (struct as_of){ .info = info,
                           .seq = s->command.seq,
                           .at_us = s->command.at_us,
                           .account = s->command.account,
                           .payload = s->payload,
                           .trades = rows,
                           .trades_n = own_trades(s->command.seq, rows, s->trades_n),
                           .command = &s->command };
    return true;
}

bool as_of_stored(const struct market_info *info, struct db *db, int64_t seq, int64_t account,
                  struct arena *a, struct as_of *out, struct err *err)
{
    struct command_row c;
    struct trade_row *trades = NULL;
    size_t n = 0;

    if (!db_found(store_read_command(db, seq, account, a, &c, err), err)) return false;
    const enum db_rc rc = store_list_trades_of_command(db, seq, a, &trades, &n, err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    *out = (struct as_of){ .info = info,
                           .seq = seq,
                           .at_us = c.at_us,
                           .account = account,
                           .payload = c.payload,
                           .trades = trades,
                           .trades_n = own_trades(seq, trades, n) };
    return true;
}

/* The command itself. False: the payload is not of this kind. */
static bool command_of(const struct as_of *c, enum command_kind kind, struct command *out,
                       struct err *err)
{
    struct str more;

    if (codec_read(c->payload, out, &more, err) == CODEC_OK && out->kind == kind) return true;
    return FAIL(err, ERR_INTERNAL, "A recorded command cannot be read.");
}

static struct job_row new_job(const struct as_of *c, const struct bid_spec *s)
{
    return (struct job_row){
        .bid = c->seq,
        .account = c->account,
        .at_us = c->at_us,
        .priority = c->seq,
        .pool = s->wants[0].pool,
        .price = s->limit.micros,
        .budget = s->budget.micros,
        .units = s->wants[0].units,
        .seconds = s->seconds,
        .expires_us = s->expires_us,
        .attempts_max = s->attempts_max,
        .state = ORDER_OPEN,
        .job = JOB_OPEN,
        .hold = price_want(c->info, s).micros,
        .version = c->seq,
        .changed = c->seq,
        .payload = c->payload,
        .about = { .bid = c->seq, .spec = *s, .sealed = s->auction_ms > 0 },
    };
}

/* A bid is served whole or not at all: what it traded is one grant. */
static void place(struct job_row *row, const struct as_of *c)
{
    const struct trade_row *last = &c->trades[c->trades_n - 1];
    const int32_t units = (int32_t)last->units;
    struct money sum = { 0 };
    int64_t hold = 0;

    for (size_t i = 0; i < c->trades_n; i++)
        sum.micros += c->trades[i].price;
    const int32_t seconds = settle_seconds_max(&row->about, sum, units);
    for (size_t i = 0; i < c->trades_n; i++)
        hold += settle_part((struct money){ c->trades[i].price }, units, seconds).micros;
    row->state = ORDER_FILLED;
    row->job = JOB_PLACED;
    row->attempts = 1;
    row->hold = hold;
    row->last_lease = last->trade;
    row->last_traded_us = last->at_us;
    row->about.leases_n = row->about.live = (int32_t)c->trades_n;
}

/* It was to be served at once or not at all. */
static void close_unfilled(struct job_row *row)
{
    row->state = ORDER_EXPIRED;
    row->job = JOB_EXPIRED;
    row->reason = REASON_NOT_FILLED;
    row->hold = 0;
}

bool job_as_of(const struct as_of *c, struct job_row *out, struct err *err)
{
    struct command made;

    if (c->command)
        made = *c->command;
    else if (!command_of(c, COMMAND_SUBMIT_JOB, &made, err))
        return false;
    const struct bid_spec *s = &made.u.submit_job;
    *out = new_job(c, s);
    if (c->trades_n > 0)
        place(out, c);
    else if (s->tif == TIF_IMMEDIATE_OR_CANCEL || s->tif == TIF_FILL_OR_KILL)
        close_unfilled(out);
    return true;
}

/* Asks of before there were policies keep their price. */
static int64_t pricing_of(struct str payload)
{
    struct err ignored = { 0 };
    auto_json json_t *more = payload_more(payload, &ignored);
    const struct str name = json_get_text(more, "pricing");

    for (int64_t i = 0; i < ASK_PRICINGS; i++)
        if (str_is(name, ask_pricing_names[i])) return i;
    return ASK_PRICING_FIXED;
}

bool ask_as_of(const struct as_of *c, struct ask_row *out, struct err *err)
{
    struct command made;

    if (!command_of(c, COMMAND_PLACE_ASK, &made, err)) return false;
    const struct ask_spec *s = &made.u.place_ask;
    struct ask_row row = {
        .ask = c->seq,
        .account = c->account,
        .at_us = c->at_us,
        .priority = c->seq,
        .node = s->node,
        .pool = s->pool,
        .price = s->price.micros,
        .floor = s->floor.micros,
        .units = s->units,
        .free = s->units,
        .until_us = s->until_us,
        .seconds_min = s->seconds_min,
        .seconds_max = s->seconds_max,
        .state = ORDER_OPEN,
        .version = c->seq,
        .about = { .ask = c->seq, .spec = *s },
        .pricing = pricing_of(c->payload),
    };
    for (size_t i = 0; i < c->trades_n; i++)
        row.free -= c->trades[i].units;
    *out = row;
    return true;
}

bool payout_as_of(const struct as_of *c, struct payout_row *out, struct err *err)
{
    struct command made;

    if (!command_of(c, COMMAND_REQUEST_PAYOUT, &made, err)) return false;
    *out = (struct payout_row){ c->seq, made.u.request_payout.amount.micros, PAYOUT_REQUESTED,
                                c->at_us, c->seq };
    return true;
}
