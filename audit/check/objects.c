/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of asks, bids, leases and payouts against the naive market's. A row says how an object is
 * after the command of its version, or later; a hash of the object then tells, when it is over or
 * at the end, whether it has changed since, and the row should have. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "check/inside.h"

/* A row as it should be, and the lists that it looks at. */
struct expected {
    struct row row;
    int64_t terms[LIST_MAX];
};

static const enum finding_kind meanings[COLUMNS] = {
#define TABLE(T, name, from, key)
#define COLUMN(T, C, name, type, finding) [T##_##C] = FIND_##finding,
#include "rows/tables.def"
#undef TABLE
#undef COLUMN
};

static bool compare(struct audit *a, const struct row *want, const struct row *got,
                    const char *kind, int64_t number)
{
    char w[512], g[512], object[64];
    const enum column first = table_infos[got->table].first;

    for (int i = 0; i < table_columns(got->table); i++) {
        const enum column c = (enum column)((int)first + i);
        const char type = column_infos[c].type;
        if (cell_eq(type, &want->cells[i], &got->cells[i])) continue;
        cell_print(type, &want->cells[i], w, sizeof(w));
        cell_print(type, &got->cells[i], g, sizeof(g));
        snprintf(object, sizeof(object), "%s.%s", object_named(kind, number), column_infos[c].name);
        return find(&a->f, meanings[c], got->key == KEY_END ? a->n->last_seq : got->key, object, w,
                    g);
    }
    return true;
}

static void set(struct expected *e, enum column c, int64_t v)
{
    row_at(&e->row, c)->i = v;
}

/* A list without the zeros at its end. */
static void set_list(struct expected *e, enum column c, const int64_t *v, size_t n)
{
    while (n > 0 && v[n - 1] == 0)
        n--;
    row_at(&e->row, c)->list = v;
    row_at(&e->row, c)->list_n = n;
}

/* A hash of what a row says. */
static uint64_t hash_of(const struct row *r)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (int i = 0; i < table_columns(r->table); i++) {
        const struct cell *c = &r->cells[i];
        h = (h ^ (uint64_t)c->i) * UINT64_C(1099511628211);
        h = (h ^ c->list_n) * UINT64_C(1099511628211);
        for (size_t k = 0; k < c->list_n; k++)
            h = (h ^ (uint64_t)c->list[k]) * UINT64_C(1099511628211);
    }
    return h;
}

/* ---- asks ---- */

static void expect_ask(const struct audit *a, const struct ask *k, struct expected *e)
{
    (void)a;
    const struct ask_spec *s = &k->spec;
    const int64_t terms[] = { s->sets,
                              (s->interruptible ? 1 : 0) | (s->post_only ? 2 : 0) |
                                  (k->stale ? 4 : 0),
                              s->buyer_tier_min,
                              s->egress_max,
                              s->risk_seconds - 3600,
                              k->traits.site - s->node,
                              k->traits.region,
                              k->traits.tier,
                              k->traits.verified,
                              k->traits.isolation,
                              k->traits.interconnect,
                              k->traits.bandwidth_mbps,
                              k->traits.label,
                              k->parked };

    memcpy(e->terms, terms, sizeof(terms));
    set(e, ASKS_ASK, k->ask);
    set(e, ASKS_ACCOUNT, k->account);
    set(e, ASKS_AT, k->at_us);
    set(e, ASKS_PRIORITY, k->priority);
    set(e, ASKS_NODE, s->node);
    set(e, ASKS_POOL, s->pool);
    set(e, ASKS_PRICE, s->price.micros);
    set(e, ASKS_FLOOR, s->floor.micros);
    set(e, ASKS_UNITS, s->units);
    set(e, ASKS_FREE, k->free);
    set(e, ASKS_UNTIL, s->until_us);
    set(e, ASKS_SECONDS_MIN, s->seconds_min);
    set(e, ASKS_SECONDS_MAX, s->seconds_max);
    set(e, ASKS_STATE, k->state);
    set(e, ASKS_REASON, k->reason);
    set_list(e, ASKS_TERMS, e->terms, sizeof(terms) / sizeof(terms[0]));
}

/* ---- bids ---- */

static size_t bid_terms(const struct bid *b, int64_t *terms)
{
    const struct bid_spec *s = &b->spec;
    const struct wish *w = &s->wish;
    const int64_t fixed[] = { (s->same_site ? 1 : 0) | (s->interruptible ? 2 : 0),
                              s->nodes - 1,
                              s->checkpoint_seconds - 3600,
                              s->tif,
                              s->rank,
                              s->own,
                              s->auction_ms,
                              b->tier,
                              w->regions,
                              w->tier_min,
                              w->verified,
                              w->isolation_min,
                              w->interconnect_min,
                              w->bandwidth_min_mbps,
                              w->label,
                              w->egress };
    size_t n = sizeof(fixed) / sizeof(fixed[0]);

    memcpy(terms, fixed, sizeof(fixed));
    for (int i = 1; i < s->wants_n; i++) {
        terms[n++] = s->wants[i].pool;
        terms[n++] = s->wants[i].units;
    }
    return n;
}

static int64_t progress(const struct bid *b)
{
    return (int64_t)b->leases_n | (int64_t)b->live << 8 | (int64_t)b->sealed << 16 |
           (int64_t)b->verdict << 17 | (int64_t)b->verdict_reason << 24 |
           (int64_t)b->parked_pool << 32;
}

static void expect_bid(const struct audit *a, const struct bid *b, struct expected *e)
{
    (void)a;
    const struct bid_spec *s = &b->spec;

    set(e, BIDS_BID, b->bid);
    set(e, BIDS_ACCOUNT, b->account);
    set(e, BIDS_AT, b->at_us);
    set(e, BIDS_PRIORITY, b->priority);
    set(e, BIDS_POOL, s->wants[0].pool);
    set(e, BIDS_PRICE, s->limit.micros);
    set(e, BIDS_BUDGET, s->budget.micros);
    set(e, BIDS_UNITS, s->wants[0].units);
    set(e, BIDS_SECONDS, s->seconds);
    set(e, BIDS_EXPIRES, s->expires_us);
    set(e, BIDS_ATTEMPTS_MAX, s->attempts_max);
    set(e, BIDS_STATE, b->state);
    set(e, BIDS_JOB, b->job);
    set(e, BIDS_SPENT, b->spent.micros);
    set(e, BIDS_HOLD, b->hold.micros);
    set(e, BIDS_LEASE, b->lease);
    set(e, BIDS_ATTEMPTS, b->attempts);
    set(e, BIDS_EXIT_CODE, b->exit_code);
    set(e, BIDS_REASON, b->reason);
    set_list(e, BIDS_EXCLUDED, b->excluded, (size_t)b->excluded_n);
    set_list(e, BIDS_TERMS, e->terms, bid_terms(b, e->terms));
    set(e, BIDS_PROGRESS, progress(b));
    set(e, BIDS_PARKED, b->parked);
}

/* ---- leases ---- */

static int64_t born_us(const struct audit *a, const struct lease *l)
{
    for (size_t i = 0; i < a->born_n; i++)
        if (a->born[i].lease == l->lease) return a->born[i].at_us;
    return l->traded_us;
}

static void expect_lease_times(const struct audit *a, const struct lease *l, struct expected *e)
{
    const int64_t born = born_us(a, l);

    set(e, LEASES_TRADED, born);
    set(e, LEASES_OFFERED, l->traded_us == born ? 0 : l->traded_us);
    set(e, LEASES_ACCEPTED, l->accepted_us);
    set(e, LEASES_PREPARED, l->prepared_us);
    set(e, LEASES_GATHERED, l->gathered_us);
    set(e, LEASES_READY, l->ready_us);
    set(e, LEASES_STOPPING, l->stopping_us);
    set(e, LEASES_ENDED, l->ended_us);
    set(e, LEASES_ILL_US, l->ill_us);
}

static void expect_lease_money(const struct lease *l, struct expected *e)
{
    set(e, LEASES_PRICE, l->price.micros);
    set(e, LEASES_SECONDS_MAX, l->seconds_max);
    set(e, LEASES_HOLD, l->hold.micros);
    set(e, LEASES_SIGNED, l->seconds_signed);
    set(e, LEASES_OBSERVED, l->seconds_observed);
    set(e, LEASES_BILLED, l->seconds_billed);
    set(e, LEASES_CHARGE, l->charge.micros);
    set(e, LEASES_FEE, l->fee.micros);
    set(e, LEASES_PAYOUT, l->payout.micros);
    set(e, LEASES_INSURANCE, l->insurance.micros);
    set(e, LEASES_BASE, l->base.micros);
}

static void expect_lease(const struct audit *a, const struct lease *l, struct expected *e)
{
    set(e, LEASES_LEASE, l->lease);
    set(e, LEASES_BID, l->bid);
    set(e, LEASES_ASK, l->ask);
    set(e, LEASES_NODE, l->node);
    set(e, LEASES_BUYER, l->buyer);
    set(e, LEASES_PROVIDER, l->provider);
    set(e, LEASES_POOL, l->pool);
    set(e, LEASES_UNITS, l->units);
    set(e, LEASES_STATE, l->state);
    set(e, LEASES_EPOCH, l->epoch);
    set(e, LEASES_EXIT_CODE, l->exit_code);
    set(e, LEASES_REASON, l->reason);
    set(e, LEASES_FAULT, l->fault);
    set(e, LEASES_OWN, l->own);
    set(e, LEASES_RIPE, l->ripe);
    set(e, LEASES_WAITS, l->waits);
    set(e, LEASES_CHECKPOINT, l->checkpoint);
    set(e, LEASES_KEPT, l->seconds_kept);
    set(e, LEASES_LOOKED, l->seconds_looked);
    expect_lease_times(a, l, e);
    expect_lease_money(l, e);
}

/* ---- payouts ---- */

static void expect_payout(const struct audit *a, const struct payout *p, struct expected *e)
{
    (void)a;
    set(e, PAYOUTS_PAYOUT, p->payout);
    set(e, PAYOUTS_ACCOUNT, p->account);
    set(e, PAYOUTS_AMOUNT, p->amount.micros);
    set(e, PAYOUTS_STATE, p->state);
    set(e, PAYOUTS_AT, p->at_us);
}

/* ---- all of them ---- */

/* NOLINTBEGIN(bugprone-macro-parentheses): these are names, not expressions */
#define SEE(kind, TABLE)                                                                           \
    /* How it is now, as its row would say. */                                                     \
    static uint64_t kind##_now(const struct audit *a, const struct kind *object)                   \
    {                                                                                              \
        struct expected e = { .row = { .table = TABLE } };                                         \
        expect_##kind(a, object, &e);                                                              \
        return hash_of(&e.row);                                                                    \
    }                                                                                              \
    static bool kind##_is_seen(const struct audit *a, const struct kind *object)                   \
    {                                                                                              \
        return object->seen.version > 0 && object->seen.state == kind##_now(a, object);            \
    }
SEE(ask, TABLE_ASKS)
SEE(bid, TABLE_BIDS)
SEE(lease, TABLE_LEASES)
SEE(payout, TABLE_PAYOUTS)

#define CHECK_OBJECT(kind, KIND, missing, ...)                                                     \
    do {                                                                                           \
        struct kind *object = naive_##kind(a->n, number);                                          \
        if (!object)                                                                               \
            return find(&a->f, missing, r->key, object_named(#kind, number), "none", "a row");     \
        expect_##kind(a, object, &e);                                                              \
        const uint64_t now = hash_of(&e.row);                                                      \
        set(&e, KIND##_VERSION, row_i64(r, KIND##_VERSION));                                       \
        if (!compare(a, &e.row, r, #kind, number)) return false;                                   \
        object->seen = (struct seen){ r->key, now };                                               \
        __VA_ARGS__;                                                                               \
        return true;                                                                               \
    } while (0)

bool check_object(struct audit *a, const struct row *r)
{
    struct expected e = { .row = { .table = r->table } };
    const int64_t number = r->cells[0].i;

    switch ((int)r->table) {
    case TABLE_ASKS: CHECK_OBJECT(ask, ASKS, FIND_ASK_ROW, (void)0);
    case TABLE_BIDS: CHECK_OBJECT(bid, BIDS, FIND_BID_ROW, (void)0);
    case TABLE_LEASES:
        CHECK_OBJECT(lease, LEASES, FIND_LEASE_ROW,
                     publog_settled(a, object, born_us(a, object), r->key));
    case TABLE_PAYOUTS: CHECK_OBJECT(payout, PAYOUTS, FIND_PAYOUT_ROW, (void)0);
    default: assert(false && "not a table of objects"); return false;
    }
}

/* ---- forgetting ---- */

/* Keep what is not over, and what is but was not seen as it ended. */
#define SWEEP(kind, list, is_over, missing)                                                        \
    do {                                                                                           \
        size_t kept = 0;                                                                           \
        for (size_t i = 0; i < n->list##_n; i++) {                                                 \
            struct kind *object = &n->list[i];                                                     \
            const bool over = is_over, seen_it = (over || all) && kind##_is_seen(a, object);       \
            if (all && !seen_it)                                                                   \
                return find(&a->f, missing, n->last_seq, object_named(#kind, object->kind),        \
                            "a row that is as the object is now",                                  \
                            object->seen.version > 0 ? "an older one" : "none");                   \
            if (!over || !seen_it) n->list[kept++] = *object;                                      \
        }                                                                                          \
        n->list##_n = kept;                                                                        \
    } while (0)

/* NOLINTEND(bugprone-macro-parentheses) */

static bool lease_is_over(const struct lease *l)
{
    return !naive_lease_lives(l);
}

static void sweep_born(struct audit *a)
{
    size_t kept = 0;

    for (size_t i = 0; i < a->born_n; i++)
        if (naive_lease(a->n, a->born[i].lease)) a->born[kept++] = a->born[i];
    a->born_n = kept;
}

static void sweep_offers(struct naive *n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n->offers_n; i++) {
        const struct bid *b = naive_known_bid(n, n->offers[i].bid);
        if (b && b->sealed) n->offers[kept++] = n->offers[i];
    }
    n->offers_n = kept;
}

bool sweep(struct audit *a, bool all)
{
    struct naive *n = a->n;

    a->since_sweep = 0;
    sweep_offers(n);
    SWEEP(ask, asks, naive_ask_is_over(n, object), FIND_ASK_ROW);
    SWEEP(bid, bids, naive_bid_is_over(object), FIND_BID_ROW);
    SWEEP(lease, leases, lease_is_over(object), FIND_LEASE_ROW);
    SWEEP(payout, payouts, object->state != PAYOUT_REQUESTED, FIND_PAYOUT_ROW);
    sweep_born(a);
    receipts_sweep(a);
    a->counts.open = (int64_t)(n->asks_n + n->bids_n + n->leases_n + n->payouts_n + n->offers_n);
    if (a->counts.open > a->counts.open_most) a->counts.open_most = a->counts.open;
    return true;
}

#define AWAITS(list, kind)                                                                         \
    do {                                                                                           \
        out = mem_zalloc((m->list##_n + 1) * sizeof(*out));                                        \
        for (size_t i = 0; i < m->list##_n; i++)                                                   \
            if (!kind##_is_seen(a, &m->list[i])) out[(*n)++] = m->list[i].kind;                    \
    } while (0)

int64_t *audit_awaits(struct audit *a, int which, size_t *n)
{
    const struct naive *m = a->n;
    int64_t *out = NULL;

    *n = 0;
    switch (which) {
    case 0: AWAITS(asks, ask); break;
    case 1: AWAITS(bids, bid); break;
    case 2: AWAITS(leases, lease); break;
    default: AWAITS(payouts, payout); break;
    }
    return out;
}
