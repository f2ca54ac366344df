/* SPDX-License-Identifier: Apache-2.0 */
/* A page is cut between two versions, as `next` is one. What the node holds already is told whole
 * at `after=0`, past the cut too: a running lease that is missing there is one that the market does
 * not want any more. The rest of the offers comes with the next question.
 *
 * Sealed bids that the node may offer for come along. Their numbers are of the same row as the
 * versions of leases, so what `next` passes over must have been told of both kinds. Bids are read
 * before leases: of these all up to the last bid are there. When the last lease is younger than
 * that, the bids before it are read once more. */
#include "http/found.h"
#include "http/handlers.h"

#include "service/assignment.h"
#include "service/info.h"
#include "service/liveness.h"
#include "service/view.h"
#include "store/auctions.h"
#include "store/checkpoints.h"
#include "store/entries.h"
#include "wire/lease.h"

#define AT_ONCE     128       /* what an agent can hold; it reads twice as many of one answer */
#define BYTES       (1 << 20) /* of documents; a quarter of the answer that an agent takes */
#define LIVE_MAX    16384     /* of one node: four times the units of the largest ask */
#define PAYLOAD_MAX (512 << 10)
#define SECOND      1000000

struct asked {
    int64_t after;
    int64_t until_us; /* clock_monotonic_us; 0: it does not wait */
    struct lease_row *rows;
    size_t n;
    struct auction_row *auctions;
    size_t auctions_n;
};

struct told {
    json_t *data;
    size_t bytes;
    bool is_full;
    int64_t next;
};

static bool look_for_bids(struct req *rq, struct asked *q)
{
    const enum db_rc rc = store_list_auctions(rq->db, rq->who.node, q->after, clock_wall_us(),
                                              &rq->arena, &q->auctions, &q->auctions_n, &rq->err);

    return rc == DB_ONE || rc == DB_NONE;
}

static int64_t last_bid(const struct asked *q)
{
    return q->auctions_n > 0 ? q->auctions[q->auctions_n - 1].bid : 0;
}

static bool look(struct req *rq, struct asked *q)
{
    if (!look_for_bids(rq, q)) return false;
    const enum db_rc rc =
        store_list_assignments(rq->db, rq->who.node, q->after, q->after > 0 ? AT_ONCE : LIVE_MAX,
                               &rq->arena, &q->rows, &q->n, &rq->err);
    if (rc != DB_ONE) return rc == DB_NONE;
    const int64_t last = q->rows[q->n - 1].version;
    if (last <= last_bid(q)) return true;
    if (!look_for_bids(rq, q)) return false;
    while (last_bid(q) > last)
        q->auctions_n--; /* leases before it may not have been read */
    return true;
}

/* The jobs are read one by one: all of them may be more than a request has memory for. */
static json_t *make_one(struct req *rq, const struct lease_row *l)
{
    struct arena a;
    struct command_row job;
    struct job_checkpoint last;
    json_t *o = NULL;

    arena_init(&a, PAYLOAD_MAX);
    if (db_found(store_read_command(rq->db, l->bid, l->buyer, &a, &job, &rq->err), &rq->err) &&
        db_found(store_read_checkpoint(rq->db, l->bid, &a, &last, &rq->err), &rq->err)) {
        const struct resume_from from = { last.seconds, last.manifest };
        o = assignment_make(rq->svc->info, l, job.payload, &from, clock_wall_us(), &rq->err);
    }
    arena_done(&a);
    return o;
}

static bool tell_one(struct req *rq, const struct lease_row *l, struct told *t)
{
    json_t *o = make_one(rq, l);

    if (!o) return false;
    t->bytes += json_get_text(o, "document").n;
    return json_array_append_new(t->data, o) == 0 ||
           FAIL(&rq->err, ERR_NO_MEMORY, "No memory for the assignments.");
}

static bool tell(struct req *rq, const struct asked *q, struct told *t)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct lease_row *l = &q->rows[i];
        const bool is_first = i == 0 || l->version != q->rows[i - 1].version;
        if (is_first && (json_array_size(t->data) >= AT_ONCE || t->bytes >= BYTES))
            t->is_full = true;
        if (t->is_full && (q->after > 0 || l->state == LEASE_OFFERED)) continue;
        if (!tell_one(rq, l, t)) return false;
        if (!t->is_full) t->next = l->version;
    }
    return true;
}

/* Of a sealed bid all but what it is worth to the buyer. */
static json_t *auction_json(const struct market_info *info, const struct auction_row *r)
{
    json_t *pools = json_array();

    for (int32_t i = 0; i < r->wants_n; i++) {
        const struct pool *pool = info_pool(info, r->wants[i].pool);
        if (!pool) continue;
        (void)json_array_append_new(
            pools, json_pack("{s:s, s:i}", "pool", pool->name, "units", (int)r->wants[i].units));
    }
    return json_pack("{s:o, s:o, s:I, s:o}", "bid_id", view_id("bid_", r->at_us, r->bid),
                     "closes_at", json_time(r->closes_us), "max_seconds", (json_int_t)r->seconds,
                     "pools", pools);
}

static json_t *auctions_json(struct req *rq, const struct asked *q)
{
    json_t *list = json_array();

    for (size_t i = 0; i < q->auctions_n; i++)
        (void)json_array_append_new(list, auction_json(rq->svc->info, &q->auctions[i]));
    return list;
}

/* What was not told yet must not be passed over. */
static int64_t next_of(const struct asked *q, const struct told *t)
{
    const int64_t last = last_bid(q);

    return t->is_full || last < t->next ? t->next : last;
}

static void reply_rows(struct req *rq, const struct asked *q)
{
    auto_json json_t *data = json_array();
    struct told t = { .data = data, .next = q->after };

    if (tell(rq, q, &t))
        reply_json(rq, 200,
                   json_pack("{s:o, s:I, s:o}", "data", take(data), "next",
                             (json_int_t)next_of(q, &t), "auctions", auctions_json(rq, q)));
    else
        reply_problem(rq);
}

static bool is_anything(const struct asked *q)
{
    return q->n > 0 || q->auctions_n > 0;
}

static void reply_found(struct req *rq, const struct asked *q)
{
    if (is_anything(q))
        reply_rows(rq, q);
    else
        reply_empty(rq, 204);
}

static int64_t seconds_left(struct req *rq, const struct asked *q)
{
    const int64_t left = q->until_us - clock_monotonic_us();

    return left > 0 && req_may_wait(rq) ? (left + SECOND - 1) / SECOND : 0;
}

/* Register, then check: one look, be it for work that was there before or for what has just come.
 * Much wakes a node's agent that is no work for it: then it goes on waiting. */
static void wait_or_reply(struct req *rq)
{
    struct asked *q = rq->state;
    const int64_t left = seconds_left(rq, q);

    if (left > 0) req_wait(rq, (struct topic){ TOPIC_NODE, rq->who.node }, left, wait_or_reply);
    const bool ok = look(rq, q);
    if (left > 0 && ((ok && !is_anything(q)) || !req_unwait(rq))) return;
    if (ok)
        reply_found(rq, q);
    else
        reply_problem(rq);
}

/* GET /v1/agent/assignments: what the node shall do that it has not heard of, now or when it comes.
 */
void get_agent_assignments(struct req *rq)
{
    struct asked *q = arena_alloc(&rq->arena, sizeof(*q));
    const int64_t seconds = req_prefer_wait(rq);

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
        return;
    }
    if (!req_query_i64(rq, "after", 0, INT64_MAX, 0, &q->after)) return;
    q->until_us = seconds > 0 ? clock_monotonic_us() + seconds * SECOND : 0;
    rq->state = q;
    liveness_heard(rq->svc->liveness, rq->who.node, clock_wall_us());
    wait_or_reply(rq);
}
