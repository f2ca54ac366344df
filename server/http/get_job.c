/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/view_job.h"
#include "store/pulls.h"
#include "store/use.h"
#include "json/put.h"

/* How much a live lease uses its cards, as its node says; null: not told. */
static json_t *use_json(const struct use_row *use, size_t n, int64_t lease)
{
    for (size_t i = 0; i < n; i++)
        if (use[i].lease == lease)
            return json_pack("{s:I, s:I, s:o}", "gpu_busy_percent", (json_int_t)use[i].busy_percent,
                             "gpu_memory_used_bytes", (json_int_t)use[i].memory_used_bytes, "at",
                             json_time(use[i].told_us));
    return json_null();
}

/* How far its image has come, as its node says; null: it is not being fetched, or not told yet. */
static json_t *pull_json(const struct pull_row *pull, size_t n, int64_t lease)
{
    static const char *const phases[] = { "waiting", "downloading", "unpacking" };

    for (size_t i = 0; i < n; i++)
        if (pull[i].lease == lease)
            return json_pack("{s:s, s:I, s:I, s:o}", "phase", phases[pull[i].phase], "done_bytes",
                             (json_int_t)pull[i].done_bytes, "total_bytes",
                             (json_int_t)pull[i].total_bytes, "at", json_time(pull[i].told_us));
    return json_null();
}

static void reply_whole(struct req *rq, const struct job_row *job)
{
    struct lease_row *rows = NULL;
    struct use_row *use = NULL;
    struct pull_row *pull = NULL;
    size_t n = 0, use_n = 0, pull_n = 0;
    struct buf b;

    if (!read_well(rq, store_list_leases_of_bid(rq->db, job->bid, &rq->arena, &rows, &n, &rq->err)))
        return;
    if (!read_well(rq, store_list_lease_use(rq->db, job->bid, &rq->arena, &use, &use_n, &rq->err)))
        return;
    if (!read_well(rq, store_list_pulls(rq->db, job->bid, &rq->arena, &pull, &pull_n, &rq->err)))
        return;
    reply_begin(&b);
    view_job_read(rq->svc->info, job, &b);
    json_open(&b, "leases", '[');
    for (size_t i = 0; i < n; i++) {
        auto_json json_t *lease = view_lease(rq->svc->info, &rows[i], rq->who.account);
        (void)json_object_set_new(lease, "use", use_json(use, use_n, rows[i].lease));
        (void)json_object_set_new(lease, "image", pull_json(pull, pull_n, rows[i].lease));
        json_put_tree(&b, NULL, lease);
    }
    json_close(&b, ']');
    json_close(&b, '}');
    reply_put_etag(rq, 200, &b, job->changed);
}

static void woken(struct req *rq)
{
    struct job_row job;

    if (found_job(rq, "job_", &job)) reply_whole(rq, &job);
}

/* GET /v1/jobs/{job_id}: one job with its leases. A client that has this version already may wait
 * for the next. */
void get_job(struct req *rq)
{
    struct job_row job;
    const int64_t seconds = req_prefer_wait(rq);

    if (!found_job(rq, "job_", &job)) return;
    if (seconds == 0 || !req_none_match(rq, job.changed)) {
        reply_whole(rq, &job);
        return;
    }
    req_wait(rq, (struct topic){ TOPIC_JOB, job.bid }, seconds, woken);
    struct job_row now;
    const enum db_rc rc =
        store_read_job(rq->db, job.bid, rq->who.account, &rq->arena, &now, &rq->err);
    if (rc == DB_ONE && now.changed == job.changed) return;
    if (!req_unwait(rq)) return;
    if (rc == DB_ONE)
        reply_whole(rq, &now);
    else
        reply_problem(rq);
}
