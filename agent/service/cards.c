/* SPDX-License-Identifier: Apache-2.0 */
#include "service/cards.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "domain/cards.h"
#include "service/agent.h"
#include "service/health.h"
#include "sign/sha.h"

bool cards_next(struct str *rest, struct str *uuid)
{
    if (rest->n == 0) return false;
    if (str_cut(*rest, ',', uuid, rest)) return true;
    *uuid = *rest;
    rest->n = 0;
    return true;
}

/* Where this machine has it; gpus_n: nowhere. */
static size_t place_of(const struct inventory *have, struct str uuid)
{
    for (size_t i = 0; i < have->gpus_n; i++)
        if (str_is(uuid, have->gpus[i].uuid)) return i;
    return have->gpus_n;
}

/* ---- choosing ----------------------------------------------------------------------------------
 */

struct choice {
    struct lease *mine;
    const struct inventory *have;
    struct card cards[GPUS_MAX];
};

static void strike_out(void *arg, struct lease *l)
{
    struct choice *c = arg;
    if (l == c->mine) return;
    pthread_mutex_lock(&l->lock);
    struct str rest = str_of(l->entry.gpus), uuid;
    const bool holds = !l->over && l->entry.step < STEP_EXITED;
    while (holds && cards_next(&rest, &uuid)) {
        const size_t i = place_of(c->have, uuid);
        if (i < c->have->gpus_n) c->cards[i].free = false;
    }
    pthread_mutex_unlock(&l->lock);
}

/* Under the lock of the lease. */
static bool keep(struct lease *l, const struct inventory *have, const size_t *places, size_t n,
                 struct err *err)
{
    struct buf text;
    buf_init(&text, sizeof(l->entry.gpus) - 1);
    for (size_t i = 0; i < n; i++)
        buf_fmt(&text, "%s%s", i > 0 ? "," : "", have->gpus[places[i]].uuid);
    const struct str view = buf_view(&text);
    memcpy(l->entry.gpus, view.p, view.n);
    l->entry.gpus[view.n] = '\0';
    buf_done(&text);
    return lease_save(l, err);
}

/* The table's lock is held from the look at the others to the entry: two workers never choose the
 * same card. */
static bool choose(struct lease *l, struct err *err)
{
    struct leases *t = &l->agent->leases;
    struct choice c = { .mine = l, .have = &l->agent->report.inventory };
    size_t places[GPUS_MAX];
    const size_t n = (size_t)l->what.gpus;
    bool ok;

    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < c.have->gpus_n; i++)
        c.cards[i] = (struct card){ c.have->gpus[i].island,
                                    health_is_well(&l->agent->health, c.have->gpus[i].uuid) };
    for (size_t i = 0; i < t->n; i++)
        strike_out(&c, t->v[i]);
    ok = cards_choose(c.cards, c.have->gpus_n, n, places);
    if (ok) {
        pthread_mutex_lock(&l->lock);
        ok = keep(l, c.have, places, n, err);
        pthread_mutex_unlock(&l->lock);
    } else {
        FAIL(err, ERR_WRONG_STATE, "This machine has not %zu healthy GPUs free.", n);
    }
    pthread_mutex_unlock(&t->lock);
    return ok;
}

bool cards_take(struct lease *l, struct err *err)
{
    if (l->what.gpus == 0) return true;
    pthread_mutex_lock(&l->lock);
    const bool has = l->entry.gpus[0] != '\0';
    pthread_mutex_unlock(&l->lock);
    return has || choose(l, err);
}

/* ---- what it has -------------------------------------------------------------------------------
 */

bool cards_of(struct lease *l, struct gpu_grant out[GPUS_MAX], size_t *n, struct err *err)
{
    const struct inventory *have = &l->agent->report.inventory;
    struct str rest, uuid;
    bool ok = true;
    *n = 0;
    pthread_mutex_lock(&l->lock);
    rest = str_of(l->entry.gpus);
    while (ok && *n < GPUS_MAX && cards_next(&rest, &uuid)) {
        const size_t i = place_of(have, uuid);
        ok = i < have->gpus_n;
        if (!ok) FAIL(err, ERR_NOT_FOUND, "The GPU %.*s is gone.", (int)uuid.n, uuid.p);
        if (!ok) break;
        memcpy(out[*n].uuid, have->gpus[i].uuid, sizeof(out[*n].uuid));
        out[(*n)++].minor = have->gpus[i].minor;
    }
    pthread_mutex_unlock(&l->lock);
    return ok;
}

struct str_list cards_digests(struct lease *l)
{
    struct str rest = str_of(l->entry.gpus), uuid;
    struct str *v = arena_alloc(&l->arena, GPUS_MAX * sizeof(*v));
    size_t n = 0;
    while (v && n < GPUS_MAX && cards_next(&rest, &uuid)) {
        char hex[SHA_TEXT_SIZE];
        sha256_hex(uuid, hex);
        const char *copy = arena_copy(&l->arena, str_of(hex));
        if (!copy) break;
        v[n++] = str_of(copy);
    }
    return (struct str_list){ v, n };
}
