/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, and money that enters and leaves the market. */
#include <assert.h>

#include "domain/ledger.h"
#include "domain/touch.h"

bool apply_open_account(struct step *s)
{
    if (!table_reserve(&s->m->balances, 1) || !table_reserve(&s->m->owners, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    struct account *const a = state_add_account(s->m, s->c->seq);
    a->balance.touch.fresh = a->standing.touch.fresh = true;
    touch_account(s->m, a);
    touch_standing(s->m, a);
    return true;
}

/* All money inside must fit into one balance: then no sum of ours can overflow. */
static bool has_room_for(const struct account *world, struct money amount)
{
    return world->balance.available.micros >= -INT64_MAX + amount.micros;
}

bool apply_credit(struct step *s)
{
    struct account *const world = state_account(s->m, ACCOUNT_WORLD);
    struct account *const a = state_account(s->m, s->c->u.credit.account);
    const struct money amount = s->c->u.credit.amount;

    if (!a || a == world) return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (amount.micros < 1 || money_cmp(amount, MONEY_INPUT_MAX) > 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The amount is out of range.");
    if (!has_room_for(world, amount))
        return step_refuse(s, ERR_VALIDATION_FAILED, "The market cannot count this much money.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    ledger_add(s, world, BUCKET_AVAILABLE, -amount.micros);
    ledger_add(s, a, BUCKET_AVAILABLE, amount.micros);
    return true;
}

bool apply_request_payout(struct step *s)
{
    struct account *const a = state_account(s->m, s->c->account);
    const struct money amount = s->c->u.request_payout.amount;

    if (!a) return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (amount.micros <= 0)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The amount must be above zero.");
    if (money_cmp(amount, a->balance.available) > 0)
        return step_refuse(s, ERR_INSUFFICIENT_FUNDS, "The payout is more than is available.");
    if (!table_reserve(&s->m->payouts, 1))
        return step_refuse(s, ERR_OVERLOADED, "There is no memory left for this.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    ledger_add(s, a, BUCKET_AVAILABLE, -amount.micros);
    ledger_add(s, a, BUCKET_HELD, amount.micros);
    const struct payout payout = {
        .payout = s->c->seq,
        .account = s->c->account,
        .amount = amount,
        .state = PAYOUT_REQUESTED,
        .at_us = s->c->at_us,
        .touch.fresh = true,
    };
    touch_payout(s->m, state_add_payout(s->m, &payout));
    return true;
}

/* The payout ends: what was held for it goes to `to`, or back when that is NULL. */
static bool end_payout(struct step *s, enum payout_state state, struct account *to)
{
    struct payout *const p = state_payout(s->m, s->c->u.payout.payout);

    if (!p) return step_refuse(s, ERR_NOT_FOUND, "There is no such open payout.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    struct account *const owner = state_account(s->m, p->account);
    assert(owner);
    ledger_add(s, owner, BUCKET_HELD, -p->amount.micros);
    ledger_add(s, to ? to : owner, BUCKET_AVAILABLE, p->amount.micros);
    p->state = state;
    touch_payout(s->m, p);
    return true;
}

bool apply_complete_payout(struct step *s)
{
    return end_payout(s, PAYOUT_PAID, state_account(s->m, ACCOUNT_WORLD));
}

bool apply_fail_payout(struct step *s)
{
    return end_payout(s, PAYOUT_FAILED, NULL);
}
