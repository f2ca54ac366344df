/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sweeper.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/checkpoints.h"
#include "store/flows.h"

#define TICK_US       100000
#define TICKS_A_SWEEP 50 /* five seconds: what jobs that are over have saved, */
#define SWEEPS_A_LOOK 12 /* and each minute what is old */

struct sweeper {
    const char *conninfo;
    struct keeping keeping;
    struct sweep_terms terms;
    pthread_t thread;
    atomic_bool stopping;
};

/* A thousand at a time; more with the next sweep. */
static bool sweep_old(struct sweeper *s, struct err *err)
{
    return store_expire_flows(s->keeping.db, s->terms.flows_days, err) >= DB_NONE &&
           keeping_sweep(&s->keeping, &s->terms.blobs, err);
}

static bool sweep(struct sweeper *s, bool old_too, struct err *err)
{
    struct keeping *k = &s->keeping;

    if (k->db && !db_alive(k->db)) {
        db_close(k->db);
        k->db = NULL;
    }
    if (!k->db) k->db = db_open(s->conninfo, DB_APP, err);
    return k->db && checkpoints_sweep(k, err) && (!old_too || sweep_old(s, err));
}

static void *main_loop(void *arg)
{
    struct sweeper *s = arg;
    bool told = false;

    for (int64_t n = 0; !atomic_load(&s->stopping); n++) {
        struct err err = { 0 };
        if (n % TICKS_A_SWEEP == 0) {
            const bool ok = sweep(s, n % ((int64_t)TICKS_A_SWEEP * SWEEPS_A_LOOK) == 0, &err);
            if (!ok && !told) log_err(LOG_WARN, "sweeper.waits", &err);
            told = !ok;
        }
        clock_sleep_us(TICK_US);
    }
    return NULL;
}

struct sweeper *sweeper_start(const char *conninfo, struct blobs *blobs,
                              const struct sweep_terms *terms, struct err *err)
{
    struct sweeper *s = mem_zalloc(sizeof(*s));

    s->conninfo = conninfo;
    s->keeping.blobs = blobs;
    s->terms = *terms;
    if (pthread_create(&s->thread, NULL, main_loop, s) == 0) return s;
    FAIL(err, ERR_NO_MEMORY, "No thread for old blobs.");
    mem_free(s);
    return NULL;
}

void sweeper_stop(struct sweeper *s)
{
    if (!s) return;
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    db_close(s->keeping.db);
    mem_free(s);
}
