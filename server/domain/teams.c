/* SPDX-License-Identifier: Apache-2.0 */
/* Who belongs together, and what the market thinks of whom. An owner does not change while orders
 * of his live: so the owner of an order is always that of its account. */
#include <assert.h>

#include "domain/step.h"
#include "domain/touch.h"

bool apply_rate_account(struct step *s)
{
    struct account *const a = state_account(s->m, s->c->u.rate.number);
    const int32_t tier = s->c->u.rate.tier;

    if (!a || a->standing.account < ACCOUNT_FIRST)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (tier < 0 || tier >= TIERS)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The tier is out of range.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    a->standing.tier = tier;
    touch_standing(s->m, a);
    return true;
}

static bool is_busy(const struct account *a)
{
    return a->open_bids > 0 || a->live_leases > 0 || a->asks > 0;
}

static void set_team(struct step *s, struct account *a, int64_t team, int32_t quota)
{
    a->standing.team = team;
    a->standing.quota = quota;
    state_set_owner(s->m, a);
    touch_standing(s->m, a);
}

bool apply_invite(struct step *s)
{
    const struct account *const leader = state_account(s->m, s->c->account);
    struct account *const a = state_account(s->m, s->c->u.invite.account);
    const int32_t quota = s->c->u.invite.quota;

    if (!leader || s->c->account < ACCOUNT_FIRST || !a || a->standing.account < ACCOUNT_FIRST ||
        a == leader)
        return step_refuse(s, ERR_NOT_FOUND, "There is no such account.");
    if (quota < 0 || quota > QUOTA_MAX)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The quota is out of range.");
    if (leader->standing.team != 0)
        return step_refuse(s, ERR_WRONG_STATE, "Only the leader of a team invites.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    if (a->standing.team == s->c->account) {
        a->standing.quota = quota;
    } else {
        a->standing.invited_by = s->c->account;
        a->standing.invited_quota = quota;
    }
    touch_standing(s->m, a);
    return true;
}

bool apply_join_team(struct step *s)
{
    struct account *const a = state_account(s->m, s->c->account);
    const int64_t team = s->c->u.team.account;

    if (!a || team == 0 || a->standing.invited_by != team)
        return step_refuse(s, ERR_NOT_FOUND, "There is no invitation by this team.");
    if (a->standing.team != 0 || a->owner->members > 1)
        return step_refuse(s, ERR_WRONG_STATE, "The account belongs to a team already.");
    if (is_busy(a))
        return step_refuse(s, ERR_WRONG_STATE, "The account has orders or leases that live.");
    if (state_account(s->m, team)->standing.team != 0)
        return step_refuse(s, ERR_WRONG_STATE, "Who invited has joined another team.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    const int32_t quota = a->standing.invited_quota;
    a->standing.invited_by = 0;
    a->standing.invited_quota = 0;
    set_team(s, a, team, quota);
    return true;
}

bool apply_leave_team(struct step *s)
{
    struct account *const a = state_account(s->m, s->c->u.team.account);

    if (!a || a->standing.team == 0 ||
        (s->c->account != a->standing.account && s->c->account != a->standing.team))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such member.");
    if (is_busy(a))
        return step_refuse(s, ERR_WRONG_STATE, "The account has orders or leases that live.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    set_team(s, a, 0, 0);
    return true;
}
