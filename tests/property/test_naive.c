/* SPDX-License-Identifier: Apache-2.0 */
/* The oracle itself, on stories whose numbers were worked out by hand from docs/market.md. */
#include "tests/property/laws.h"
#include "tests/t.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)
#define USD    INT64_C(1000000)
#define GIB    (INT64_C(1) << 30)

enum { H100 = 1, A100 = 2 };

static const struct pool pools[] = {
    { .number = H100,
      .name = "h100",
      .gpu_model = "NVIDIA H100",
      .tick = { 1000 },
      .unit = { .gpus = 1, .cpu_millis = 8000, .memory_bytes = 64 * GIB } },
    { .number = A100,
      .name = "a100",
      .gpu_model = "NVIDIA A100",
      .tick = { 1000 },
      .unit = { .gpus = 1, .cpu_millis = 8000, .memory_bytes = 64 * GIB } },
};
static const struct market_rules rules = {
    .fee_bps = 100,
    .bill_min_seconds = 60,
    .prepare_pay_max_seconds = 900,
    .offer_seconds = 30,
    .prepare_seconds = 900,
    .stop_seconds = 60,
    .quote_seconds = 0,
    .backoff_seconds = 600,
    .backoff_max_seconds = 86400,
    .min_run_seconds = 600,
    .notice_seconds = 120,
    .displace_bps = 500,
    .collar_trades = 5,
    .call_seconds = 60,
};

/* One market with a buyer of $100, another of $100, and a provider with a node of eight GPUs. */
struct story {
    struct naive *n;
    int64_t now;
    int64_t buyer, other, provider, node;
};

static enum err_code tell(struct story *s, struct command c)
{
    c.seq = s->n->last_seq + 1;
    c.at_us = s->now;
    naive_apply(s->n, &c);
    const char *broken = law_broken(s->n);
    if (broken != NULL) CHECK_STR(broken, "");
    return s->n->refused;
}

static int64_t made(struct story *s, struct command c)
{
    CHECK_I64(tell(s, c), ERR_NONE);
    return s->n->last_seq;
}

static int64_t account(struct story *s, int64_t micros)
{
    const int64_t a = made(s, (struct command){ .account = 1, .kind = COMMAND_OPEN_ACCOUNT });
    if (micros == 0) return a;
    made(s,
         (struct command){ .account = 1, .kind = COMMAND_CREDIT, .u.credit = { a, { micros } } });
    return a;
}

static int64_t node_of(struct story *s, int64_t owner, int32_t gpus)
{
    return made(s, (struct command){ .account = owner,
                                     .kind = COMMAND_PUT_NODE,
                                     .u.put_node.spec = { .cpu_millis = 64000,
                                                          .memory_bytes = 512 * GIB,
                                                          .gpu_pool = H100,
                                                          .gpus = gpus } });
}

static struct story begin(void)
{
    struct story s = { .n = naive_new(&rules, pools, 2), .now = 1000 * HOUR };
    s.buyer = account(&s, 100 * USD);
    s.other = account(&s, 100 * USD);
    s.provider = account(&s, 0);
    s.node = node_of(&s, s.provider, 8);
    return s;
}

static void end(struct story *s)
{
    naive_free(s->n);
}

static struct command asking(const struct story *s, int64_t node, int64_t price, int32_t units)
{
    return (struct command){ .account = s->provider,
                             .kind = COMMAND_PLACE_ASK,
                             .u.place_ask = { .node = node,
                                              .pool = H100,
                                              .price = { price },
                                              .floor = { 1000 },
                                              .units = units,
                                              .until_us = s->now + 1000 * HOUR,
                                              .seconds_min = 60,
                                              .seconds_max = 86400,
                                              .egress_max = 2,
                                              .risk_seconds = 86400 } };
}

static int64_t ask(struct story *s, int64_t node, int64_t price, int32_t units)
{
    return made(s, asking(s, node, price, units));
}

static struct command bidding(const struct story *s, int64_t buyer, int64_t limit, int32_t units,
                              int32_t seconds, int64_t budget)
{
    return (struct command){ .account = buyer,
                             .kind = COMMAND_SUBMIT_JOB,
                             .u.submit_job = { .wants = { { H100, units } },
                                               .wants_n = 1,
                                               .limit = { limit },
                                               .budget = { budget },
                                               .nodes = 1,
                                               .seconds = seconds,
                                               .checkpoint_seconds = 60,
                                               .expires_us = s->now + 24 * HOUR,
                                               .attempts_max = 3 } };
}

static int64_t bid(struct story *s, int64_t buyer, int64_t limit, int32_t units, int32_t seconds)
{
    return made(s, bidding(s, buyer, limit, units, seconds, 50 * USD));
}

static struct command event(enum command_kind kind, int64_t lease)
{
    return (
        struct command){ .account = 1, .kind = kind, .u.lease = { .lease = lease, .epoch = 1 } };
}

static enum err_code leave(struct story *s, int64_t lease, int64_t seconds, int32_t exit_code,
                           enum reason reason)
{
    struct command c = event(COMMAND_LEASE_EXIT, lease);
    c.u.lease.seconds = seconds;
    c.u.lease.exit_code = exit_code;
    c.u.lease.reason = reason;
    return tell(s, c);
}

static enum err_code on_order(struct story *s, enum command_kind kind, int64_t who, int64_t order)
{
    return tell(s, (struct command){ .account = who, .kind = kind, .u.order.order = order });
}

/* Bring the lease of a bid to running. */
static int64_t running(struct story *s, int64_t number)
{
    const int64_t lease = naive_bid(s->n, number)->lease;
    made(s, event(COMMAND_ACCEPT_LEASE, lease));
    made(s, event(COMMAND_LEASE_READY, lease));
    return lease;
}

static int64_t available(const struct story *s, int64_t a)
{
    return naive_account(s->n, a)->available.micros;
}

static int64_t held(const struct story *s, int64_t a)
{
    return naive_account(s->n, a)->held.micros;
}

static void check_line(const struct story *s, size_t i, int64_t a, enum bucket bucket,
                       int64_t amount)
{
    CHECK(i < s->n->lines_n);
    CHECK_I64(s->n->lines[i].account, a);
    CHECK_I64(s->n->lines[i].bucket, bucket);
    CHECK_I64(s->n->lines[i].amount.micros, amount);
}

/* $2.00 × 1 × 3600 s ÷ 3600 = $2.00; a hundredth of it is the fee. */
TEST(an_hour_is_paid_and_the_fee_is_inside_the_price)
{
    struct story s = begin();
    ask(&s, s.node, 2 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 2 * USD, 1, 3600);
    CHECK_I64(b, 23); /* three accounts, two credits, a node and an ask came first, from 16 on */
    CHECK_I64(naive_bid(s.n, b)->lease, 23 * 4096);
    CHECK_I64(s.n->lines_n, 2);
    check_line(&s, 0, s.buyer, BUCKET_AVAILABLE, -2000000);
    check_line(&s, 1, s.buyer, BUCKET_HELD, 2000000);
    const int64_t lease = running(&s, b);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_RUNNING);
    s.now += HOUR;
    CHECK_I64(leave(&s, lease, 3600, 0, REASON_DONE), ERR_NONE);
    CHECK_I64(s.n->lines_n, 3);
    check_line(&s, 0, ACCOUNT_FEES, BUCKET_AVAILABLE, 20000);
    check_line(&s, 1, s.buyer, BUCKET_HELD, -2000000);
    check_line(&s, 2, s.provider, BUCKET_AVAILABLE, 1980000);
    CHECK_I64(naive_lease(s.n, lease)->state, LEASE_SETTLED);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_SETTLED);
    CHECK_I64(naive_bid(s.n, b)->spent.micros, 2000000);
    CHECK_I64(available(&s, ACCOUNT_WORLD), -200 * USD);
    end(&s);
}

/* 1000 × 61 ÷ 3600 = 16.94…: 17 are held while it rests, 16 for its lease, once the clock has
 * trimmed it, and 16 charged; a fee of 0.16 is none. Three hours at
 * 1000 × 7 units hold 21,000; 100.9 s are 100: floor(194.4…) = 194, fee 1. */
TEST(holds_round_up_charges_and_fees_down)
{
    struct story s = begin();
    const int64_t b = bid(&s, s.buyer, 1000, 1, 61);
    CHECK_I64(held(&s, s.buyer), 17);
    ask(&s, s.node, 1000, 8);
    CHECK_I64(held(&s, s.buyer), 17);
    CHECK_I64(on_order(&s, COMMAND_TRIM, ACCOUNT_WORLD, b), ERR_NONE);
    CHECK_I64(on_order(&s, COMMAND_TRIM, ACCOUNT_WORLD, b), ERR_WRONG_STATE);
    CHECK_I64(held(&s, s.buyer), 16);
    int64_t lease = running(&s, b);
    s.now += 61 * SECOND;
    CHECK_I64(leave(&s, lease, 61, 1, REASON_DONE), ERR_NONE);
    CHECK_I64(available(&s, s.buyer), 100 * USD - 16);
    CHECK_I64(available(&s, s.provider), 16);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_FAILED); /* exit code 1: paid, and failed */
    const int64_t b2 = bid(&s, s.other, 1000, 7, 10800);
    CHECK_I64(held(&s, s.other), 21000);
    lease = running(&s, b2);
    s.now += 100 * SECOND + 900000;
    CHECK_I64(leave(&s, lease, 5000, 0, REASON_DONE), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->seconds_observed, 100);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 194);
    CHECK_I64(naive_lease(s.n, lease)->fee.micros, 1);
    CHECK_I64(available(&s, s.provider), 16 + 193);
    end(&s);
}

TEST(an_arriving_bid_pays_the_asks_price_and_gets_the_difference_back)
{
    struct story s = begin();
    ask(&s, s.node, 2 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 3 * USD, 2, 1800);
    CHECK_I64(s.n->trades_n, 1);
    CHECK(!s.n->trades[0].bid_rested);
    CHECK_I64(s.n->trades[0].price.micros, 2 * USD);
    CHECK_I64(held(&s, s.buyer), 2 * USD); /* 2 × 2 × ½ hour */
    CHECK_I64(naive_bid(s.n, b)->hold.micros, 2 * USD);
    end(&s);
}

/* Limits 3, 4, 4, 2 against an ask at 3 with five units: the two at 4 in order of arrival (2 and 2
 * units), then the one at 3 with its unit; the one at 2 stays. */
TEST(an_arriving_ask_takes_the_highest_limits_at_their_price)
{
    struct story s = begin();
    const int64_t three = bid(&s, s.buyer, 3 * USD, 1, 3600);
    const int64_t first = bid(&s, s.buyer, 4 * USD, 2, 3600);
    const int64_t second = bid(&s, s.other, 4 * USD, 2, 3600);
    bid(&s, s.other, 2 * USD, 1, 3600);
    const int64_t a = ask(&s, s.node, 3 * USD, 5);
    CHECK_I64(s.n->trades_n, 3);
    CHECK_I64(s.n->trades[0].bid, first);
    CHECK_I64(s.n->trades[1].bid, second);
    CHECK_I64(s.n->trades[2].bid, three);
    CHECK_I64(s.n->trades[1].price.micros, 4 * USD);
    CHECK_I64(s.n->trades[2].price.micros, 3 * USD);
    CHECK_I64(s.n->trades[2].trade, a * 4096 + 2);
    CHECK(s.n->trades[0].bid_rested);
    CHECK_I64(naive_ask(s.n, a)->free, 0);
    CHECK_I64(s.n->lines_n, 0);
    end(&s);
}

/* At the best price 2 there are 4, 2 and 2 free units: two fit best, and of those the older. */
TEST(a_bid_takes_the_lowest_price_then_the_best_fit_then_the_oldest)
{
    struct story s = begin();
    const int64_t n2 = node_of(&s, s.provider, 8);
    ask(&s, s.node, 3 * USD, 1);
    ask(&s, s.node, 2 * USD, 4);
    const int64_t fits = ask(&s, s.node, 2 * USD, 2);
    const int64_t later = ask(&s, n2, 2 * USD, 2);
    bid(&s, s.buyer, 3 * USD, 2, 3600);
    CHECK_I64(s.n->trades[0].ask, fits);
    bid(&s, s.buyer, 3 * USD, 1, 3600);
    CHECK_I64(s.n->trades[0].ask, later);
    CHECK_I64(naive_ask(s.n, later)->free, 1);
    bid(&s, s.buyer, 3 * USD, 1, 3600);
    CHECK_I64(s.n->trades[0].ask, later);
    end(&s);
}

TEST(another_limit_costs_the_place_in_the_line)
{
    struct story s = begin();
    const int64_t one = bid(&s, s.buyer, 2 * USD, 1, 3600);
    const int64_t two = bid(&s, s.buyer, 3 * USD, 1, 3600);
    const int64_t three = bid(&s, s.other, 2 * USD, 1, 3600);
    struct command c = { .account = s.buyer,
                         .kind = COMMAND_AMEND_BID,
                         .u.amend_bid = { two, { 2 * USD } } };
    CHECK_I64(tell(&s, c), ERR_NONE);
    CHECK_I64(held(&s, s.buyer), 4 * USD);
    c.u.amend_bid.bid = one;
    c.u.amend_bid.limit.micros = 2 * USD + 1000;
    made(&s, c);
    c.u.amend_bid.limit.micros = 2 * USD;
    made(&s, c);
    ask(&s, s.node, 2 * USD, 3);
    CHECK_I64(s.n->trades_n, 3);
    CHECK_I64(s.n->trades[0].bid, three);
    CHECK_I64(s.n->trades[1].bid, two);
    CHECK_I64(s.n->trades[2].bid, one);
    end(&s);
}

/* $2 an hour and ten cents: 180 s cost 100,000, 181 s cost 100,555. */
TEST(a_budget_ends_the_run)
{
    struct story s = begin();
    ask(&s, s.node, 2 * USD, 8);
    const int64_t b = made(&s, bidding(&s, s.buyer, 2 * USD, 1, 3600, 100000));
    const int64_t lease = running(&s, b);
    CHECK_I64(naive_lease(s.n, lease)->seconds_max, 180);
    s.now += 180 * SECOND - 1;
    CHECK_I64(tell(&s, event(COMMAND_LEASE_SPENT, lease)), ERR_WRONG_STATE);
    s.now += 1;
    CHECK_I64(tell(&s, event(COMMAND_LEASE_SPENT, lease)), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->reason, REASON_BUDGET_SPENT);
    s.now += 10 * SECOND;
    CHECK_I64(leave(&s, lease, 190, 137, REASON_DONE), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->seconds_billed, 180);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_FAILED);
    CHECK_I64(naive_bid(s.n, b)->reason, REASON_BUDGET_SPENT);
    CHECK_I64(naive_bid(s.n, b)->exit_code, 137);
    CHECK_I64(available(&s, s.buyer), 100 * USD - 100000);
    /* A budget of one micro less than a minute's 33,334 is refused. */
    CHECK_I64(tell(&s, bidding(&s, s.buyer, 2 * USD, 1, 3600, 33333)), ERR_VALIDATION_FAILED);
    CHECK_I64(tell(&s, bidding(&s, s.buyer, 2 * USD, 1, 3600, 33334)), ERR_NONE);
    end(&s);
}

TEST(five_seconds_are_billed_as_a_minute)
{
    struct story s = begin();
    ask(&s, s.node, 6 * USD, 8);
    const int64_t lease = running(&s, bid(&s, s.buyer, 6 * USD, 1, 3600));
    s.now += 5 * SECOND;
    CHECK_I64(leave(&s, lease, 5, 0, REASON_CANCELLED), ERR_VALIDATION_FAILED);
    CHECK_I64(leave(&s, lease, -1, 0, REASON_DONE), ERR_VALIDATION_FAILED);
    CHECK_I64(leave(&s, lease, 5, 0, REASON_OUT_OF_MEMORY), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->seconds_billed, 60);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 100000);
    end(&s);
}

/* The first node declines: its ask goes, the bid takes the dearer node. That one is silent for 30
 * seconds: its ask goes too. The third try is the last. */
TEST(a_declined_bid_tries_other_nodes_until_its_attempts_are_spent)
{
    struct story s = begin();
    const int64_t n2 = node_of(&s, s.provider, 8), n3 = node_of(&s, s.provider, 8);
    const int64_t a1 = ask(&s, s.node, 2 * USD, 4), a1b = ask(&s, s.node, 2 * USD, 4);
    const int64_t a2 = ask(&s, n2, 3 * USD, 8), a3 = ask(&s, n3, 4 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 4 * USD, 1, 3600);
    CHECK_I64(held(&s, s.buyer), 2 * USD);
    made(&s, event(COMMAND_DECLINE_LEASE, naive_bid(s.n, b)->lease));
    CHECK_I64(naive_ask(s.n, a1)->state, ORDER_CANCELLED);
    CHECK_I64(naive_ask(s.n, a1)->reason, REASON_DECLINED);
    CHECK_I64(naive_ask(s.n, a1b)->state, ORDER_OPEN);
    CHECK_I64(s.n->trades[0].ask, a2);
    CHECK_I64(held(&s, s.buyer), 3 * USD);
    s.now += 30 * SECOND - 1;
    CHECK_I64(tell(&s, event(COMMAND_LEASE_TIMEOUT, naive_bid(s.n, b)->lease)), ERR_WRONG_STATE);
    s.now += 1;
    made(&s, event(COMMAND_LEASE_TIMEOUT, naive_bid(s.n, b)->lease));
    CHECK_I64(naive_ask(s.n, a2)->reason, REASON_OFFER_TIMEOUT);
    const int64_t last = naive_bid(s.n, b)->lease;
    CHECK_I64(naive_lease(s.n, last)->ask, a3);
    made(&s, event(COMMAND_ACCEPT_LEASE, last));
    s.now += 900 * SECOND;
    made(&s, event(COMMAND_LEASE_TIMEOUT, last));
    CHECK_I64(naive_ask(s.n, a3)->state, ORDER_OPEN); /* it only prepared too long */
    CHECK_I64(naive_ask(s.n, a3)->free, 8);
    CHECK_I64(naive_bid(s.n, b)->state, ORDER_FAILED);
    CHECK_I64(naive_bid(s.n, b)->reason, REASON_ATTEMPTS_SPENT);
    CHECK_I64(held(&s, s.buyer), 0);
    end(&s);
}

/* $36 an hour is a cent a second: 100.9 s of preparing cost a dollar, no matter the minimum; more
 * than 900 s cost nine. */
TEST(the_buyers_fault_pays_the_preparation)
{
    struct story s = begin();
    ask(&s, s.node, 36 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 36 * USD, 1, 3600);
    int64_t lease = naive_bid(s.n, b)->lease;
    struct command c = event(COMMAND_LEASE_CANNOT_START, lease);
    c.u.lease.reason = REASON_IMAGE_INVALID;
    c.u.lease.fault = WHOSE_BUYER;
    CHECK_I64(tell(&s, c), ERR_WRONG_STATE);
    made(&s, event(COMMAND_ACCEPT_LEASE, lease));
    s.now += 100 * SECOND + 900000;
    made(&s, c);
    CHECK_I64(naive_lease(s.n, lease)->state, LEASE_VOID);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 1 * USD);
    CHECK_I64(available(&s, s.buyer), 99 * USD);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_FAILED);
    CHECK_I64(naive_bid(s.n, b)->reason, REASON_IMAGE_INVALID);
    lease = naive_bid(s.n, bid(&s, s.buyer, 36 * USD, 1, 3600))->lease;
    made(&s, event(COMMAND_ACCEPT_LEASE, lease));
    s.now += 2000 * SECOND;
    c.u.lease.lease = lease;
    made(&s, c);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 9 * USD);
    CHECK_I64(available(&s, s.provider), 10 * USD - 10 * USD / 100);
    end(&s);
}

TEST(a_cancelled_job_whose_node_is_lost_pays_nothing)
{
    struct story s = begin();
    const int64_t a = ask(&s, s.node, 2 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 2 * USD, 1, 3600);
    const int64_t lease = running(&s, b);
    s.now += 600 * SECOND;
    CHECK_I64(on_order(&s, COMMAND_CANCEL_JOB, s.other, b), ERR_NOT_FOUND);
    CHECK_I64(on_order(&s, COMMAND_CANCEL_JOB, s.buyer, b), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->state, LEASE_STOPPING);
    s.now += 60 * SECOND;
    struct command due;
    int64_t next;
    CHECK(naive_due(s.n, s.now, &due, &next));
    CHECK_I64(due.kind, COMMAND_LEASE_LOST);
    CHECK(!naive_due(s.n, s.now - 1, &due, &next));
    CHECK_I64(next, s.now);
    made(&s, due);
    CHECK_I64(naive_lease(s.n, lease)->state, LEASE_SETTLED);
    CHECK_I64(naive_lease(s.n, lease)->reason, REASON_NODE_LOST);
    CHECK_I64(naive_ask(s.n, a)->reason, REASON_NODE_LOST);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_CANCELLED);
    CHECK_I64(available(&s, s.buyer), 100 * USD);
    CHECK_I64(held(&s, s.buyer), 0);
    end(&s);
}

TEST(a_cancelled_job_that_reports_pays_what_it_ran)
{
    struct story s = begin();
    ask(&s, s.node, 36 * USD, 8);
    const int64_t b = bid(&s, s.buyer, 36 * USD, 1, 3600);
    const int64_t lease = running(&s, b);
    s.now += 300 * SECOND;
    CHECK_I64(on_order(&s, COMMAND_CANCEL_JOB, s.buyer, b), ERR_NONE);
    s.now += 2 * SECOND;
    CHECK_I64(leave(&s, lease, 301, 143, REASON_DONE), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 3010000);
    CHECK_I64(naive_bid(s.n, b)->job, JOB_CANCELLED);
    CHECK_I64(naive_bid(s.n, b)->state, ORDER_CANCELLED);
    end(&s);
}

/* Eight GPUs: a lease of two on a cancelled ask leaves room for six until it ends. */
TEST(a_cancelled_ask_takes_room_while_its_lease_goes_on)
{
    struct story s = begin();
    const int64_t a = ask(&s, s.node, 2 * USD, 8);
    CHECK_I64(tell(&s, asking(&s, s.node, 2 * USD, 1)), ERR_QUOTA_EXCEEDED);
    const int64_t lease = running(&s, bid(&s, s.buyer, 2 * USD, 2, 3600));
    CHECK_I64(on_order(&s, COMMAND_CANCEL_ASK, s.provider, a), ERR_NONE);
    CHECK_I64(on_order(&s, COMMAND_CANCEL_ASK, s.provider, a), ERR_NONE);
    CHECK_I64(tell(&s, asking(&s, s.node, 2 * USD, 7)), ERR_QUOTA_EXCEEDED);
    naive_settle_group(s.n);
    CHECK(naive_ask(s.n, a) != NULL);
    CHECK_I64(tell(&s, asking(&s, s.node, 2 * USD, 6)), ERR_NONE);
    CHECK_I64(leave(&s, lease, 0, 0, REASON_DONE), ERR_NONE);
    CHECK_I64(tell(&s, asking(&s, s.node, 2 * USD, 2)), ERR_NONE);
    naive_settle_group(s.n);
    CHECK(naive_ask(s.n, a) == NULL);
    CHECK_I64(on_order(&s, COMMAND_CANCEL_ASK, s.provider, a), ERR_NOT_FOUND);
    end(&s);
}

/* Asks of 3, 2 and 3 GPUs; the node shrinks to 4: the last two go, although the second would fit
 * beside nothing else only after the third. */
TEST(a_node_that_shrinks_cancels_its_youngest_asks)
{
    struct story s = begin();
    const int64_t a1 = ask(&s, s.node, 2 * USD, 3), a2 = ask(&s, s.node, 2 * USD, 2);
    const int64_t a3 = ask(&s, s.node, 2 * USD, 3);
    struct command c = { .account = s.provider,
                         .kind = COMMAND_PUT_NODE,
                         .u.put_node = { s.node,
                                         { .cpu_millis = 64000,
                                           .gpu_pool = H100,
                                           .memory_bytes = 512 * GIB,
                                           .gpus = 4 } } };
    made(&s, c);
    CHECK_I64(naive_ask(s.n, a1)->state, ORDER_OPEN);
    CHECK_I64(naive_ask(s.n, a2)->state, ORDER_CANCELLED);
    CHECK_I64(naive_ask(s.n, a3)->reason, REASON_NODE_CHANGED);
    c.u.put_node.spec.gpu_pool = A100; /* the GPUs are not of the model any more */
    made(&s, c);
    CHECK_I64(naive_ask(s.n, a1)->state, ORDER_CANCELLED);
    c.account = s.buyer;
    CHECK_I64(tell(&s, c), ERR_NOT_FOUND);
    end(&s);
}

/* Units that come back meet the bid that waits, at its limit; the bid of the lost lease does not
 * return to the node, and rests with its whole want held again. */
TEST(units_that_come_back_meet_the_bids_that_wait)
{
    struct story s = begin();
    const int64_t a = ask(&s, s.node, 2 * USD, 2);
    const int64_t b = bid(&s, s.buyer, 3 * USD, 2, 3600);
    const int64_t waits = bid(&s, s.other, 4 * USD, 1, 3600);
    struct command c = event(COMMAND_LEASE_CANNOT_START, naive_bid(s.n, b)->lease);
    c.u.lease.reason = REASON_ENGINE_FAILED;
    c.u.lease.fault = WHOSE_PROVIDER;
    made(&s, event(COMMAND_ACCEPT_LEASE, c.u.lease.lease));
    const int64_t seq = made(&s, c);
    CHECK_I64(naive_bid(s.n, b)->state, ORDER_OPEN);
    CHECK_I64(naive_bid(s.n, b)->priority, seq);
    CHECK_I64(held(&s, s.buyer), 6 * USD);
    CHECK_I64(s.n->trades_n, 1);
    CHECK_I64(s.n->trades[0].bid, waits);
    CHECK_I64(s.n->trades[0].price.micros, 4 * USD);
    CHECK_I64(naive_ask(s.n, a)->free, 1);
    CHECK_I64(naive_ask(s.n, a)->priority, seq);
    end(&s);
}

TEST(a_bid_that_cannot_be_held_again_fails)
{
    struct story s = begin();
    ask(&s, s.node, 2 * USD, 1);
    const int64_t b = bid(&s, s.buyer, 3 * USD, 1, 3600);
    struct command c = { .account = s.buyer,
                         .kind = COMMAND_REQUEST_PAYOUT,
                         .u.request_payout.amount = { 98 * USD } };
    const int64_t p = made(&s, c);
    CHECK_I64(held(&s, s.buyer), 100 * USD);
    made(&s, event(COMMAND_DECLINE_LEASE, naive_bid(s.n, b)->lease));
    CHECK_I64(naive_bid(s.n, b)->reason, REASON_NO_FUNDS);
    CHECK_I64(available(&s, s.buyer), 2 * USD);
    c = (struct command){ .account = 1, .kind = COMMAND_COMPLETE_PAYOUT, .u.payout.payout = p };
    made(&s, c);
    CHECK_I64(s.n->lines_n, 2);
    check_line(&s, 0, ACCOUNT_WORLD, BUCKET_AVAILABLE, 98 * USD);
    check_line(&s, 1, s.buyer, BUCKET_HELD, -98 * USD);
    CHECK_I64(tell(&s, c), ERR_NOT_FOUND);
    end(&s);
}

TEST(the_earliest_is_due_first_then_the_lowest_number)
{
    struct story s = begin();
    struct command c = asking(&s, s.node, 2 * USD, 1);
    c.u.place_ask.until_us = s.now + HOUR;
    const int64_t a1 = made(&s, c), a2 = made(&s, c);
    bid(&s, s.buyer, 1 * USD, 1, 3600);
    struct command due;
    int64_t next;
    CHECK(!naive_due(s.n, s.now, &due, &next));
    CHECK_I64(next, s.now + HOUR);
    s.now += 25 * HOUR;
    CHECK(naive_due(s.n, s.now, &due, &next));
    CHECK_I64(due.kind, COMMAND_EXPIRE_ORDER);
    CHECK_I64(due.u.order.order, a1);
    made(&s, due);
    CHECK(naive_due(s.n, s.now, &due, &next));
    CHECK_I64(due.u.order.order, a2);
    made(&s, due);
    CHECK(naive_due(s.n, s.now, &due, &next));
    made(&s, due);
    CHECK_I64(held(&s, s.buyer), 0);
    CHECK(!naive_due(s.n, s.now, &due, &next));
    CHECK_I64(next, INT64_MAX);
    end(&s);
}

/* A gang at $4 of two nodes: the ask that was there gets its dollar, the one that came the limit;
 * 5 × ½ hour is held when the clock has trimmed it. */
TEST(a_gang_pays_older_asks_their_price_and_younger_ones_its_limit)
{
    struct story s = begin();
    const int64_t n2 = node_of(&s, s.provider, 8);
    struct command c = bidding(&s, s.buyer, 4 * USD, 1, 1800, 50 * USD);
    c.u.submit_job.nodes = 2;
    ask(&s, s.node, 2 * USD, 4);
    ask(&s, s.node, 1 * USD, 4);
    const int64_t waits = made(&s, c); /* both asks are of one node: it rests with 4 × 2 × ½ */
    CHECK_I64(s.n->trades_n, 0);
    CHECK_I64(held(&s, s.buyer), 4 * USD);
    ask(&s, n2, 3 * USD, 1); /* younger than the gang: it gets the limit */
    CHECK_I64(s.n->trades_n, 2);
    CHECK_I64(s.n->trades[0].price.micros, 1 * USD);
    CHECK_I64(s.n->trades[1].price.micros, 4 * USD);
    CHECK_I64(naive_bid(s.n, waits)->live, 2);
    CHECK_I64(naive_lease(s.n, s.n->trades[0].trade)->seconds_max, 1800);
    CHECK_I64(naive_lease(s.n, s.n->trades[0].trade)->hold.micros, USD / 2);
    CHECK_I64(on_order(&s, COMMAND_TRIM, ACCOUNT_WORLD, waits), ERR_NONE);
    CHECK_I64(held(&s, s.buyer), 5 * USD / 2);
    end(&s);
}

/* Bring an interruptible lease at $2 to where it may be displaced, after ten minutes. */
static int64_t ripe_lease(struct story *s)
{
    struct command c = bidding(s, s->buyer, 2 * USD, 1, 3600, 50 * USD);
    c.u.submit_job.interruptible = true;
    ask(s, s->node, 1 * USD, 1);
    const int64_t lease = running(s, made(s, c));
    s->now += 600 * SECOND - 1;
    CHECK_I64(tell(s, event(COMMAND_LEASE_RIPE, lease)), ERR_WRONG_STATE);
    s->now += 1;
    made(s, event(COMMAND_LEASE_RIPE, lease));
    return lease;
}

/* A firm bid at $3 takes the place of one whose limit is $2: it pays a tick more than that, the ask
 * its own dollar; the rest is the insurance fund's. */
TEST(a_displacer_pays_a_tick_above_its_victim)
{
    struct story s = begin();
    const int64_t victim = ripe_lease(&s);
    const int64_t b = bid(&s, s.other, 3 * USD, 1, 3600);
    CHECK_I64(s.n->trades_n, 1);
    CHECK_I64(s.n->trades[0].price.micros, 2 * USD + 1000);
    CHECK_I64(naive_lease(s.n, victim)->state, LEASE_PREEMPTED);
    const int64_t lease = naive_bid(s.n, b)->lease;
    CHECK_I64(naive_lease(s.n, lease)->waits, victim);
    CHECK_I64(tell(&s, event(COMMAND_ACCEPT_LEASE, lease)), ERR_WRONG_STATE);
    s.now += 60 * SECOND;
    CHECK_I64(leave(&s, victim, 660, 137, REASON_DISPLACED), ERR_NONE);
    CHECK_I64(naive_lease(s.n, victim)->charge.micros, 183333); /* 660 s at $1 */
    CHECK_I64(naive_lease(s.n, lease)->waits, 0);
    running(&s, b);
    s.now += 60 * SECOND;
    CHECK_I64(leave(&s, lease, 60, 0, REASON_DONE), ERR_NONE);
    /* ten minutes at least: 600 × 2,001,000 ÷ 3600 = 333,500; the ask's are 60 × 1,000,000 ÷ 3600
     */
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 333500);
    CHECK_I64(naive_lease(s.n, lease)->payout.micros, 16500); /* the fee is 166 */
    CHECK_I64(available(&s, ACCOUNT_INSURANCE), 333500 - 16666);
    end(&s);
}

/* Called off when its victim has gone: it owes ten minutes, and none of it goes to the provider. */
TEST(a_displacer_that_is_called_off_pays_the_fund)
{
    struct story s = begin();
    const int64_t victim = ripe_lease(&s);
    const int64_t b = bid(&s, s.other, 3 * USD, 1, 3600);
    const int64_t lease = naive_bid(s.n, b)->lease;
    CHECK_I64(leave(&s, victim, 600, 137, REASON_DISPLACED), ERR_NONE);
    const int64_t before = available(&s, s.provider);
    made(&s, event(COMMAND_ACCEPT_LEASE, lease));
    CHECK_I64(on_order(&s, COMMAND_CANCEL_JOB, s.other, b), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->state, LEASE_STOPPING);
    CHECK_I64(leave(&s, lease, 0, 0, REASON_DONE), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 333500);
    CHECK_I64(available(&s, ACCOUNT_INSURANCE), 333500);
    CHECK_I64(available(&s, s.provider), before);
    CHECK_I64(naive_node(s.n, s.node)->strikes, 0); /* nobody's fault */
    end(&s);
}

/* By its provider's fault it is free, but the ask goes and the node waits. */
TEST(a_displacer_that_its_provider_fails_is_a_decline)
{
    struct story s = begin();
    const int64_t victim = ripe_lease(&s);
    const int64_t lease = naive_bid(s.n, bid(&s, s.other, 3 * USD, 1, 3600))->lease;
    const int64_t a = naive_lease(s.n, lease)->ask;
    CHECK_I64(leave(&s, victim, 600, 137, REASON_DISPLACED), ERR_NONE);
    running(&s, naive_lease(s.n, lease)->bid);
    s.now += 599 * SECOND;
    CHECK_I64(leave(&s, lease, 599, 1, REASON_ENGINE_FAILED), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 0);
    CHECK_I64(naive_ask(s.n, a)->state, ORDER_CANCELLED);
    CHECK_I64(naive_ask(s.n, a)->reason, REASON_DECLINED);
    CHECK_I64(naive_node(s.n, s.node)->strikes, 1);
    CHECK_I64(naive_node(s.n, s.node)->backoff_us, s.now + 600 * SECOND);
    end(&s);
}

/* The provider's own job, free of charge, called off while it waits for its victim. */
TEST(an_own_displacer_that_is_called_off_is_a_decline)
{
    struct story s = begin();
    ripe_lease(&s);
    made(&s, (struct command){
                 .account = 1, .kind = COMMAND_CREDIT, .u.credit = { s.provider, { USD } } });
    const int64_t b = bid(&s, s.provider, 1000, 1, 3600);
    const int64_t lease = naive_bid(s.n, b)->lease;
    CHECK_I64(s.n->trades_n, 1);
    CHECK(naive_lease(s.n, lease)->own);
    CHECK_I64(naive_lease(s.n, lease)->base.micros, 1 * USD);
    CHECK_I64(on_order(&s, COMMAND_CANCEL_JOB, s.provider, b), ERR_NONE);
    CHECK_I64(naive_lease(s.n, lease)->charge.micros, 0);
    CHECK_I64(naive_ask(s.n, naive_lease(s.n, lease)->ask)->state, ORDER_CANCELLED);
    CHECK_I64(naive_node(s.n, s.node)->strikes, 1);
    end(&s);
}

/* Three trades of one provider and one of another: two places, in the order of the latest. */
TEST(each_seller_has_one_place_in_the_reference)
{
    struct story s = begin();
    const int64_t pair[2] = { s.provider, account(&s, 0) };
    const int64_t nodes[2] = { s.node, node_of(&s, pair[1], 8) };
    const int who[4] = { 0, 1, 0, 0 };
    for (int i = 0; i < 4; i++) {
        s.provider = pair[who[i]];
        ask(&s, nodes[who[i]], (i + 1) * USD, 1);
        bid(&s, s.buyer, (i + 1) * USD, 1, 60);
        CHECK_I64(s.n->trades_n, 1);
    }
    const struct pool_state *p = naive_pool_state(s.n, H100);
    CHECK_I64(p->recent_n, 2);
    CHECK_I64(p->recent[0].micros, 2 * USD);
    CHECK_I64(p->recent_sellers[0], pair[1]);
    CHECK_I64(p->recent[1].micros, 4 * USD);
    CHECK_I64(p->recent_sellers[1], pair[0]);
    CHECK_I64(naive_reference(s.n, H100), 0); /* five are needed */
    end(&s);
}

/* An interruptible bid must be 5 % above: 2.10 displaces a limit of 2.00, a tick less does not. */
TEST(an_interruptible_displacer_must_be_well_above)
{
    struct story s = begin();
    const int64_t victim = ripe_lease(&s);
    struct command c = bidding(&s, s.other, 2 * USD + 99000, 1, 3600, 50 * USD);
    c.u.submit_job.interruptible = true;
    const int64_t b = made(&s, c);
    CHECK_I64(s.n->trades_n, 0);
    c = (struct command){ .account = s.other,
                          .kind = COMMAND_AMEND_BID,
                          .u.amend_bid = { b, { 2 * USD + 100000 } } };
    made(&s, c);
    CHECK_I64(s.n->trades_n, 1);
    CHECK_I64(naive_lease(s.n, victim)->state, LEASE_PREEMPTED);
    end(&s);
}

/* Offers at $1.50 and $1.20 of two nodes; the standing asks want $3 and $4. The cheaper offer wins
 * and gets what the other asked for. */
TEST(the_best_offer_gets_the_price_of_the_second)
{
    struct story s = begin();
    const int64_t n2 = node_of(&s, s.provider, 8);
    const int64_t a1 = ask(&s, s.node, 3 * USD, 8), a2 = ask(&s, n2, 4 * USD, 8);
    struct command c = bidding(&s, s.buyer, 5 * USD, 1, 3600, 50 * USD);
    c.u.submit_job.auction_ms = 1000;
    const int64_t b = made(&s, c);
    CHECK_I64(s.n->trades_n, 0);
    c = (struct command){ .account = s.provider,
                          .kind = COMMAND_OFFER,
                          .u.offer = { b, a1, { 1500000 } } };
    made(&s, c);
    c.u.offer.ask = a2;
    c.u.offer.price.micros = 1200000;
    made(&s, c);
    CHECK_I64(on_order(&s, COMMAND_CLOSE_AUCTION, ACCOUNT_WORLD, b), ERR_WRONG_STATE);
    s.now += SECOND;
    CHECK_I64(on_order(&s, COMMAND_CLOSE_AUCTION, ACCOUNT_WORLD, b), ERR_NONE);
    CHECK_I64(s.n->trades_n, 1);
    CHECK_I64(s.n->trades[0].ask, a2);
    CHECK_I64(s.n->trades[0].price.micros, 1500000);
    end(&s);
}

TESTS(T(an_hour_is_paid_and_the_fee_is_inside_the_price), T(holds_round_up_charges_and_fees_down),
      T(an_arriving_bid_pays_the_asks_price_and_gets_the_difference_back),
      T(an_arriving_ask_takes_the_highest_limits_at_their_price),
      T(a_bid_takes_the_lowest_price_then_the_best_fit_then_the_oldest),
      T(another_limit_costs_the_place_in_the_line), T(a_budget_ends_the_run),
      T(five_seconds_are_billed_as_a_minute),
      T(a_declined_bid_tries_other_nodes_until_its_attempts_are_spent),
      T(the_buyers_fault_pays_the_preparation), T(a_cancelled_job_whose_node_is_lost_pays_nothing),
      T(a_cancelled_job_that_reports_pays_what_it_ran),
      T(a_cancelled_ask_takes_room_while_its_lease_goes_on),
      T(a_node_that_shrinks_cancels_its_youngest_asks),
      T(units_that_come_back_meet_the_bids_that_wait), T(a_bid_that_cannot_be_held_again_fails),
      T(the_earliest_is_due_first_then_the_lowest_number),
      T(a_gang_pays_older_asks_their_price_and_younger_ones_its_limit),
      T(a_displacer_pays_a_tick_above_its_victim), T(a_displacer_that_is_called_off_pays_the_fund),
      T(a_displacer_that_its_provider_fails_is_a_decline),
      T(an_own_displacer_that_is_called_off_is_a_decline),
      T(each_seller_has_one_place_in_the_reference),
      T(an_interruptible_displacer_must_be_well_above),
      T(the_best_offer_gets_the_price_of_the_second))
