/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/eligible.h"

#include "tests/t.h"

#define NOW    INT64_C(1000000000)
#define SECOND INT64_C(1000000)

static struct owner owners[2];
static struct account accounts[2];
static struct node_entry node;
static struct ask_entry ask;
static struct bid_entry bid;

/* A pair that only just may trade: every bound is met exactly. */
static void begin(void)
{
    const struct traits traits = { .region = 3,
                                   .tier = 2,
                                   .verified = 1,
                                   .isolation = 3,
                                   .interconnect = 1,
                                   .bandwidth_mbps = 100,
                                   .label = 7,
                                   .site = 20 };

    for (int i = 0; i < 2; i++) {
        accounts[i] = (struct account){ .owner = &owners[i] };
        accounts[i].balance.account = accounts[i].standing.account = 16 + i;
    }
    node = (struct node_entry){ .account = &accounts[0], .site = &node };
    node.node = (struct node){ .node = 20, .account = 16, .spec = { .traits = traits } };
    ask = (struct ask_entry){ .node = &node };
    ask.ask = (struct ask){
        .account = 16,
        .traits = traits,
        .spec = { .node = 20,
                  .pool = 1,
                  .price = { 100 },
                  .units = 8,
                  .until_us = NOW + 600 * SECOND,
                  .seconds_min = 600,
                  .seconds_max = 600,
                  .sets = 2,
                  .interruptible = true,
                  .buyer_tier_min = 1,
                  .egress_max = 1,
                  .risk_seconds = 90 },
        .free = 2,
        .state = ORDER_OPEN,
    };
    bid = (struct bid_entry){ .buyer = &accounts[1], .lines = &bid.line };
    bid.line = (struct bid_line){ .bid = &bid, .limit = { 100 } };
    bid.bid = (struct bid){
        .account = 17,
        .tier = 1,
        .spec = { .wants = { { 1, 2 } },
                  .wants_n = 1,
                  .limit = { 100 },
                  .nodes = 1,
                  .seconds = 600,
                  .checkpoint_seconds = 90,
                  .interruptible = true,
                  .wish = { .regions = 1 << 3,
                            .tier_min = 2,
                            .verified = 1,
                            .isolation_min = 3,
                            .interconnect_min = 1,
                            .bandwidth_min_mbps = 100,
                            .label = 7,
                            .egress = 1 } },
        .state = ORDER_OPEN,
        .excluded = { 21, 22, 20 }, /* the third does not count */
        .excluded_n = 2,
    };
}

static uint32_t misfits(int64_t now_us)
{
    return eligible_misfits(&ask, &bid, 0, now_us);
}

TEST(a_pair_that_meets_every_bound_may_trade)
{
    begin();
    CHECK_I64(misfits(NOW), 0);
}

/* Change one thing by a step, see that this alone is named. */
#define BEYOND(change, misfit)                                                                     \
    do {                                                                                           \
        begin();                                                                                   \
        change;                                                                                    \
        CHECK_I64(misfits(NOW), misfit);                                                           \
    } while (0)

TEST(one_step_beyond_any_bound_it_may_not)
{
    struct wish *const w = &bid.bid.spec.wish;
    struct ask_spec *const a = &ask.ask.spec;

    BEYOND(bid.buyer = &accounts[0], MISFIT_OWNER);
    BEYOND(w->regions = 0xf7, MISFIT_REGION);
    BEYOND(w->tier_min = 3, MISFIT_TIER);
    BEYOND(node.node.spec.traits.verified = ask.ask.traits.verified = 0, MISFIT_VERIFIED);
    BEYOND(w->isolation_min = 4, MISFIT_ISOLATION);
    BEYOND(w->interconnect_min = 2, MISFIT_INTERCONNECT);
    BEYOND(w->bandwidth_min_mbps = 101, MISFIT_BANDWIDTH);
    BEYOND(w->label = 8, MISFIT_LABEL);
    BEYOND(a->buyer_tier_min = 2, MISFIT_BUYER_TIER);
    BEYOND(w->egress = 2, MISFIT_EGRESS);
    BEYOND(a->risk_seconds = 89, MISFIT_RISK);
    BEYOND(bid.bid.spec.interruptible = false, MISFIT_INTERRUPTIBLE);
    BEYOND(ask.ask.free = 1, MISFIT_UNITS);
    BEYOND(a->sets = ~INT64_C(2) & INT64_MAX, MISFIT_SETS);
    BEYOND(a->price.micros = 101, MISFIT_PRICE);
    BEYOND(a->seconds_min = 601, MISFIT_SHORT);
    BEYOND(a->seconds_max = 599, MISFIT_LONG);
    BEYOND(a->until_us--, MISFIT_UNTIL);
    BEYOND(bid.bid.excluded_n = 3, MISFIT_NODE);
    BEYOND(ask.ask.parked = 5, MISFIT_PARKED);
    begin();
    CHECK_I64(misfits(NOW + 1), MISFIT_UNTIL);
}

/* One reason does not hide another, in whatever order they are found. */
TEST(all_that_is_wrong_is_named_together)
{
    struct wish *const w = &bid.bid.spec.wish;
    struct ask_spec *const a = &ask.ask.spec;

    begin();
    bid.buyer = &accounts[0];
    w->regions = 0xf7;
    w->tier_min = 3;
    ask.ask.traits.verified = 0;
    w->isolation_min = 4;
    w->interconnect_min = 2;
    w->bandwidth_min_mbps = 101;
    w->label = 8;
    a->buyer_tier_min = 2;
    w->egress = 2;
    a->risk_seconds = 89;
    bid.bid.spec.interruptible = false;
    ask.ask.free = 1;
    a->sets = 1;
    a->price.micros = 101;
    a->seconds_min = 601;
    a->seconds_max = 599;
    a->until_us--;
    bid.bid.excluded_n = 3;
    ask.ask.stale = true;
    ask.ask.parked = 5;
    CHECK_I64(misfits(NOW), (1 << MISFITS) - 1);
}

/* Whether it is stale is remembered, not compared: the node may have changed back. */
TEST(a_stale_ask_serves_nobody)
{
    BEYOND(ask.ask.stale = true, MISFIT_STALE);
    BEYOND(node.node.spec.traits.region = 4, 0);
}

TEST(what_is_not_wished_does_not_matter)
{
    begin();
    bid.bid.spec.wish = (struct wish){ 0 };
    ask.ask.traits = node.node.spec.traits = (struct traits){ .site = 20 };
    ask.ask.spec.sets = 0;
    ask.ask.spec.interruptible = false;
    CHECK_I64(misfits(NOW), 0);
    bid.bid.spec.interruptible = false;
    CHECK_I64(misfits(NOW), 0);
}

/* More than 63 units are in no set that can be named. */
TEST(sets_are_bits_of_units)
{
    begin();
    ask.ask.free = ask.ask.spec.units = 64;
    bid.bid.spec.wants[0].units = 63;
    ask.ask.spec.sets = INT64_C(1) << 62;
    CHECK_I64(misfits(NOW), 0);
    bid.bid.spec.wants[0].units = 64;
    CHECK_I64(misfits(NOW), MISFIT_SETS);
    ask.ask.spec.sets = INT64_MAX;
    CHECK_I64(misfits(NOW), MISFIT_SETS);
    ask.ask.spec.sets = 0;
    CHECK_I64(misfits(NOW), 0);
}

TEST(cells_are_region_tier_and_attestation)
{
    const struct traits t = { .region = 2, .tier = 1, .isolation = 4 }, u = { .isolation = 3 };
    const struct wish any = { 0 }, attested = { .isolation_min = 4 };
    const struct wish third = { .isolation_min = 3, .regions = 4, .tier_min = 3 };

    CHECK(eligible_cell(&t) == UINT64_C(1) << (2 * 8 + 1 * 2 + 1));
    CHECK(eligible_cell(&u) == 1);
    CHECK(eligible_cells(&any) == UINT64_MAX);
    CHECK(eligible_cells(&attested) == UINT64_C(0xAAAAAAAAAAAAAAAA));
    CHECK(eligible_cells(&third) == UINT64_C(3) << (2 * 8 + 3 * 2));
}

TESTS(T(a_pair_that_meets_every_bound_may_trade), T(one_step_beyond_any_bound_it_may_not),
      T(all_that_is_wrong_is_named_together), T(a_stale_ask_serves_nobody),
      T(what_is_not_wished_does_not_matter), T(sets_are_bits_of_units),
      T(cells_are_region_tier_and_attestation))
