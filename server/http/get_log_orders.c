/* SPDX-License-Identifier: Apache-2.0 */
/* The orders of a day, a day after it has ended: what was secret while it could be used against
 * somebody, so that everybody can run the matching again. */
#include "http/found.h"
#include "http/handlers.h"

#include "service/orders_log.h"
#include "service/publog.h"

#define DAY_US    INT64_C(86400000000)
#define ROWS_MAX  1000
#define FOR_A_DAY "public, max-age=86400, immutable"

struct day {
    char text[DAY_TEXT_SIZE];
    int64_t start_us;
};

/* False: replied. */
static bool read_day(struct req *rq, struct day *out)
{
    const struct str text = rq->param[0];
    char whole[DAY_TEXT_SIZE + 10];
    int64_t at_us = 0;

    if (text.n == DAY_TEXT_SIZE - 1) {
        snprintf(out->text, sizeof(out->text), "%.*s", (int)text.n, text.p);
        snprintf(whole, sizeof(whole), "%sT00:00:00Z", out->text);
        if (rfc3339_parse(str_of(whole), &at_us)) {
            out->start_us = at_us;
            if (clock_wall_us() >= at_us + 2 * DAY_US) return true;
            reply_refusal(rq, ERR_NOT_FOUND,
                          "The orders of a day are published 24 hours after it has ended.");
            return false;
        }
    }
    reply_refusal(rq, ERR_NOT_FOUND, "That is no day; they are written as 2026-11-24.");
    return false;
}

static void reply_orders(struct req *rq, const struct day *day, const struct command_row *rows,
                         size_t n, bool more)
{
    auto_json json_t *data = json_array();
    struct master key;

    publog_day_key(rq->svc->publog, day->text, &key);
    for (size_t i = 0; i < n; i++) {
        json_t *row = orders_log_row(&key, &rows[i], &rq->err);
        if (!row) {
            reply_problem(rq);
            return;
        }
        (void)json_array_append_new(data, row);
    }
    reply_header(rq, "Cache-Control", FOR_A_DAY);
    reply_json(rq, 200,
               json_pack("{s:s, s:O, s:o}", "day", day->text, "data", data, "next_after",
                         more ? json_integer((json_int_t)rows[n - 1].seq) : json_null()));
}

/* GET /v1/log/orders/{day} */
void get_log_orders(struct req *rq)
{
    struct day day;
    int64_t limit = 0, after = 0, from = 0, to = 0;
    struct command_row *rows = NULL;
    size_t n = 0;

    if (!rq->svc->publog) {
        reply_refusal(rq, ERR_OVERLOADED, "The log is being loaded; try again shortly.");
        return;
    }
    if (!read_day(rq, &day) || !req_query_i64(rq, "limit", 1, ROWS_MAX, ROWS_MAX, &limit) ||
        !req_query_i64(rq, "after", 0, INT64_MAX - 1, 0, &after))
        return;
    if (!store_first_command_at(rq->db, day.start_us, &from, &rq->err) ||
        !store_first_command_at(rq->db, day.start_us + DAY_US, &to, &rq->err)) {
        reply_problem(rq);
        return;
    }
    if (after >= from) from = after + 1;
    if (!read_well(rq, store_list_orders_between(rq->db, from, to, limit + 1, &rq->arena, &rows, &n,
                                                 &rq->err)))
        return;
    const bool more = n > (size_t)limit;
    reply_orders(rq, &day, rows, more ? (size_t)limit : n, more);
}
