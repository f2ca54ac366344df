/* SPDX-License-Identifier: Apache-2.0 */
/* GET /v1/bids/{bid_id}/explain and /v1/jobs/{job_id}/explain: why nothing was matched, and what
 * would change that. What rests is looked at in the market; of all else the store knows how it
 * went. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/explaining.h"
#include "service/view.h"

struct asked {
    struct job_row row;
    bool rests; /* when it was looked at */
    struct explanation told;
};

static void look(struct market *m, int64_t now_us, void *arg)
{
    struct asked *const a = arg;

    a->rests = market_explain(m, a->row.bid, now_us, &a->told);
}

/* How it stands, in a sentence. */
static const char *words(const struct asked *a)
{
    if (a->rests && a->row.about.sealed) return "It waits for the end of its auction.";
    if (a->rests && a->row.about.parked != 0) return "It waits for the pool's call auction.";
    if (a->rests) return "It rests.";
    switch ((enum job_state)a->row.job) {
    case JOB_OPEN: return "It rested a moment ago, and does not any more; ask again.";
    case JOB_PLACED:
        return "It is matched: a machine prepares it, or will as soon as there is room.";
    case JOB_RUNNING: return "It is matched, and runs.";
    case JOB_CHECKING: return "It is matched, and has run; its result is checked.";
    case JOB_SETTLED: return "It has run, and is settled.";
    case JOB_FAILED: return "It has failed; the reason says why.";
    case JOB_CANCELLED: return "It was cancelled.";
    case JOB_EXPIRED:
        return "Its time was over before anything served it; or it was not to rest at all.";
    }
    return "It does not rest.";
}

static void reply(struct req *rq, const struct asked *a)
{
    const struct job_row *const r = &a->row;
    const struct market_info *const info = rq->svc->info;

    reply_json(rq, 200,
               json_pack("{s:o, s:o, s:s, s:s, s:o, s:b, s:s, s:o}", "bid_id",
                         view_id("bid_", r->at_us, r->bid), "job_id",
                         view_id("job_", r->at_us, r->bid), "state", order_state_names[r->state],
                         "job_state", job_state_names[r->job], "reason", view_reason(r->reason),
                         "rests", a->rests, "text", words(a), "explanation",
                         a->rests ? explaining_json(info, &r->about.spec, &a->told) : json_null()));
}

static void looked(struct req *rq)
{
    if (req_has_seen(rq)) reply(rq, rq->state);
}

static void explain(struct req *rq, const char *prefix)
{
    struct asked *const a = arena_alloc(&rq->arena, sizeof(*a));

    if (!a) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    *a = (struct asked){ 0 };
    rq->state = a;
    if (!found_job(rq, prefix, &a->row)) return;
    if (a->row.state == ORDER_OPEN)
        req_look(rq, look, a, looked);
    else
        reply(rq, a);
}

void get_bid_explain(struct req *rq)
{
    explain(rq, "bid_");
}

void get_job_explain(struct req *rq)
{
    explain(rq, "job_");
}
