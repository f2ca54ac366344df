/* SPDX-License-Identifier: Apache-2.0 */
#include "service/reaper.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/load.h"

#define TICK_US          100000
#define TICKS_A_LIVENESS 10
#define TICKS_A_NOTE     600    /* a minute */
#define NOTE_STEP        100000 /* so many commands are read in no time at a start */

struct reaper {
    const char *conninfo;
    struct liveness *liveness;
    pthread_t thread;
    atomic_bool stopping;
    struct db *db;
    bool told;
};

static bool look_for_silence(struct reaper *r, struct err *err)
{
    if (r->db && !db_alive(r->db)) {
        db_close(r->db);
        r->db = NULL;
    }
    if (!r->db) r->db = db_open(r->conninfo, DB_APP, err);
    return r->db && liveness_tick(r->liveness, r->db, clock_wall_us(), err);
}

static void *main_loop(void *arg)
{
    struct reaper *r = arg;

    for (int64_t n = 0; !atomic_load(&r->stopping); n++) {
        struct err err = { 0 };
        if (n % TICKS_A_LIVENESS == 0) {
            const bool ok = look_for_silence(r, &err);
            if (!ok && !r->told) log_err(LOG_WARN, "reaper.database", &err);
            r->told = !ok;
        }
        if (n % TICKS_A_NOTE == TICKS_A_NOTE - 1 && r->db && db_alive(r->db) &&
            !store_note_open(r->db, NOTE_STEP, &err))
            log_err(LOG_WARN, "reaper.open-note", &err);
        clock_sleep_us(TICK_US);
    }
    return NULL;
}

struct reaper *reaper_start(const char *conninfo, struct liveness *l, struct err *err)
{
    struct reaper *r = mem_zalloc(sizeof(*r));

    r->conninfo = conninfo;
    r->liveness = l;
    if (pthread_create(&r->thread, NULL, main_loop, r) == 0) return r;
    FAIL(err, ERR_NO_MEMORY, "No thread for time-outs.");
    mem_free(r);
    return NULL;
}

void reaper_stop(struct reaper *r)
{
    if (!r) return;
    atomic_store(&r->stopping, true);
    pthread_join(r->thread, NULL);
    db_close(r->db);
    mem_free(r);
}
