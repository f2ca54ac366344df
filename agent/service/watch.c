/* SPDX-License-Identifier: Apache-2.0 */
/* The watch: files that a container leaves in /out and /checkpoint lie on the owner's disk, which
 * no engine limits for us. One that fills more than its scratch is stopped.
 *
 * Looking may take a while, so nothing is locked meanwhile. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "service/agent.h"
#include "service/kill.h"
#include "service/outputs.h"

struct watched {
    char lease_id[LEASE_ID_SIZE];
    int64_t epoch, bytes;
};

struct look {
    struct watched v[LEASES_MAX];
    size_t n;
};

static void list_running(void *arg, struct lease *l)
{
    struct look *look = arg;
    pthread_mutex_lock(&l->lock);
    const bool running = l->deadline_boot_us != 0 && l->ended_boot_us == 0 && !l->entry.over_quota;
    pthread_mutex_unlock(&l->lock);
    if (!running) return;
    struct watched *w = &look->v[look->n++];
    memcpy(w->lease_id, l->lease_id, sizeof(w->lease_id));
    w->epoch = l->what.epoch;
    w->bytes = l->what.scratch_bytes;
}

static void stop_over_quota(void *arg, struct lease *l)
{
    (void)arg;
    struct err err;
    pthread_mutex_lock(&l->lock);
    const bool running = l->ended_boot_us == 0 && !l->over; /* not ended while we looked */
    l->entry.over_quota = running;
    const bool saved = !running || lease_save(l, &err);
    pthread_mutex_unlock(&l->lock);
    if (!running) return;
    if (!saved) log_err(LOG_ERROR, "journal.failed", &err);
    LOG(LOG_WARN, "lease.over_quota", LOG_C("lease", l->lease_id));
}

static void look_at(struct agent *a, const struct watched *w)
{
    static const char *const folders[] = { "out", "checkpoint" };
    int64_t left = w->bytes + OUTPUTS_FOLDERS;
    bool within = true;
    for (size_t i = 0; i < ARRAY_LEN(folders) && within; i++) {
        char dir[PATH_MAX];
        const int n =
            snprintf(dir, sizeof(dir), "%s/leases/%s/%s", a->dir, w->lease_id, folders[i]);
        if (n < 0 || n >= PATH_MAX) return;
        within = access(dir, F_OK) != 0 || outputs_count(dir, &left);
    }
    if (within) return;
    leases_with(&a->leases, str_of(w->lease_id), w->epoch, stop_over_quota, NULL);
    kill_poke(a);
}

void *watch_main(void *arg)
{
    struct agent *a = arg;
    struct look look;
    while (agent_pause(a, a->settings.watch_us)) {
        look.n = 0;
        leases_each(&a->leases, list_running, &look);
        for (size_t i = 0; i < look.n; i++)
            look_at(a, &look.v[i]);
    }
    return NULL;
}
