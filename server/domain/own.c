/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/own.h"

#include "domain/eligible.h"

bool own_quota_allows(const struct bid_entry *b, int32_t units)
{
    const int32_t quota = b->buyer->standing.quota;

    return quota == 0 || b->buyer->own_units <= quota - units;
}

int32_t own_want_for(const struct bid_entry *b, int32_t pool)
{
    for (int32_t w = 0; w < b->bid.spec.wants_n; w++)
        if (b->bid.spec.wants[w].pool == pool) return w;
    return -1;
}

static bool serves(const struct ask_entry *a, const struct bid_entry *b, int32_t w, int64_t now_us)
{
    return (eligible_misfits(a, b, w, now_us) & ~(uint32_t)MISFIT_OWN) == 0 &&
           own_quota_allows(b, b->bid.spec.wants[w].units);
}

static bool takes_own(const struct bid_entry *b)
{
    return b->bid.spec.own != OWN_NEVER && !state_is_gang(&b->bid);
}

static struct ask_entry *ask_for(const struct bid_entry *b, int32_t w, int64_t now_us)
{
    const struct want *const want = &b->bid.spec.wants[w];
    const int64_t from[TREE_KEYS] = { (int64_t)want->pool << 32 | want->units, INT64_MIN,
                                      INT64_MIN };
    const struct place *p = tree_from(&b->buyer->owner->asks, from);

    for (int i = 0; p && i < OWN_LOOK; p = p->next, i++) {
        struct ask_entry *const a = p->owner;
        if (a->ask.spec.pool != want->pool) return NULL;
        if (serves(a, b, w, now_us)) return a;
    }
    return NULL;
}

struct ask_entry *own_ask_for(const struct bid_entry *b, int64_t now_us, int32_t *want)
{
    for (int32_t w = 0; takes_own(b) && w < b->bid.spec.wants_n; w++) {
        struct ask_entry *const a = ask_for(b, w, now_us);
        *want = w;
        if (a) return a;
    }
    return NULL;
}

static struct plan plan_of(struct ask_entry *a, int32_t w)
{
    return (struct plan){ .want = w, .n = 1, .picks = { { a, { 0 } } } };
}

bool own_meet_asks(struct step *s, struct bid_entry *b)
{
    int32_t want;
    struct ask_entry *const a = own_ask_for(b, s->c->at_us, &want);

    if (!a) return false;
    const struct plan plan = plan_of(a, want);
    match_grant(s, b, &plan, (struct how){ .came = true, .own = true });
    return true;
}

bool own_would_meet_asks(const struct bid_entry *b, int64_t now_us)
{
    int32_t want;

    return own_ask_for(b, now_us, &want) != NULL;
}

void own_meet_bids(struct step *s, struct ask_entry *a)
{
    struct place *next, *p = a->node->account->owner->bids.first;

    for (int i = 0; p && i < OWN_LOOK && state_ask_in(a); p = next, i++) {
        struct bid_entry *const b = p->owner;
        const int32_t w = own_want_for(b, a->ask.spec.pool);
        next = p->next;
        if (w < 0 || !serves(a, b, w, s->c->at_us)) continue;
        const struct plan plan = plan_of(a, w);
        match_grant(s, b, &plan, (struct how){ .own = true });
    }
}

bool own_would_meet_bids(const struct ask_entry *a, int64_t now_us)
{
    const struct place *p = a->node->account->owner->bids.first;

    for (int i = 0; p && i < OWN_LOOK; p = p->next, i++) {
        const struct bid_entry *const b = p->owner;
        const int32_t w = own_want_for(b, a->ask.spec.pool);
        if (w >= 0 && serves(a, b, w, now_us)) return true;
    }
    return false;
}
