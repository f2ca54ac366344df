/* SPDX-License-Identifier: Apache-2.0 */
/* A job and its bid are one thing: either may be cancelled, and answers as itself. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/job_reply.h"
#include "service/payload.h"

static void reply_now(struct req *rq)
{
    const bool is_job = str_starts(rq->param[0], STR("job_"));
    struct job_row row;

    if (!found_job(rq, is_job ? "job_" : "bid_", &row)) return;
    if (is_job)
        reply_job(rq, &row);
    else
        reply_bid(rq, &row);
}

/* What is over is unknown to the market, and cancelled or not: it stays as it is. */
static void answer(struct req *rq)
{
    const bool over = rq->submission->result == SUBMIT_REFUSED &&
                      rq->submission->outcome.refused == ERR_NOT_FOUND;

    if (rq->submission->result == SUBMIT_REFUSED && !over)
        reply_refused(rq);
    else
        reply_now(rq);
}

static void cancel(struct req *rq, const char *prefix)
{
    struct job_row row;

    if (!found_job(rq, prefix, &row)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_CANCEL_JOB,
                                                .account = rq->who.account,
                                                .u.order = { row.bid } };
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void post_job_cancel(struct req *rq)
{
    cancel(rq, "job_");
}

void post_bid_cancel(struct req *rq)
{
    cancel(rq, "bid_");
}
