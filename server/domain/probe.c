/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/probe.h"

#include "domain/collar.h"
#include "domain/displace.h"
#include "domain/own.h"
#include "domain/settle.h"

static void dress(struct probe *p)
{
    p->bid.lines = p->lines;
    state_dress_bid(p->m, &p->bid);
    if (!p->bid.buyer) p->bid.buyer = &p->nobody;
}

void probe_spec(struct probe *p, struct market *m, int64_t account, const struct bid_spec *spec,
                int64_t now_us)
{
    const struct account *const a = state_account(m, account);

    *p = (struct probe){ .m = m, .now_us = now_us, .flush = true };
    p->nobody.owner = &p->none;
    p->bid.bid = (struct bid){
        .bid = INT64_MAX,
        .account = account,
        .priority = INT64_MAX,
        .spec = *spec,
        .tier = a ? a->standing.tier : 0,
        .state = ORDER_OPEN,
        .job = JOB_OPEN,
    };
    dress(p);
}

void probe_bid(struct probe *p, struct market *m, const struct bid_entry *b, int64_t now_us)
{
    *p = (struct probe){ .m = m, .now_us = now_us };
    p->bid.bid = b->bid;
    p->bid.bid.priority = INT64_MAX;
    p->bid.bid.sealed = false;
    p->bid.bid.parked = 0;
    p->bid.bid.parked_pool = 0;
}

/* Is there money for it? What it holds now would be free again. */
static bool affords(const struct probe *p)
{
    const struct money want = settle_want(p->m, &p->bid.bid);

    if (p->rich) return true;
    return money_cmp(want, settle_least(p->m, &p->bid.bid)) >= 0 &&
           (p->flush ||
            want.micros - p->bid.bid.hold.micros <= p->bid.buyer->balance.available.micros);
}

bool probe_matches(struct probe *p)
{
    const struct step s = { .m = p->m };
    struct plan plan;

    dress(p);
    if (!affords(p)) return false;
    if (own_would_meet_asks(&p->bid, p->now_us)) return true;
    match_plan(p->m, &p->bid, p->now_us, &plan);
    return plan.n > 0 && !match_odd(&s, &plan);
}

bool probe_displaces(struct probe *p)
{
    dress(p);
    return affords(p) && p->bid.bid.spec.tif != TIF_POST_ONLY &&
           displace_would(p->m, &p->bid, p->now_us);
}
