/* SPDX-License-Identifier: Apache-2.0 */
/* The watch: files that a container leaves in /out and /checkpoint lie on the owner's disk, which
 * no engine limits for us. One that fills more than its scratch is stopped, and so is one whose
 * network has carried all the bytes that it may.
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
    char name[ENGINE_ID_SIZE]; /* of its container */
    bool network;
};

struct look {
    struct watched v[LEASES_MAX];
    size_t n;
};

static void list_running(void *arg, struct lease *l)
{
    struct look *look = arg;
    pthread_mutex_lock(&l->lock);
    const bool running = l->deadline_boot_us != 0 && l->ended_boot_us == 0 &&
                         !l->entry.over_quota && !l->entry.over_bytes;
    pthread_mutex_unlock(&l->lock);
    if (!running) return;
    struct watched *w = &look->v[look->n++];
    memcpy(w->lease_id, l->lease_id, sizeof(w->lease_id));
    w->epoch = l->what.epoch;
    w->bytes = l->what.scratch_bytes;
    memcpy(w->name, l->name, sizeof(w->name));
    w->network = lease_has_network(l);
}

enum limit { LIMIT_FILES, LIMIT_BYTES };

/* Unless it ended while we looked. */
static void stop_beyond(void *arg, struct lease *l)
{
    const enum limit limit = *(const enum limit *)arg;
    struct err err;
    pthread_mutex_lock(&l->lock);
    const bool running = l->ended_boot_us == 0 && !l->over;
    if (limit == LIMIT_FILES)
        l->entry.over_quota = running;
    else
        l->entry.over_bytes = running;
    const bool saved = !running || lease_save(l, &err);
    pthread_mutex_unlock(&l->lock);
    if (!running) return;
    if (!saved) log_err(LOG_ERROR, "journal.failed", &err);
    LOG(LOG_WARN, "lease.over_quota", LOG_C("lease", l->lease_id),
        LOG_C("of", limit == LIMIT_FILES ? "files" : "network"));
}

static void stop(struct agent *a, const struct watched *w, enum limit limit)
{
    leases_with(&a->leases, str_of(w->lease_id), w->epoch, stop_beyond, &limit);
    kill_poke(a);
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
    if (!within) stop(a, w, LIMIT_FILES);
}

/* All networks in one question. */
static void look_at_networks(struct agent *a, const struct look *look)
{
    struct net_spent v[LEASES_MAX];
    const struct watched *of[LEASES_MAX];
    struct err err;
    size_t n = 0;
    for (size_t i = 0; i < look->n; i++) {
        if (!look->v[i].network) continue;
        of[n] = &look->v[i];
        v[n++] = (struct net_spent){ .name = look->v[i].name };
    }
    if (n == 0 || !a->net.ops) return;
    if (!a->net.ops->spent(a->net.self, v, n, &err)) {
        log_err(LOG_WARN, "egress.not_watched", &err);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (v[i].spent) stop(a, of[i], LIMIT_BYTES);
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
        look_at_networks(a, &look);
    }
    return NULL;
}
