/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view.h"

/* Amendments of the units alone are no news of the price. */
static bool is_move(const json_t *o)
{
    return !json_equal(json_object_get(o, "price_per_unit_hour"),
                       json_object_get(o, "previous_price_per_unit_hour"));
}

/* GET /v1/asks/{ask_id}/prices: what its price was, who moved it, and why. Each row needs the one
 * before it, so one more is read than shown. */
void get_ask_prices(struct req *rq)
{
    struct ask_row ask;
    struct page page;
    struct ask_price_row *rows = NULL;
    size_t n = 0;

    if (!found_ask(rq, &ask) || !req_page(rq, &page)) return;
    const struct ask_price_query q = { ask.ask, ask.account, page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_ask_prices(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const struct shown shown = page_shown(&page, n);
    auto_json json_t *data = json_array();
    for (size_t i = 0; i < shown.n; i++) {
        json_t *o = view_ask_price(&rows[i], i + 1 < n ? &rows[i + 1] : NULL, &rq->err);
        if (!o) {
            reply_problem(rq);
            return;
        }
        (void)(is_move(o) ? json_array_append(data, o) : 0);
        json_decref(o);
    }
    reply_page(rq, take(data), shown.more ? rows[shown.n - 1].seq : 0);
}
