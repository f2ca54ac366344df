/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts and outputs, by lease or by job: then of its newest lease that has one. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/receipts.h"

typedef json_t *make_fn(struct req *rq, const struct lease_text_row *row);

static json_t *make_receipt(struct req *rq, const struct lease_text_row *row)
{
    return receipt_make(rq->svc->info, row, &rq->arena, &rq->err);
}

static json_t *make_outputs(struct req *rq, const struct lease_text_row *row)
{
    return outputs_make(row, &rq->arena, &rq->err);
}

static void reply_for(struct req *rq, int64_t lease, make_fn *make)
{
    struct lease_text_row row;
    const enum db_rc rc =
        store_read_receipt(rq->db, lease, rq->who.account, &rq->arena, &row, &rq->err);

    if (!read_well(rq, rc)) return;
    if (rc == DB_NONE) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no receipt yet.");
        return;
    }
    json_t *body = make(rq, &row);
    if (body)
        reply_json(rq, 200, body);
    else
        reply_problem(rq);
}

static void reply_for_job(struct req *rq, make_fn *make)
{
    struct job_row job;
    int64_t lease = 0;

    if (!found_job(rq, "job_", &job)) return;
    const enum db_rc rc = store_read_receipt_last(rq->db, job.bid, &lease, &rq->err);
    if (!read_well(rq, rc)) return;
    if (rc == DB_NONE)
        reply_refusal(rq, ERR_NOT_FOUND, "There is no receipt yet.");
    else
        reply_for(rq, lease, make);
}

void get_job_receipt(struct req *rq)
{
    reply_for_job(rq, make_receipt);
}

void get_job_outputs(struct req *rq)
{
    reply_for_job(rq, make_outputs);
}

void get_lease_receipt(struct req *rq)
{
    struct lease_row row;

    if (found_lease(rq, &row)) reply_for(rq, row.lease, make_receipt);
}
