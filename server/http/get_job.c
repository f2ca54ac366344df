/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view.h"

static void reply_job(struct req *rq, const struct job_row *job)
{
    struct lease_row *rows = NULL;
    size_t n = 0;

    if (!read_well(rq, store_list_leases_of_bid(rq->db, job->bid, &rq->arena, &rows, &n, &rq->err)))
        return;
    json_t *o = view_job(rq->svc->info, job), *leases = json_array();
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(leases, view_lease(rq->svc->info, &rows[i], rq->who.account));
    (void)json_object_set_new(o, "leases", leases);
    reply_json_etag(rq, 200, o, job->changed);
}

static void woken(struct req *rq)
{
    struct job_row job;

    if (found_job(rq, "job_", &job)) reply_job(rq, &job);
}

/* GET /v1/jobs/{job_id}: one job with its leases. A client that has this version already may wait
 * for the next. */
void get_job(struct req *rq)
{
    struct job_row job;
    const int64_t seconds = req_prefer_wait(rq);

    if (!found_job(rq, "job_", &job)) return;
    if (seconds == 0 || !req_none_match(rq, job.changed)) {
        reply_job(rq, &job);
        return;
    }
    req_wait(rq, (struct topic){ TOPIC_JOB, job.bid }, seconds, woken);
    struct job_row now;
    const enum db_rc rc =
        store_read_job(rq->db, job.bid, rq->who.account, &rq->arena, &now, &rq->err);
    if (rc == DB_ONE && now.changed == job.changed) return;
    if (!req_unwait(rq)) return;
    if (rc == DB_ONE)
        reply_job(rq, &now);
    else
        reply_problem(rq);
}
