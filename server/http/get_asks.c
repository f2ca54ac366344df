/* SPDX-License-Identifier: Apache-2.0 */
/* Asks of an account; for an agent, those of its node. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view.h"

static void list(struct req *rq, int64_t node)
{
    struct page page;
    struct ask_row *rows = NULL;
    size_t n = 0;
    int64_t state = 0;

    if (!req_page(rq, &page) || !query_name(rq, "state", order_state_names, 1, 6, 0, &state))
        return;
    const struct ask_query q = { rq->who.account, node, state, page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_asks(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const struct shown shown = page_shown(&page, n);
    json_t *data = json_array();
    for (size_t i = 0; i < shown.n; i++)
        (void)json_array_append_new(data, view_ask(rq->svc->info, &rows[i]));
    reply_page(rq, data, shown.more ? rows[shown.n - 1].ask : 0);
}

void get_asks(struct req *rq)
{
    list(rq, 0);
}

void get_agent_asks(struct req *rq)
{
    list(rq, rq->who.node);
}

void get_ask(struct req *rq)
{
    struct ask_row row;

    if (found_ask(rq, &row)) reply_json_etag(rq, 200, view_ask(rq->svc->info, &row), row.version);
}
