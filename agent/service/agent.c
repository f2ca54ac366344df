/* SPDX-License-Identifier: Apache-2.0 */
#include "service/agent.h"

#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "service/kill.h"

#define SECOND INT64_C(1000000)

const struct settings settings_default = {
    .heartbeat_us = 20 * SECOND,
    .poll_wait_s = POLL_WAIT_S,
    .log_flush_us = SECOND / 2,
    .watch_us = SECOND,
    .look_us = 20 * SECOND,
    .stop_grace_us = 5 * SECOND,
    .kill_retry_us = SECOND,
    .retry_us = SECOND / 2,
    .retry_most_us = 10 * SECOND,
    .asks_us = 60 * SECOND,
    .quote_us = PRICING_STAND_US,
    .ask_retry_us = 10 * SECOND,
    .ask_retry_most_us = 600 * SECOND,
};

void agent_init(struct agent *a)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&a->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    health_init(&a->health);
    leases_init(&a->leases);
    boot_id_read(a->boot_id);
    a->images = images_new(a->dir, &a->engine, &a->market, &a->id->trust);
    a->kill_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void agent_done(struct agent *a)
{
    images_free(a->images);
    leases_done(&a->leases);
    health_done(&a->health);
    if (a->kill_fd >= 0) close(a->kill_fd);
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->lock);
}

static void wake_lease(void *arg, struct lease *l)
{
    (void)arg;
    lease_poke(l);
}

void agent_stop(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);

    a->market.ops->interrupt(a->market.self);
    a->engine.ops->interrupt(a->engine.self);
    leases_each(&a->leases, wake_lease, NULL);
    kill_poke(a);
}

bool agent_is_stopping(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const bool stopping = a->stopping;
    pthread_mutex_unlock(&a->lock);
    return stopping;
}

bool agent_drains(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const bool drains = a->drains;
    pthread_mutex_unlock(&a->lock);
    return drains;
}

void agent_set_drains(struct agent *a, bool drains)
{
    pthread_mutex_lock(&a->lock);
    const bool changed = a->drains != drains;
    a->drains = drains;
    pthread_mutex_unlock(&a->lock);
    if (!changed) return;
    LOG(LOG_INFO, drains ? "node.drains" : "node.drains_no_more");
    if (!drains) agent_poke(a, POKE_ASKS);
}

static struct timespec monotonic_in_us(int64_t us)
{
    const int64_t at = clock_monotonic_us() + us;
    return (struct timespec){ at / SECOND, (at % SECOND) * 1000 };
}

bool agent_pause(struct agent *a, int64_t us)
{
    const struct timespec until = monotonic_in_us(us);
    pthread_mutex_lock(&a->lock);
    while (!a->stopping && pthread_cond_timedwait(&a->changed, &a->lock, &until) == 0)
        ;
    const bool go_on = !a->stopping;
    pthread_mutex_unlock(&a->lock);
    return go_on;
}

int64_t agent_backoff_us(const struct agent *a, int failures)
{
    return backoff_us(failures, a->settings.retry_us, a->settings.retry_most_us, random_u64());
}

void agent_poke(struct agent *a, enum poke which)
{
    pthread_mutex_lock(&a->lock);
    a->poked[which] = true;
    pthread_cond_broadcast(&a->changed);
    pthread_mutex_unlock(&a->lock);
}

bool agent_wait_poked(struct agent *a, enum poke which, int64_t us)
{
    const struct timespec until = monotonic_in_us(us);
    pthread_mutex_lock(&a->lock);
    while (!a->stopping && !a->poked[which] &&
           pthread_cond_timedwait(&a->changed, &a->lock, &until) == 0)
        ;
    a->poked[which] = false;
    const bool go_on = !a->stopping;
    pthread_mutex_unlock(&a->lock);
    return go_on;
}

void agent_count_sale(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    a->sold++;
    pthread_mutex_unlock(&a->lock);
}

int64_t agent_sold(struct agent *a)
{
    pthread_mutex_lock(&a->lock);
    const int64_t sold = a->sold;
    pthread_mutex_unlock(&a->lock);
    return sold;
}
