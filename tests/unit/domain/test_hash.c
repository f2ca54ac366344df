/* SPDX-License-Identifier: Apache-2.0 */
/* The state hash: every field that is stored counts, and nothing else does. */
#include "base/mem.h"
#include "domain/market.h"
#include "tests/t.h"

static const struct pool pools[] = {
    { .number = 1, .name = "one", .unit = { .cpu_millis = 1 }, .tick = { 1 } },
    { .number = 2, .name = "two", .unit = { .cpu_millis = 1 }, .tick = { 1 } },
};

/* One object of each kind, which together need not make sense: they are only hashed. */
static struct balance balance;
static struct node node;
static struct ask ask;
static struct bid bid;
static struct lease lease;
static struct payout payout;
static struct standing standing;
static struct pool_state pool;
static struct offer offer;

static void begin(void)
{
    balance = (struct balance){ .account = 16 };
    node = (struct node){ .node = 18 };
    ask = (struct ask){ .ask = 20, .spec = { .node = 100, .pool = 1 }, .state = ORDER_OPEN };
    bid = (struct bid){ .bid = 22,
                        .spec = { .wants = { { 1, 1 } }, .wants_n = 1, .nodes = 1 },
                        .state = ORDER_OPEN,
                        .job = JOB_OPEN };
    lease = (struct lease){ .lease = 24, .ask = 20, .node = 100, .state = LEASE_OFFERED };
    payout = (struct payout){ .payout = 26, .state = PAYOUT_REQUESTED };
    standing = (struct standing){ .account = 16 };
    pool = (struct pool_state){ .pool = 1, .recent_n = 2 };
    offer = (struct offer){ .bid = 28, .ask = 20 };
}

/* The bid that the offer is for. */
static const struct bid sealed = { .bid = 28,
                                   .spec = { .wants = { { 1, 1 } }, .wants_n = 1, .nodes = 1 },
                                   .sealed = true,
                                   .state = ORDER_OPEN,
                                   .job = JOB_OPEN };

static uint64_t hash(void)
{
    struct market *const m = market_new(&mem_heap, &market_rules_default, pools, 2);
    struct ask other = { .priority = 99, .spec = { .node = 100, .pool = 1 }, .state = ORDER_OPEN };

    CHECK(m);
    CHECK(market_load_balance(m, &balance));
    standing.account = balance.account; /* it belongs to it */
    CHECK(market_load_standing(m, &standing));
    CHECK(market_load_pool(m, &pool));
    CHECK(market_load_node(m, &(struct node){ .node = 100 }));
    CHECK(market_load_node(m, &(struct node){ .node = 101 }));
    CHECK(market_load_node(m, &node));
    other.ask = ask.ask == 21 ? 20 : 21; /* so that a lease finds either */
    CHECK(market_load_ask(m, &ask) && market_load_ask(m, &other));
    CHECK(market_load_bid(m, &bid) && market_load_bid(m, &sealed));
    CHECK(market_load_offer(m, &offer));
    CHECK(market_load_lease(m, &lease));
    CHECK(market_load_payout(m, &payout));
    const uint64_t h = market_hash(m);
    market_free(m);
    return h;
}

/* The hash with this field, of one, four or eight bytes, one higher. */
static uint64_t hash_with(void *field, size_t size)
{
    int64_t wide = 0;

    CHECK(size == 1 || size == 4 || size == 8);
    memcpy(&wide, field, size); /* the low half first: as on every machine that we run on */
    wide++;
    memcpy(field, &wide, size);
    const uint64_t h = hash();
    wide--;
    memcpy(field, &wide, size);
    return h;
}

#define FIELD(object, member)                                                                      \
    {                                                                                              \
#object "." #member, &(object).member, sizeof((object).member)                             \
    }

struct field {
    const char *name;
    void *at;
    size_t size;
};

static const struct field stored[] = {
    FIELD(balance, account),
    FIELD(balance, available.micros),
    FIELD(balance, held.micros),
    FIELD(node, node),
    FIELD(node, account),
    FIELD(node, at_us),
    FIELD(node, spec.cpu_millis),
    FIELD(node, spec.memory_bytes),
    FIELD(node, spec.scratch_bytes),
    FIELD(node, spec.gpu_pool),
    FIELD(node, spec.traits.region),
    FIELD(node, spec.traits.tier),
    FIELD(node, spec.traits.verified),
    FIELD(node, spec.traits.isolation),
    FIELD(node, spec.traits.interconnect),
    FIELD(node, spec.traits.bandwidth_mbps),
    FIELD(node, spec.traits.label),
    FIELD(node, strikes),
    FIELD(node, backoff_us),
    FIELD(node, quoted_us),
    FIELD(node, ill_since_us),
    FIELD(node, ill_us),
    FIELD(node, drain_us),
    FIELD(node, drain_stops),
    FIELD(standing, tier),
    FIELD(standing, team),
    FIELD(standing, quota),
    FIELD(standing, invited_by),
    FIELD(standing, invited_quota),
    FIELD(pool, call_us),
    FIELD(pool, called_seq),
    FIELD(pool, cursor_limit.micros),
    FIELD(pool, cursor_priority),
    FIELD(pool, recent[0].micros),
    FIELD(pool, recent[1].micros),
    FIELD(pool, recent_sellers[0]),
    FIELD(pool, recent_sellers[1]),
    FIELD(pool, recent_n),
    FIELD(offer, ask),
    FIELD(offer, price.micros),
    FIELD(offer, seq),
    FIELD(ask, ask),
    FIELD(ask, account),
    FIELD(ask, at_us),
    FIELD(ask, priority),
    FIELD(ask, spec.node),
    FIELD(ask, spec.pool),
    FIELD(ask, spec.price.micros),
    FIELD(ask, spec.floor.micros),
    FIELD(ask, spec.units),
    FIELD(ask, spec.until_us),
    FIELD(ask, spec.seconds_min),
    FIELD(ask, spec.seconds_max),
    FIELD(ask, spec.interruptible),
    FIELD(ask, spec.post_only),
    FIELD(ask, spec.sets),
    FIELD(ask, spec.buyer_tier_min),
    FIELD(ask, spec.egress_max),
    FIELD(ask, spec.risk_seconds),
    FIELD(ask, traits.region),
    FIELD(ask, traits.tier),
    FIELD(ask, traits.verified),
    FIELD(ask, traits.isolation),
    FIELD(ask, traits.interconnect),
    FIELD(ask, traits.bandwidth_mbps),
    FIELD(ask, traits.label),
    FIELD(ask, traits.site),
    FIELD(ask, stale),
    FIELD(ask, parked),
    FIELD(ask, free),
    FIELD(ask, state),
    FIELD(ask, reason),
    FIELD(bid, bid),
    FIELD(bid, account),
    FIELD(bid, at_us),
    FIELD(bid, priority),
    FIELD(bid, tier),
    FIELD(bid, parked),
    FIELD(bid, parked_pool),
    FIELD(bid, spec.wants[0].pool),
    FIELD(bid, spec.wants[0].units),
    FIELD(bid, spec.nodes),
    FIELD(bid, spec.checkpoint_seconds),
    FIELD(bid, spec.wish.regions),
    FIELD(bid, spec.wish.tier_min),
    FIELD(bid, spec.wish.verified),
    FIELD(bid, spec.wish.isolation_min),
    FIELD(bid, spec.wish.interconnect_min),
    FIELD(bid, spec.wish.bandwidth_min_mbps),
    FIELD(bid, spec.wish.label),
    FIELD(bid, spec.wish.egress),
    FIELD(bid, spec.tif),
    FIELD(bid, spec.rank),
    FIELD(bid, spec.own),
    FIELD(bid, spec.auction_ms),
    FIELD(bid, leases_n),
    FIELD(bid, live),
    FIELD(bid, verdict),
    FIELD(bid, verdict_reason),
    FIELD(bid, sealed),
    FIELD(bid, spec.same_site),
    FIELD(bid, spec.interruptible),
    FIELD(bid, spec.limit.micros),
    FIELD(bid, spec.budget.micros),
    FIELD(bid, spec.seconds),
    FIELD(bid, spec.expires_us),
    FIELD(bid, spec.attempts_max),
    FIELD(bid, state),
    FIELD(bid, job),
    FIELD(bid, spent.micros),
    FIELD(bid, hold.micros),
    FIELD(bid, lease),
    FIELD(bid, attempts),
    FIELD(bid, exit_code),
    FIELD(bid, reason),
    FIELD(bid, excluded_n),
    FIELD(lease, lease),
    FIELD(lease, bid),
    FIELD(lease, ask),
    FIELD(lease, node),
    FIELD(lease, buyer),
    FIELD(lease, provider),
    FIELD(lease, pool),
    FIELD(lease, units),
    FIELD(lease, price.micros),
    FIELD(lease, base.micros),
    FIELD(lease, own),
    FIELD(lease, ripe),
    FIELD(lease, waits),
    FIELD(lease, insurance.micros),
    FIELD(lease, seconds_max),
    FIELD(lease, hold.micros),
    FIELD(lease, state),
    FIELD(lease, epoch),
    FIELD(lease, traded_us),
    FIELD(lease, accepted_us),
    FIELD(lease, prepared_us),
    FIELD(lease, gathered_us),
    FIELD(lease, ready_us),
    FIELD(lease, stopping_us),
    FIELD(lease, ended_us),
    FIELD(lease, ill_us),
    FIELD(lease, seconds_signed),
    FIELD(lease, seconds_observed),
    FIELD(lease, seconds_billed),
    FIELD(lease, checkpoint),
    FIELD(lease, seconds_kept),
    FIELD(lease, seconds_looked),
    FIELD(lease, charge.micros),
    FIELD(lease, fee.micros),
    FIELD(lease, payout.micros),
    FIELD(lease, exit_code),
    FIELD(lease, reason),
    FIELD(lease, fault),
    FIELD(payout, payout),
    FIELD(payout, account),
    FIELD(payout, amount.micros),
    FIELD(payout, state),
    FIELD(payout, at_us),
};

TEST(every_stored_field_counts)
{
    uint64_t seen[ARRAY_LEN(stored) + 1];

    begin();
    seen[ARRAY_LEN(stored)] = hash();
    for (size_t i = 0; i < ARRAY_LEN(stored); i++) {
        lease.units = stored[i].at == &ask.state; /* that it is not over, though not open */
        const uint64_t before = hash();
        seen[i] = hash_with(stored[i].at, stored[i].size);
        lease.units = 0;
        if (seen[i] == before) fprintf(stderr, "%s does not count\n", stored[i].name);
        CHECK(seen[i] != before);
        for (size_t j = 0; j < i; j++)
            CHECK(seen[i] != seen[j]); /* and no two are mistaken for each other */
    }
}

TEST(every_excluded_node_counts)
{
    begin();
    bid.excluded_n = 2;
    const uint64_t before = hash();

    CHECK(hash_with(&bid.excluded[0], 8) != before);
    CHECK(hash_with(&bid.excluded[1], 8) != before);
    CHECK(hash_with(&bid.excluded[2], 8) == before);
}

TEST(gpus_of_a_node_count)
{
    const struct pool cards = {
        .number = 3, .name = "cards", .gpu_model = "x", .unit = { .gpus = 1 }, .tick = { 1 }
    };
    uint64_t h[2];

    for (int gpus = 0; gpus < 2; gpus++) {
        struct market *const m = market_new(&mem_heap, &market_rules_default, &cards, 1);
        CHECK(m);
        CHECK(market_load_node(
            m, &(struct node){ .node = 18, .spec = { .gpu_pool = 3, .gpus = gpus } }));
        h[gpus] = market_hash(m);
        market_free(m);
    }
    CHECK(h[0] != h[1]);
}

TEST(what_is_derived_or_only_for_the_store_does_not_count)
{
    begin();
    const uint64_t before = hash();

    node.offered = (struct needs){ 1, 2, 3, 4 };
    balance.touch = node.touch = ask.touch = bid.touch = lease.touch = payout.touch =
        (struct touch){ true, true };
    CHECK(hash() == before);
}

TEST(the_number_and_the_time_of_the_last_command_count)
{
    static const int64_t at[][2] = { { 15, 0 }, { 16, 0 }, { 15, 1 }, { 16, 1 } };
    uint64_t h[ARRAY_LEN(at)];

    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        struct market *const m = market_new(&mem_heap, &market_rules_default, pools, 2);
        CHECK(m);
        CHECK(market_load_end(m, at[i][0], at[i][1]));
        h[i] = market_hash(m);
        market_free(m);
        for (size_t j = 0; j < i; j++)
            CHECK(h[i] != h[j]);
    }
}

static uint64_t hash_under(const struct market_rules *rules)
{
    struct market *const m = market_new(&mem_heap, rules, pools, 2);

    CHECK(m);
    const uint64_t h = market_hash(m);
    market_free(m);
    return h;
}

/* Markets that differ in what they will do are not the same. */
TEST(every_rule_counts)
{
    const uint64_t before = hash_under(&market_rules_default);
    struct market_rules r;

    CHECK(hash_under(&market_rules_default) == before);
#define COUNTS(rule)                                                                               \
    do {                                                                                           \
        r = market_rules_default;                                                                  \
        r.rule++;                                                                                  \
        CHECK(hash_under(&r) != before);                                                           \
    } while (0)
    COUNTS(fee_bps);
    COUNTS(bill_min_seconds);
    COUNTS(prepare_pay_max_seconds);
    COUNTS(offer_seconds);
    COUNTS(prepare_seconds);
    COUNTS(stop_seconds);
    COUNTS(quote_seconds);
    COUNTS(backoff_seconds);
    COUNTS(backoff_max_seconds);
    COUNTS(min_run_seconds);
    COUNTS(notice_seconds);
    COUNTS(displace_bps);
    COUNTS(pricing);
    COUNTS(collar_bps);
    COUNTS(collar_trades);
    COUNTS(call_seconds);
#undef COUNTS
}

TESTS(T(every_stored_field_counts), T(every_excluded_node_counts), T(gpus_of_a_node_count),
      T(every_rule_counts), T(what_is_derived_or_only_for_the_store_does_not_count),
      T(the_number_and_the_time_of_the_last_command_count))
