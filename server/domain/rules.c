/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's parameters, and their change. They are part of what decides, so a change is a
 * command like any other: a replay has at each command what was in force at that time. */
#include "domain/index.h"
#include "domain/step.h"

const struct market_rules market_rules_default = {
    .fee_bps = 100,
    .bill_min_seconds = 60,
    .prepare_pay_max_seconds = 900,
    .offer_seconds = 30,
    .prepare_seconds = 900,
    .stop_seconds = 60,
    .quote_seconds = 60,
    .backoff_seconds = 600,
    .backoff_max_seconds = 86400,
    .min_run_seconds = 600,
    .notice_seconds = 120,
    .displace_bps = 500,
    .pricing = PRICE_RESTING,
    .collar_bps = 10000,
    .collar_trades = 5,
    .call_seconds = 60,
};

bool market_rules_valid(const struct market_rules *r)
{
    return r->fee_bps >= 0 && r->fee_bps <= 10000 && r->bill_min_seconds >= 0 &&
           r->prepare_pay_max_seconds >= 0 && r->offer_seconds >= 0 && r->prepare_seconds >= 0 &&
           r->stop_seconds >= 0 && r->quote_seconds >= 0 && r->backoff_seconds >= 0 &&
           r->backoff_max_seconds >= r->backoff_seconds && r->min_run_seconds >= 0 &&
           r->notice_seconds >= 0 && r->displace_bps >= 0 &&
           (r->pricing == PRICE_RESTING || r->pricing == PRICE_RUNNER_UP) && r->collar_bps >= 0 &&
           r->collar_trades >= 1 && r->collar_trades <= REFERENCE_TRADES && r->call_seconds >= 0;
}

bool market_rules_equal(const struct market_rules *a, const struct market_rules *b)
{
    return a->fee_bps == b->fee_bps && a->bill_min_seconds == b->bill_min_seconds &&
           a->prepare_pay_max_seconds == b->prepare_pay_max_seconds &&
           a->offer_seconds == b->offer_seconds && a->prepare_seconds == b->prepare_seconds &&
           a->stop_seconds == b->stop_seconds && a->quote_seconds == b->quote_seconds &&
           a->backoff_seconds == b->backoff_seconds &&
           a->backoff_max_seconds == b->backoff_max_seconds &&
           a->min_run_seconds == b->min_run_seconds && a->notice_seconds == b->notice_seconds &&
           a->displace_bps == b->displace_bps && a->pricing == b->pricing &&
           a->collar_bps == b->collar_bps && a->collar_trades == b->collar_trades &&
           a->call_seconds == b->call_seconds;
}

/* Deadlines of live leases follow from the rules. They are moved at once, as if the market had been
 * loaded under the new ones. */
bool apply_set_rules(struct step *s)
{
    size_t at = 0;

    if (!market_rules_valid(&s->c->u.set_rules))
        return step_refuse(s, ERR_VALIDATION_FAILED, "A rule is out of range.");

    s->m->rules = s->c->u.set_rules;
    for (struct lease_entry *l; (l = table_next(&s->m->leases, &at));)
        index_lease(s->m, l);
    return true;
}
