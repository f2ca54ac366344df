/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limits.h"
#include "http/agent_body.h"
#include "http/handlers.h"
#include "http/node_reply.h"
#include "service/payload.h"

struct node_body {
    struct agent_said said;

    struct agent_row row;
};

const struct json_field put_agent_node_fields[] = {
    AGENT_SAID(struct node_body, said),
    JSON_END,
};

/* As far as they are the agent's to say. */
static bool same_traits(const struct traits *a, const struct traits *b)
{
    return a->region == b->region && a->isolation == b->isolation &&
           a->interconnect == b->interconnect && a->bandwidth_mbps == b->bandwidth_mbps &&
           a->label == b->label && a->site == b->site;
}

static bool same_spec(const struct node_spec *a, const struct node_spec *b)
{
    return a->cpu_millis == b->cpu_millis && a->memory_bytes == b->memory_bytes &&
           a->scratch_bytes == b->scratch_bytes && a->gpu_pool == b->gpu_pool &&
           a->gpus == b->gpus && same_traits(&a->traits, &b->traits);
}

/* What the agent says of itself, and the answer. */
static void keep(struct req *rq)
{
    const struct node_body *body = rq->state;
    struct node_row row;

    if (db_found(store_update_agent(rq->db, rq->who.node, &body->row, &rq->err), &rq->err) &&
        db_found(store_find_node(rq->db, rq->who.node, &rq->arena, &row, &rq->err), &rq->err))
        reply_node(rq, &row);
    else
        reply_problem(rq);
}

/* The second half when the market had to know. */
static void changed(struct req *rq)
{
    if (rq->submission->result == SUBMIT_REFUSED)
        reply_refused(rq);
    else
        keep(rq);
}

static void change(struct req *rq, const struct node_spec *spec)
{
    struct submission *sub = rq->submission;

    sub->command = (struct command){ .kind = COMMAND_PUT_NODE,
                                     .account = rq->who.account,
                                     .u.put_node = { rq->who.node, *spec } };
    sub->payload = payload_make(&sub->command, NULL, &rq->arena);
    if (sub->payload.p)
        req_submit(rq, changed, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the node.");
}

/* PUT /v1/agent/node: what this machine is now. The market hears of it only if what it counts is
 * not what it was, so that the restart of an agent is no command. */
void put_agent_node(struct req *rq)
{
    struct node_body *body = arena_alloc(&rq->arena, sizeof(*body));
    struct node_row row;

    if (!body) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the node.");
        return;
    }
    rq->state = body;
    if (!req_json(rq, body) || !agent_said_check(rq, &body->said)) return;
    if (!agent_said_row(rq, &body->said, clock_wall_us(), &body->row)) return;
    if (!db_found(store_find_node(rq->db, rq->who.node, &rq->arena, &row, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    const struct node_of of = { rq->who.account, rq->who.node };
    struct node_spec spec;
    if (!agent_said_spec(rq, &body->said, of, &spec)) return;
    if (same_spec(&spec, &row.spec))
        keep(rq);
    else
        change(rq, &spec);
}
