/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view.h"

/* A query parameter that is the id of a job. False: replied. */
static bool query_job(struct req *rq, int64_t *out)
{
    const struct str given = req_query(rq, "job_id");
    struct id id;

    *out = 0;
    if (given.n == 0) return true;
    if (id_parse("job_", given, &id)) {
        *out = id_seq(id);
        return true;
    }
    complain(&rq->complaints, &rq->arena, &rq->err, "?job_id", "must be the id of a job");
    reply_problem(rq);
    return false;
}

/* Lines of the first `entries` entries; *more: there is another one. */
static size_t cut(const struct entry_line_row *rows, size_t n, int64_t entries, bool *more)
{
    int64_t seen = 0;

    *more = false;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || rows[i].seq != rows[i - 1].seq) seen++;
        if (seen <= entries) continue;
        *more = true;
        return i;
    }
    return n;
}

/* GET /v1/postings: entries of the ledger that touch the account, all lines of each. */
void get_postings(struct req *rq)
{
    struct page page;
    struct entry_line_row *rows = NULL;
    size_t n = 0;
    int64_t bid = 0;
    bool more = false;

    if (!req_page(rq, &page) || !query_job(rq, &bid)) return;
    const struct entry_query q = { rq->who.account, bid, page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_entries(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const size_t shown = cut(rows, n, page.limit, &more);
    reply_page(rq, view_entries(rows, shown, rq->who.account), more ? rows[shown - 1].seq : 0);
}
