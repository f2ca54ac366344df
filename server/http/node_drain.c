/* SPDX-License-Identifier: Apache-2.0 */
/* A machine is to be empty: for maintenance, for an upgrade, or because it leaves. By its owner, or
 * by the machine itself. What the two words mean is the market's (docs/market.md, Nodes). */
#include "base/limits.h"
#include "http/handlers.h"
#include "http/node_reply.h"
#include "service/payload.h"

struct drain_body {
    int64_t from_us;
    int running;
};

static const char *const running_names[] = { "finish", "stop", NULL };

/* clang-format off */
#define DRAIN_BODY(T)                                                                              \
    JSON_TIME(T, from_us, "at", JSON_MAY, "From when on; by default now. At most 30 days ahead."), \
    JSON_ENUM(T, running, "running", JSON_MAY, running_names, "What becomes of what runs then: it may finish (the default), or has to stop.")
/* clang-format on */

const struct json_field post_node_drain_fields[] = { DRAIN_BODY(struct drain_body), JSON_END };
const struct json_field post_agent_drain_fields[] = { DRAIN_BODY(struct drain_body), JSON_END };

static void answer(struct req *rq)
{
    struct node_row row;

    if (rq->submission->result == SUBMIT_REFUSED)
        reply_refused(rq);
    else if (db_found(store_find_node(rq->db, rq->submission->command.u.drain_node.node, &rq->arena,
                                      &row, &rq->err),
                      &rq->err))
        reply_node(rq, &row);
    else
        reply_problem(rq);
}

/* from_us 0: no more. */
static void submit(struct req *rq, int64_t node, int64_t from_us, bool stops)
{
    struct submission *sub = rq->submission;

    sub->command = (struct command){ .kind = COMMAND_DRAIN_NODE,
                                     .account = rq->who.account,
                                     .u.drain_node = { node, from_us, stops } };
    sub->payload = payload_make(&sub->command, NULL, &rq->arena);
    if (sub->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the request.");
}

static void drain(struct req *rq, int64_t node)
{
    struct drain_body body = { .from_us = clock_wall_us() };

    if (!req_json(rq, &body)) return;
    if (body.from_us < 1) body.from_us = 1; /* before 1970 is now as well; 0 has a meaning */
    submit(rq, node, body.from_us, body.running == 1);
}

/* The caller's machine that the path names; 0: replied. */
static int64_t own_node(struct req *rq)
{
    struct id id;
    struct node_row row;

    if (!req_id(rq, 0, "node_", &id)) return 0;
    if (!db_found(store_find_node(rq->db, id_seq(id), &rq->arena, &row, &rq->err), &rq->err)) {
        reply_problem(rq);
        return 0;
    }
    if (row.account == rq->who.account && id_eq(id, id_make(row.at_us, row.node, 0)))
        return row.node;
    reply_refusal(rq, ERR_NOT_FOUND, "There is no such node, or it is not yours.");
    return 0;
}

/* POST /v1/nodes/{node_id}/drain: nothing new that would run past `at`. */
void post_node_drain(struct req *rq)
{
    const int64_t node = own_node(rq);

    if (node != 0) drain(rq, node);
}

/* POST /v1/nodes/{node_id}/undrain: it may be offered again. */
void post_node_undrain(struct req *rq)
{
    const int64_t node = own_node(rq);

    if (node != 0) submit(rq, node, 0, false);
}

/* POST /v1/agent/drain and /undrain: the same by the machine itself. */
void post_agent_drain(struct req *rq)
{
    drain(rq, rq->who.node);
}

void post_agent_undrain(struct req *rq)
{
    submit(rq, rq->who.node, 0, false);
}
