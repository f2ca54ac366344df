/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/nvidia.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "gpu/nvml.h"
#include "gpu/xid.h"

#define HOT_C 90 /* where a card does not tell when it slows down */

struct nvidia {
    const char *library;
    pthread_mutex_t lock; /* guards: everything below */
    struct nvml *nvml;    /* NULL: not there, as far as we know */
    struct xid_log log;
    struct {
        char bus_id[32];
        int64_t number; /* the last fatal Xid of that card */
    } broken[GPUS_MAX];
    size_t broken_n;
    struct nvml_device devices[GPUS_MAX]; /* scratch of a look */
};

struct nvidia *nvidia_new(const char *library, const char *kernel_log)
{
    struct nvidia *n = mem_zalloc(sizeof(*n));
    n->library = library;
    pthread_mutex_init(&n->lock, NULL);
    xid_log_init(&n->log, kernel_log);
    return n;
}

void nvidia_free(struct nvidia *n)
{
    if (!n) return;
    nvml_close(n->nvml);
    xid_log_done(&n->log);
    pthread_mutex_destroy(&n->lock);
    mem_free(n);
}

/* Under the lock. A driver that was loaded later is found then. */
static bool look(struct nvidia *n, size_t *count, struct err *err)
{
    if (!n->nvml) n->nvml = nvml_open(n->library, err);
    return n->nvml && nvml_look(n->nvml, n->devices, count, err);
}

/* ---- what can be sold --------------------------------------------------------------------------
 */

/* Whole cards that can be named and whose node is known. */
static bool can_be_sold(const struct nvml_device *d)
{
    return d->uuid[0] != '\0' && d->minor >= 0 && d->mig != 1 &&
           d->compute_mode != NVML_COMPUTE_PROHIBITED;
}

static bool are_near(struct nvidia *n, size_t one, size_t other)
{
    int64_t links, level;
    nvml_look_pair(n->nvml, one, other, &links, &level);
    if (links > 0) return true;
    /* On boards with a switch of NVLinks a link's other end is the switch: both have links up. */
    if (n->devices[one].nvlinks > 0 && n->devices[other].nvlinks > 0) return true;
    return n->devices[one].nvlinks <= 0 && n->devices[other].nvlinks <= 0 &&
           level != NVML_UNKNOWN && level < NVML_NEAR_HOSTBRIDGE;
}

/* The island of the first card before it that it is near to, else its own. */
static int64_t island_of(struct nvidia *n, const struct gpu *out, const size_t *index, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (are_near(n, index[k], index[i])) return out[k].island;
    return (int64_t)i;
}

static size_t list(void *self, struct gpu out[GPUS_MAX])
{
    struct nvidia *n = self;
    struct err ignored;
    size_t count = 0, index[GPUS_MAX], sold = 0;
    pthread_mutex_lock(&n->lock);
    if (!look(n, &count, &ignored)) count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct nvml_device *d = &n->devices[i];
        if (!can_be_sold(d)) continue;
        index[sold] = i;
        struct gpu *g = &out[sold];
        *g = (struct gpu){ .memory_bytes = d->memory_bytes > 0 ? d->memory_bytes : 0,
                           .minor = d->minor };
        memcpy(g->uuid, d->uuid, sizeof(g->uuid));
        memcpy(g->model, d->name, sizeof(g->model));
        g->island = island_of(n, out, index, sold);
        sold++;
    }
    pthread_mutex_unlock(&n->lock);
    return sold;
}

/* ---- how it is ---------------------------------------------------------------------------------
 */

static void note_broken(struct nvidia *n, const struct nvml_device *d, int64_t number)
{
    size_t i = 0;
    while (i < n->broken_n && strcmp(n->broken[i].bus_id, d->bus_id) != 0)
        i++;
    if (i == GPUS_MAX) return;
    if (i == n->broken_n) n->broken_n++;
    memcpy(n->broken[i].bus_id, d->bus_id, sizeof(n->broken[i].bus_id));
    n->broken[i].number = number;
}

static void read_log(struct nvidia *n, size_t count)
{
    struct xid x;
    while (xid_log_next(&n->log, &x))
        for (size_t i = 0; i < count && xid_is_fatal(x.number); i++)
            if (n->devices[i].bus_id[0] != '\0' && xid_is_of(&x, n->devices[i].bus_id))
                note_broken(n, &n->devices[i], x.number);
}

static int64_t broken_by(const struct nvidia *n, const struct nvml_device *d)
{
    for (size_t i = 0; i < n->broken_n; i++)
        if (strcmp(n->broken[i].bus_id, d->bus_id) == 0) return n->broken[i].number;
    return 0;
}

static bool is_hot(const struct nvml_device *d)
{
    const int64_t limit = d->slowdown_c > 0 ? d->slowdown_c : HOT_C;
    return d->temperature_c >= limit ||
           (d->throttle > 0 && (d->throttle & NVML_THROTTLE_HW_THERMAL) != 0);
}

static void tell(const struct nvidia *n, const struct nvml_device *d, struct gpu_state *out)
{
    *out = (struct gpu_state){
        .temperature_c = d->temperature_c,
        .busy_percent = d->busy_percent,
        .memory_used_bytes = d->memory_used_bytes,
        .power_milliwatts = d->power_milliwatts,
        .xid = broken_by(n, d),
        .pids_n = d->processes_n,
    };
    memcpy(out->uuid, d->uuid, sizeof(out->uuid));
    out->ills[GPU_ILL_ECC] =
        d->ecc_uncorrected > 0 || d->remap_failed == 1 || d->remap_pending == 1;
    out->ills[GPU_ILL_XID] = out->xid != 0;
    out->ills[GPU_ILL_HOT] = is_hot(d);
    for (size_t i = 0; i < d->processes_n; i++)
        out->pids[i] = d->processes[i].pid;
}

static bool watch(void *self, struct gpu_state out[GPUS_MAX], size_t *count, struct err *err)
{
    struct nvidia *n = self;
    size_t there = 0, told = 0;
    pthread_mutex_lock(&n->lock);
    const bool ok = look(n, &there, err);
    if (ok) {
        read_log(n, there);
        for (size_t i = 0; i < there; i++)
            if (n->devices[i].uuid[0] != '\0') tell(n, &n->devices[i], &out[told++]);
        *count = told;
    }
    pthread_mutex_unlock(&n->lock);
    return ok;
}

const struct gpu_ops nvidia_ops = { .list = list, .watch = watch };
