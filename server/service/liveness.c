/* SPDX-License-Identifier: Apache-2.0 */
/* Silence is counted only while we could hear: after a start, after a time without the market, and
 * after a gap between two looks (a paused machine, a clock that jumped) it begins anew, so that our
 * own outage never costs a provider his leases. */
#include "service/liveness.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "service/payload.h"
#include "store/seen.h"

#define SECOND         1000000
#define GAP_US         (INT64_C(10) * SECOND) /* between two looks: longer, and we were not there */
#define GAP_PARTS      2 /* of short leases: half of one, as a heartbeat may come late as well */
#define STORE_US       (INT64_C(10) * SECOND) /* how often times go to the database */
#define NODES_AT_ONCE  64
#define ORDERS_AT_ONCE 1024 /* a quarter of the market's queue, so that others still get in */
#define BATCH_MEMORY   ((size_t)64 << 20) /* far more than so many need */
#define ROW_BYTES      16                 /* of one value in an array, with room to spare */
#define WAIT_US        1000

struct heard {
    int64_t node, at_us;
    bool fresh;  /* its time is not stored yet */
    bool known;  /* at_us is a time when it was heard of */
    bool silent; /* its leases and asks were taken already */
};

/* Commands on their way because of silence. */
struct batch {
    struct arena arena;
    struct order *asks, *leases;
    atomic_size_t left;
    int64_t nodes[NODES_AT_ONCE];
    size_t nodes_n;
    bool full;   /* the next node does not fit */
    bool partly; /* the only one does not fit either: some of it */
};

struct order {
    struct submission s;
    struct batch *batch;
    struct order *next;
};

struct liveness {
    const struct market_info *info;
    struct writer *writer;
    pthread_mutex_t lock; /* guards: v, n, cap */
    struct heard *v;      /* sorted by node */
    size_t n, cap;

    /* The reaper thread's own. */
    int64_t looked_us, amnesty_until_us, stored_us;
    int64_t reaped; /* the last node of the last batch */
    bool seeded;
    struct batch *batch;
};

struct liveness *liveness_new(const struct market_info *info, struct writer *w)
{
    struct liveness *l = mem_zalloc(sizeof(*l));

    l->info = info;
    l->writer = w;
    pthread_mutex_init(&l->lock, NULL);
    return l;
}

static void batch_free(struct batch *b)
{
    arena_done(&b->arena);
    mem_free(b);
}

void liveness_free(struct liveness *l)
{
    if (!l) return;
    while (l->batch && atomic_load(&l->batch->left) > 0)
        clock_sleep_us(WAIT_US);
    if (l->batch) batch_free(l->batch);
    pthread_mutex_destroy(&l->lock);
    mem_free(l->v);
    mem_free(l);
}

/* ---- who was heard of ---- */

/* Where the node is, or would be. Under the lock. */
static size_t place_of(const struct liveness *l, int64_t node)
{
    size_t low = 0, high = l->n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (l->v[mid].node < node)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct heard *find(const struct liveness *l, int64_t node)
{
    const size_t i = place_of(l, node);

    return i < l->n && l->v[i].node == node ? &l->v[i] : NULL;
}

static bool reserve(struct liveness *l)
{
    if (l->n < l->cap) return true;
    const size_t cap = l->cap ? 2 * l->cap : 64;
    struct heard *v = mem_heap.resize(mem_heap.arg, l->v, cap * sizeof(*v));
    if (!v) return false;
    l->v = v;
    l->cap = cap;
    return true;
}

/* The node's entry, made if need be. NULL: no memory; then its next word is counted. */
static struct heard *find_or_add(struct liveness *l, int64_t node, int64_t now_us)
{
    struct heard *h = find(l, node);

    if (h || !reserve(l)) return h;
    const size_t i = place_of(l, node);
    memmove(&l->v[i + 1], &l->v[i], (l->n - i) * sizeof(*l->v));
    l->v[i] = (struct heard){ .node = node, .at_us = now_us };
    l->n++;
    return &l->v[i];
}

void liveness_heard(struct liveness *l, int64_t node, int64_t now_us)
{
    pthread_mutex_lock(&l->lock);
    struct heard *h = find_or_add(l, node, now_us);
    if (h) *h = (struct heard){ node, now_us, .fresh = true, .known = true };
    pthread_mutex_unlock(&l->lock);
}

void liveness_watch(struct liveness *l, int64_t node, int64_t now_us)
{
    pthread_mutex_lock(&l->lock);
    struct heard *h = find_or_add(l, node, now_us);
    if (h) h->silent = false;
    pthread_mutex_unlock(&l->lock);
}

int64_t liveness_last(struct liveness *l, int64_t node)
{
    pthread_mutex_lock(&l->lock);
    const struct heard *h = find(l, node);
    const int64_t at = h && h->known ? h->at_us : 0;
    pthread_mutex_unlock(&l->lock);
    return at;
}

/* ---- amnesty ---- */

static int64_t patience_us(const struct liveness *l)
{
    return (int64_t)l->info->lease_seconds * SECOND;
}

static int64_t gap_us(const struct liveness *l)
{
    return patience_us(l) / GAP_PARTS < GAP_US ? patience_us(l) / GAP_PARTS : GAP_US;
}

static bool could_hear(const struct liveness *l, int64_t now_us)
{
    return writer_ready(l->writer) && l->looked_us != 0 && now_us >= l->looked_us &&
           now_us - l->looked_us <= gap_us(l);
}

/* A clock that was set back leaves times of the future behind: they are now. */
static void begin_amnesty(struct liveness *l, int64_t now_us)
{
    l->amnesty_until_us = now_us + patience_us(l);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].at_us > now_us) l->v[i].at_us = now_us;
    pthread_mutex_unlock(&l->lock);
}

/* Nodes that were here before the start must be missed too. */
static bool seed(struct liveness *l, struct db *db, int64_t now_us, struct err *err)
{
    struct arena a;
    int64_t *nodes = NULL;
    size_t n = 0;

    if (l->seeded) return true;
    arena_init(&a, BATCH_MEMORY);
    l->seeded = store_list_nodes_known(db, &a, &nodes, &n, err);
    for (size_t i = 0; i < n; i++)
        liveness_watch(l, nodes[i], now_us);
    arena_done(&a);
    return l->seeded;
}

/* ---- storing ---- */

static size_t take_fresh(struct liveness *l, struct sql_array *nodes, struct sql_array *times)
{
    size_t taken = 0;

    pthread_mutex_lock(&l->lock);
    array_init(nodes, ELEMENT_I64, (l->n + 4) * ROW_BYTES);
    array_init(times, ELEMENT_TIME, (l->n + 4) * ROW_BYTES);
    for (size_t i = 0; i < l->n; i++) {
        if (!l->v[i].fresh) continue;
        array_i64(nodes, l->v[i].node);
        array_time(times, l->v[i].at_us);
        l->v[i].fresh = false; /* if storing fails, its next word is stored */
        taken++;
    }
    pthread_mutex_unlock(&l->lock);
    return taken;
}

static bool store_times(struct liveness *l, struct db *db, int64_t now_us, struct err *err)
{
    struct sql_array nodes, times;

    if (now_us - l->stored_us < STORE_US && now_us >= l->stored_us) return true;
    l->stored_us = now_us;
    const size_t n = take_fresh(l, &nodes, &times);
    const bool ok = n == 0 || store_note_nodes_seen(db, &nodes, &times, err);
    array_done(&nodes);
    array_done(&times);
    return ok;
}

/* ---- silence ---- */

/* Some of them, each time those that come behind the last ones. */
static size_t silent_nodes(struct liveness *l, int64_t now_us, int64_t out[NODES_AT_ONCE])
{
    size_t n = 0;

    pthread_mutex_lock(&l->lock);
    const size_t first = place_of(l, l->reaped + 1);
    for (size_t i = 0; i < l->n && n < NODES_AT_ONCE; i++) {
        const struct heard *h = &l->v[(first + i) % l->n];
        if (!h->silent && h->at_us < now_us - patience_us(l)) out[n++] = h->node;
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}

static void one_done(void *arg)
{
    struct order *o = arg;

    atomic_fetch_sub(&o->batch->left, 1);
}

static bool add_order(struct batch *b, struct order **list, const struct command *c,
                      struct err *err)
{
    struct order *o = arena_alloc(&b->arena, sizeof(*o));

    if (!o) return FAIL(err, ERR_NO_MEMORY, "No memory for the leases of silent nodes.");
    o->s = (struct submission){ .command = *c, .arena = &b->arena, .done = one_done, .arg = o };
    o->s.payload = payload_make(c, NULL, &b->arena);
    if (!o->s.payload.p)
        return FAIL(err, ERR_NO_MEMORY, "No memory for the leases of silent nodes.");
    o->batch = b;
    o->next = *list;
    *list = o;
    atomic_fetch_add(&b->left, 1);
    return true;
}

static bool add_leases(struct batch *b, const struct held_row *rows, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct command c = {
            .account = ACCOUNT_WORLD,
            .kind = COMMAND_LEASE_LOST,
            .u.lease = { .lease = rows[i].lease,
                         .epoch = (int32_t)rows[i].epoch,
                         .reason = REASON_NODE_LOST },
        };
        if (!add_order(b, &b->leases, &c, err)) return false;
    }
    return true;
}

static bool add_asks(struct batch *b, const int64_t *asks, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct command c = {
            .account = ACCOUNT_WORLD,
            .kind = COMMAND_CANCEL_ASK,
            .u.order = { .order = asks[i] },
        };
        if (!add_order(b, &b->asks, &c, err)) return false;
    }
    return true;
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* All that the node has. If it does not fit: nothing, and another batch begins with it; in a batch
 * of its own: what fits, asks before leases, and the next look goes on. */
static bool add_node(struct batch *b, struct db *db, int64_t node, struct err *err)
{
    const size_t room = ORDERS_AT_ONCE - atomic_load(&b->left);
    const int64_t limit = ORDERS_AT_ONCE + 1;
    int64_t *asks = NULL;
    struct held_row *leases = NULL;
    size_t asks_n = 0, leases_n = 0;

    if (!store_list_asks_of_silent(db, node, limit, &b->arena, &asks, &asks_n, err) ||
        !store_list_leases_of_silent(db, node, limit, &b->arena, &leases, &leases_n, err))
        return false;
    b->full = asks_n + leases_n > room;
    if (b->full && b->nodes_n > 0) return true;
    asks_n = at_most(asks_n, room);
    leases_n = at_most(leases_n, room - asks_n);
    b->partly = b->full;
    b->nodes[b->nodes_n++] = node;
    return add_asks(b, asks, asks_n, err) && add_leases(b, leases, leases_n, err);
}

static void submit_list(struct liveness *l, struct order *first)
{
    for (struct order *o = first, *next; o; o = next) {
        next = o->next;
        writer_submit(l->writer, &o->s);
    }
}

/* Asks first in line: what a lost lease's job tries again must not meet the silent node's other
 * asks. */
static bool reap(struct liveness *l, struct db *db, int64_t now_us, struct err *err)
{
    int64_t nodes[NODES_AT_ONCE];
    const size_t n = silent_nodes(l, now_us, nodes);
    bool ok = true;

    if (n == 0) return true;
    struct batch *b = mem_zalloc(sizeof(*b));
    arena_init(&b->arena, BATCH_MEMORY);
    atomic_init(&b->left, 0);
    for (size_t i = 0; i < n && ok && !b->full; i++)
        ok = add_node(b, db, nodes[i], err);
    l->reaped = b->nodes_n > 0 ? b->nodes[b->nodes_n - 1] : nodes[0]; /* also when it failed */
    if (!ok) {
        batch_free(b);
        return false;
    }
    l->batch = b;
    submit_list(l, b->asks);
    submit_list(l, b->leases);
    return true;
}

static bool were_taken(const struct order *first)
{
    for (const struct order *o = first; o; o = o->next)
        if (o->s.result != SUBMIT_DONE && o->s.result != SUBMIT_REFUSED) return false;
    return true;
}

/* What was on its way has come back: if the market was busy, the next look tries again. */
static void collect(struct liveness *l)
{
    struct batch *b = l->batch;

    if (!b || atomic_load(&b->left) > 0) return;
    const bool taken = !b->partly && were_taken(b->asks) && were_taken(b->leases);
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < b->nodes_n && taken; i++) {
        struct heard *h = find(l, b->nodes[i]);
        if (h && !h->fresh) h->silent = true;
    }
    pthread_mutex_unlock(&l->lock);
    batch_free(b);
    l->batch = NULL;
}

bool liveness_tick(struct liveness *l, struct db *db, int64_t now_us, struct err *err)
{
    collect(l);
    if (!could_hear(l, now_us)) begin_amnesty(l, now_us);
    l->looked_us = now_us;
    if (!seed(l, db, now_us, err) || !store_times(l, db, now_us, err)) return false;
    if (now_us < l->amnesty_until_us || l->batch) return true;
    return reap(l, db, now_us, err);
}
