/* SPDX-License-Identifier: Apache-2.0 */
#include "domain/blame.h"

#include <assert.h>

#include "domain/asks.h"
#include "domain/touch.h"

static void withdraw(struct step *s, struct ask_entry *a, enum reason reason)
{
    if (a->ask.state == ORDER_OPEN) ask_close(s, a, ORDER_CANCELLED, reason);
}

void blame_withdraw(struct step *s, const struct lease_entry *l, struct ask_entry *a)
{
    withdraw(s, a, l->lease.reason);
}

void blame_strike(struct step *s, const struct lease_entry *l)
{
    const struct market_rules *const rules = &s->m->rules;
    struct node_entry *const n = state_node(s->m, l->lease.node);
    int64_t seconds = rules->backoff_seconds;

    for (int32_t i = 0; i < n->node.strikes && seconds < rules->backoff_max_seconds; i++)
        seconds *= 2;
    if (seconds > rules->backoff_max_seconds) seconds = rules->backoff_max_seconds;
    if (n->node.strikes < INT32_MAX) n->node.strikes++;
    n->node.backoff_us = s->c->at_us + seconds * US_PER_SECOND;
    touch_node(s->m, n);
}

void blame_displacer(struct step *s, const struct lease_entry *l, struct ask_entry *a)
{
    const int64_t least_us = s->m->rules.min_run_seconds * US_PER_SECOND;

    assert(lease_is_final(l->lease.state));
    if (l->lease.base.micros == 0) return;
    if (!l->lease.own && l->lease.fault != WHOSE_PROVIDER) return;
    if (l->lease.ready_us != 0 && s->c->at_us - l->lease.ready_us >= least_us) return;
    withdraw(s, a, REASON_DECLINED);
    blame_strike(s, l);
}
