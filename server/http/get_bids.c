/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "http/job_reply.h"
#include "service/view_job.h"

void get_bids(struct req *rq)
{
    struct page page;
    struct job_row *rows = NULL;
    size_t n = 0;
    int64_t state = 0;

    if (!req_page(rq, &page) || !query_name(rq, "state", order_state_names, 1, 6, 0, &state))
        return;
    const struct job_query q = { rq->who.account, 0, state, page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_jobs(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const struct shown shown = page_shown(&page, n);
    struct buf b;
    reply_page_begin(&b);
    for (size_t i = 0; i < shown.n; i++)
        view_bid(rq->svc->info, &rows[i], &b);
    reply_page_put(rq, &b, shown.more ? rows[shown.n - 1].bid : 0);
}

void get_bid(struct req *rq)
{
    struct job_row row;

    if (found_job(rq, "bid_", &row)) reply_bid(rq, &row);
}
