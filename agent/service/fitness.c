/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine may declare: from the self-test, and from nothing else. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "service/agent.h"
#include "service/disk.h"
#include "service/selftest.h"

/* What the self-test found, for all threads at once. */
static void declare(struct agent *a, enum isolation isolation, bool disks, bool networks)
{
    pthread_mutex_lock(&a->lock);
    a->report.isolation = isolation;
    a->isolation = isolation;
    a->disks = disks;
    a->no_networks = !networks;
    if (a->offer && !networks) a->offer->egress = EGRESS_CLASS_NONE;
    a->tested = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

/* Podman joins a namespace that is there; Docker cannot be told to, and gVisor's own network is not
 * tried. */
static bool can_network(const struct agent *a, const struct selftest *t)
{
    const bool fit = strcmp(a->report.engine.name, "podman") == 0 && !t->gvisor;
    if (a->net.ops && !fit)
        LOG(LOG_WARN, "egress.not_declared", LOG_C("engine", a->report.engine.name),
            LOG_BOOL("gvisor", t->gvisor));
    return a->net.ops && fit;
}

static void tell(const struct selftest *t)
{
    if (t->isolation == ISOLATION_NONE)
        LOG(LOG_ERROR, "selftest.failed", LOG_C("why", t->reason),
            LOG_I64("escaped", (int64_t)t->escaped), LOG_I64("broken", (int64_t)t->broken));
    else
        LOG(LOG_INFO, "selftest.passed", LOG_C("isolation", isolation_names[t->isolation]),
            LOG_I64("probes", (int64_t)t->n), LOG_BOOL("disk", t->disk_bounded),
            LOG_I64("us", t->took_us));
}

void agent_test_itself(struct agent *a)
{
    if (!a->tests_itself) {
        declare(a, ISOLATION_RUNC, false, a->net.ops != NULL);
        return;
    }
    const struct selftest_how how = { .engine = &a->engine,
                                      .dir = a->dir,
                                      .node_id = a->id->trust.node_id,
                                      .disks = disk_possible() };
    struct selftest *t = mem_zalloc(sizeof(*t));
    for (int failures = 1; !agent_is_stopping(a); failures++) {
        struct err err;
        if (selftest_run(&how, t, &err)) {
            tell(t);
            declare(a, t->isolation, t->disk_bounded, can_network(a, t));
            break;
        }
        if (!agent_is_stopping(a)) log_err(LOG_ERROR, "selftest.not_run", &err);
        if (!agent_pause(a, agent_backoff_us(a, failures))) break;
    }
    mem_free(t);
}

bool agent_await_fitness(struct agent *a, enum isolation *out)
{
    pthread_mutex_lock(&a->lock);
    while (!a->stopping && !a->tested)
        pthread_cond_wait(&a->changed, &a->lock);
    const bool go_on = !a->stopping;
    *out = a->isolation;
    pthread_mutex_unlock(&a->lock);
    return go_on;
}

enum isolation agent_fitness(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const enum isolation isolation = a->tested ? a->isolation : ISOLATION_NONE;
    pthread_mutex_unlock(&a->lock);
    return isolation;
}

bool agent_has_disks(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const bool disks = a->disks;
    pthread_mutex_unlock(&a->lock);
    return disks;
}

bool agent_gives_networks(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const bool gives = a->net.ops && !a->no_networks;
    pthread_mutex_unlock(&a->lock);
    return gives;
}
