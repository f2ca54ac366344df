/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever holds the lock takes the next epoch, which no other writer's group gets past, and reads
 * what is committed. The keys of requests are read beside the market. */
#include "service/lead.h"

#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/flights.h"
#include "service/logfile.h"
#include "service/recover.h"
#include "service/rules.h"
#include "store/load.h"
#include "store/pipeline.h"

#define LEAD_RETRY_US 100000 /* how often a standby asks whether it may lead */
#define SLOW_FLUSH_US 1000   /* from here on overlapping the flush pays */

static void set_epoch(struct writer *w, int64_t epoch)
{
    pthread_mutex_lock(&w->lock);
    w->stats.epoch = epoch;
    pthread_mutex_unlock(&w->lock);
}

static void set_ready(struct writer *w, bool ready)
{
    pthread_mutex_lock(&w->lock);
    w->stats.ready = ready;
    if (ready) w->stats.overlapped = w->flush != NULL;
    pthread_mutex_unlock(&w->lock);
    atomic_store(&w->ready, ready);
}

static bool connect_db(struct writer *w, struct err *err)
{
    if (w->db)
        return (db_alive(w->db) && db_pipeline_end(w->db, err) &&
                db_set_durable(w->db, true, err)) ||
               db_reset(w->db, err);
    w->db = db_open(w->o.conninfo, DB_APP, err);
    return w->db != NULL;
}

static bool load_key(void *arg, const struct stored_key *k)
{
    struct writer *w = arg;
    struct key_use use = { .seq = k->seq, .at_us = k->at_us };

    memcpy(use.body.b, k->body.p, sizeof(use.body.b));
    return keys_add(w->keys, k->account, (const uint8_t *)k->key.p, &use);
}

/* The keys of requests are as many rows as the orders, and need nothing of them: they are read on a
 * connection of their own, beside the market. */
struct key_load {
    struct writer *w;
    struct err err;
    bool ok;
    int64_t took_us;
};

static void *load_keys(void *arg)
{
    struct key_load *l = arg;
    struct writer *w = l->w;
    const int64_t began = clock_monotonic_us();
    const int64_t since = (keys_window(clock_wall_us()) - 1) * (int64_t)IDEM_KEEP_S * 1000000;
    struct db *db = db_open(w->o.conninfo, DB_APP, &l->err);

    l->ok = db && store_load_keys(db, since, load_key, w, &l->err);
    db_close(db);
    l->took_us = clock_monotonic_us() - began;
    return NULL;
}

void lead_drop(struct writer *w)
{
    market_free(w->market);
    keys_free(w->keys);
    w->market = NULL;
    w->keys = NULL;
}

/* Both see what the epoch's own transaction saw, or later: nobody else writes any more. */
static bool load(struct writer *w, struct err *err)
{
    struct market_rules rules;
    const int64_t began = clock_monotonic_us();
    int64_t read_us = 0;
    struct key_load keys = { .w = w };
    pthread_t beside;

    lead_drop(w);
    w->keys = keys_new();
    if (!rules_stored(w->db, &rules, err)) return false;
    w->rules_due = !market_rules_equal(&rules, w->o.rules);
    w->market = market_new(&mem_heap, &rules, w->o.pools, w->o.pools_n);
    if (!w->market) return FAIL(err, ERR_NO_MEMORY, "No memory for the market.");
    if (pthread_create(&beside, NULL, load_keys, &keys) != 0)
        return FAIL(err, ERR_NO_MEMORY, "No thread to load keys.");
    const bool ok = store_load_market(w->db, w->market, &read_us, err);
    const int64_t market_us = clock_monotonic_us() - began;
    pthread_join(beside, NULL);
    if (ok && !keys.ok) *err = keys.err;
    if (!ok || !keys.ok) return false;
    LOG(LOG_INFO, "market.loaded", LOG_I64("us", clock_monotonic_us() - began),
        LOG_I64("market_us", market_us), LOG_I64("read_us", read_us),
        LOG_I64("keys_us", keys.took_us), LOG_I64("keys", (int64_t)keys_count(w->keys)));
    return true;
}

void lead_log(const struct writer *w, const char *event, int64_t epoch)
{
    char hash[17];

    hash_text(market_hash(w->market), hash);
    LOG(LOG_INFO, event, LOG_I64("epoch", epoch), LOG_I64("last_seq", market_last_seq(w->market)),
        LOG_C("state_hash", hash));
}

/* Overlapping costs a connection and lets memory run further ahead, so it is for slow disks. */
static bool choose_flush(struct writer *w, struct err *err)
{
    int64_t us = 0;

    flush_close(w->flush);
    w->flush = NULL;
    if (w->o.overlap == OVERLAP_OFF) return true;
    if (!(w->flush = flush_open(w->o.conninfo, err)) || !flush_measure(w->flush, &us, err))
        return false;
    const bool overlap = w->o.overlap == OVERLAP_ON || us > SLOW_FLUSH_US;
    LOG(LOG_INFO, "market.flush", LOG_I64("us", us), LOG_I64("overlapped", overlap));
    if (overlap) return db_set_durable(w->db, false, err);
    flush_close(w->flush);
    w->flush = NULL;
    return true;
}

/* The rules that the operator gave become those of the market by a command, before anything else:
 * so whoever replays the log has them too. Whatever is being recovered waits. */
static bool set_rules(struct writer *w, struct err *err)
{
    if (!w->rules_due) return true;
    (void)flights_next(w);
    if (flights_launch(w, err) && flights_finish(w, err)) return true;
    (void)recover_give_up(w);
    return false;
}

/* Lead if nobody else does. False without an error: somebody else does. What the last epoch has
 * committed is on disk before this one begins, as taking the epoch waits for the disk. */
static bool try_lead(struct writer *w, struct err *err)
{
    bool locked = false;
    int64_t epoch = 0;

    if (!connect_db(w, err) || !store_leader_lock(w->db, &locked, err) || !locked) return false;
    if (!store_leader_take(w->db, w->o.name, &epoch, err) || !load(w, err)) return false;
    if (!choose_flush(w, err)) return false;
    market_grant_amnesty(w->market, clock_wall_us() + w->o.amnesty_us);
    w->lost = false;
    set_epoch(w, epoch);
    if (!set_rules(w, err)) return false;
    w->depth_at_us = 0;
    w->depth_stale = true;
    w->depth_waits = false;
    if (!w->has_led && w->o.led) w->o.led(w->o.led_arg);
    w->has_led = true;
    set_ready(w, true);
    lead_log(w, "market.ready", epoch);
    return true;
}

/* Until it leads, is stopped, or it is `until`. */
bool lead_until(struct writer *w, int64_t until)
{
    bool told = false;

    set_ready(w, false);
    while (!writer_is_stopping(w)) {
        struct err err = { 0 };
        if (try_lead(w, &err)) return true;
        if (err.code != ERR_NONE && !told) log_err(LOG_WARN, "market.cannot-lead", &err);
        told = told || err.code != ERR_NONE;
        if (clock_monotonic_us() > until) return false;
        clock_sleep_us(LEAD_RETRY_US);
    }
    return false;
}
