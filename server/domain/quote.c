/* SPDX-License-Identifier: Apache-2.0 */
/* What a bid would be given now, and at what price others could be displaced. */
#include "domain/book.h"
#include "domain/collar.h"
#include "domain/explain.h"
#include "domain/jobs.h"
#include "domain/own.h"
#include "domain/probe.h"
#include "domain/settle.h"

static void add_part(struct quote *q, const struct market *m, const struct pick *pick)
{
    const struct ask *const a = &pick->a->ask;
    const int64_t quoted_us = pick->a->node->node.quoted_us;
    const int64_t stands_us = m->rules.quote_seconds * US_PER_SECOND;

    q->parts[q->n++] = (struct quote_part){
        .node = a->spec.node,
        .account = a->account,
        .region = a->traits.region,
        .tier = a->traits.tier,
        .verified = a->traits.verified,
        .isolation = a->traits.isolation,
        .interconnect = a->traits.interconnect,
        .price = pick->price,
        .stands_us = quoted_us != 0 ? quoted_us + stands_us : 0,
    };
}

static void fill(struct quote *q, const struct probe *p, const struct plan *plan)
{
    const struct want *const want = &p->bid.bid.spec.wants[plan->want];
    struct money sum = { 0 };

    for (int32_t i = 0; i < plan->n; i++) {
        add_part(q, p->m, &plan->picks[i]);
        sum.micros += plan->picks[i].price.micros;
    }
    q->pool = want->pool;
    q->units = want->units;
    q->seconds_max = settle_seconds_max(&p->bid.bid, sum, want->units);
    q->per_hour = settle_part(sum, want->units, 3600);
    q->cost = settle_part(sum, want->units, q->seconds_max);
}

bool market_quote(struct market *m, int64_t account, const struct bid_spec *spec, int64_t now_us,
                  struct quote *out, const char **why)
{
    const struct step s = { .m = m };
    enum err_code code;
    struct probe p;
    struct plan plan;

    *out = (struct quote){ 0 };
    *why = bid_wrong(m, spec, now_us, &code);
    if (*why) return false;
    probe_spec(&p, m, account, spec, now_us);
    out->hold = settle_want(m, &p.bid.bid);
    struct ask_entry *const own = own_ask_for(&p.bid, now_us, &plan.want);
    if (own) {
        plan.n = 1;
        plan.picks[0] = (struct pick){ own, { 0 } };
        out->own = true;
    } else {
        match_plan(m, &p.bid, now_us, &plan);
    }
    if (plan.n > 0 && !match_odd(&s, &plan)) fill(out, &p, &plan);
    return true;
}

bool market_displacement_price(const struct market *m, int32_t pool, struct money *out)
{
    const struct book *const book = state_book(m, pool);
    const struct place *p = book ? book->ripe.first : NULL;
    bool found = false;

    for (int i = 0; p && i < VICTIM_LOOK; p = p->next, i++) {
        const struct lease_entry *const l = p->owner;
        const struct ask_entry *const a = table_find(&m->asks, l->lease.ask);
        struct money price = { l->limit + book->pool.tick.micros };
        if (l->heir || a->ask.state != ORDER_OPEN || a->ask.stale) continue;
        if (money_cmp(a->ask.spec.price, price) > 0) price = a->ask.spec.price;
        if (found && money_cmp(price, *out) >= 0) continue;
        *out = price;
        found = true;
    }
    return found;
}
