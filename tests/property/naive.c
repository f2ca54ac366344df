/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/property/naive.h"

#include <assert.h>
#include <string.h>

#define AMOUNT_MAX INT64_C(1000000000000000)

struct naive *naive_new(const struct market_rules *rules, const struct pool *pools, size_t pools_n)
{
    struct naive *n = mem_zalloc(sizeof(*n));
    assert(pools_n <= NAIVE_POOLS);
    n->rules = *rules;
    memcpy(n->pools, pools, pools_n * sizeof(*pools));
    n->pools_n = pools_n;
    n->accounts[n->accounts_n++].account = 1;
    n->accounts[n->accounts_n++].account = 2;
    n->last_seq = ACCOUNT_FIRST - 1;
    return n;
}

void naive_free(struct naive *n)
{
    mem_free(n);
}

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): these are names, not expressions */
#define FIND(type, kind, list)                                                                     \
    struct type *type(struct naive *n, int64_t kind)                                               \
    {                                                                                              \
        for (size_t i = 0; i < n->list##_n; i++)                                                   \
            if (n->list[i].kind == kind) return &n->list[i];                                       \
        return NULL;                                                                               \
    }
FIND(naive_account, account, accounts)
FIND(naive_node, node, nodes)
FIND(naive_ask, ask, asks)
FIND(naive_bid, bid, bids)
FIND(naive_lease, lease, leases)
FIND(naive_payout, payout, payouts)
/* NOLINTEND(bugprone-macro-parentheses) */
/* clang-format on */

const struct pool *naive_pool(const struct naive *n, int32_t number)
{
    for (size_t i = 0; i < n->pools_n; i++)
        if (n->pools[i].number == number) return &n->pools[i];
    return NULL;
}

bool naive_ask_is_final(const struct naive *n, const struct naive_ask *a)
{
    return a->state != ORDER_OPEN && naive_leased(n, a->ask) == 0;
}

bool naive_bid_is_final(const struct naive_bid *b)
{
    return b->state != ORDER_OPEN && b->lease == 0;
}

bool naive_lease_lives(const struct naive_lease *l)
{
    return l->state == LEASE_OFFERED || l->state == LEASE_PREPARING || l->state == LEASE_RUNNING ||
           l->state == LEASE_STOPPING;
}

int32_t naive_leased(const struct naive *n, int64_t ask)
{
    int32_t units = 0;
    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].ask == ask && naive_lease_lives(&n->leases[i]))
            units += n->leases[i].units;
    return units;
}

/* ---- Words of the arithmetic ---- */

__int128 naive_charge(int64_t price, int64_t units, int64_t seconds)
{
    return (__int128)price * units * seconds / 3600;
}

__int128 naive_cover(int64_t price, int64_t units, int64_t seconds)
{
    return ((__int128)price * units * seconds + 3599) / 3600;
}

/* min(budget − spent, cover(price, units, seconds)): want at the limit, h at a trade's price. */
int64_t naive_want(const struct naive_bid *b, int64_t price)
{
    const int64_t left = b->spec.budget.micros - b->spent;
    const __int128 cover = naive_cover(price, b->spec.units, b->spec.seconds);
    return cover < left ? (int64_t)cover : left;
}

bool naive_wants_too_little(const struct naive *n, const struct naive_bid *b, int64_t limit)
{
    return naive_want(b, limit) < naive_cover(limit, b->spec.units, n->rules.bill_min_seconds);
}

/* ---- Accounts and money ---- */

int64_t naive_available(struct naive *n, int64_t account)
{
    const struct naive_account *a = naive_account(n, account);
    assert(a != NULL);
    return a->available;
}

void naive_move(struct naive *n, int64_t account, enum bucket bucket, int64_t amount)
{
    struct naive_account *a = naive_account(n, account);
    assert(a != NULL);
    if (amount == 0) return;
    assert(n->lines_n < ARRAY_LEN(n->lines));
    *(bucket == BUCKET_AVAILABLE ? &a->available : &a->held) += amount;
    n->lines[n->lines_n++] = (struct naive_line){ account, bucket, amount };
}

static bool line_before(const struct naive_line *a, const struct naive_line *b)
{
    if (a->account != b->account) return a->account < b->account;
    return a->bucket == BUCKET_AVAILABLE && b->bucket == BUCKET_HELD;
}

/* Add up the lines of one account and bucket, sort them, leave out those of zero. */
static void tidy_lines(struct naive *n)
{
    struct naive_line sums[64];
    size_t sums_n = 0;
    for (size_t i = 0; i < n->lines_n; i++) {
        size_t j = 0;
        while (j < sums_n &&
               (sums[j].account != n->lines[i].account || sums[j].bucket != n->lines[i].bucket))
            j++;
        if (j < sums_n)
            sums[j].amount += n->lines[i].amount;
        else
            sums[sums_n++] = n->lines[i];
    }
    n->lines_n = 0;
    for (size_t i = 0; i < sums_n; i++) {
        if (sums[i].amount == 0) continue;
        size_t at = n->lines_n++;
        for (; at > 0 && line_before(&sums[i], &n->lines[at - 1]); at--)
            n->lines[at] = n->lines[at - 1];
        n->lines[at] = sums[i];
    }
}

static enum err_code open_account(struct naive *n)
{
    assert(n->accounts_n < NAIVE_ACCOUNTS);
    n->accounts[n->accounts_n++] = (struct naive_account){ .account = n->seq };
    return ERR_NONE;
}

static enum err_code credit(struct naive *n, int64_t account, int64_t amount)
{
    const struct naive_account *a = naive_account(n, account);
    if (a == NULL || account == 1) return ERR_NOT_FOUND; /* the world is the other side */
    if (amount < 1 || amount > AMOUNT_MAX) return ERR_VALIDATION_FAILED;
    /* All that is inside together must fit: then every sum of balances does. */
    if ((__int128)naive_available(n, 1) - amount < -INT64_MAX) return ERR_VALIDATION_FAILED;
    naive_move(n, 1, BUCKET_AVAILABLE, -amount);
    naive_move(n, account, BUCKET_AVAILABLE, amount);
    return ERR_NONE;
}

static enum err_code request_payout(struct naive *n, int64_t account, int64_t amount)
{
    const struct naive_account *a = naive_account(n, account);
    if (a == NULL) return ERR_NOT_FOUND;
    if (amount <= 0) return ERR_VALIDATION_FAILED;
    if (amount > a->available) return ERR_INSUFFICIENT_FUNDS;
    naive_move(n, account, BUCKET_AVAILABLE, -amount);
    naive_move(n, account, BUCKET_HELD, amount);
    assert(n->payouts_n < NAIVE_PAYOUTS);
    n->payouts[n->payouts_n++] =
        (struct naive_payout){ n->seq, account, amount, PAYOUT_REQUESTED, n->now };
    return ERR_NONE;
}

static enum err_code end_payout(struct naive *n, int64_t number, bool paid)
{
    struct naive_payout *p = naive_payout(n, number);
    if (p == NULL || p->state != PAYOUT_REQUESTED) return ERR_NOT_FOUND;
    naive_move(n, p->account, BUCKET_HELD, -p->amount);
    naive_move(n, paid ? 1 : p->account, BUCKET_AVAILABLE, p->amount);
    p->state = paid ? PAYOUT_PAID : PAYOUT_FAILED;
    return ERR_NONE;
}

/* ---- All commands ---- */

static enum err_code apply(struct naive *n, const struct command *c)
{
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: return open_account(n);
    case COMMAND_CREDIT: return credit(n, c->u.credit.account, c->u.credit.amount.micros);
    case COMMAND_REQUEST_PAYOUT:
        return request_payout(n, c->account, c->u.request_payout.amount.micros);
    case COMMAND_COMPLETE_PAYOUT: return end_payout(n, c->u.payout.payout, true);
    case COMMAND_FAIL_PAYOUT: return end_payout(n, c->u.payout.payout, false);
    case COMMAND_PUT_NODE:
    case COMMAND_PLACE_ASK:
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_EXPIRE_ORDER: return naive_order_command(n, c);
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT: return naive_lease_command(n, c);
    }
    assert(false);
    return ERR_INTERNAL;
}

void naive_apply(struct naive *n, const struct command *c)
{
    assert(c->seq == n->last_seq + 1 && c->at_us >= n->last_us);
    n->seq = c->seq;
    n->now = c->at_us;
    n->lines_n = n->trades_n = 0;
    n->refused = apply(n, c);
    tidy_lines(n);
    if (n->refused != ERR_NONE) {
        assert(n->lines_n == 0 && n->trades_n == 0);
        return;
    }
    n->last_seq = c->seq;
    n->last_us = c->at_us;
}
