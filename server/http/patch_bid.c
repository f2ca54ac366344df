/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "http/job_reply.h"
#include "service/payload.h"

struct change {
    int64_t limit;
};

/* clang-format off */
const struct json_field patch_bid_fields[] = {
    JSON_MONEY(struct change, limit, "limit_price_per_unit_hour", JSON_NEED, 1, INT64_C(1000000000000000), "An exact amount, at most a billion."),
    JSON_END
};
/* clang-format on */

static void answer(struct req *rq)
{
    struct job_row row;

    if (rq->submission->result == SUBMIT_REFUSED) {
        if (rq->submission->outcome.refused == ERR_NOT_FOUND)
            reply_refusal(rq, ERR_WRONG_STATE, "This bid does not rest any more.");
        else
            reply_refused(rq);
        return;
    }
    if (found_job(rq, "bid_", &row)) reply_bid(rq, &row);
}

/* PATCH /v1/bids/{bid_id}: another limit price. What traded at once shows in the job. */
void patch_bid(struct req *rq)
{
    struct change change = { 0 };
    struct job_row row;

    if (!found_job(rq, "bid_", &row) || !req_json(rq, &change)) return;
    if (!req_if_match(rq, row.version)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_AMEND_BID,
                                                .account = rq->who.account,
                                                .u.amend_bid = { row.bid, { change.limit } } };
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}
