/* SPDX-License-Identifier: Apache-2.0 */
/* The market against the naive model of docs/market.md, on random commands.
 *
 *     test_market [--seed S] [--commands N] [--markets M]
 *
 * After every command both must agree on the refusal, the lines, the trades, the balances and what
 * is due; at the end of every group on all that a store would keep; every few groups on the whole
 * state, and with a market rebuilt from the store. Market i has the seed S + i, so one that fails
 * can be repeated alone. A run that is long enough must also have reached what there is to reach:
 * every kind of command, every refusal that the page knows, every state and reason. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "tests/property/trial.h"

#define WIDE_UNITS   4032 /* the most units of one order */
#define GIB          (INT64_C(1) << 30)
#define COVERAGE_MIN 50000 /* commands from which on everything must have been reached */

/* ---- Random markets ---- */

static void run_random(uint64_t seed, int64_t commands, struct seen *seen)
{
    struct dice dice = { seed ^ UINT64_C(0x5bf03635d2e1a8c7) };
    struct style style;
    struct command c;
    style_roll(&dice, &style);
    struct trial *t = trial_begin(seed, &style, commands, seen);
    for (int64_t i = 0; i < commands; i++) {
        random_command(&dice, &style, t->model, &c);
        trial_step(t, &c);
    }
    trial_end(t);
}

/* ---- One wide market: the limits that small books never meet ---- */

static void wide_step(struct trial *t, struct command c, enum err_code refused)
{
    trial_step(t, &c);
    if (t->model->refused != refused) trial_fail(t, &c, "the wide market went another way");
}

static void wide_account(struct trial *t)
{
    wide_step(t, (struct command){ .account = 1, .kind = COMMAND_OPEN_ACCOUNT }, ERR_NONE);
    wide_step(t,
              (struct command){ .account = 1,
                                .kind = COMMAND_CREDIT,
                                .u.credit = { t->model->last_seq, { INT64_C(1000000000) } } },
              ERR_NONE);
}

static int64_t wide_node(struct trial *t, int64_t owner)
{
    struct command c = { .account = owner,
                         .kind = COMMAND_PUT_NODE,
                         .u.put_node.spec = { .cpu_millis = 4096000,
                                              .memory_bytes = 16384 * GIB,
                                              .scratch_bytes = 4096 * GIB } };
    wide_step(t, c, ERR_NONE);
    return t->model->last_seq;
}

static int64_t wide_ask(struct trial *t, int64_t owner, int64_t node, int64_t price,
                        int32_t seconds_min)
{
    struct command c = { .account = owner,
                         .kind = COMMAND_PLACE_ASK,
                         .u.place_ask = { .node = node,
                                          .pool = 4,
                                          .price = { price },
                                          .floor = { 1 },
                                          .units = WIDE_UNITS,
                                          .until_us = t->model->last_us + INT64_C(86400000000),
                                          .seconds_min = seconds_min,
                                          .seconds_max = 86400,
                                          .egress_max = 2,
                                          .risk_seconds = 86400 } };
    wide_step(t, c, ERR_NONE);
    return t->model->last_seq;
}

static void wide_bid(struct trial *t, int64_t buyer, int64_t limit, int32_t units, int32_t seconds,
                     enum err_code refused)
{
    struct command c = { .account = buyer,
                         .kind = COMMAND_SUBMIT_JOB,
                         .u.submit_job = { .wants = { { 4, units } },
                                           .wants_n = 1,
                                           .limit = { limit },
                                           .budget = { 1000000 },
                                           .nodes = 1,
                                           .seconds = seconds,
                                           .checkpoint_seconds = 60,
                                           .attempts_max = 3,
                                           .expires_us =
                                               t->model->last_us + INT64_C(86400000000) } };
    wide_step(t, c, refused);
}

/* A lease of all units ends by its provider's fault: its bid trades elsewhere, then the ask meets
 * as many bids as it has units. No command can trade more often than this one. */
static void wide_return(struct trial *t, int64_t buyer, int64_t other, int64_t owner)
{
    const int64_t first = wide_ask(t, owner, wide_node(t, owner), 15, 60);
    wide_bid(t, buyer, 20, WIDE_UNITS, 3600, ERR_NONE);
    const int64_t lease = t->model->trades[0].trade;
    wide_ask(t, owner, wide_node(t, owner), 15, 3600);
    for (int i = 0; i < WIDE_UNITS + 5; i++)
        wide_bid(t, other, 16, 1, 60, ERR_NONE);
    struct command c = { .account = owner,
                         .kind = COMMAND_ACCEPT_LEASE,
                         .u.lease = { .lease = lease,
                                      .epoch = 1,
                                      .fault = WHOSE_PROVIDER,
                                      .reason = REASON_ENGINE_FAILED } };
    wide_step(t, c, ERR_NONE);
    c.kind = COMMAND_LEASE_CANNOT_START;
    wide_step(t, c, ERR_NONE);
    if (t->model->trades_n != WIDE_UNITS + 1 || naive_ask(t->model, first)->free != 0)
        trial_fail(t, &c, "the command did not trade to its limit");
}

static void run_wide(struct seen *seen)
{
    struct dice dice = { 0 };
    struct style style;
    do
        style_roll(&dice, &style);
    while (style.pools_n < 2 || style.rules.collar_bps != 0 || style.rules.quote_seconds != 0 ||
           style.rules.pricing != PRICE_RESTING || style.laden || style.late || style.squeezed ||
           style.rules.bill_min_seconds != 60);
    struct trial *t = trial_begin(0, &style, 20000, seen);
    t->wide = true;
    for (int i = 0; i < 3; i++)
        wide_account(t); /* 16, 18, 20 */
    for (int i = 0; i < 10000; i++)
        wide_bid(t, 16, 10, 1, 60, ERR_NONE);
    wide_bid(t, 16, 10, 1, 60, ERR_QUOTA_EXCEEDED);
    wide_bid(t, 16, 11, 2, 90, ERR_QUOTA_EXCEEDED);
    wide_bid(t, 18, 10, 1, 60, ERR_NONE);
    wide_ask(t, 20, wide_node(t, 20), 5, 60);
    if (t->model->trades_n != WIDE_UNITS) trial_fail(t, NULL, "the wide ask did not trade");
    wide_bid(t, 16, 10, 1, 60, ERR_NONE);
    wide_return(t, 16, 18, 20);
    trial_end(t);
}

/* ---- What must have been reached ---- */

static const struct {
    enum command_kind kind;
    enum err_code refused[6];
} refusals[] = {
    { COMMAND_CREDIT, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_PUT_NODE, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_PLACE_ASK,
      { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_QUOTA_EXCEEDED, ERR_BACKING_OFF, ERR_QUOTE_STANDS,
        ERR_WOULD_TRADE } },
    { COMMAND_AMEND_ASK,
      { ERR_NOT_FOUND, ERR_WRONG_STATE, ERR_VALIDATION_FAILED, ERR_QUOTA_EXCEEDED, ERR_QUOTE_STANDS,
        ERR_WOULD_TRADE } },
    { COMMAND_CANCEL_ASK, { ERR_NOT_FOUND } },
    { COMMAND_SUBMIT_JOB,
      { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_QUOTA_EXCEEDED, ERR_INSUFFICIENT_FUNDS,
        ERR_WOULD_TRADE } },
    { COMMAND_AMEND_BID,
      { ERR_NOT_FOUND, ERR_WRONG_STATE, ERR_VALIDATION_FAILED, ERR_INSUFFICIENT_FUNDS,
        ERR_WOULD_TRADE } },
    { COMMAND_CANCEL_JOB, { ERR_NOT_FOUND } },
    { COMMAND_ACCEPT_LEASE, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_DECLINE_LEASE, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_LEASE_READY, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_LEASE_CANNOT_START,
      { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE, ERR_VALIDATION_FAILED } },
    { COMMAND_LEASE_EXIT,
      { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE, ERR_VALIDATION_FAILED } },
    { COMMAND_LEASE_CHECKPOINT,
      { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE, ERR_VALIDATION_FAILED,
        ERR_NOT_SUPPORTED } },
    { COMMAND_LEASE_TIMEOUT, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_LEASE_LOST, { ERR_NOT_FOUND, ERR_STALE_EPOCH } },
    { COMMAND_LEASE_SPENT, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_EXPIRE_ORDER, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_REQUEST_PAYOUT, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_INSUFFICIENT_FUNDS } },
    { COMMAND_COMPLETE_PAYOUT, { ERR_NOT_FOUND } },
    { COMMAND_FAIL_PAYOUT, { ERR_NOT_FOUND } },
    { COMMAND_REENTER, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_LEASE_RIPE, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
    { COMMAND_CLOSE_AUCTION, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_OFFER, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_WRONG_STATE } },
    { COMMAND_CALL, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_RATE_NODE, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_RATE_ACCOUNT, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_INVITE, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_WRONG_STATE } },
    { COMMAND_JOIN_TEAM, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_LEAVE_TEAM, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_TRIM, { ERR_NOT_FOUND, ERR_WRONG_STATE } },
    { COMMAND_SET_RULES, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_NODE_HEALTH, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED, ERR_WRONG_STATE } },
    { COMMAND_DRAIN_NODE, { ERR_NOT_FOUND, ERR_VALIDATION_FAILED } },
    { COMMAND_LEASE_DRAINED, { ERR_NOT_FOUND, ERR_STALE_EPOCH, ERR_WRONG_STATE } },
};

static const struct {
    enum lease_state from, to;
} edges[] = {
    { LEASE_OFFERED, LEASE_PREPARING },  { LEASE_OFFERED, LEASE_VOID },
    { LEASE_PREPARING, LEASE_RUNNING },  { LEASE_PREPARING, LEASE_VOID },
    { LEASE_PREPARING, LEASE_STOPPING }, { LEASE_PREPARING, LEASE_SETTLED },
    { LEASE_RUNNING, LEASE_STOPPING },   { LEASE_RUNNING, LEASE_SETTLED },
    { LEASE_STOPPING, LEASE_STOPPING },  { LEASE_STOPPING, LEASE_SETTLED },
    { LEASE_PREEMPTED, LEASE_SETTLED },
};
static const enum reason lease_reasons[] = {
    REASON_DONE,          REASON_CANCELLED,       REASON_DECLINED,
    REASON_OFFER_TIMEOUT, REASON_PREPARE_TIMEOUT, REASON_IMAGE_UNAVAILABLE,
    REASON_IMAGE_INVALID, REASON_COMMAND_INVALID, REASON_ENGINE_FAILED,
    REASON_NODE_LOST,     REASON_TIME_SPENT,      REASON_BUDGET_SPENT,
    REASON_OUT_OF_MEMORY, REASON_DISPLACED,       REASON_GANG_BROKEN,
    REASON_DRAINED,       REASON_EGRESS_SPENT,
};
static const enum reason ask_reasons[] = {
    REASON_CANCELLED, REASON_EXPIRED,      REASON_DECLINED,       REASON_OFFER_TIMEOUT,
    REASON_NODE_LOST, REASON_NODE_CHANGED, REASON_NODE_UNHEALTHY,
};
static const enum reason bid_reasons[] = {
    REASON_DONE,          REASON_CANCELLED,       REASON_EXPIRED,      REASON_IMAGE_UNAVAILABLE,
    REASON_IMAGE_INVALID, REASON_COMMAND_INVALID, REASON_TIME_SPENT,   REASON_BUDGET_SPENT,
    REASON_OUT_OF_MEMORY, REASON_NOT_FILLED,      REASON_EGRESS_SPENT,
};
static const enum reason failed_bids[] = { REASON_BUDGET_SPENT, REASON_NO_FUNDS,
                                           REASON_ATTEMPTS_SPENT };
static const enum job_state jobs[] = {
    JOB_OPEN, JOB_PLACED, JOB_RUNNING, JOB_SETTLED, JOB_FAILED, JOB_CANCELLED, JOB_EXPIRED,
};

static bool reached(const char *what, int a, int b, int64_t times, int64_t least)
{
    if (times >= least) return true;
    fprintf(stderr, "not reached: %s %d %d: %" PRId64 " times, at least %" PRId64 " expected\n",
            what, a, b, times, least);
    return false;
}

static bool all_reached(const struct seen *s, int64_t commands)
{
    const int64_t k = commands / 4000;
    bool ok = true;
    for (int kind = 1; kind < KINDS; kind++)
        ok &= reached("applied", kind, 0, s->applied[kind], k / 10);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
        for (size_t j = 0; j < ARRAY_LEN(refusals[i].refused); j++)
            if (refusals[i].refused[j] != ERR_NONE)
                ok &= reached("refused", (int)refusals[i].kind, (int)refusals[i].refused[j],
                              s->refused[refusals[i].kind][refusals[i].refused[j]], 2);
    for (size_t i = 0; i < ARRAY_LEN(edges); i++)
        ok &= reached("edge", (int)edges[i].from, (int)edges[i].to,
                      s->ends[edges[i].from][edges[i].to], k);
    ok &= reached("edge", LEASE_PREEMPTED, LEASE_PREEMPTED,
                  s->ends[LEASE_PREEMPTED][LEASE_PREEMPTED], k / 10);
    for (size_t i = 0; i < ARRAY_LEN(lease_reasons); i++)
        ok &= reached("lease reason", (int)lease_reasons[i], 0, s->lease_reasons[lease_reasons[i]],
                      k / 4);
    for (size_t i = 0; i < ARRAY_LEN(ask_reasons); i++)
        ok &= reached("ask reason", (int)ask_reasons[i], 0, s->ask_reasons[ask_reasons[i]], k / 4);
    for (size_t i = 0; i < ARRAY_LEN(bid_reasons); i++)
        ok &= reached("bid reason", (int)bid_reasons[i], 0, s->bid_reasons[bid_reasons[i]], k / 4);
    for (size_t i = 0; i < ARRAY_LEN(failed_bids); i++)
        ok &= reached("failed bid", (int)failed_bids[i], 0, s->failed_bids[failed_bids[i]],
                      commands / 500000);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        ok &= reached("job state", (int)jobs[i], 0, s->jobs[jobs[i]], k);
    ok &= reached("trades", 0, 0, s->trades, commands / 20);
    ok &= reached("own trades", 0, 0, s->own, k);
    ok &= reached("displacements", 0, 0, s->displacing, k / 4);
    ok &= reached("short displacers on own machines", 0, 0, s->short_own, k / 20);
    ok &= reached("short displacers by fault", 0, 0, s->short_faulty, k / 20);
    ok &= reached("short displacers who owe", 0, 0, s->short_owing, k / 20);
    ok &= reached("leases of gangs", 0, 0, s->gangs, k);
    ok &= reached("parked orders", 0, 0, s->parked, k / 4);
    ok &= reached("failures of memory", 0, 0, s->failures, k);
    ok &= reached("rebuilt markets", 0, 0, s->rebuilt, k);
    ok &= reached("replayed markets", 0, 0, s->replayed, 1);
    return ok;
}

static void print_seen(const struct seen *s)
{
    printf("applied/refused by kind:");
    for (int kind = 1; kind < KINDS; kind++) {
        int64_t refused = 0;
        for (int i = 0; i < ERR_COUNT; i++)
            refused += s->refused[kind][i];
        printf(" %s:%" PRId64 "/%" PRId64, trial_kinds[kind], s->applied[kind], refused);
    }
    printf("\nlease states:");
    for (int i = 0; i < LEASE_STATES; i++)
        printf(" %s:%" PRId64, lease_state_names[i], s->leases[i]);
    printf("\nreasons of leases, asks, bids, failed bids:");
    for (int i = 0; i < REASONS; i++)
        printf(" %s:%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, reason_names[i],
               s->lease_reasons[i], s->ask_reasons[i], s->bid_reasons[i], s->failed_bids[i]);
    printf("\n%" PRId64 " trades, %" PRId64 " rebuilt, %" PRId64 " replayed, %" PRId64
           " failures of memory, %" PRId64 " budgets squeezed; %" PRId64 " own, %" PRId64
           " displacing, %" PRId64 " of gangs, %" PRId64 " parked; short displacers: %" PRId64
           " own, %" PRId64 " by fault, %" PRId64 " owe\n",
           s->trades, s->rebuilt, s->replayed, s->failures, s->squeezed, s->own, s->displacing,
           s->gangs, s->parked, s->short_own, s->short_faulty, s->short_owing);
}

static bool option(int argc, char **argv, const char *name, int64_t *out)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0) return str_i64(str_of(argv[i + 1]), 0, INT64_MAX, out);
    return true;
}

int main(int argc, char **argv)
{
    static struct seen seen;
    int64_t seed = 1, commands = 1000000, markets = 400;
    if (argc % 2 == 0 || !option(argc, argv, "--seed", &seed) ||
        !option(argc, argv, "--commands", &commands) ||
        !option(argc, argv, "--markets", &markets) || markets == 0) {
        fprintf(stderr, "usage: test_market [--seed S] [--commands N] [--markets M]\n");
        return 2;
    }
    printf("seed %" PRId64 ", %" PRId64 " commands in %" PRId64 " markets\n", seed, commands,
           markets);
    fflush(stdout);
    for (int64_t i = 0; i < markets; i++)
        run_random((uint64_t)(seed + i), commands / markets, &seen);
    if (commands >= COVERAGE_MIN) run_wide(&seen);
    print_seen(&seen);
    return commands < COVERAGE_MIN || all_reached(&seen, commands) ? 0 : 1;
}
