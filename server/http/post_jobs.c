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
#include "service/view_job.h"
#include "store/accounts.h"
#include "store/auctions.h"
#include "store/registry_logins.h"
#include "wire/image_ref.h"
#include "json/put.h"

#define BLUEPRINT_MAX ((size_t)2 * BODY_MAX) /* escapes may be longer than they came */

#define WRONG(pointer, ...) complain(&rq->complaints, &rq->arena, &rq->err, (pointer), __VA_ARGS__)

/* False: no memory. */
static bool describe(struct req *rq, const struct asking *q)
{
    auto_buf struct buf about = { .max = BLUEPRINT_MAX };

    job_body_blueprint(&q->job, &about);
    if (about.failed) return false;
    rq->submission->payload = payload_of(&rq->submission->command, buf_view(&about), &rq->arena);
    return rq->submission->payload.p != NULL;
}

/* ---- answers ---- */

static void answer(struct req *rq);

static void put_trades(struct req *rq, const struct as_of *c, struct buf *b)
{
    json_open(b, "trades", '[');
    for (size_t i = 0; i < c->trades_n; i++) {
        auto_json json_t *trade = view_trade(rq->svc->info, &c->trades[i]);
        json_put_tree(b, NULL, trade);
    }
    json_close(b, ']');
}

/* `asked`: NULL when only the payload has it. */
static void created(struct req *rq, const struct as_of *c, const struct job_body *asked)
{
    struct job_row row;
    const struct market_info *info = rq->svc->info;
    struct buf b;

    if (!job_as_of(c, &row, &rq->err)) {
        reply_problem(rq);
        return;
    }
    reply_begin(&b);
    json_open(&b, NULL, '{');
    buf_c(&b, "\"job\":");
    if (asked) {
        const struct blueprint about = { asked->name, asked->image, asked->wish.label,
                                         asked->command };
        view_job_open(info, &row, &about, &b);
        json_close(&b, '}');
    } else {
        view_job(info, &row, &b);
    }
    put_trades(rq, c, &b);
    json_close(&b, '}');
    reply_put(rq, 201, &b);
}

static void again(struct req *rq)
{
    struct as_of c;

    if (as_of_stored(rq->svc->info, rq->db, rq->submission->command.seq, rq->who.account,
                     &rq->arena, &c, &rq->err))
        created(rq, &c, NULL);
    else
        reply_problem(rq);
}

static void refuse_no_login(struct req *rq, const struct asking *q)
{
    const struct str r = image_registry(q->job.image);

    WRONG("/registry_login", "needs a login for %.*s, of which the account keeps none", (int)r.n,
          r.p);
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

    switch (rq->submission->result) {
    case SUBMIT_DONE:
        if (q->bid.auction_ms > 0 && !rq->db) {
            req_on_worker(rq, announce);
            return;
        }
        if (as_of_submission(rq->svc->info, rq->submission, &rq->arena, &c, &rq->err))
            created(rq, &c, &q->job);
        else
            reply_problem(rq);
        return;
    case SUBMIT_REPLAYED: req_on_worker(rq, again); return;
    case SUBMIT_REFUSED:
        if (q->no_login)
            refuse_no_login(rq, q);
        else if (q->no_quote)
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
    struct buf b;

    reply_begin(&b);
    json_open(&b, NULL, '{');
    json_put_c(&b, "pool", q->pools[0]->name);
    json_put_i64(&b, "units", q->bid.wants[0].units);
    view_wants(rq->svc->info, &q->bid, &b);
    json_put_money(&b, "limit_price_per_unit_hour", q->bid.limit.micros);
    json_put_money(&b, "hold", hold);
    json_close(&b, '}');
    reply_put(rq, 200, &b);
}

static void dry_run(struct req *rq, const struct asking *q)
{
    if (q->no_login)
        refuse_no_login(rq, q);
    else if (q->no_quote)
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

/* ---- the request ---- */

/* To the market, which knows the key or takes the job. */
static void place(struct req *rq)
{
    const struct asking *q = rq->state;

    rq->submission->command = (struct command){ .kind = COMMAND_SUBMIT_JOB,
                                                .account = rq->who.account,
                                                .u.submit_job = q->bid };
    if (describe(rq, q))
        req_submit(rq, answer, /* on_worker= */ false);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
}

/* Without the login the job has no limit that the market takes: so a key that is known is answered
 * as the first time, whatever became of the login since. */
static void with_login(struct req *rq)
{
    struct asking *q = rq->state;
    struct str sealed;

    switch (store_find_registry_login(rq->db, rq->who.account, image_registry(q->job.image),
                                      &rq->arena, &sealed, &rq->err)) {
    case DB_ONE: break;
    case DB_NONE:
        q->no_login = true;
        q->bid.limit.micros = 0;
        break;
    case DB_RETRY:
    case DB_FAIL: reply_problem(rq); return;
    }
    if (q->dry)
        dry_run(rq, q);
    else
        place(rq);
}

void post_jobs(struct req *rq)
{
    struct asking *q = arena_alloc(&rq->arena, sizeof(*q));

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the job.");
        return;
    }
    rq->state = q;
    job_body_init(&q->job, clock_wall_us());
    if (!is_dry(rq, &q->dry) || !req_json(rq, &q->job)) return;
    if (!job_body_check(rq, q)) {
        reply_problem(rq);
        return;
    }
    job_body_quote(rq, q);
    if (q->job.registry_login)
        req_on_worker(rq, with_login);
    else if (q->dry)
        dry_run(rq, q);
    else
        place(rq);
}
