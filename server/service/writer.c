/* SPDX-License-Identifier: Apache-2.0 */
/* One thread, one loop:
 *
 *        queue ──▶ take what waits ──▶ apply in memory ──▶ send one transaction ──▶ answer all
 *                        ▲   clock commands that are due ──┘   (does not wait)         │
 *                        └────────────── rebuild from PostgreSQL ◀───────────── failed ┘
 *
 * While PostgreSQL works on one group the next is applied and sent, when enough wait to make one;
 * where the disk is slow, committed groups wait for a flush by a second connection while others are
 * committed (service/flush.h, ADR 17). So up to FLIGHTS_MAX groups are on their way at once, and
 * memory is ahead of the disk by them. They are answered in their order, each when it is on disk.
 *
 * Nothing is answered before that, a refusal included: the refusal may rest on commands of the same
 * group, or of one before it. */
#include "service/writer.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/explain.h"
#include "service/flush.h"
#include "service/keys.h"
#include "service/logfile.h"
#include "service/payload.h"
#include "service/rules.h"
#include "store/group.h"
#include "store/load.h"
#include "store/pipeline.h"

#define LEAD_RETRY_US   100000   /* how often a standby asks whether it may lead */
#define PATIENCE_US     15000000 /* how long a group waits for the database to come back */
#define DEPTH_AGE_US    100000
#define DEPTH_ORDERS    20000 /* looked at for one side's depth: a millisecond */
#define CLOCK_ARENA_MAX (1 << 20)
#define IDLE_US         1000000
#define FLIGHTS_MAX     6   /* groups on their way: what a failure makes uncertain */
#define AHEAD_MIN       128 /* so many make a group worth sending while another is worked on */
#ifndef ANSWERS_BEFORE_FLUSH
#define ANSWERS_BEFORE_FLUSH 0 /* the mistake that tests/crash/test_power_cut.py must find */
#endif
#define SLOW_FLUSH_US 1000 /* from here on overlapping the flush pays */

/* What a group tells the hub once it is durable: its bids and the nodes of its leases and asks. */
struct topics {
    struct topic *v;
    size_t n, cap;
};

/* A group on its way: applied and sent, not yet answered. */
struct flight {
    struct submission *items[GROUP_MAX];
    size_t items_n;
    struct topics topics;
    int64_t commands; /* 0: nothing of it is written; it only waits for those before it */
    int64_t last_seq, began_us;
};

struct writer {
    struct writer_options o;
    pthread_t thread;

    atomic_bool ready;

    pthread_mutex_t lock; /* guards: the queue, stopping, stats, depths, what is released */
    struct submission *first, **last;
    int64_t queued;
    int64_t wake_at; /* the thread sleeps and wants to know when so many are queued */
    bool stopping;
    pthread_cond_t released;
    int64_t launched_n, released_n; /* groups, since the start */
    int64_t losses;                 /* how often the groups on their way were given up */
    struct writer_stats stats;
    struct depth *depths; /* one a pool, in the order of o.pools */

    /* The thread's own. */
    struct db *db;
    struct market *market;
    struct keys *keys;
    struct looks *looks; /* has a lock of its own */
    struct flush *flush; /* NULL: a COMMIT waits for the disk itself */
    int event_fd;        /* what it sleeps on */
    struct group *group;
    struct flight flights[FLIGHTS_MAX]; /* a ring */
    size_t flights_first, flights_n;
    size_t committed_n;  /* the first so many are committed, */
    size_t covered_n;    /* and of these so many will be on disk after the flush that was sent */
    int64_t depth_at_us; /* when the depth was looked at last, */
    bool depth_stale;    /* whether anything has happened since, */
    bool depth_waits;    /* and whether that look waits for its groups to be released */
    struct depth *depths_next;
    struct submission *hands[GROUP_MAX * FLIGHTS_MAX]; /* of groups that failed, */
    struct submission *again[GROUP_MAX * FLIGHTS_MAX]; /* and while they are tried again */
    struct submission clock[GROUP_MAX];
    size_t clock_n;
    struct arena clock_arena;
    bool has_led;
    bool rules_due; /* what was stored differs from w->o.rules: a set_rules goes first */
    bool lost;      /* memory is not to be trusted: rebuild before the next group */
};

/* ---- leading and loading ---- */

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

static bool is_stopping(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const bool stopping = w->stopping;
    pthread_mutex_unlock(&w->lock);
    return stopping;
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

static void drop_memory(struct writer *w)
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

    drop_memory(w);
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

static void log_state(const struct writer *w, const char *event, int64_t epoch)
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

static struct flight *next_flight(struct writer *w);
static bool launch(struct writer *w, struct err *err);
static bool finish_all(struct writer *w, struct err *err);
static size_t give_up(struct writer *w);

/* The rules that the operator gave become those of the market by a command, before anything else:
 * so whoever replays the log has them too. Whatever is being recovered waits. */
static bool set_rules(struct writer *w, struct err *err)
{
    if (!w->rules_due) return true;
    (void)next_flight(w);
    if (launch(w, err) && finish_all(w, err)) return true;
    (void)give_up(w);
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
    w->lost = false;
    set_epoch(w, epoch);
    if (!set_rules(w, err)) return false;
    w->depth_at_us = 0;
    w->depth_stale = true;
    w->depth_waits = false;
    if (!w->has_led && w->o.led) w->o.led(w->o.led_arg);
    w->has_led = true;
    set_ready(w, true);
    log_state(w, "market.ready", epoch);
    return true;
}

/* Until it leads, is stopped, or it is `until`. */
static bool lead(struct writer *w, int64_t until)
{
    bool told = false;

    set_ready(w, false);
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
    case COMMAND_FAIL_PAYOUT:
    case COMMAND_REENTER:
    case COMMAND_LEASE_RIPE:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_OFFER:
    case COMMAND_CALL:
    case COMMAND_RATE_NODE:
    case COMMAND_RATE_ACCOUNT:
    case COMMAND_INVITE:
    case COMMAND_JOIN_TEAM:
    case COMMAND_LEAVE_TEAM:
    case COMMAND_TRIM:
    case COMMAND_SET_RULES: return false;
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
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_REENTER:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_TRIM: COPY(bid, market_bid(m, c->u.order.order)); break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_LEASE_RIPE: COPY(lease, market_lease(m, c->u.lease.lease)); break;
    case COMMAND_REQUEST_PAYOUT: COPY(payout, market_payout(m, c->seq)); break;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: COPY(payout, market_payout(m, c->u.payout.payout)); break;
    case COMMAND_OFFER: COPY(bid, market_bid(m, c->u.offer.bid)); break;
    case COMMAND_RATE_NODE: COPY(node, market_node(m, c->u.rate.number)); break;
    case COMMAND_RATE_ACCOUNT: COPY(standing, market_standing(m, c->u.rate.number)); break;
    case COMMAND_INVITE: COPY(standing, market_standing(m, c->u.invite.account)); break;
    case COMMAND_JOIN_TEAM: COPY(standing, market_standing(m, c->account)); break;
    case COMMAND_LEAVE_TEAM: COPY(standing, market_standing(m, c->u.team.account)); break;
    case COMMAND_CALL:
    case COMMAND_SET_RULES: break;
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
        LOG(LOG_ERROR, "market.clock-refused", LOG_C("kind", command_name(s->command.kind)),
            LOG_C("why", s->outcome.why));
        assert(false && "a due command was refused");
    }
    w->clock_n++;
    return true;
}

static bool process_rules(struct writer *w)
{
    struct submission *s = &w->clock[w->clock_n];

    *s = (struct submission){
        .command = { .kind = COMMAND_SET_RULES,
                     .account = ACCOUNT_WORLD,
                     .u.set_rules = *w->o.rules },
        .arena = &w->clock_arena,
    };
    s->payload = payload_make(&s->command, NULL, &w->clock_arena);
    if (!s->payload.p) return false;
    process(w, s);
    assert(s->result == SUBMIT_DONE);
    w->clock_n++;
    w->rules_due = false;
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

static void note_topics(struct topics *out, const struct touched *t)
{
    for (size_t i = 0; i < t->bids_n; i++)
        note_topic(out, TOPIC_JOB, t->bids[i]->bid);
    for (size_t i = 0; i < t->leases_n; i++) {
        note_topic(out, TOPIC_JOB, t->leases[i]->bid);
        note_topic(out, TOPIC_NODE, t->leases[i]->node);
    }
    for (size_t i = 0; i < t->asks_n; i++)
        note_topic(out, TOPIC_NODE, t->asks[i]->spec.node);
    note_topic(out, TOPIC_COMMANDS, 0);
}

static struct flight *flight_at(struct writer *w, size_t i)
{
    return &w->flights[(w->flights_first + i) % FLIGHTS_MAX];
}

/* The one to be filled next; there is room. */
static struct flight *next_flight(struct writer *w)
{
    assert(w->flights_n < FLIGHTS_MAX);
    struct flight *f = flight_at(w, w->flights_n);
    f->items_n = 0;
    f->topics.n = 0;
    return f;
}

static void apply_all(struct writer *w, struct flight *f)
{
    group_clear(w->group);
    arena_done(&w->clock_arena);
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    w->clock_n = 0;
    if (w->rules_due && !process_rules(w)) w->lost = true;
    for (size_t i = 0; i < f->items_n; i++)
        process(w, f->items[i]);
    while (f->items_n + w->clock_n < GROUP_MAX && process_clock(w)) {
    }
}

/* Apply the next flight and send it. False: nothing of it is answered, memory is lost. */
static bool launch(struct writer *w, struct err *err)
{
    struct touched t;
    struct flight *f = flight_at(w, w->flights_n);
    const int64_t before = market_last_seq(w->market);

    w->flights_n++;
    f->began_us = clock_monotonic_us();
    pthread_mutex_lock(&w->lock);
    w->launched_n++;
    pthread_mutex_unlock(&w->lock);
    apply_all(w, f);
    f->last_seq = market_last_seq(w->market);
    f->commands = f->last_seq - before;
    if (w->lost) return FAIL(err, ERR_NO_MEMORY, "No memory for the group.");
    if (f->commands == 0) return true;
    w->depth_stale = true;
    market_touched(w->market, &t);
    group_add_touched(w->group, &t, f->last_seq);
    note_topics(&f->topics, &t);
    market_settle_group(w->market); /* all that the store needs of it is copied */
    return group_send(w->group, w->db, w->stats.epoch, err);
}

static void count(struct writer *w, const struct flight *f)
{
    pthread_mutex_lock(&w->lock);
    struct writer_stats *s = &w->stats;
    s->last_seq = f->last_seq;
    s->commands += f->commands;
    s->groups += f->commands > 0;
    s->group_us_total += f->commands > 0 ? clock_monotonic_us() - f->began_us : 0;
    for (size_t i = 0; i < f->items_n; i++) {
        s->refused += f->items[i]->result == SUBMIT_REFUSED;
        s->replayed += f->items[i]->result == SUBMIT_REPLAYED;
    }
    w->released_n++;
    pthread_cond_broadcast(&w->released);
    pthread_mutex_unlock(&w->lock);
}

static void publish_depth(struct writer *w, int64_t last_seq);

/* The first n flights are on disk. */
static void release(struct writer *w, size_t n)
{
    assert(n <= w->committed_n);
    for (; n > 0; n--) {
        struct flight *f = flight_at(w, 0);
        count(w, f);
        for (size_t i = 0; i < f->items_n; i++)
            f->items[i]->done(f->items[i]->arg); /* from here on it is the caller's again */
        for (size_t i = 0; i < f->topics.n; i++)
            hub_notify(w->o.hub, f->topics.v[i]);
        publish_depth(w, f->last_seq);
        w->flights_first = (w->flights_first + 1) % FLIGHTS_MAX;
        w->flights_n--;
        w->committed_n--;
    }
}

static bool take_commits(struct writer *w, struct err *err)
{
    while (w->committed_n < w->flights_n) {
        if (flight_at(w, w->committed_n)->commands > 0) {
            const enum db_rc rc = db_pipeline_result(w->db, /* wait= */ false, err);
            if (rc != DB_ONE) return rc == DB_NONE;
        }
        w->committed_n++;
    }
    return true;
}

/* A flush covers what was committed when it was sent. */
static bool take_flush(struct writer *w, struct err *err)
{
    if (!w->flush || ANSWERS_BEFORE_FLUSH) {
        release(w, w->committed_n);
        return true;
    }
    if (flush_is_sent(w->flush)) {
        const enum db_rc rc = flush_result(w->flush, /* wait= */ false, err);
        if (rc != DB_ONE) return rc == DB_NONE;
        release(w, w->covered_n);
        w->covered_n = 0;
    }
    while (w->committed_n > 0 && flight_at(w, 0)->commands == 0)
        release(w, 1);
    if (w->committed_n == 0) return true;
    w->covered_n = w->committed_n;
    return flush_send(w->flush, err);
}

static void wake_thread(struct writer *w)
{
    (void)!write(w->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

/* Sleep until there is news of the groups on their way, `want` are queued, or `us` have passed. */
static void sleep_for(struct writer *w, int64_t want, int64_t us)
{
    struct pollfd fds[3] = { { .fd = w->event_fd, .events = POLLIN } };
    const struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
    nfds_t n = 1;
    uint64_t count;

    pthread_mutex_lock(&w->lock);
    const bool go = w->queued >= want;
    w->wake_at = go ? INT64_MAX : want;
    pthread_mutex_unlock(&w->lock);
    if (go) return;
    if (w->committed_n < w->flights_n) db_pipeline_watch(w->db, &fds[n++]);
    if (w->flush && flush_is_sent(w->flush)) flush_watch(w->flush, &fds[n++]);
    (void)ppoll(fds, n, &ts, NULL);
    if (fds[0].revents & POLLIN) (void)!read(w->event_fd, &count, sizeof(count));
}

/* Wait until all flights are answered. False: some may not be. */
static bool finish_all(struct writer *w, struct err *err)
{
    while (w->flights_n > 0) {
        if (!take_commits(w, err) || !take_flush(w, err)) return false;
        if (w->flights_n > 0) sleep_for(w, INT64_MAX, IDLE_US);
    }
    return true;
}

/* ---- failure ---- */

/* Nothing may be assumed of the groups on their way: their submissions, in order, are in w->hands
 * again. */
static size_t give_up(struct writer *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->flights_n; i++) {
        const struct flight *f = flight_at(w, i);
        for (size_t j = 0; j < f->items_n; j++)
            w->hands[n++] = f->items[j];
    }
    w->flights_n = w->committed_n = w->covered_n = 0;
    w->lost = true;
    pthread_mutex_lock(&w->lock);
    w->stats.failed_groups++;
    w->losses++;
    w->released_n = w->launched_n;
    pthread_cond_broadcast(&w->released);
    pthread_mutex_unlock(&w->lock);
    return n;
}

static void answer_failed(struct submission *s, const struct err *err)
{
    s->result = SUBMIT_FAILED;
    s->err = *err;
    s->done(s->arg);
}

static void answer_busy(struct submission *s)
{
    s->result = SUBMIT_BUSY;
    s->done(s->arg);
}

/* What is queued when nobody here may lead is not kept waiting: nothing of it was written. */
static void answer_queued(struct writer *w)
{
    looks_close(w->looks);
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

/* One group by itself, from items to answers. */
static bool run_alone(struct writer *w, struct submission *const *items, size_t n, int64_t until)
{
    struct err err = { 0 };

    if (w->lost && !lead(w, until)) return false;
    struct flight *f = next_flight(w);
    while (f->items_n < n) {
        f->items[f->items_n] = items[f->items_n];
        f->items_n++;
    }
    if (launch(w, &err) && finish_all(w, &err)) return true;
    (void)give_up(w);
    return false;
}

/* Groups that failed are tried once more, then their commands one by one, each on a rebuilt market:
 * what was committed after all is found by its key, and a command that cannot be stored must not
 * fail its neighbours. */
static void recover(struct writer *w, struct err *err)
{
    const size_t n = give_up(w);

    looks_close(w->looks);
    log_err(LOG_ERROR, "market.group-failed", err);
    const int64_t until = clock_monotonic_us() + PATIENCE_US;
    if (err->code != ERR_NO_MEMORY)
        FAIL(err, ERR_OUTCOME_UNKNOWN, "The database was lost while this was being written.");
    struct submission **items = w->again;
    for (size_t i = 0; i < n; i++)
        items[i] = w->hands[i];
    for (size_t at = 0; at < n; at += GROUP_MAX) {
        const size_t some = n - at < GROUP_MAX ? n - at : GROUP_MAX;
        if (run_alone(w, items + at, some, until)) continue;
        for (size_t i = at; i < at + some; i++)
            if (!run_alone(w, &items[i], 1, until)) answer_failed(items[i], err);
    }
    if (w->lost) answer_queued(w);
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
        d->displacing = (struct money){ 0 };
        (void)!market_displacement_price(w->market, pool, &d->displacing);
        d->sequence = market_last_seq(w->market);
    }
}

/* The look that waits may be seen once what it shows is released. */
static void publish_depth(struct writer *w, int64_t last_seq)
{
    if (!w->depth_waits || last_seq < w->depths_next[0].sequence) return;
    w->depth_waits = false;
    pthread_mutex_lock(&w->lock);
    struct depth *last = w->depths;
    w->depths = w->depths_next;
    w->depths_next = last;
    pthread_mutex_unlock(&w->lock);
}

static void refresh_depth(struct writer *w)
{
    const int64_t now = clock_monotonic_us();

    if (!w->depth_stale || w->depth_waits || now - w->depth_at_us < DEPTH_AGE_US) return;
    w->depth_at_us = now;
    w->depth_stale = false;
    look_at_depth(w);
    w->depth_waits = true;
    if (w->flights_n == 0) publish_depth(w, w->depths_next[0].sequence);
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

static void take_queued(struct writer *w, struct flight *f, int64_t want)
{
    pthread_mutex_lock(&w->lock);
    while (w->first && (w->queued >= want || f->items_n > 0) && f->items_n < GROUP_MAX) {
        f->items[f->items_n++] = w->first;
        w->first = w->first->next;
        w->queued--;
    }
    if (!w->first) w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
}

/* How many must be queued for the next group to be sent now. One is under way already: what waits
 * makes a larger group the longer it waits, at no cost, as PostgreSQL is busy; but when there are
 * enough the next should be there when it is done. */
static int64_t wanted(const struct writer *w)
{
    const size_t uncommitted = w->flights_n - w->committed_n;

    if (w->flights_n == FLIGHTS_MAX || uncommitted > 1) return INT64_MAX;
    return uncommitted == 0 ? 1 : AHEAD_MIN;
}

/* Until a clock command is due, or there is a depth to be looked at. */
static int64_t idle_us(struct writer *w)
{
    const int64_t due = next_due_us(w), now = clock_wall_us();
    int64_t us = due > now ? due - now : 0;

    if (us > IDLE_US) us = IDLE_US;
    return w->depth_stale && us > DEPTH_AGE_US ? DEPTH_AGE_US : us;
}

static bool one_round(struct writer *w, struct err *err)
{
    if (!take_commits(w, err) || !take_flush(w, err)) return false;
    refresh_depth(w);
    const int64_t look = looks_serve(w->looks, w->market, clock_wall_us());
    keys_prune(w->keys, clock_wall_us());
    const int64_t want = wanted(w), idle = want == 1 ? idle_us(w) : IDLE_US;
    const int64_t sleep = look < idle ? look : idle;
    if (want == INT64_MAX) {
        sleep_for(w, want, sleep);
        return true;
    }
    struct flight *f = next_flight(w);
    take_queued(w, f, want);
    if (f->items_n > 0 || idle == 0) return launch(w, err);
    sleep_for(w, want, sleep);
    return true;
}

static void serve(struct writer *w)
{
    struct err err = { 0 };

    while (!w->lost && !is_stopping(w)) {
        err = (struct err){ 0 };
        if (!one_round(w, &err)) recover(w, &err);
    }
    if (w->lost || finish_all(w, &err)) return;
    FAIL(&err, ERR_OUTCOME_UNKNOWN, "The database was lost while this was being written.");
    for (size_t i = 0, n = give_up(w); i < n; i++)
        answer_failed(w->hands[i], &err);
}

static void *main_loop(void *arg)
{
    struct writer *w = arg;

    while (!is_stopping(w)) {
        if (lead(w, clock_monotonic_us() + PATIENCE_US))
            serve(w);
        else
            answer_queued(w);
    }
    answer_queued(w);
    if (w->market && !w->lost) log_state(w, "market.stopped", w->stats.epoch);
    return NULL;
}

/* ---- from outside ---- */

static void free_parts(struct writer *w)
{
    drop_memory(w);
    flush_close(w->flush);
    db_close(w->db);
    group_free(w->group);
    looks_free(w->looks);
    arena_done(&w->clock_arena);
    for (size_t i = 0; i < FLIGHTS_MAX; i++)
        mem_free(w->flights[i].topics.v);
    mem_free(w->depths);
    mem_free(w->depths_next);
    if (w->event_fd >= 0) close(w->event_fd);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->released);
    mem_free(w);
}

struct writer *writer_start(const struct writer_options *o, struct err *err)
{
    struct writer *w = mem_zalloc(sizeof(*w));

    w->o = *o;
    w->last = &w->first;
    w->wake_at = INT64_MAX;
    w->group = group_new();
    w->looks = looks_new();
    w->depths = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    w->depths_next = mem_zalloc((o->pools_n + 1) * sizeof(*w->depths));
    arena_init(&w->clock_arena, CLOCK_ARENA_MAX);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->released, NULL);
    w->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->event_fd >= 0 && pthread_create(&w->thread, NULL, main_loop, w) == 0) return w;
    FAIL(err, ERR_NO_MEMORY, "No thread for the market.");
    free_parts(w);
    return NULL;
}

void writer_look(struct writer *w, struct look *look)
{
    if (looks_ask(w->looks, look)) wake_thread(w);
}

void writer_stop(struct writer *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_mutex_unlock(&w->lock);
    wake_thread(w);
    pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
    if (!w) return;
    assert(!w->first && w->flights_n == 0);
    free_parts(w);
}

void writer_submit(struct writer *w, struct submission *s)
{
    bool wake = false;

    pthread_mutex_lock(&w->lock);
    const bool room = w->stats.ready && !w->stopping && w->queued < MARKET_QUEUE_MAX;
    if (room) {
        s->next = NULL;
        *w->last = s;
        w->last = &s->next;
        w->queued++;
        wake = w->queued >= w->wake_at;
        if (wake) w->wake_at = INT64_MAX;
    }
    pthread_mutex_unlock(&w->lock);
    if (wake) wake_thread(w);
    if (!room) answer_busy(s);
}

int64_t writer_losses(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    const int64_t losses = w->losses;
    pthread_mutex_unlock(&w->lock);
    return losses;
}

bool writer_settled(struct writer *w, int64_t losses)
{
    pthread_mutex_lock(&w->lock);
    /* Where a COMMIT waits for the disk nothing can be read before. */
    const int64_t wanted_n = w->stats.overlapped ? w->launched_n : 0;
    while (w->released_n < wanted_n)
        pthread_cond_wait(&w->released, &w->lock);
    const bool ok = w->losses == losses;
    pthread_mutex_unlock(&w->lock);
    return ok;
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
