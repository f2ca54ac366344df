/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs/{job_id}/checkpoint: save now what the job has written. The node hears of it with
 * its next heartbeat; asking twice is as once. */
#include "http/found.h"
#include "http/handlers.h"

#include "service/view.h"
#include "store/checkpoints.h"

void post_job_checkpoint(struct req *rq)
{
    struct job_row job;

    if (!found_job(rq, "job_", &job)) return;
    if (job.job != JOB_RUNNING) {
        reply_refusal(rq, ERR_WRONG_STATE, "The job is %s; what does not run cannot be saved.",
                      job_state_names[job.job]);
        return;
    }
    if (store_ask_checkpoint(rq->db, job.bid, &rq->err))
        reply_empty(rq, 202);
    else
        reply_problem(rq);
}
