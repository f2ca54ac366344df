/* SPDX-License-Identifier: Apache-2.0 */
/* POST /v1/jobs: from a body to a bid, and what it traded at once.
 *
 * Nothing here asks the database, but to tell an answer again or to check funds for a dry run. So
 * what depends on the moment (is there an offer to quote from? has the time passed?) must not be
 * refused before the market has seen whether the key is known: the first answer holds. */
#include "http/found.h"
#include "http/handlers.h"
#include "http/job_body.h"

#include "base/limits.h"
#include "service/asof.h"
#include "service/payload.h"
#include "service/price.h"
#include "service/view.h"
#include "store/accounts.h"
#include "store/auctions.h"

#define WRONG(pointer, ...) complain(&rq->complaints, &rq->arena, &rq->err, (pointer), __VA_ARGS__)

static void drop(void *arg)
{
    json_decref(arg);
}

/* Payload and blueprint, the latter as long as the request. False: no memory. */
static bool describe(struct req *rq, struct asking *q)
{
    q->about = job_body_blueprint(&q->job);
    if (!q->about) return false;
    if (!arena_defer(&rq->arena, drop, q->about)) return false;
    rq->submission.payload =
        payload_make(&rq->submission.command, json_incref(q->about), &rq->arena);
    return rq->submission.payload.p != NULL;
}

/* ---- answers ---- */

static void answer(struct req *rq);

/* `about`: NULL when only the payload has it. */
static void created(struct req *rq, const struct as_of *c, const json_t *about)
{
    struct job_row row;
    const struct market_info *info = rq->svc->info;

    if (!job_as_of(c, &row, &rq->err)) {
        reply_problem(rq);
        return;
    }
    reply_json(rq, 201,
               json_pack("{s:o, s:o}", "job",
                         about ? view_job_about(info, &row, about) : view_job(info, &row), "trades",
                         view_trades(info, c->trades, c->trades_n)));
}

static void again(struct req *rq)
{
    struct as_of c;

    if (as_of_stored(rq->svc->info, rq->db, rq->submission.command.seq, rq->who.account, &rq->arena,
                     &c, &rq->err))
        created(rq, &c, NULL);
    else
        reply_problem(rq);
}

static void refuse_no_quote(struct req *rq)
{
    WRONG("/limit_price_per_unit_hour", "is required now, as there is no offer to take it from");
    reply_problem(rq);
}

/* Wake those who may offer for a sealed bid; they look by themselves too, but later. */
static void announce(struct req *rq)
{
    const struct asking *q = rq->state;

    for (int32_t i = 0; i < q->bid.wants_n; i++) {
        int64_t *nodes = NULL;
        size_t n = 0;
        struct err ignored = { 0 };
        if (store_list_sellers(rq->db, q->bid.wants[i].pool, &rq->arena, &nodes, &n, &ignored) !=
            DB_ONE)
            continue;
        for (size_t k = 0; k < n; k++)
            hub_notify(rq->svc->hub, (struct topic){ TOPIC_NODE, nodes[k] });
    }
    answer(rq);
}

static void answer(struct req *rq)
{
    const struct asking *q = rq->state;
    struct as_of c;

    switch (rq->submission.result) {
    case SUBMIT_DONE:
        if (q->bid.auction_ms > 0 && !rq->db) {
            req_on_worker(rq, announce);
            return;
        }
        if (as_of_submission(rq->svc->info, &rq->submission, &rq->arena, &c, &rq->err))
            created(rq, &c, q->about);
        else
            reply_problem(rq);
        return;
    case SUBMIT_REPLAYED: req_on_worker(rq, again); return;
    case SUBMIT_REFUSED:
        if (q->no_quote)
            refuse_no_quote(rq);
        else
            reply_refused(rq);
        return;
    case SUBMIT_KEY_REUSED:
    case SUBMIT_BUSY:
    case SUBMIT_FAILED: return; /* answered already */
    }
}

/* ---- a dry run ---- */

static void checked(struct req *rq)
{
    const struct asking *q = rq->state;
    const int64_t hold = price_want(rq->svc->info, &q->bid).micros;
    struct account_row account;

    if (!db_found(store_find_account(rq->db, rq->who.account, &account, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    if (account.available < hold) {
        reply_refusal(rq, ERR_INSUFFICIENT_FUNDS, "The job would hold more than is available.");
        return;
    }
    reply_json(rq, 200,
               json_pack("{s:s, s:i, s:o, s:o, s:o}", "pool", q->pools[0]->name, "units",
                         q->bid.wants[0].units, "pools", view_wants(rq->svc->info, &q->bid),
                         "limit_price_per_unit_hour", json_money(q->bid.limit.micros), "hold",
                         json_money(hold)));
}

static void dry_run(struct req *rq, const struct asking *q)
{
    if (q->no_quote)
        refuse_no_quote(rq);
    else if (!job_body_check_moment(rq, q))
        reply_problem(rq);
    else
        req_on_worker(rq, checked);
}

static bool is_dry(struct req *rq, bool *dry)
{
    static const char *const names[] = { "false", "true" };
    int64_t value = 0;

    if (!query_name(rq, "dry_run", names, 0, 2, 0, &value)) return false;
    *dry = value == 1;
    return true;
}

void post_jobs(struct req *rq)
{
    struct asking *q = arena_alloc(&rq->arena, sizeof(*q));
    bool dry = false;

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
        return;
    }
    rq->state = q;
    job_body_init(&q->job, clock_wall_us());
    if (!is_dry(rq, &dry) || !req_json(rq, &q->job)) return;
    if (!job_body_check(rq, q)) {
        reply_problem(rq);
        return;
    }
    job_body_quote(rq, q);
    if (dry) {
        dry_run(rq, q);
        return;
    }
    rq->submission.command = (struct command){ .kind = COMMAND_SUBMIT_JOB,
                                               .account = rq->who.account,
                                               .u.submit_job = q->bid };
    if (describe(rq, q))
        req_submit(rq, answer, /* on_worker= */ false);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
}
