/* SPDX-License-Identifier: Apache-2.0 */
#include "service/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "service/agent.h"
#include "service/cards.h"

#define NAMESPACE_SIZE 64

const char *const gpu_ill_names[GPU_ILLS + 1] = { "ecc-uncorrected", "xid", "too-hot", "lost",
                                                  "foreign-process", NULL };

void health_init(struct health *h)
{
    memset(h, 0, sizeof(*h));
    pthread_mutex_init(&h->lock, NULL);
}

void health_done(struct health *h)
{
    pthread_mutex_destroy(&h->lock);
}

/* ---- whose process is it -----------------------------------------------------------------------
 */

/* "pid:[4026532211]"; false: the process is gone, or not ours to see. */
static bool namespace_of(int64_t pid, char out[NAMESPACE_SIZE])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%" PRId64 "/ns/pid", pid);
    const ssize_t n = readlink(path, out, NAMESPACE_SIZE - 1);
    if (n <= 0) return false;
    out[n] = '\0';
    return true;
}

/* Leases that may have processes on cards. */
struct tenants {
    char names[GPUS_MAX][ENGINE_ID_SIZE]; /* of containers: each has a card of its own at least */
    size_t n;
    char namespaces[GPUS_MAX][NAMESPACE_SIZE];
    size_t namespaces_n;
};

static void add_tenant(void *arg, struct lease *l)
{
    struct tenants *t = arg;
    pthread_mutex_lock(&l->lock);
    if (l->entry.gpus[0] != '\0' && !l->over && t->n < GPUS_MAX)
        memcpy(t->names[t->n++], l->name, sizeof(l->name));
    pthread_mutex_unlock(&l->lock);
}

/* Each container has a namespace of processes of its own (the driver compares that it has). */
static void find_namespaces(struct agent *a, struct tenants *t)
{
    const struct engine *e = &a->engine;
    leases_each(&a->leases, add_tenant, t);
    for (size_t i = 0; i < t->n; i++) {
        struct container_state state = { .pid = 0 };
        struct err ignored;
        if (e->ops->container_inspect(e->self, t->names[i], &state, &ignored) == ENGINE_DONE &&
            state.pid > 0 && namespace_of(state.pid, t->namespaces[t->namespaces_n]))
            t->namespaces_n++;
    }
}

/* Nobody is accused without proof: what cannot be seen is not foreign. */
static bool is_foreign(const struct tenants *t, int64_t pid)
{
    char its[NAMESPACE_SIZE];
    if (!namespace_of(pid, its)) return false;
    for (size_t i = 0; i < t->namespaces_n; i++)
        if (strcmp(t->namespaces[i], its) == 0) return false;
    return true;
}

static void find_foreign(struct agent *a, struct gpu_state *v, size_t n)
{
    struct tenants t = { .n = 0 };
    size_t processes = 0;
    for (size_t i = 0; i < n; i++)
        processes += v[i].pids_n;
    if (processes > 0) find_namespaces(a, &t);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < v[i].pids_n && !v[i].ills[GPU_ILL_FOREIGN]; k++)
            v[i].ills[GPU_ILL_FOREIGN] = is_foreign(&t, v[i].pids[k]);
}

/* ---- looking -----------------------------------------------------------------------------------
 */

/* The inventory's cards as they are; one that does not answer is lost. */
static size_t look(struct agent *a, struct gpu_state out[GPUS_MAX])
{
    const struct inventory *have = &a->report.inventory;
    struct gpu_state seen[GPUS_MAX];
    struct err err;
    size_t n = 0;
    if (!a->gpus.ops->watch(a->gpus.self, seen, &n, &err)) log_err(LOG_WARN, "gpus.silent", &err);
    for (size_t i = 0; i < have->gpus_n; i++) {
        size_t k = 0;
        while (k < n && strcmp(seen[k].uuid, have->gpus[i].uuid) != 0)
            k++;
        if (k < n) {
            out[i] = seen[k];
            continue;
        }
        out[i] = (struct gpu_state){
            .temperature_c = -1, .busy_percent = -1, .memory_used_bytes = -1, .power_milliwatts = -1
        };
        memcpy(out[i].uuid, have->gpus[i].uuid, sizeof(out[i].uuid));
        out[i].ills[GPU_ILL_LOST] = true;
    }
    find_foreign(a, out, have->gpus_n);
    return have->gpus_n;
}

static void log_change(const struct gpu_state *was, const struct gpu_state *is)
{
    for (int i = 0; i < GPU_ILLS; i++) {
        if (is->ills[i] && !(was && was->ills[i]))
            LOG(LOG_WARN, "gpu.ill", LOG_C("gpu", is->uuid), LOG_C("what", gpu_ill_names[i]),
                LOG_I64("xid", is->xid), LOG_I64("temperature_c", is->temperature_c));
        if (!is->ills[i] && was && was->ills[i])
            LOG(LOG_INFO, "gpu.well", LOG_C("gpu", is->uuid), LOG_C("what", gpu_ill_names[i]));
    }
}

void health_look(struct agent *a)
{
    struct gpu_state v[GPUS_MAX];
    struct health *h = &a->health;
    if (!a->gpus.ops || a->report.inventory.gpus_n == 0) return;
    const bool was_well = health_all_well(h);
    const size_t n = look(a, v);
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < n; i++)
        log_change(h->n > 0 ? &h->v[i] : NULL, &v[i]);
    memcpy(h->v, v, n * sizeof(*v));
    h->n = n;
    pthread_mutex_unlock(&h->lock);
    if (health_all_well(h) != was_well) agent_poke(a, POKE_ASKS);
}

static bool is_well(const struct gpu_state *g)
{
    for (int i = 0; i < GPU_ILLS; i++)
        if (g->ills[i]) return false;
    return true;
}

bool health_is_well(struct health *h, const char *uuid)
{
    bool well = true;
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->n; i++)
        if (strcmp(h->v[i].uuid, uuid) == 0) well = is_well(&h->v[i]);
    pthread_mutex_unlock(&h->lock);
    return well;
}

bool health_all_well(struct health *h)
{
    bool well = true;
    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->n; i++)
        well = well && is_well(&h->v[i]);
    pthread_mutex_unlock(&h->lock);
    return well;
}

size_t health_copy(struct health *h, struct gpu_state out[GPUS_MAX])
{
    pthread_mutex_lock(&h->lock);
    const size_t n = h->n;
    memcpy(out, h->v, n * sizeof(*out));
    pthread_mutex_unlock(&h->lock);
    return n;
}

void health_note_lease(struct gpu_state *v, size_t n, const char *gpus, const char *lease_id)
{
    struct str rest = str_of(gpus), uuid;
    while (cards_next(&rest, &uuid))
        for (size_t i = 0; i < n; i++)
            if (str_is(uuid, v[i].uuid))
                snprintf(v[i].lease_id, sizeof(v[i].lease_id), "%s", lease_id);
}
