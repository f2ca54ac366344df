/* SPDX-License-Identifier: Apache-2.0 */
/* An ask, by the person who owns the machine or by the machine itself. */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "service/asof.h"
#include "service/info.h"
#include "service/liveness.h"
#include "service/payload.h"
#include "service/view.h"
#include "service/words.h"
#include "store/agents.h"

#define UNTIL_US    (7 * INT64_C(86400000000))
#define MAX_LEASE_S 86400
#define MONEY_MOST  INT64_C(1000000000000000)
#define SETS_MAX    63

struct new_ask {
    struct str node_id, pool;
    int64_t price, floor, units, until_us, seconds_min, seconds_max, buyer_tier, risk_seconds;
    struct i64_list sets;
    bool interruptible, post_only;
    int pricing, egress;
};

/* clang-format off */

#define A struct new_ask
#define ASK_FIELDS                                                                                                                                                        \
    JSON_TEXT(A, pool, "pool", JSON_NEED, 1, POOL_NAME_SIZE - 1, "The name of a pool."),                                                                                  \
    JSON_MONEY(A, price, "price_per_unit_hour", JSON_NEED, 1, MONEY_MOST, "The price; a multiple of the pool's tick."),                                                  \
    JSON_MONEY(A, floor, "floor_price_per_unit_hour", JSON_MAY, 1, MONEY_MOST, "The price it never goes below; by default the price."),                                  \
    JSON_I64(A, units, "units", JSON_NEED, 1, UNITS_MAX, "Units offered in all."),                                                                                    \
    JSON_TIME(A, until_us, "available_until", JSON_MAY, "Until when; by default seven days."),                                                                            \
    JSON_I64(A, seconds_min, "min_lease_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The shortest run it takes."),                                                \
    JSON_I64(A, seconds_max, "max_lease_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The longest run it takes."),                                                 \
    JSON_ENUM(A, pricing, "pricing", JSON_MAY, ask_pricing_names, "How the machine's agent moves the price: not at all, under the best other ask, or with what sells."),                       \
    JSON_I64S(A, sets, "unit_sets", JSON_MAY, SETS_MAX, 1, SETS_MAX, "Numbers of units that can be leased together; by default any."),                                  \
    JSON_BOOL(A, interruptible, "interruptible", JSON_MAY, "Only for jobs that make room when asked to."),                                                              \
    JSON_I64(A, buyer_tier, "min_buyer_tier", JSON_MAY, 0, TIERS - 1, "Reputation of a buyer at least, 0 to 3."),                                                       \
    JSON_I64(A, risk_seconds, "max_checkpoint_seconds", JSON_MAY, DURATION_MIN_S, DURATION_MAX_S, "The longest time without a checkpoint that it bears."),              \
    JSON_BOOL(A, post_only, "post_only", JSON_MAY, "Refuse it rather than trade at once."),                                                                             \
    JSON_ENUM(A, egress, "egress", JSON_MAY, egress_names, "Most open network that it takes."),                                                                         \
    JSON_END

const struct json_field post_asks_fields[] = {
    JSON_TEXT(A, node_id, "node_id", JSON_NEED, 1, ID_TEXT_MAX - 1, "The id of a node."),
    ASK_FIELDS
};
const struct json_field post_agent_asks_fields[] = { ASK_FIELDS };
#undef A
/* clang-format on */

struct asking {
    struct new_ask ask;
    int64_t node, node_at_us;
};

#define WRONG(pointer, ...) complain(&rq->complaints, &rq->arena, &rq->err, (pointer), __VA_ARGS__)

/* The node that the body names, if it is the caller's. */
static bool find_node(struct req *rq, struct asking *q)
{
    struct id id;
    struct agent_key_row row;

    if (!id_parse("node_", q->ask.node_id, &id)) {
        WRONG("/node_id", "is not the id of a node");
        reply_problem(rq);
        return false;
    }
    const enum db_rc rc = store_find_agent_key(rq->db, id_seq(id), &rq->arena, &row, &rq->err);
    if (!read_well(rq, rc)) return false;
    if (rc == DB_NONE || row.account != rq->who.account ||
        !id_eq(id, id_make(row.node_at_us, row.node, 0))) {
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such node, or it is not yours.");
        return false;
    }
    q->node = row.node;
    q->node_at_us = row.node_at_us;
    return true;
}

static bool signer(struct req *rq, struct asking *q)
{
    struct agent_key_row row;

    if (!db_found(store_find_agent_key(rq->db, rq->who.node, &rq->arena, &row, &rq->err),
                  &rq->err)) {
        reply_problem(rq);
        return false;
    }
    q->node = row.node;
    q->node_at_us = row.node_at_us;
    return true;
}

static void check_price(struct req *rq, const struct pool *pool, const char *pointer, int64_t price)
{
    char tick[MONEY_TEXT_SIZE];

    if (pool_on_tick(pool, (struct money){ price })) return;
    money_format(pool->tick, tick);
    WRONG(pointer, "must be a multiple of the pool's tick, %s", tick);
}

/* What does not depend on the moment; the rest is the market's to say. */
static const struct pool *check(struct req *rq, const struct new_ask *a)
{
    const struct pool *pool = info_pool_named(rq->svc->info, a->pool);

    if (!pool) WRONG("/pool", "is no pool of this market");
    if (pool) check_price(rq, pool, "/price_per_unit_hour", a->price);
    if (pool) check_price(rq, pool, "/floor_price_per_unit_hour", a->floor);
    if (a->floor > a->price) WRONG("/floor_price_per_unit_hour", "must not be above the price");
    if (a->seconds_max < a->seconds_min)
        WRONG("/max_lease_seconds", "must not be below min_lease_seconds");
    return rq->complaints.n == 0 ? pool : NULL;
}

static void created(struct req *rq, const struct as_of *c)
{
    const struct asking *q = rq->state;
    const struct market_info *info = rq->svc->info;
    struct ask_row row;

    if (!ask_as_of(c, &row, &rq->err)) {
        reply_problem(rq);
        return;
    }
    row.node_at_us = q->node_at_us;
    liveness_watch(rq->svc->liveness, q->node, clock_wall_us());
    reply_json(rq, 201,
               json_pack("{s:o, s:o}", "ask", view_ask(info, &row), "trades",
                         view_trades(info, c->trades, c->trades_n)));
}

static void answer(struct req *rq)
{
    struct as_of c;
    const struct submission *s = rq->submission;
    bool ok = true;

    switch (s->result) {
    case SUBMIT_DONE: ok = as_of_submission(rq->svc->info, s, &rq->arena, &c, &rq->err); break;
    case SUBMIT_REPLAYED:
        ok = as_of_stored(rq->svc->info, rq->db, s->command.seq, rq->who.account, &rq->arena, &c,
                          &rq->err);
        break;
    case SUBMIT_REFUSED: reply_refused(rq); return;
    case SUBMIT_KEY_REUSED:
    case SUBMIT_BUSY:
    case SUBMIT_FAILED: return; /* answered already */
    }
    if (ok)
        created(rq, &c);
    else
        reply_problem(rq);
}

static int64_t sets_of(const struct i64_list *list)
{
    uint64_t sets = 0;

    for (size_t i = 0; i < list->n; i++)
        sets |= UINT64_C(1) << (list->v[i] - 1);
    return (int64_t)sets;
}

static void place(struct req *rq, struct asking *q)
{
    const struct pool *pool = check(rq, &q->ask);

    if (!pool) {
        reply_problem(rq);
        return;
    }
    rq->submission->command = (struct command){
        .kind = COMMAND_PLACE_ASK,
        .account = rq->who.account,
        .u.place_ask = { .node = q->node,
                         .pool = pool->number,
                         .price = { q->ask.price },
                         .floor = { q->ask.floor },
                         .units = (int32_t)q->ask.units,
                         .until_us = q->ask.until_us,
                         .seconds_min = (int32_t)q->ask.seconds_min,
                         .seconds_max = (int32_t)q->ask.seconds_max,
                         .sets = sets_of(&q->ask.sets),
                         .interruptible = q->ask.interruptible,
                         .buyer_tier_min = (int32_t)q->ask.buyer_tier,
                         .risk_seconds = (int32_t)q->ask.risk_seconds,
                         .egress_max = q->ask.egress,
                         .post_only = q->ask.post_only },
    };
    rq->submission->payload =
        payload_make(&rq->submission->command,
                     json_pack("{s:s, s:s}", "by", rq->who.node != 0 ? "agent" : "owner", "pricing",
                               ask_pricing_names[q->ask.pricing]),
                     &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the ask.");
}

static bool read_ask(struct req *rq, struct asking **out)
{
    struct asking *q = arena_alloc(&rq->arena, sizeof(*q));

    if (!q) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the ask.");
        return false;
    }
    q->ask.until_us = clock_wall_us() + UNTIL_US;
    q->ask.seconds_min = DURATION_MIN_S;
    q->ask.seconds_max = MAX_LEASE_S;
    q->ask.risk_seconds = RISK_DEFAULT_S;
    q->ask.pricing = ASK_PRICING_ADAPTIVE;
    if (!req_json(rq, &q->ask)) return false;
    if (q->ask.floor == 0) q->ask.floor = q->ask.price;
    rq->state = q;
    *out = q;
    return true;
}

/* POST /v1/asks: offer units of one of the caller's machines. */
void post_asks(struct req *rq)
{
    struct asking *q;

    if (read_ask(rq, &q) && find_node(rq, q)) place(rq, q);
}

/* POST /v1/agent/asks: the same by the machine itself. */
void post_agent_asks(struct req *rq)
{
    struct asking *q;

    if (read_ask(rq, &q) && signer(rq, q)) place(rq, q);
}
