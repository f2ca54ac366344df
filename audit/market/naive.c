/* SPDX-License-Identifier: Apache-2.0 */
/* The first part of the naive market: accounts, money, teams, and which command is whose. */
#include "market/naive.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

#define AMOUNT_MAX INT64_C(1000000000000000)

/* ---- Memory ---- */

/* Room for `more` at the end of a list of n. */
static void *room(void *list, size_t n, size_t *cap, size_t more, size_t size)
{
    if (n + more <= *cap) return list;
    *cap = 2 * *cap > n + more ? 2 * *cap : n + more;
    void *moved = mem_heap.resize(mem_heap.arg, list, *cap * size);
    assert(moved != NULL); /* out of memory ends the program */
    return moved;
}

/* Before each command for all that it may make, so that nothing moves while it is applied. */
static void make_room(struct naive *n)
{
    size_t cap = n->accounts_cap;
    n->standings = room(n->standings, n->accounts_n, &cap, 1, sizeof(*n->standings));
    n->accounts = room(n->accounts, n->accounts_n, &n->accounts_cap, 1, sizeof(*n->accounts));
    n->nodes = room(n->nodes, n->nodes_n, &n->nodes_cap, 1, sizeof(*n->nodes));
    n->asks = room(n->asks, n->asks_n, &n->asks_cap, 1, sizeof(*n->asks));
    n->bids = room(n->bids, n->bids_n, &n->bids_cap, 1, sizeof(*n->bids));
    n->leases = room(n->leases, n->leases_n, &n->leases_cap, FILLS_MAX, sizeof(*n->leases));
    n->payouts = room(n->payouts, n->payouts_n, &n->payouts_cap, 1, sizeof(*n->payouts));
    n->offers = room(n->offers, n->offers_n, &n->offers_cap, 1, sizeof(*n->offers));
}

void naive_add_account(struct naive *n, int64_t account)
{
    make_room(n);
    n->standings[n->accounts_n] = (struct standing){ .account = account };
    n->accounts[n->accounts_n++] = (struct balance){ .account = account };
}

struct naive *naive_new(const struct market_rules *rules, const struct pool *pools, size_t pools_n)
{
    struct naive *n = mem_zalloc(sizeof(*n));
    n->rules = *rules;
    n->pools = mem_zalloc((pools_n + 1) * sizeof(*n->pools));
    n->states = mem_zalloc((pools_n + 1) * sizeof(*n->states));
    n->pools_n = pools_n;
    for (size_t i = 0; i < pools_n; i++) {
        n->pools[i] = pools[i];
        n->states[i].pool = pools[i].number;
    }
    for (int64_t a = ACCOUNT_WORLD; a <= ACCOUNT_INSURANCE; a++)
        naive_add_account(n, a);
    n->last_seq = ACCOUNT_FIRST - 1;
    return n;
}

void naive_free(struct naive *n)
{
    if (n == NULL) return;
    mem_free(n->pools);
    mem_free(n->states);
    mem_free(n->accounts);
    mem_free(n->standings);
    mem_free(n->nodes);
    mem_free(n->asks);
    mem_free(n->bids);
    mem_free(n->leases);
    mem_free(n->payouts);
    mem_free(n->offers);
    mem_free(n);
}

/* ---- Finding: every list but that of offers is in order of number ---- */

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): these are names, not expressions */
#define FIND(type, kind, list)                                                                     \
    struct type *naive_##kind(struct naive *n, int64_t kind)                                       \
    {                                                                                              \
        size_t from = 0, to = n->list##_n;                                                         \
        while (from < to) {                                                                        \
            const size_t mid = from + (to - from) / 2;                                             \
            if (n->list[mid].kind == kind) return &n->list[mid];                                   \
            if (n->list[mid].kind < kind) from = mid + 1; else to = mid;                           \
        }                                                                                          \
        return NULL;                                                                               \
    }
FIND(balance, account, accounts)
FIND(node, node, nodes)
FIND(ask, ask, asks)
FIND(bid, bid, bids)
FIND(lease, lease, leases)
FIND(payout, payout, payouts)
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

struct standing *naive_standing(struct naive *n, int64_t account)
{
    const struct balance *a = naive_account(n, account);
    return a != NULL ? &n->standings[a - n->accounts] : NULL;
}

const struct pool *naive_pool(const struct naive *n, int32_t number)
{
    for (size_t i = 0; i < n->pools_n; i++)
        if (n->pools[i].number == number) return &n->pools[i];
    return NULL;
}

struct pool_state *naive_pool_state(struct naive *n, int32_t number)
{
    for (size_t i = 0; i < n->pools_n; i++)
        if (n->pools[i].number == number) return &n->states[i];
    return NULL;
}

/* ---- Words of the arithmetic ---- */

__int128 naive_charge(__int128 price, int64_t units, int64_t seconds)
{
    return price * units * seconds / 3600;
}

__int128 naive_cover(__int128 price, int64_t units, int64_t seconds)
{
    return (price * units * seconds + 3599) / 3600;
}

int64_t naive_limit(const struct naive *n, const struct bid *b, const struct want *w)
{
    const struct want *first = &b->spec.wants[0];
    if (b->spec.rank == RANK_PRICE || w->pool == first->pool) return b->spec.limit.micros;
    const struct pool *p = naive_pool(n, w->pool);
    const __int128 product = (__int128)b->spec.limit.micros * p->throughput;
    __int128 limit = product / naive_pool(n, first->pool)->throughput;
    if (limit > AMOUNT_MAX) limit = AMOUNT_MAX;
    return (int64_t)limit / p->tick.micros * p->tick.micros;
}

int64_t naive_want(const struct naive *n, const struct bid *b)
{
    __int128 want = 0;
    if (b->spec.own == OWN_ONLY) return 0;
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        const struct want *w = &b->spec.wants[i];
        const __int128 cover =
            naive_cover(naive_limit(n, b, w), (int64_t)w->units * b->spec.nodes, b->spec.seconds);
        if (cover > want) want = cover;
    }
    const int64_t left = b->spec.budget.micros - b->spent.micros;
    return want < left ? (int64_t)want : left;
}

__int128 naive_least(const struct naive *n, const struct bid *b)
{
    __int128 least = 0;
    for (int32_t i = 0; i < b->spec.wants_n; i++) {
        const struct want *w = &b->spec.wants[i];
        const __int128 cover = naive_cover(naive_limit(n, b, w), (int64_t)w->units * b->spec.nodes,
                                           n->rules.bill_min_seconds);
        if (cover > least) least = cover;
    }
    return least;
}

bool naive_wants_too_little(const struct naive *n, const struct bid *b)
{
    return b->spec.own != OWN_ONLY && naive_want(n, b) < naive_least(n, b);
}

/* ---- Money ---- */

int64_t naive_available(struct naive *n, int64_t account)
{
    const struct balance *a = naive_account(n, account);
    assert(a != NULL);
    return a->available.micros;
}

void naive_move(struct naive *n, int64_t account, enum bucket bucket, int64_t amount)
{
    struct balance *a = naive_account(n, account);
    assert(a != NULL);
    if (amount == 0) return;
    assert(n->lines_n < NAIVE_LINES);
    (bucket == BUCKET_AVAILABLE ? &a->available : &a->held)->micros += amount;
    n->lines[n->lines_n++] = (struct posting){ account, bucket, { amount } };
}

void naive_hold(struct naive *n, struct bid *b, int64_t hold)
{
    naive_move(n, b->account, BUCKET_AVAILABLE, b->hold.micros - hold);
    naive_move(n, b->account, BUCKET_HELD, hold - b->hold.micros);
    b->hold.micros = hold;
}

static bool line_before(const struct posting *a, const struct posting *b)
{
    if (a->account != b->account) return a->account < b->account;
    return a->bucket == BUCKET_AVAILABLE && b->bucket == BUCKET_HELD;
}

/* Add up the lines of one account and bucket, sort them, leave out those of zero. */
static void tidy_lines(struct naive *n)
{
    struct posting sums[NAIVE_LINES];
    size_t sums_n = 0;
    for (size_t i = 0; i < n->lines_n; i++) {
        size_t j = 0;
        while (j < sums_n &&
               (sums[j].account != n->lines[i].account || sums[j].bucket != n->lines[i].bucket))
            j++;
        if (j < sums_n)
            sums[j].amount.micros += n->lines[i].amount.micros;
        else
            sums[sums_n++] = n->lines[i];
    }
    n->lines_n = 0;
    for (size_t i = 0; i < sums_n; i++) {
        if (sums[i].amount.micros == 0) continue;
        size_t at = n->lines_n++;
        for (; at > 0 && line_before(&sums[i], &n->lines[at - 1]); at--)
            n->lines[at] = n->lines[at - 1];
        n->lines[at] = sums[i];
    }
}

/* ---- Accounts ---- */

static enum err_code open_account(struct naive *n)
{
    naive_add_account(n, n->seq);
    return ERR_NONE;
}

static enum err_code credit(struct naive *n, int64_t account, int64_t amount)
{
    const struct balance *a = naive_account(n, account);
    if (a == NULL || account == ACCOUNT_WORLD) return ERR_NOT_FOUND;
    if (amount < 1 || amount > AMOUNT_MAX) return ERR_VALIDATION_FAILED;
    if ((__int128)naive_available(n, ACCOUNT_WORLD) - amount < -INT64_MAX)
        return ERR_VALIDATION_FAILED;
    naive_move(n, ACCOUNT_WORLD, BUCKET_AVAILABLE, -amount);
    naive_move(n, account, BUCKET_AVAILABLE, amount);
    return ERR_NONE;
}

static enum err_code request_payout(struct naive *n, int64_t account, int64_t amount)
{
    const struct balance *a = naive_account(n, account);
    if (a == NULL) return ERR_NOT_FOUND;
    if (amount <= 0) return ERR_VALIDATION_FAILED;
    if (amount > a->available.micros) return ERR_INSUFFICIENT_FUNDS;
    naive_move(n, account, BUCKET_AVAILABLE, -amount);
    naive_move(n, account, BUCKET_HELD, amount);
    assert(n->payouts_n < n->payouts_cap);
    n->payouts[n->payouts_n++] = (struct payout){
        .payout = n->seq,
        .account = account,
        .amount = { amount },
        .state = PAYOUT_REQUESTED,
        .at_us = n->now,
    };
    return ERR_NONE;
}

static enum err_code end_payout(struct naive *n, int64_t number, bool paid)
{
    struct payout *p = naive_payout(n, number);
    if (p == NULL || p->state != PAYOUT_REQUESTED) return ERR_NOT_FOUND;
    naive_move(n, p->account, BUCKET_HELD, -p->amount.micros);
    naive_move(n, paid ? ACCOUNT_WORLD : p->account, BUCKET_AVAILABLE, p->amount.micros);
    p->state = paid ? PAYOUT_PAID : PAYOUT_FAILED;
    return ERR_NONE;
}

static enum err_code rate_account(struct naive *n, int64_t account, int32_t tier)
{
    struct standing *s = naive_standing(n, account);
    if (s == NULL || account < ACCOUNT_FIRST) return ERR_NOT_FOUND;
    if (tier < 0 || tier > 3) return ERR_VALIDATION_FAILED;
    s->tier = tier;
    return ERR_NONE;
}

/* ---- Teams ---- */

int64_t naive_owner(const struct naive *n, int64_t account)
{
    /* only looked at */
    const struct standing *s = naive_standing((struct naive *)(uintptr_t)n, account);
    return s != NULL && s->team != 0 ? s->team : account;
}

static bool leads_others(const struct naive *n, int64_t account)
{
    for (size_t i = 0; i < n->accounts_n; i++)
        if (n->standings[i].team == account && n->standings[i].account != account) return true;
    return false;
}

static bool busy(const struct naive *n, int64_t account)
{
    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].account == account && n->bids[i].state == ORDER_OPEN) return true;
    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].buyer == account && naive_lease_lives(&n->leases[i])) return true;
    for (size_t i = 0; i < n->asks_n; i++)
        if (n->asks[i].account == account && !naive_ask_is_over(n, &n->asks[i])) return true;
    return false;
}

static enum err_code invite(struct naive *n, int64_t by, int64_t account, int32_t quota)
{
    const struct standing *leader = naive_standing(n, by);
    struct standing *s = naive_standing(n, account);
    if (leader == NULL || by < ACCOUNT_FIRST) return ERR_NOT_FOUND;
    if (s == NULL || account < ACCOUNT_FIRST || account == by) return ERR_NOT_FOUND;
    if (quota < 0 || quota > 1000000) return ERR_VALIDATION_FAILED;
    if (leader->team != 0) return ERR_WRONG_STATE;
    if (s->team == by) {
        s->quota = quota;
        return ERR_NONE;
    }
    s->invited_by = by;
    s->invited_quota = quota;
    return ERR_NONE;
}

static enum err_code join_team(struct naive *n, int64_t account, int64_t team)
{
    struct standing *s = naive_standing(n, account);
    const struct standing *leader = naive_standing(n, team);
    if (s == NULL || leader == NULL || team == 0 || s->invited_by != team) return ERR_NOT_FOUND;
    if (s->team != 0 || leads_others(n, account) || busy(n, account)) return ERR_WRONG_STATE;
    if (leader->team != 0) return ERR_WRONG_STATE; /* who invited leads no team now */
    s->team = team;
    s->quota = s->invited_quota;
    s->invited_by = 0;
    s->invited_quota = 0;
    return ERR_NONE;
}

static enum err_code leave_team(struct naive *n, int64_t by, int64_t account)
{
    struct standing *s = naive_standing(n, account);
    if (s == NULL || s->team == 0) return ERR_NOT_FOUND;
    if (by != account && by != s->team) return ERR_NOT_FOUND;
    if (busy(n, account)) return ERR_WRONG_STATE;
    s->team = 0;
    s->quota = 0;
    return ERR_NONE;
}

/* ---- All commands ---- */

static bool is_of_the_market(enum command_kind kind)
{
    switch ((int)kind) {
    case COMMAND_CREDIT:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT:
    case COMMAND_RATE_ACCOUNT:
    case COMMAND_RATE_NODE:
    case COMMAND_NODE_HEALTH:
    case COMMAND_SET_RULES:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_TRIM:
    case COMMAND_REENTER:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_CALL:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_LEASE_DRAINED:
    case COMMAND_LEASE_RIPE: return true;
    default: return false;
    }
}

bool naive_rules_valid(const struct market_rules *r)
{
    const int32_t least_0[] = { r->fee_bps,        r->bill_min_seconds, r->prepare_pay_max_seconds,
                                r->offer_seconds,  r->prepare_seconds,  r->stop_seconds,
                                r->quote_seconds,  r->backoff_seconds,  r->min_run_seconds,
                                r->notice_seconds, r->displace_bps,     r->pricing,
                                r->collar_bps,     r->call_seconds };
    for (size_t i = 0; i < sizeof(least_0) / sizeof(least_0[0]); i++)
        if (least_0[i] < 0) return false;
    return r->fee_bps <= 10000 && r->collar_trades >= 1 && r->collar_trades <= REFERENCE_TRADES &&
           r->pricing <= PRICE_RUNNER_UP && r->backoff_max_seconds >= r->backoff_seconds;
}

static enum err_code set_rules(struct naive *n, const struct command *c)
{
    if (!naive_rules_valid(&c->u.set_rules)) return ERR_VALIDATION_FAILED;
    n->rules = c->u.set_rules;
    return ERR_NONE;
}

static enum err_code apply(struct naive *n, const struct command *c)
{
    if (is_of_the_market(c->kind) && c->account != ACCOUNT_WORLD) return ERR_NOT_FOUND;
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: return open_account(n);
    case COMMAND_CREDIT: return credit(n, c->u.credit.account, c->u.credit.amount.micros);
    case COMMAND_REQUEST_PAYOUT:
        return request_payout(n, c->account, c->u.request_payout.amount.micros);
    case COMMAND_COMPLETE_PAYOUT: return end_payout(n, c->u.payout.payout, true);
    case COMMAND_FAIL_PAYOUT: return end_payout(n, c->u.payout.payout, false);
    case COMMAND_RATE_ACCOUNT: return rate_account(n, c->u.rate.number, c->u.rate.tier);
    case COMMAND_INVITE: return invite(n, c->account, c->u.invite.account, c->u.invite.quota);
    case COMMAND_JOIN_TEAM: return join_team(n, c->account, c->u.team.account);
    case COMMAND_LEAVE_TEAM: return leave_team(n, c->account, c->u.team.account);
    case COMMAND_PUT_NODE:
    case COMMAND_RATE_NODE:
    case COMMAND_NODE_HEALTH:
    case COMMAND_DRAIN_NODE:
    case COMMAND_PLACE_ASK:
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_REENTER:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_TRIM:
    case COMMAND_EXPIRE_ORDER: return naive_order_command(n, c);
    case COMMAND_OFFER: return naive_offer(n, c);
    case COMMAND_CLOSE_AUCTION: return naive_close_auction(n, c->u.order.order);
    case COMMAND_CALL: return naive_call(n, c->u.call.pool);
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_LEASE_DRAINED:
    case COMMAND_LEASE_RIPE: return naive_lease_command(n, c);
    case COMMAND_SET_RULES: return set_rules(n, c);
    }
    assert(false && "a kind that does not exist");
    return ERR_INTERNAL;
}

void naive_apply(struct naive *n, const struct command *c)
{
    assert(c->seq == n->last_seq + 1 && c->at_us >= n->last_us);
    make_room(n);
    n->seq = c->seq;
    n->now = c->at_us;
    n->again_us = 0;
    n->lines_n = n->trades_n = 0;
    n->returned = 0;
    n->refused = apply(n, c);
    tidy_lines(n);
    if (n->refused != ERR_NONE) {
        assert(n->lines_n == 0 && n->trades_n == 0);
        return;
    }
    n->last_seq = c->seq;
    n->last_us = c->at_us;
}
