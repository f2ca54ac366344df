/* SPDX-License-Identifier: Apache-2.0 */
/* A gang starts together or not at all: a container that could start waits until the market says
 * that all of its gang could. The market is asked by a long poll, so all hear it at once. */
#include <string.h>

#include "service/agent.h"
#include "service/kill.h"
#include "service/runner.h"

static enum link_result say_prepared(struct lease *l, struct err *err)
{
    const struct link *m = &l->agent->market;
    struct lease_brief brief = { .max_seconds = 0 };
    const enum link_result r = m->ops->prepared(m->self, l->what.lease_id, l->what.epoch,
                                                l->agent->settings.poll_wait_s, &brief, err);
    if (r != LINK_DONE) return r;
    pthread_mutex_lock(&l->lock);
    l->gathered = brief.gathered;
    if (strcmp(brief.state, "preparing") != 0 && !brief.gathered) lease_stop(l);
    pthread_mutex_unlock(&l->lock);
    return LINK_DONE;
}

static bool is_gathered(struct lease *l)
{
    pthread_mutex_lock(&l->lock);
    const bool gathered = l->gathered;
    pthread_mutex_unlock(&l->lock);
    return gathered;
}

bool runner_gather(struct lease *l)
{
    while (!runner_is_stopping(l) && !is_gathered(l)) {
        enum link_result r;
        if (!runner_tell(l, say_prepared, &r)) return false;
        if (r == LINK_DONE) { /* a market that is busy does not let us wait */
            if (!is_gathered(l) && !runner_pause(l, l->agent->settings.retry_us)) return false;
            continue;
        }
        pthread_mutex_lock(
            &l->lock); /* it was called off meanwhile: the market waits for its end */
        lease_stop(l);
        pthread_mutex_unlock(&l->lock);
    }
    return true;
}
