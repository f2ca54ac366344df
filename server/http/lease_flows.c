/* SPDX-License-Identifier: Apache-2.0 */
/* What a lease did with its network: told by its agent at the end, read by the owner of its node
 * when somebody complains of it. Destinations say much about a job, so its buyer's other providers,
 * and everybody else, are told nothing. */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "store/flows.h"
#include "wire/lease.h"

#define COUNT_MAX  (INT64_C(1) << 50) /* a petabyte */
#define FLOWS_TOLD 256

struct told_dns {
    int64_t questions, refused, private_answers;
};

struct told_flow {
    struct str address, protocol;
    int64_t port, bytes_in, bytes_out, packets_in, packets_out, connections;
};

struct told_flows {
    int64_t bytes_in, bytes_out, denied, capped, more;
    struct told_dns dns;
    struct json_array flows;
};

/* clang-format off */
#define D struct told_dns
static const struct json_field dns_fields[] = {
    JSON_I64(D, questions, "questions", JSON_NEED, 0, COUNT_MAX, "Names that it asked for."),
    JSON_I64(D, refused, "refused", JSON_NEED, 0, COUNT_MAX, "Those that it may not ask for, or whose answer it may not have."),
    JSON_I64(D, private_answers, "private_answers", JSON_NEED, 0, COUNT_MAX, "Answers that pointed into a private network."),
    JSON_END
};
#undef D
#define F struct told_flow
static const struct json_field flow_fields[] = {
    JSON_TEXT(F, address, "address", JSON_NEED, 2, 45, "Where to."),
    JSON_TEXT(F, protocol, "protocol", JSON_NEED, 1, 8, "tcp, udp or other."),
    JSON_I64(F, port, "port", JSON_NEED, 0, 65535, "The port there; 0 without one."),
    JSON_I64(F, bytes_in, "bytes_in", JSON_NEED, 0, COUNT_MAX, "Bytes from there."),
    JSON_I64(F, bytes_out, "bytes_out", JSON_NEED, 0, COUNT_MAX, "Bytes to there."),
    JSON_I64(F, packets_in, "packets_in", JSON_NEED, 0, COUNT_MAX, "Packets from there."),
    JSON_I64(F, packets_out, "packets_out", JSON_NEED, 0, COUNT_MAX, "Packets to there."),
    JSON_I64(F, connections, "connections", JSON_NEED, 0, COUNT_MAX, "Connections begun."),
    JSON_END
};
#undef F
#define T struct told_flows
const struct json_field put_agent_lease_flows_fields[] = {
    JSON_I64(T, bytes_in, "bytes_in", JSON_NEED, 0, COUNT_MAX, "Bytes that came."),
    JSON_I64(T, bytes_out, "bytes_out", JSON_NEED, 0, COUNT_MAX, "Bytes that went."),
    JSON_I64(T, denied, "denied", JSON_NEED, 0, COUNT_MAX, "Packets to where it may not go."),
    JSON_I64(T, capped, "capped", JSON_NEED, 0, COUNT_MAX, "Packets of connections that were too many."),
    JSON_I64(T, more, "more", JSON_NEED, 0, COUNT_MAX, "Flows beyond those that are listed."),
    JSON_OBJECT(T, dns, "dns", JSON_NEED, dns_fields, "Its questions for names."),
    JSON_OBJECTS(T, flows, "flows", JSON_NEED, FLOWS_TOLD, flow_fields, struct told_flow, "Where to, the most bytes first."),
    JSON_END
};
#undef T
/* clang-format on */

/* PUT /v1/agent/leases/{lease_id}/flows: the first word stays, as it is evidence. */
void put_agent_lease_flows(struct req *rq)
{
    struct told_flows *told = arena_alloc(&rq->arena, sizeof(*told));
    struct lease_row row;

    if (!told) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    if (!found_lease_of_node(rq, &row) || !req_json(rq, told)) return;
    if (row.ready_us == 0) {
        reply_refusal(rq, ERR_WRONG_STATE, "The lease never ran.");
        return;
    }
    if (read_well(rq, store_put_flows(rq->db, row.lease, rq->body, &rq->err))) reply_empty(rq, 204);
}

/* GET /v1/leases/{lease_id}/flows: for the owner of its node. */
void get_lease_flows(struct req *rq)
{
    struct lease_row row;
    struct flows_row flows;

    if (!found_lease(rq, &row)) return;
    if (row.provider != rq->who.account) {
        reply_refusal(rq, ERR_NOT_FOUND,
                      "What a lease did with its network is told to the owner "
                      "of its machine.");
        return;
    }
    if (!db_found(store_read_flows(rq->db, row.lease, &rq->arena, &flows, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    json_t *o = json_parse(flows.flows, &rq->err);
    if (o) (void)json_object_set_new(o, "told_at", json_time(flows.told_us));
    reply_json(rq, 200, o);
}
