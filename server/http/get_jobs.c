/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view_job.h"

void get_jobs(struct req *rq)
{
    struct page page;
    struct job_row *rows = NULL;
    size_t n = 0;
    int64_t state = 0;

    if (!req_page(rq, &page) || !query_name(rq, "state", job_state_names, 1, 9, 0, &state)) return;
    const struct job_query q = { rq->who.account, state, 0, page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_jobs(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const struct shown shown = page_shown(&page, n);
    struct buf b;
    reply_page_begin(&b);
    for (size_t i = 0; i < shown.n; i++)
        view_job(rq->svc->info, &rows[i], &b);
    reply_page_put(rq, &b, shown.more ? rows[shown.n - 1].bid : 0);
}
