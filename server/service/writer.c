/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one connection, one loop:
 *
 *        queue ──▶ take what waits ──▶ apply in memory ──▶ one transaction ──▶ answer all
 *                        ▲   clock commands that are due ──┘        │
 *                        └───────────── rebuild from PostgreSQL ◀───┘ failed
 *
 * Nothing is answered before it is durable, a refusal included: the refusal may rest on commands of
 * the same group. */
#include "service/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "service/keys.h"
#include "service/payload.h"
#include "store/group.h"
#include "store/load.h"

#define LEAD_RETRY_US   100000   /* how often a standby asks whether it may lead */
#define PATIENCE_US     15000000 /* how long a group waits for the database to come back */
#define DEPTH_AGE_US    100000
#define DEPTH_ORDERS    20000 /* looked at for one side's depth: a millisecond */
#define CLOCK_ARENA_MAX (1 << 20)
#define KEYS_BYTES_MAX  (4ll << 30)
#define IDLE_US         1000000

/* What a group tells the hub once it is durable: its bids and the nodes of its leases and asks. */
struct topics {
    struct topic *v;
    size_t n, cap;
};

struct writer {
    struct writer_options o;
    pthread_t thread;

    atomic_bool ready;

    pthread_mutex_t lock; /* guards: the queue, stopping, stats, depth */
    pthread_cond_t arrived;
    struct submission *first, **last;
    int64_t queued;
    bool stopping;
    struct writer_stats stats;
    struct depth *depths; /* one a pool, in the order of o.pools */

    /* The thread's own. */
    struct db *db;
    struct market *market;
    struct keys *keys;
    struct group *group;
    struct topics topics;
    int64_t depth_at_us; /* when the depth was looked at last, */
    bool depth_stale;    /* and whether anything has happened since */
    struct depth *depths_next;
    struct submission *items[GROUP_MAX];
    size_t items_n;
    struct submission clock[GROUP_MAX];
    size_t clock_n;
    struct arena clock_arena;
    bool has_led;
    bool lost; /* memory is not to be trusted: rebuild before the next group */
};

/* ---- leading and loading ---- */

static void set_ready(struct writer *w, bool ready, int64_t epoch)
{
    pthread_mutex_lock(&w->lock);
    w->stats.ready = ready;
    if (ready) w->stats.epoch = epoch;
    pthread_mutex_unlock(&w->lock);
    atomic_store(&w->ready, ready);
}

static bool is_stopping(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
}

static bool connect_db(struct writer *w, struct err *err)
{
    if (w->db) return db_alive(w->db) || db_reset(w->db, err);
    w->db = db_open(w->o.conninfo, DB_APP, err);
    return w->db != NULL;
}

static bool load_keys(struct writer *w, struct err *err)
{
    struct arena a;
    struct stored_key *rows = NULL;
    size_t n = 0;
    const int64_t since = (keys_window(clock_wall_us()) - 1) * (int64_t)IDEM_KEEP_S * 1000000;

    arena_init(&a, KEYS_BYTES_MAX);
    bool ok = store_load_keys(w->db, since, &a, &rows, &n, err);
    for (size_t i = 0; i < n && ok; i++) {
        struct key_use use = { .seq = rows[i].seq, .at_us = rows[i].at_us };
        memcpy(use.body.b, rows[i].body.p, sizeof(use.body.b));
        if (!keys_add(w->keys, rows[i].account, (const uint8_t *)rows[i].key.p, &use))
            ok = FAIL(err, ERR_NO_MEMORY, "No memory for the keys of requests.");
    }
    arena_done(&a);
    return ok;
}

static void drop_memory(struct writer *w)
{
    market_free(w->market);
    keys_free(w->keys);
    w->market = NULL;
    w->keys = NULL;
}

static bool load(struct writer *w, struct err *err)
{
    drop_memory(w);
    w->keys = keys_new();
    w->market = market_new(&mem_heap, w->o.rules, w->o.pools, w->o.pools_n);
    if (!w->market) return FAIL(err, ERR_NO_MEMORY, "No memory for the market.");
    return store_load_market(w->db, w->market, err) && load_keys(w, err);
}

/* Lead if nobody else does. False without an error: somebody else does. */
static bool try_lead(struct writer *w, struct err *err)
{
    bool locked = false;
    int64_t epoch = 0;

    if (!connect_db(w, err) || !store_leader_lock(w->db, &locked, err) || !locked) return false;
    if (!store_leader_take(w->db, w->o.name, &epoch, err) || !load(w, err)) return false;
    w->lost = false;
    w->depth_at_us = 0;
    w->depth_stale = true;
    if (!w->has_led && w->o.led) w->o.led(w->o.led_arg);
    w->has_led = true;
    set_ready(w, true, epoch);
    LOG(LOG_INFO, "market.ready", LOG_I64("epoch", epoch),
        LOG_I64("last_seq", market_last_seq(w->market)));
    return true;
}

/* Until it leads, is stopped, or it is `until`. */
static bool lead(struct writer *w, int64_t until)
{
    bool told = false;

    set_ready(w, false, 0);
    while (!is_stopping(w)) {
        struct err err = { 0 };
        if (try_lead(w, &err)) return true;
        if (err.code != ERR_NONE && !told) log_err(LOG_WARN, "market.cannot-lead", &err);
        told = told || err.code != ERR_NONE;
        if (clock_monotonic_us() > until) return false;
        clock_sleep_us(LEAD_RETRY_US);
    }
    return false;
}

/* ---- applying one command ---- */

/* Does a repeated request make a second thing? Then it must have a key. */
static bool must_be_keyed(const struct command *c)
{
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_CREDIT:
    case COMMAND_PLACE_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_REQUEST_PAYOUT: return true;
    case COMMAND_PUT_NODE: return c->u.put_node.node == 0;
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: return false;
    }
    return true;
}

static int status_of(const struct command *c)
{
    return must_be_keyed(c) ? 201 : 200;
}

/* Copy the object that the command is about. It may be over and out of sight: then the zeros stay.
 */
#define COPY(field, object)                                                                        \
    do {                                                                                           \
        const __typeof__(s->now.field) *o_ = (object);                                             \
        if (o_) s->now.field = *o_;                                                                \
    } while (0)

static void copy_now(struct writer *w, struct submission *s)
{
    const struct command *c = &s->command;
    struct market *m = w->market;

    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: COPY(balance, market_balance(m, c->seq)); break;
    case COMMAND_CREDIT: COPY(balance, market_balance(m, c->u.credit.account)); break;
    case COMMAND_PUT_NODE:
        COPY(node, market_node(m, c->u.put_node.node ? c->u.put_node.node : c->seq));
        break;
    case COMMAND_PLACE_ASK: COPY(ask, market_ask(m, c->seq)); break;
    case COMMAND_AMEND_ASK: COPY(ask, market_ask(m, c->u.amend_ask.ask)); break;
    case COMMAND_CANCEL_ASK: COPY(ask, market_ask(m, c->u.order.order)); break;
    case COMMAND_SUBMIT_JOB: COPY(bid, market_bid(m, c->seq)); break;
    case COMMAND_AMEND_BID: COPY(bid, market_bid(m, c->u.amend_bid.bid)); break;
    case COMMAND_CANCEL_JOB:
    case COMMAND_EXPIRE_ORDER: COPY(bid, market_bid(m, c->u.order.order)); break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT: COPY(lease, market_lease(m, c->u.lease.lease)); break;
    case COMMAND_REQUEST_PAYOUT: COPY(payout, market_payout(m, c->seq)); break;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: COPY(payout, market_payout(m, c->u.payout.payout)); break;
    }
}
#undef COPY

/* No memory for them is this caller's misfortune alone: what he asked for is done, and a repetition
 * with his key finds it. */
static void copy_trades(struct writer *w, struct submission *s)
{
    const size_t n = (size_t)s->outcome.trades_n;

    s->trades = NULL;
    s->trades_n = 0;
    if (n == 0) return;
    s->trades = arena_alloc(s->arena, n * sizeof(*s->trades));
    if (!s->trades) {
        s->result = SUBMIT_FAILED;
        FAIL(&s->err, ERR_NO_MEMORY, "It was done, but there was no memory for the answer.");
        return;
    }
    memcpy(s->trades, market_trades(w->market) + s->outcome.trades_first, n * sizeof(*s->trades));
    s->trades_n = n;
}

/* Was this asked before? True: the submission has its result. */
static bool replayed(struct writer *w, struct submission *s, int64_t now_us)
{
    const struct key_use *use;

    if (!s->keyed) return false;
    use = keys_find(w->keys, s->command.account, s->key, now_us);
    if (!use) return false;
    s->command.seq = use->seq;
    s->command.at_us = use->at_us;
    s->result = memcmp(use->body.b, s->body.b, sizeof(s->body.b)) == 0 ? SUBMIT_REPLAYED
                                                                       : SUBMIT_KEY_REUSED;
    return true;
}

/* The stored key: the client's in its window, or for commands without one their number. */
static void stored_key(const struct submission *s, uint8_t out[16])
{
    if (s->keyed) {
        keys_store_form(s->key, keys_window(s->command.at_us), out);
        return;
    }
    memset(out, 0, 8);
    for (int i = 0; i < 8; i++)
        out[8 + i] = (uint8_t)((uint64_t)s->command.seq >> (56 - 8 * i));
}

static void record(struct writer *w, struct submission *s)
{
    const struct key_use use = { s->command.seq, s->command.at_us, s->body };
    struct group_command row = {
        .command = &s->command,
        .body = s->keyed ? (struct str){ (const char *)s->body.b, sizeof(s->body.b) } : STR(""),
        .status = status_of(&s->command),
        .leaf = payload_leaf(&s->command, s->payload, w->o.log_key),
        .payload = s->payload,
        .outcome = &s->outcome,
    };

    stored_key(s, row.key);
    if (s->keyed && !keys_add(w->keys, s->command.account, row.key, &use)) w->lost = true;
    group_add_command(w->group, &row);
}

static void process(struct writer *w, struct submission *s)
{
    const int64_t now = clock_wall_us(), last = market_last_us(w->market);

    assert(s->keyed || !must_be_keyed(&s->command));
    s->command.at_us = now > last ? now : last;
    if (replayed(w, s, s->command.at_us)) return;
    s->command.seq = market_last_seq(w->market) + 1;
    market_apply(w->market, &s->command, &s->outcome);
    if (s->outcome.refused != ERR_NONE) {
        s->result = SUBMIT_REFUSED;
        return;
    }
    s->result = SUBMIT_DONE;
    copy_now(w, s);
    record(w, s);
    if (s->done) copy_trades(w, s); /* nobody reads those of a clock command */
}

/* ---- clock commands ---- */

static bool process_clock(struct writer *w)
{
    int64_t next = 0;
    struct submission *s = &w->clock[w->clock_n];

    *s = (struct submission){ .arena = &w->clock_arena };
    if (!market_due(w->market, clock_wall_us(), &s->command, &next)) return false;
    s->payload = payload_make(&s->command, NULL, &w->clock_arena);
    if (!s->payload.p) return false;
    process(w, s);
    if (s->result == SUBMIT_REFUSED) { /* would come again for ever */
        LOG(LOG_ERROR, "market.clock-refused", LOG_C("kind", command_names[s->command.kind]),
            LOG_C("why", s->outcome.why));
        assert(false && "a due command was refused");
    }
    w->clock_n++;
    return true;
}

static int64_t next_due_us(struct writer *w)
{
    struct command ignored;
    int64_t next = INT64_MAX;

    if (market_due(w->market, clock_wall_us(), &ignored, &next)) return 0;
    return next;
}

/* ---- one group ---- */

static void note_topic(struct topics *t, enum topic_kind kind, int64_t number)
{
    if (t->n == t->cap) {
        const size_t cap = t->cap ? 2 * t->cap : 256;
        struct topic *v = mem_heap.resize(mem_heap.arg, t->v, cap * sizeof(*v));
        if (!v) return; /* a hint is lost: waiters look again when their time is up */
        t->v = v;
        t->cap = cap;
    }
    t->v[t->n++] = (struct topic){ kind, number };
}

static void note_topics(struct writer *w, const struct touched *t)
{
    w->topics.n = 0;
    for (size_t i = 0; i < t->bids_n; i++)
        note_topic(&w->topics, TOPIC_JOB, t->bids[i]->bid);
    for (size_t i = 0; i < t->leases_n; i++) {
        note_topic(&w->topics, TOPIC_JOB, t->leases[i]->bid);
        note_topic(&w->topics, TOPIC_NODE, t->leases[i]->node);
    }
    for (size_t i = 0; i < t->asks_n; i++)
        note_topic(&w->topics, TOPIC_NODE, t->asks[i]->spec.node);
    note_topic(&w->topics, TOPIC_COMMANDS, 0);
}

static void apply_all(struct writer *w)
{
    group_clear(w->group);
    arena_done(&w->clock_arena);
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    w->clock_n = 0;
    for (size_t i = 0; i < w->items_n; i++)
        process(w, w->items[i]);
    while (w->items_n + w->clock_n < GROUP_MAX && process_clock(w)) {
    }
}

/* Apply and commit. False: nothing is answered, memory is lost. */
static bool run_group(struct writer *w, struct err *err)
{
    struct touched t;
    const int64_t before = market_last_seq(w->market);

    apply_all(w);
    const int64_t after = market_last_seq(w->market);
    if (w->lost) return FAIL(err, ERR_NO_MEMORY, "No memory for the group.");
    if (after == before) return true;
    market_touched(w->market, &t);
    group_add_touched(w->group, &t, after);
    note_topics(w, &t);
    if (group_commit(w->group, w->db, w->stats.epoch, err) != DB_ONE) {
        w->lost = true;
        return false;
    }
    market_settle_group(w->market);
    return true;
}

static void count(struct writer *w, int64_t commands, int64_t took_us)
{
    pthread_mutex_lock(&w->lock);
    struct writer_stats *s = &w->stats;
    s->last_seq = market_last_seq(w->market);
    s->commands += commands;
    s->groups += commands > 0;
    s->group_us_total += commands > 0 ? took_us : 0;
    for (size_t i = 0; i < w->items_n; i++) {
        s->refused += w->items[i]->result == SUBMIT_REFUSED;
        s->replayed += w->items[i]->result == SUBMIT_REPLAYED;
    }
    pthread_mutex_unlock(&w->lock);
}

static void answer_all(struct writer *w)
{
    for (size_t i = 0; i < w->items_n; i++)
        w->items[i]->done(w->items[i]->arg); /* from here on it is the caller's again */
    w->items_n = 0;
    for (size_t i = 0; i < w->topics.n; i++)
        hub_notify(w->o.hub, w->topics.v[i]);
    w->topics.n = 0;
}

static void answer_failed(struct writer *w, const struct err *err)
{
    for (size_t i = 0; i < w->items_n; i++) {
        w->items[i]->result = SUBMIT_FAILED;
        w->items[i]->err = *err;
    }
    w->topics.n = 0;
    answer_all(w);
}

static void answer_busy(struct submission *s)
{
    s->result = SUBMIT_BUSY;
    s->done(s->arg);
}

/* What is queued when nobody here may lead is not kept waiting: nothing of it was written. */
static void answer_queued(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct submission *s = w->first;
    w->first = NULL;
    w->last = &w->first;
    w->queued = 0;
    pthread_mutex_unlock(&w->lock);
    while (s) {
        struct submission *next = s->next;
        answer_busy(s);
        s = next;
    }
}

/* A group that failed is tried once more, then its commands one by one, each on a rebuilt market: a
 * command that cannot be stored must not fail its neighbours. */
static void recover(struct writer *w, struct err *err)
{
    struct submission *items[GROUP_MAX];
    const size_t n = w->items_n;

    log_err(LOG_ERROR, "market.group-failed", err);
    pthread_mutex_lock(&w->lock);
    w->stats.failed_groups++;
    pthread_mutex_unlock(&w->lock);
    const int64_t until = clock_monotonic_us() + PATIENCE_US;
    if (err->code != ERR_NO_MEMORY)
        FAIL(err, ERR_OUTCOME_UNKNOWN, "The database was lost while this was being written.");
    if (!lead(w, until)) {
        answer_failed(w, err);
        answer_queued(w);
        return;
    }
    struct err again = { 0 };
    if (run_group(w, &again)) {
        answer_all(w);
        return;
    }
    for (size_t i = 0; i < n; i++)
        items[i] = w->items[i];
    for (size_t i = 0; i < n; i++) {
        w->items[0] = items[i];
        w->items_n = 1;
        if ((!w->lost || lead(w, until)) && run_group(w, &again))
            answer_all(w);
        else
            answer_failed(w, err);
    }
}

/* ---- depth ---- */

static void look_at_depth(struct writer *w)
{
    for (size_t i = 0; i < w->o.pools_n; i++) {
        struct depth *d = &w->depths_next[i];
        const int32_t pool = w->o.pools[i].number;
        bool ok = market_depth(w->market, pool, SIDE_ASKS, DEPTH_ORDERS, &d->asks);
        ok = market_depth(w->market, pool, SIDE_BIDS, DEPTH_ORDERS, &d->bids) && ok;
        assert(ok);
        d->sequence = market_last_seq(w->market);
    }
}

static void refresh_depth(struct writer *w)
{
    const int64_t now = clock_monotonic_us();

    if (!w->depth_stale || now - w->depth_at_us < DEPTH_AGE_US) return;
    w->depth_at_us = now;
    w->depth_stale = false;
    look_at_depth(w);
    pthread_mutex_lock(&w->lock);
    struct depth *last = w->depths;
    w->depths = w->depths_next;
    w->depths_next = last;
    pthread_mutex_unlock(&w->lock);
}

bool writer_depth(struct writer *w, int32_t pool, struct depth *out)
{
    bool found = false;

    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->o.pools_n && w->stats.ready; i++) {
        if (w->o.pools[i].number != pool) continue;
        *out = w->depths[i];
        found = true;
    }
    pthread_mutex_unlock(&w->lock);
    return found;
}

/* ---- the queue ---- */

static void take_queued(struct writer *w)
{
    while (w->first && w->items_n < GROUP_MAX) {
        w->items[w->items_n++] = w->first;
        w->first = w->first->next;
        w->queued--;
    }
    if (!w->first) w->last = &w->first;
}

static void wait_until(struct writer *w, int64_t wall_us)
{
    const int64_t now = clock_wall_us();
    int64_t wait = wall_us > now ? wall_us - now : 0;

    if (wait > IDLE_US) wait = IDLE_US;
    if (w->depth_stale && wait > DEPTH_AGE_US) wait = DEPTH_AGE_US;
    const int64_t until = now + wait;
    const struct timespec ts = { until / 1000000, until % 1000000 * 1000 };
    while (!w->first && !w->stopping && clock_wall_us() < until)
        if (pthread_cond_timedwait(&w->arrived, &w->lock, &ts) != 0) break;
}

static bool take_group(struct writer *w)
{
    const int64_t due = next_due_us(w);

    pthread_mutex_lock(&w->lock);
    wait_until(w, due);
    take_queued(w);
    const bool go = !w->stopping || w->items_n > 0;
    pthread_mutex_unlock(&w->lock);
    return go;
}

static void one_round(struct writer *w)
{
    struct err err = { 0 };
    const int64_t began = clock_monotonic_us(), before = market_last_seq(w->market);

    if (!run_group(w, &err)) {
        recover(w, &err);
        return;
    }
    const int64_t commands = market_last_seq(w->market) - before;
    w->depth_stale = w->depth_stale || commands > 0;
    count(w, commands, clock_monotonic_us() - began);
    answer_all(w);
    refresh_depth(w);
    keys_prune(w->keys, clock_wall_us());
}

static void *main_loop(void *arg)
{
    struct writer *w = arg;

    while (!is_stopping(w)) {
        if (lead(w, clock_monotonic_us() + PATIENCE_US))
            while (!w->lost && take_group(w))
                one_round(w);
        else
            answer_queued(w);
    }
    answer_queued(w);
    return NULL;
}

/* ---- from outside ---- */

struct writer *writer_start(const struct writer_options *o, struct err *err)
{
    struct writer *w = mem_zalloc(sizeof(*w));

    w->o = *o;
    w->last = &w->first;
    w->group = group_new();
    w->depths = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    w->depths_next = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->arrived, NULL);
    if (pthread_create(&w->thread, NULL, main_loop, w) == 0) return w;
    FAIL(err, ERR_NO_MEMORY, "No thread for the market.");
    group_free(w->group);
    mem_free(w->depths);
    mem_free(w->depths_next);
    mem_free(w);
    return NULL;
}

void writer_stop(struct writer *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->arrived);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
    if (!w) return;
    assert(!w->first);
    drop_memory(w);
    db_close(w->db);
    group_free(w->group);
    arena_done(&w->clock_arena);
    mem_free(w->topics.v);
    mem_free(w->depths);
    mem_free(w->depths_next);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->arrived);
    mem_free(w);
}

void writer_submit(struct writer *w, struct submission *s)
{
    pthread_mutex_lock(&w->lock);
    const bool room = w->stats.ready && !w->stopping && w->queued < MARKET_QUEUE_MAX;
    if (room) {
        s->next = NULL;
        *w->last = s;
        w->last = &s->next;
        w->queued++;
        pthread_cond_signal(&w->arrived);
    }
    pthread_mutex_unlock(&w->lock);
    if (!room) answer_busy(s);
}

struct rendezvous {
    pthread_mutex_t lock; /* guards: done */
    pthread_cond_t came;
    bool done;
};

static void arrive(void *arg)
{
    struct rendezvous *r = arg;

    pthread_mutex_lock(&r->lock);
    r->done = true;
    pthread_cond_signal(&r->came);
    pthread_mutex_unlock(&r->lock);
}

void writer_submit_wait(struct writer *w, struct submission *s)
{
    struct rendezvous r = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    s->done = arrive;
    s->arg = &r;
    writer_submit(w, s);
    pthread_mutex_lock(&r.lock);
    while (!r.done)
        pthread_cond_wait(&r.came, &r.lock);
    pthread_mutex_unlock(&r.lock);
    pthread_mutex_destroy(&r.lock);
    pthread_cond_destroy(&r.came);
}

bool writer_ready(struct writer *w)
{
    return atomic_load(&w->ready);
}

void writer_stats(struct writer *w, struct writer_stats *out)
{
    pthread_mutex_lock(&w->lock);
    *out = w->stats;
    out->queue_len = w->queued;
    pthread_mutex_unlock(&w->lock);
}
