/* SPDX-License-Identifier: Apache-2.0 */
/* A provider's machines. */
#include "http/handlers.h"
#include "http/node_reply.h"

static json_t *rows_json(const struct services *svc, const struct node_row *rows, size_t n)
{
    auto_json json_t *list = json_array();
    const int64_t now_us = clock_wall_us();

    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, node_json(svc, &rows[i], now_us)) != 0) return NULL;
    return json_incref(list);
}

/* GET /v1/nodes: my machines. */
void get_nodes(struct req *rq)
{
    struct page page;
    struct node_row *rows = NULL;
    size_t n = 0;

    if (!req_page(rq, &page)) return;
    const enum db_rc rc = store_list_nodes(rq->db, rq->who.account, page.before, page.limit + 1,
                                           &rq->arena, &rows, &n, &rq->err);
    if (rc != DB_ONE && rc != DB_NONE) {
        reply_problem(rq);
        return;
    }
    const size_t shown = n > (size_t)page.limit ? (size_t)page.limit : n;
    reply_page(rq, rows_json(rq->svc, rows, shown), shown < n ? rows[shown - 1].node : 0);
}

/* GET /v1/nodes/{node_id}: one of them. */
void get_node(struct req *rq)
{
    struct id id;
    struct node_row row;

    if (!req_id(rq, 0, "node_", &id)) return;
    if (!db_found(store_find_node(rq->db, id_seq(id), &rq->arena, &row, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    if (row.account == rq->who.account && id_eq(id, id_make(row.at_us, row.node, 0)))
        reply_node(rq, &row);
    else
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such node, or it is not yours.");
}
