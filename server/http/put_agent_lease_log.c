/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "store/logs.h"

static const char *const stream_names[] = { "", "stdout", "stderr" };

static bool read_chunk(struct req *rq, struct log_chunk *c)
{
    if (!str_i64(rq->param[1], 0, INT32_MAX, &c->n)) {
        reply_refusal(rq, ERR_NOT_FOUND, "A chunk is named by its number.");
        return false;
    }
    if (!query_name(rq, "stream", stream_names, 1, 3, 0, &c->stream)) return false;
    if (c->stream == 0) {
        complain(&rq->complaints, &rq->arena, &rq->err, "?stream", "is required");
        reply_problem(rq);
        return false;
    }
    if (rq->body.n > LOG_CHUNK_MAX) {
        reply_refusal(rq, ERR_BODY_TOO_LARGE, "A chunk has at most %d bytes.", LOG_CHUNK_MAX);
        return false;
    }
    c->bytes = rq->body;
    return true;
}

/* PUT /v1/agent/leases/{lease_id}/log/{n}: a chunk of output. Sent again it changes nothing; when
 * the lease is over none is taken any more. */
void put_agent_lease_log(struct req *rq)
{
    struct lease_row row;
    struct log_chunk c = { 0 };

    if (!found_lease_of_node(rq, &row) || !read_chunk(rq, &c)) return;
    if (lease_is_final((enum lease_state)row.state)) {
        reply_refusal(rq, ERR_WRONG_STATE, "The lease is %s.", lease_state_names[row.state]);
        return;
    }
    c.lease = row.lease;
    if (c.bytes.n > 0 && !store_put_log(rq->db, &c, &rq->err)) {
        reply_problem(rq);
        return;
    }
    hub_notify(rq->svc->hub, (struct topic){ TOPIC_LOG, row.lease });
    reply_empty(rq, 204);
}
