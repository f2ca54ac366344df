/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints: what a run has saved, and so what is paid of it when its node fails.
 *
 * The agent looks at the job's folder again and again, puts what is there into the store, and says
 * up to which second of the run it is good for. The market remembers two numbers of the run: how
 * much of it is kept, and up to when the agent did its part by looking. */
#include "domain/settle.h"
#include "domain/step.h"
#include "domain/touch.h"

static int32_t not_after(int64_t seconds, int64_t most)
{
    return (int32_t)(seconds < most ? seconds : most);
}

static bool is_running(const struct lease *l)
{
    return l->state == LEASE_RUNNING || l->state == LEASE_STOPPING || l->state == LEASE_PREEMPTED;
}

bool apply_lease_checkpoint(struct step *s)
{
    struct lease_entry *const e = state_lease(s->m, s->c->u.lease.lease);
    const int64_t seconds = s->c->u.lease.seconds, looked = s->c->u.lease.looked;

    if (!e || (s->c->account != e->lease.provider && s->c->account != ACCOUNT_WORLD))
        return step_refuse(s, ERR_NOT_FOUND, "There is no such live lease.");
    struct lease *const l = &e->lease;
    if (s->c->u.lease.epoch != l->epoch)
        return step_refuse(s, ERR_STALE_EPOCH, "The lease has another epoch.");
    if (!is_running(l) || l->ready_us == 0)
        return step_refuse(s, ERR_WRONG_STATE, "The lease is in another state.");
    if (seconds < 0 || looked < seconds)
        return step_refuse(s, ERR_VALIDATION_FAILED, "The seconds of the checkpoint cannot be.");
    if (state_is_gang(&state_bid(s->m, l->bid)->bid))
        return step_refuse(s, ERR_NOT_SUPPORTED, "Jobs on several machines have no checkpoints.");
    if (!step_reserve(s, /* asks= */ 0, /* trades= */ 0)) return false;

    const int64_t ill_us = settle_ill_us(&state_node(s->m, l->node)->node, s->c->at_us) - l->ill_us;
    const int64_t observed = (s->c->at_us - l->ready_us - ill_us) / US_PER_SECOND;
    const int64_t most = observed < l->seconds_max ? observed : l->seconds_max;
    const int32_t kept = not_after(seconds, most), seen = not_after(looked, most);
    if (kept > l->seconds_kept) l->seconds_kept = kept;
    if (seen > l->seconds_looked) l->seconds_looked = seen;
    l->checkpoint = s->c->seq;
    touch_lease(s->m, e);
    return true;
}
