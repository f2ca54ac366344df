/* SPDX-License-Identifier: Apache-2.0 */
/* A lease of a gang could start. Its agent hears at once, or when it waits, as soon as it is known,
 * whether all of them can: then it starts its container. */
#include "http/handlers.h"
#include "http/lease_report.h"

#include "base/clock.h"
#include "base/limits.h"
#include "service/view.h"
#include "wire/lease.h"

#define SECOND 1000000

struct prepared {
    int64_t epoch;
    int64_t lease, bid;
    int64_t until_us; /* clock_monotonic_us; 0: it does not wait */
};

/* clang-format off */
#define P struct prepared
const struct json_field post_agent_lease_prepared_fields[] = {
    JSON_I64(P, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease, from the assignment."),
    JSON_END
};
#undef P
/* clang-format on */

static bool is_decided(const struct lease_row *row)
{
    return row->state != LEASE_PREPARING || row->gathered_us != 0;
}

static int64_t seconds_left(struct req *rq, const struct prepared *p)
{
    const int64_t left = p->until_us - clock_monotonic_us();

    return left > 0 && req_may_wait(rq) ? (left + SECOND - 1) / SECOND : 0;
}

/* Much else of the job wakes us: then we go on waiting. */
static void wait_or_reply(struct req *rq)
{
    const struct prepared *p = rq->state;
    struct lease_row row;

    if (!found_lease_of_node(rq, &row)) return;
    const int64_t left = seconds_left(rq, p);
    if (is_decided(&row) || left == 0) {
        reply_json(rq, 200, view_lease_brief(&row));
        return;
    }
    req_wait(rq, (struct topic){ TOPIC_JOB, p->bid }, left, wait_or_reply);
    const enum db_rc rc = store_read_lease_of_node(rq->db, p->lease, rq->who.node, &row, &rq->err);
    if ((rc == DB_ONE && !is_decided(&row)) || !req_unwait(rq)) return;
    if (rc == DB_ONE)
        reply_json(rq, 200, view_lease_brief(&row));
    else
        reply_problem(rq);
}

static void told(struct req *rq)
{
    if (rq->submission->result == SUBMIT_REFUSED)
        lease_report_answer(rq);
    else
        wait_or_reply(rq);
}

void post_agent_lease_prepared(struct req *rq)
{
    struct prepared *p = arena_alloc(&rq->arena, sizeof(*p));
    struct lease_row row;

    if (!p) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    *p = (struct prepared){ 0 };
    if (!found_lease_of_node(rq, &row) || !req_json(rq, p)) return;
    const int64_t seconds = req_prefer_wait(rq);
    p->lease = row.lease;
    p->bid = row.bid;
    p->until_us = seconds > 0 ? clock_monotonic_us() + seconds * SECOND : 0;
    rq->state = p;
    const struct lease_report e = { .kind = COMMAND_LEASE_PREPARED, .epoch = p->epoch };
    lease_report_submit(rq, &row, &e, NULL, told);
}
