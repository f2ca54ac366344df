/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/quotes: what a job would be given now and what to expect of it, for anybody. Nothing is
 * made and nothing is held; who has signed in is served by the tier, team and machines he has. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/job_body.h"
#include "service/quoting.h"
#include "store/recent.h"

struct asked {
    struct asking body;
    struct quoting q;
};

static json_t *who(const struct req *rq)
{
    char text[ID_TEXT_MAX];

    if (rq->who.account == 0) return json_null();
    id_format("acct_", rq->who.account_id, text);
    return json_string(text);
}

static void looked(struct req *rq)
{
    const struct asked *const a = rq->state;
    struct recent_row recent;

    if (!req_has_seen(rq)) return;
    if (a->q.wrong) { /* the moment that it was asked for has passed */
        reply_refusal(rq, ERR_VALIDATION_FAILED, "%s", a->q.wrong);
        return;
    }
    if (!store_recent(rq->db, quoting_pool(&a->q), QUOTE_TRADES, &recent, &rq->err)) {
        reply_problem(rq);
        return;
    }
    json_t *const o = quoting_json(rq->svc->info, &a->q, job_body_tick(&a->body), &recent);
    if (o) (void)json_object_set_new(o, "account_id", who(rq));
    reply_json(rq, 200, o);
}

/* Without a limit any price will do that the budget bears; when it bears none the check says so. */
static void fill(struct req *rq, struct asked *a)
{
    struct quoting *const q = &a->q;
    const int64_t tick = job_body_tick(&a->body);

    *q = (struct quoting){ .account = rq->who.account, .spec = a->body.bid };
    q->has_limit = a->body.job.limit > 0;
    if (a->body.job.budget == 0) q->spec.budget = MONEY_INPUT_MAX;
    if (!q->has_limit) q->spec.limit = quoting_most(rq->svc->info, &q->spec, tick);
    if (q->spec.limit.micros == 0) q->spec.limit.micros = tick;
    a->body.bid = q->spec;
}

void post_quotes(struct req *rq)
{
    struct asked *const a = arena_alloc(&rq->arena, sizeof(*a));

    if (!a) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the quote.");
        return;
    }
    *a = (struct asked){ 0 };
    rq->state = a;
    job_body_init(&a->body.job, clock_wall_us());
    if (!req_json(rq, &a->body.job)) return;
    if (!job_body_check(rq, &a->body)) {
        reply_problem(rq);
        return;
    }
    fill(rq, a);
    if (job_body_check_moment(rq, &a->body))
        req_look(rq, quoting_look, &a->q, looked);
    else
        reply_problem(rq);
}
