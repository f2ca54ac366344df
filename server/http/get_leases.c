/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view.h"

static const char *const role_names[] = { "both", "buyer", "provider" };

/* GET /v1/leases: those that the caller bought and those that he sold. */
void get_leases(struct req *rq)
{
    struct page page;
    struct lease_row *rows = NULL;
    size_t n = 0;
    int64_t state = 0, role = 0;

    if (!req_page(rq, &page)) return;
    if (!query_name(rq, "state", lease_state_names, 0, LEASE_STATES, -1, &state)) return;
    if (!query_name(rq, "role", role_names, 1, 3, 0, &role)) return;
    const struct lease_query q = { rq->who.account, (enum lease_role)role, state,
                                   page_before(&page), page.limit + 1 };
    if (!read_well(rq, store_list_leases(rq->db, &q, &rq->arena, &rows, &n, &rq->err))) return;
    const struct shown shown = page_shown(&page, n);
    json_t *data = json_array();
    for (size_t i = 0; i < shown.n; i++)
        (void)json_array_append_new(data, view_lease(rq->svc->info, &rows[i], rq->who.account));
    reply_page(rq, data, shown.more ? rows[shown.n - 1].lease : 0);
}

void get_lease(struct req *rq)
{
    struct lease_row row;

    if (found_lease(rq, &row))
        reply_json_etag(rq, 200, view_lease(rq->svc->info, &row, rq->who.account), row.version);
}
