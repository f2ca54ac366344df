/* SPDX-License-Identifier: Apache-2.0 */
#include "service/kill.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/ending.h"

#define SECOND INT64_C(1000000)

struct sentence {
    char name[ENGINE_ID_SIZE];
    int signal;
};

struct round {
    struct agent *agent;
    int64_t now_us, next_us;
    struct sentence v[LEASES_MAX];
    size_t n;
};

void kill_poke(struct agent *a)
{
    eventfd_write(a->kill_fd, 1);
}

static void stop(struct lease *l)
{
    l->stopping = true;
    if (l->stop_at_boot_us == 0) l->stop_at_boot_us = clock_boot_us();
    lease_poke_locked(l);
}

void lease_stop(struct lease *l)
{
    l->displacing = false; /* it was cancelled since: there is nothing to save any more */
    stop(l);
}

void lease_displace(struct lease *l, int64_t notice_us)
{
    if (!l->displacing && !l->stopping) {
        l->displacing = true;
        l->notice_us = notice_us;
    }
    stop(l);
}

/* Only a container that was told of it was displaced; one that ended before has ended by itself.
 * That is on disk before the signal leaves. Under the lease's lock. */
static void note_displaced(struct lease *l)
{
    struct err err;

    if (!l->displacing || l->entry.displaced) return;
    l->entry.displaced = true;
    if (!lease_save(l, &err)) log_err(LOG_ERROR, "journal.failed", &err);
}

/* Under the lease's lock. */
static void judge(struct round *r, struct lease *l)
{
    const struct settings *set = &r->agent->settings;
    const struct ending e = {
        .deadline_us = l->deadline_boot_us,
        .stop_at_us = l->stop_at_boot_us,
        .at_once = l->entry.over_quota || l->entry.over_bytes,
        .termed = l->termed,
        .killed = l->killed,
        .retry_us = l->kill_retry_boot_us,
    };
    int64_t next;
    const bool notice = l->displacing && l->notice_us > set->stop_grace_us;
    const int64_t grace_us = notice ? l->notice_us : set->stop_grace_us;
    const enum ending_act act = ending_due(&e, r->now_us, grace_us, &next);
    if (act == ENDING_KILL) next = r->now_us + set->kill_retry_us;
    if (next < r->next_us) r->next_us = next;
    if (act == ENDING_WAIT) return;
    note_displaced(l);

    struct sentence *s = &r->v[r->n++];
    memcpy(s->name, l->name, sizeof(s->name));
    s->signal = act == ENDING_KILL ? SIGKILL : SIGTERM;
    if (act == ENDING_KILL) {
        l->killed = true;
        l->kill_retry_boot_us = next;
    } else {
        l->termed = true;
    }
}

static void judge_one(void *arg, struct lease *l)
{
    struct round *r = arg;
    pthread_mutex_lock(&l->lock);
    const bool runs = l->deadline_boot_us != 0 && l->ended_boot_us == 0 && !l->over;
    if (runs) judge(r, l);
    pthread_mutex_unlock(&l->lock);
}

static void carry_out(const struct agent *a, const struct sentence *s)
{
    struct err err;
    const enum engine_result r =
        a->engine.ops->container_kill(a->engine.self, s->name, s->signal, &err);
    if (r == ENGINE_DONE || r == ENGINE_NO_SUCH) {
        LOG(LOG_INFO, "container.signalled", LOG_C("container", s->name),
            LOG_I64("signal", s->signal));
    } else {
        log_err(LOG_ERROR, "container.not_killed", &err);
    }
}

static void sleep_until(const struct agent *a, int timer, int64_t at_us)
{
    struct itimerspec when = { .it_value = { 0, 0 } }; /* zero: never */
    uint64_t seen;
    struct pollfd fds[] = { { .fd = timer, .events = POLLIN },
                            { .fd = a->kill_fd, .events = POLLIN } };
    if (at_us != INT64_MAX)
        when.it_value = (struct timespec){ at_us / SECOND, at_us % SECOND * 1000 };
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
    if (poll(fds, 2, -1) > 0 && (fds[1].revents & POLLIN)) (void)eventfd_read(a->kill_fd, &seen);
}

void *kill_main(void *arg)
{
    struct agent *a = arg;
    const int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (timer < 0) {
        LOG(LOG_ERROR, "kill.no_timer", LOG_C("clock", "boottime"));
        agent_stop(a); /* without it no promise about time can be kept */
        return NULL;
    }
    while (!agent_is_stopping(a)) {
        struct round r = { .agent = a, .now_us = clock_boot_us(), .next_us = INT64_MAX };
        leases_each(&a->leases, judge_one, &r);
        for (size_t i = 0; i < r.n; i++)
            carry_out(a, &r.v[i]);
        sleep_until(a, timer, r.next_us);
    }
    close(timer);
    return NULL;
}
