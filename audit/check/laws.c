/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of any market, whatever its commands were: of the naive one too. And the arrows of
 * docs/lease.md, as they show between two commands. */
#include "base/mem.h"
#include "check/inside.h"

/* Between two commands no lease is finished or lost: what that leads to is part of the command. */
static const bool arrows[LEASE_STATES][LEASE_STATES] = {
    [LEASE_OFFERED] = { [LEASE_PREPARING] = true, [LEASE_VOID] = true },
    [LEASE_PREPARING] = { [LEASE_RUNNING] = true,
                          [LEASE_VOID] = true,
                          [LEASE_STOPPING] = true,
                          [LEASE_SETTLED] = true },
    [LEASE_RUNNING] = { [LEASE_STOPPING] = true, [LEASE_PREEMPTED] = true, [LEASE_SETTLED] = true },
    [LEASE_STOPPING] = { [LEASE_SETTLED] = true },
    [LEASE_PREEMPTED] = { [LEASE_SETTLED] = true },
};

void note_leases(struct audit *a)
{
    const struct naive *n = a->n;

    if (n->leases_n > a->states_cap) {
        mem_free(a->states);
        a->states_cap = 2 * n->leases_n;
        a->states = mem_zalloc(a->states_cap);
    }
    for (size_t i = 0; i < n->leases_n; i++)
        a->states[i] = (uint8_t)n->leases[i].state;
    a->states_n = n->leases_n;
}

bool check_transitions(struct audit *a)
{
    const struct naive *n = a->n;

    for (size_t i = 0; i < n->leases_n; i++) {
        const int from = i < a->states_n ? a->states[i] : LEASE_OFFERED;
        const int to = (int)n->leases[i].state;
        if (from == to || arrows[from][to]) continue;
        return find_i64(&a->f, FIND_LEASE_TRANSITION, n->last_seq,
                        object_named("lease", n->leases[i].lease), from, to);
    }
    return true;
}

static __int128 obligations(const struct naive *n, int64_t account)
{
    __int128 held = 0;

    for (size_t i = 0; i < n->bids_n; i++)
        if (n->bids[i].account == account) held += n->bids[i].hold.micros;
    for (size_t i = 0; i < n->payouts_n; i++)
        if (n->payouts[i].account == account && n->payouts[i].state == PAYOUT_REQUESTED)
            held += n->payouts[i].amount.micros;
    return held;
}

static bool check_account(struct audit *a, const struct balance *b)
{
    const int64_t seq = a->n->last_seq;
    const bool world = b->account == ACCOUNT_WORLD;

    if (b->held.micros < 0 || (b->available.micros < 0 && !world))
        return find_i64(&a->f, FIND_LAW_NEGATIVE, seq, object_named("account", b->account), 0,
                        b->held.micros < 0 ? b->held.micros : b->available.micros);
    const __int128 held = obligations(a->n, b->account);
    if (held == b->held.micros) return true;
    return find_i64(&a->f, FIND_LAW_HOLDS, seq, object_named("account", b->account), (int64_t)held,
                    b->held.micros);
}

bool check_laws(struct audit *a)
{
    const struct naive *n = a->n;
    __int128 sum = 0;

    for (size_t i = 0; i < n->accounts_n; i++) {
        sum += (__int128)n->accounts[i].available.micros + n->accounts[i].held.micros;
        if (!check_account(a, &n->accounts[i])) return false;
    }
    if (sum != 0)
        return find_i64(&a->f, FIND_LAW_ZERO_SUM, n->last_seq, "balances", 0, (int64_t)sum);
    for (size_t i = 0; i < n->asks_n; i++) {
        const struct ask *k = &n->asks[i];
        const int32_t leased = naive_leased(n, k->ask);
        if (k->state == ORDER_OPEN && k->free != k->spec.units - leased)
            return find_i64(&a->f, FIND_LAW_UNITS, n->last_seq, object_named("ask", k->ask),
                            k->spec.units - leased, k->free);
    }
    return true;
}
