/* SPDX-License-Identifier: Apache-2.0 */
#include "service/asof.h"

#include "domain/settle.h"
#include "store/entries.h"
#include "json/json.h"

static struct trade_row trade_row_of(const struct trade *t)
{
    return (struct trade_row){ .trade = t->trade,
                               .at_us = t->at_us,
                               .pool = t->pool,
                               .units = t->units,
                               .price = t->price.micros,
                               .bid = t->bid,
                               .ask = t->ask,
                               .bid_rested = t->bid_rested };
}

bool as_of_submission(const struct submission *s, struct arena *a, struct as_of *out,
                      struct err *err)
{
    struct trade_row *rows = arena_alloc(a, (s->trades_n + 1) * sizeof(*rows));

    if (!rows) return FAIL(err, ERR_NO_MEMORY, "No memory for the answer.");
    for (size_t i = 0; i < s->trades_n; i++)
        rows[i] = trade_row_of(&s->trades[i]);
    *out = (struct as_of){ s->command.seq, s->command.at_us, s->command.account, s->payload,
                           rows,           s->trades_n };
    return true;
}

bool as_of_stored(struct db *db, int64_t seq, int64_t account, struct arena *a, struct as_of *out,
                  struct err *err)
{
    struct command_row c;
    struct trade_row *trades = NULL;
    size_t n = 0;

    if (!db_found(store_read_command(db, seq, account, a, &c, err), err)) return false;
    const enum db_rc rc = store_list_trades_of_command(db, seq, a, &trades, &n, err);
    if (rc != DB_ONE && rc != DB_NONE) return false;
    *out = (struct as_of){ seq, c.at_us, account, c.payload, trades, n };
    return true;
}

/* Numbers of a payload; `ok` falls when one is not there. */
struct numbers {
    json_t *o;
    bool ok;
};

static int64_t number(struct numbers *n, const char *name)
{
    int64_t v = 0;

    if (!json_get_i64(n->o, name, INT64_MIN, INT64_MAX, &v)) n->ok = false;
    return v;
}

static bool not_such(struct err *err)
{
    return FAIL(err, ERR_INTERNAL, "A recorded command cannot be read.");
}

static struct bid_spec bid_spec_of(struct numbers *n)
{
    return (struct bid_spec){
        .pool = (int32_t)number(n, "pool"),
        .limit = { number(n, "limit") },
        .budget = { number(n, "budget") },
        .units = (int32_t)number(n, "units"),
        .seconds = (int32_t)number(n, "seconds"),
        .expires_us = number(n, "expires_us"),
        .attempts_max = (int32_t)number(n, "attempts_max"),
    };
}

static struct job_row new_job(const struct as_of *c, const struct bid_spec *s)
{
    const struct bid bid = { .spec = *s };

    return (struct job_row){
        .bid = c->seq,
        .account = c->account,
        .at_us = c->at_us,
        .priority = c->seq,
        .pool = s->pool,
        .price = s->limit.micros,
        .budget = s->budget.micros,
        .units = s->units,
        .seconds = s->seconds,
        .expires_us = s->expires_us,
        .attempts_max = s->attempts_max,
        .state = ORDER_OPEN,
        .job = JOB_OPEN,
        .hold = settle_want(&bid).micros,
        .version = c->seq,
        .changed = c->seq,
        .payload = c->payload,
    };
}

/* A bid is served by one ask or not at all. */
static void place(struct job_row *row, const struct bid_spec *s, const struct trade_row *t)
{
    const struct bid bid = { .spec = *s };

    row->state = ORDER_FILLED;
    row->job = JOB_PLACED;
    row->attempts = 1;
    row->hold = settle_hold_at(&bid, (struct money){ t->price }).micros;
    row->last_lease = t->trade;
    row->last_traded_us = t->at_us;
}

bool job_as_of(const struct as_of *c, struct job_row *out, struct err *err)
{
    auto_json json_t *o = json_parse(c->payload, err);
    struct numbers n = { o, o != NULL };

    if (!o) return false;
    const struct bid_spec spec = bid_spec_of(&n);
    if (!n.ok) return not_such(err);
    *out = new_job(c, &spec);
    if (c->trades_n > 0) place(out, &spec, &c->trades[0]);
    return true;
}

bool ask_as_of(const struct as_of *c, struct ask_row *out, struct err *err)
{
    auto_json json_t *o = json_parse(c->payload, err);
    struct numbers n = { o, o != NULL };

    if (!o) return false;
    struct ask_row row = {
        .ask = c->seq,
        .account = c->account,
        .at_us = c->at_us,
        .priority = c->seq,
        .node = number(&n, "node"),
        .pool = number(&n, "pool"),
        .price = number(&n, "price"),
        .floor = number(&n, "floor"),
        .units = number(&n, "units"),
        .until_us = number(&n, "until_us"),
        .seconds_min = number(&n, "seconds_min"),
        .seconds_max = number(&n, "seconds_max"),
        .state = ORDER_OPEN,
        .version = c->seq,
    };
    if (!n.ok) return not_such(err);
    row.free = row.units;
    for (size_t i = 0; i < c->trades_n; i++)
        row.free -= c->trades[i].units;
    *out = row;
    return true;
}

bool payout_as_of(const struct as_of *c, struct payout_row *out, struct err *err)
{
    auto_json json_t *o = json_parse(c->payload, err);
    struct numbers n = { o, o != NULL };

    if (!o) return false;
    const int64_t amount = number(&n, "amount");
    if (!n.ok) return not_such(err);
    *out = (struct payout_row){ c->seq, amount, PAYOUT_REQUESTED, c->at_us, c->seq };
    return true;
}
