/* SPDX-License-Identifier: Apache-2.0 */
/* The index, every five minutes, and with it the hours of the tape that are over. A point once
 * published stays: if two servers meet at one, both tell the one that was first. */
#include "service/feed_inside.h"
#include "store/index_points.h"

#define DELIVERIES_MAX   200000 /* leases of a day and pool; beyond it the newest count */
#define DELIVERIES_BYTES (64 << 20)
#define SETTLE_US        1500000 /* so long after the start the books have been looked at */

static bool compute_from(const struct delivery_row *rows, size_t n, struct arena *a,
                         struct price_index *out, struct err *err)
{
    struct delivery *d = arena_alloc(a, (n + 1) * sizeof(*d));
    struct delivery_weight *scratch = arena_alloc(a, (n + 1) * sizeof(*scratch));

    if (!d || !scratch) return FAIL(err, ERR_NO_MEMORY, "No memory for the index.");
    for (size_t i = 0; i < n; i++)
        d[i] = (struct delivery){ rows[i].buyer, rows[i].provider, rows[i].price,
                                  rows[i].units, rows[i].seconds,  rows[i].term_seconds };
    price_index_compute(d, n, scratch, out);
    return true;
}

static bool compute(struct db *db, int64_t pool, struct price_index *out, struct err *err)
{
    const struct index_query q = { pool, out->at_us - INDEX_WINDOW_US, out->at_us, DELIVERIES_MAX };
    struct arena a;
    struct delivery_row *rows = NULL;
    size_t n = 0;

    arena_init(&a, DELIVERIES_BYTES);
    const enum db_rc rc = store_deliveries(db, &q, &a, &rows, &n, err);
    const bool ok = (rc == DB_ONE || rc == DB_NONE) && compute_from(rows, n, &a, out, err);
    arena_done(&a);
    return ok;
}

static struct index_row row_of(const struct price_index *i)
{
    return (struct index_row){ i->at_us,  i->value,     i->low,          i->high, i->leases,
                               i->buyers, i->providers, i->unit_seconds, i->stale };
}

static struct price_index index_of(const struct index_row *r)
{
    return (struct price_index){ r->at_us,  r->value,     r->low,          r->high, r->leases,
                                 r->buyers, r->providers, r->unit_seconds, r->stale };
}

/* Write it down and take what then stands there. */
static bool publish(struct db *db, int64_t pool, struct price_index *i, struct err *err)
{
    const struct index_row row = row_of(i);
    const struct index_query q = { pool, i->at_us, i->at_us + 1, 0 };
    struct arena a;
    struct index_row *rows = NULL;
    size_t n = 0;

    if (!store_index_add(db, pool, &row, err)) return false;
    arena_init(&a, 4096);
    const enum db_rc rc = store_index_points(db, &q, &a, &rows, &n, err);
    if (rc == DB_ONE) *i = index_of(&rows[0]);
    arena_done(&a);
    return rc == DB_ONE || rc == DB_NONE;
}

static bool one_pool(struct feed *f, struct feed_pool *p, int64_t at_us, struct err *err)
{
    struct price_index i = { .at_us = at_us };

    if (!store_candles_roll(f->db, p->pool->number, err)) return false;
    if (!compute(f->db, p->pool->number, &i, err)) return false;
    pthread_mutex_lock(&f->lock);
    if (i.stale) i.value = price_between(&p->depth.asks, &p->depth.bids);
    pthread_mutex_unlock(&f->lock);
    if (!publish(f->db, p->pool->number, &i, err)) return false;
    pthread_mutex_lock(&f->lock);
    p->index = i;
    p->changed = true;
    pthread_mutex_unlock(&f->lock);
    return true;
}

bool feed_index(struct feed *f, int64_t now_us, struct err *err)
{
    const int64_t at_us = candle_start(now_us, INDEX_STEP_US);

    if (!writer_ready(f->o.writer)) return true;
    if (f->ready_us == 0) f->ready_us = now_us;
    if (at_us == f->index_at_us || now_us - f->ready_us < SETTLE_US) return true;
    for (size_t i = 0; i < f->o.info->pools_n; i++)
        if (!one_pool(f, &f->pools[i], at_us, err)) return false;
    f->index_at_us = at_us;
    return true;
}
