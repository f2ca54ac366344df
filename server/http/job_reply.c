/* SPDX-License-Identifier: Apache-2.0 */
#include "http/job_reply.h"

#include "service/view_job.h"

void reply_job(struct req *rq, const struct job_row *row)
{
    struct buf b;

    reply_begin(&b);
    view_job(rq->svc->info, row, &b);
    reply_put_etag(rq, 200, &b, row->changed);
}

void reply_bid(struct req *rq, const struct job_row *row)
{
    struct buf b;

    reply_begin(&b);
    view_bid(rq->svc->info, row, &b);
    reply_put_etag(rq, 200, &b, row->version);
}
