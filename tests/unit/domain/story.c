/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/domain/story.h"

#include <stdlib.h>
#include <string.h>

#include "tests/t.h"

static const struct pool pools[] = {
    { .number = STORY_CPU,
      .name = "cpu",
      .unit = { .cpu_millis = 1000, .memory_bytes = STORY_GIB, .scratch_bytes = 4 * STORY_GIB },
      .tick = { 1 } },
    { .number = STORY_GPU,
      .name = "h100-80g",
      .gpu_model = "NVIDIA H100 80GB HBM3",
      .gpu_memory_bytes = 80 * STORY_GIB,
      .unit = { .gpus = 1,
                .cpu_millis = 8000,
                .memory_bytes = 64 * STORY_GIB,
                .scratch_bytes = 256 * STORY_GIB },
      .tick = { 1000 } },
    { .number = STORY_LIGHT,
      .name = "h100-light",
      .gpu_model = "NVIDIA H100 80GB HBM3",
      .unit = { 1, 1000, STORY_GIB, STORY_GIB },
      .tick = { 1000 } },
    { .number = STORY_OTHER,
      .name = "h100-nvl",
      .gpu_model = "NVIDIA H100 NVL",
      .unit = { 1, 1000, STORY_GIB, STORY_GIB },
      .tick = { 1000 } },
};

_Static_assert(ARRAY_LEN(pools) == STORY_POOLS, "all pools");

const struct pool *pools_of_story(void)
{
    return pools;
}

/* Counts what it gives, and can be told to have none left. */
static void *resize(void *arg, void *p, size_t size)
{
    struct story *const s = arg;

    if (size == 0) {
        s->blocks--;
        return mem_heap.resize(mem_heap.arg, p, 0);
    }
    if (s->memory_left == 0) return NULL;
    if (s->memory_left > 0) s->memory_left--;
    if (!p) s->blocks++;
    return mem_heap.resize(mem_heap.arg, p, size);
}

void story_begin_with(struct story *s, const struct market_rules *rules)
{
    memset(s, 0, sizeof(*s));
    s->mem = (struct mem){ resize, s };
    s->rules = *rules;
    s->now_us = STORY_START;
    s->memory_left = -1;
    s->rebuild = true;
    s->m = market_new(&s->mem, rules, pools, ARRAY_LEN(pools));
    CHECK(s->m);
    s->kept.balances[0] = *market_balance(s->m, ACCOUNT_WORLD);
    s->kept.balances[1] = *market_balance(s->m, ACCOUNT_FEES);
    s->kept.balances[2] = *market_balance(s->m, ACCOUNT_INSURANCE);
    s->kept.balances_n = 3;
}

void story_begin(struct story *s)
{
    struct market_rules plain = market_rules_default;

    plain.quote_seconds = plain.backoff_seconds = plain.collar_bps = 0;
    story_begin_with(s, &plain);
}

void story_end(struct story *s)
{
    market_settle_group(s->m);
    market_check(s->m);
    market_free(s->m);
    CHECK_I64(s->blocks, 0);
}

/* ---- the copies ---- */

/* Put a copy where an object with this number stands, or behind the last. The number is the first
 * member of all of them. */
static void keep(void *array, size_t *n, size_t size, const void *object)
{
    char *const first = array;
    size_t i = 0;

    while (i < *n && memcmp(first + i * size, object, sizeof(int64_t)) != 0)
        i++;
    CHECK(i < STORY_KEPT);
    memcpy(first + i * size, object, size);
    if (i == *n) ++*n;
}

static void keep_offer(struct story_kept *k, const struct offer *o)
{
    size_t i = 0;

    while (i < k->offers_n && (k->offers[i].bid != o->bid || k->offers[i].ask != o->ask))
        i++;
    CHECK(i < STORY_KEPT);
    k->offers[i] = *o;
    if (i == k->offers_n) k->offers_n++;
}

static bool is_sealed(const struct story_kept *k, int64_t bid)
{
    for (size_t i = 0; i < k->bids_n; i++)
        if (k->bids[i].bid == bid) return k->bids[i].sealed && k->bids[i].state == ORDER_OPEN;
    return false;
}

static void keep_touched(struct story *s)
{
    struct story_kept *const k = &s->kept;
    struct touched t;

    market_touched(s->m, &t);
    for (size_t i = 0; i < t.balances_n; i++)
        keep(k->balances, &k->balances_n, sizeof(k->balances[0]), t.balances[i]);
    for (size_t i = 0; i < t.nodes_n; i++)
        keep(k->nodes, &k->nodes_n, sizeof(k->nodes[0]), t.nodes[i]);
    for (size_t i = 0; i < t.asks_n; i++)
        keep(k->asks, &k->asks_n, sizeof(k->asks[0]), t.asks[i]);
    for (size_t i = 0; i < t.bids_n; i++)
        keep(k->bids, &k->bids_n, sizeof(k->bids[0]), t.bids[i]);
    for (size_t i = 0; i < t.leases_n; i++)
        keep(k->leases, &k->leases_n, sizeof(k->leases[0]), t.leases[i]);
    for (size_t i = 0; i < t.payouts_n; i++)
        keep(k->payouts, &k->payouts_n, sizeof(k->payouts[0]), t.payouts[i]);
    for (size_t i = 0; i < t.standings_n; i++)
        keep(k->standings, &k->standings_n, sizeof(k->standings[0]), t.standings[i]);
    for (size_t i = 0; i < t.pools_n; i++)
        k->pools[t.pools[i]->pool] = *t.pools[i];
    for (size_t i = 0; i < t.offers_n; i++)
        keep_offer(k, &t.offers[i]);
}

static struct market *rebuilt(const struct story *s, const struct mem *mem)
{
    const struct story_kept *const k = &s->kept;
    struct market *const m = market_new(mem, &s->rules, pools, ARRAY_LEN(pools));

    CHECK(m);
    for (size_t i = 0; i < k->balances_n; i++)
        CHECK(market_load_balance(m, &k->balances[i]));
    for (size_t i = 0; i < k->nodes_n; i++)
        CHECK(market_load_node(m, &k->nodes[i]));
    for (size_t i = 0; i < k->asks_n; i++)
        CHECK(market_load_ask(m, &k->asks[i]));
    for (size_t i = 0; i < k->bids_n; i++)
        CHECK(market_load_bid(m, &k->bids[i]));
    for (size_t i = 0; i < k->leases_n; i++)
        CHECK(market_load_lease(m, &k->leases[i]));
    for (size_t i = 0; i < k->payouts_n; i++)
        CHECK(market_load_payout(m, &k->payouts[i]));
    for (size_t i = 0; i < k->standings_n; i++)
        CHECK(market_load_standing(m, &k->standings[i]));
    for (size_t i = 0; i < ARRAY_LEN(k->pools); i++)
        CHECK(k->pools[i].pool == 0 || market_load_pool(m, &k->pools[i]));
    for (size_t i = 0; i < k->offers_n; i++)
        CHECK(!is_sealed(k, k->offers[i].bid) || market_load_offer(m, &k->offers[i]));
    CHECK(market_load_end(m, market_last_seq(s->m), market_last_us(s->m)));
    return m;
}

struct market *story_rebuilt(struct story *s)
{
    return rebuilt(s, &mem_heap);
}

void story_restart(struct story *s)
{
    struct market *const m = rebuilt(s, &s->mem);

    market_free(s->m);
    s->m = m;
}

/* What is due next is the same, and at the same time. */
static void check_due_alike(const struct story *s, const struct market *second)
{
    struct command a, b;
    int64_t next_a = 0, next_b = 0;
    const bool due = market_due(s->m, s->now_us, &a, &next_a);

    CHECK(market_due(second, s->now_us, &b, &next_b) == due);
    CHECK(due ? a.kind == b.kind && memcmp(&a.u, &b.u, sizeof(a.u)) == 0 : next_a == next_b);
}

static void check_rebuilt(struct story *s)
{
    struct market *const second = story_rebuilt(s);

    CHECK(market_hash(second) == market_hash(s->m));
    check_due_alike(s, second);
    market_free(second);
}

/* A market that has just been loaded has nothing to spare: without memory it refuses what it else
 * would do, gives any other refusal as before, and is what it was. */
static enum err_code without_memory(struct story *s, const struct command *c)
{
    struct outcome out;

    if (!s->rebuild || s->one_group || s->memory_left >= 0) return ERR_NONE;
    if (c->kind == COMMAND_SET_RULES || c->kind >= COMMANDS) return ERR_NONE; /* touch no object */
    if (s->poor[c->kind]++ >= 2) return ERR_NONE;
    struct market *const poor = rebuilt(s, &s->mem);
    s->memory_left = 0;
    market_apply(poor, c, &out);
    s->memory_left = -1;
    CHECK(out.refused != ERR_NONE);
    CHECK(market_hash(poor) == market_hash(s->m));
    market_check(poor);
    market_free(poor);
    return out.refused;
}

/* ---- commands ---- */

static void check_postings(const struct outcome *out)
{
    int64_t sum = 0;

    CHECK(out->postings_n <= POSTINGS_MAX);
    for (int32_t i = 0; i < out->postings_n; i++) {
        const struct posting *const p = &out->postings[i];
        CHECK(p->amount.micros != 0);
        CHECK(i == 0 || p[-1].account < p->account ||
              (p[-1].account == p->account && p[-1].bucket < p->bucket));
        sum += p->amount.micros;
    }
    CHECK_I64(sum, 0);
}

bool story_do(struct story *s, struct command c)
{
    const uint64_t before = market_hash(s->m);

    c.seq = market_last_seq(s->m) + 1;
    c.at_us = s->now_us;
    const enum err_code poor = without_memory(s, &c);
    market_apply(s->m, &c, &s->out);
    if (poor != ERR_NONE)
        CHECK_I64(poor, s->out.refused != ERR_NONE ? s->out.refused : ERR_OVERLOADED);
    market_check(s->m);
    check_postings(&s->out);
    if (s->out.refused != ERR_NONE) {
        CHECK(market_hash(s->m) == before);
        CHECK(s->out.postings_n == 0 && s->out.trades_n == 0 && s->out.why[0] != '\0');
        return false;
    }

    CHECK(s->out.why[0] == '\0');
    CHECK(market_last_seq(s->m) == c.seq && market_last_us(s->m) == c.at_us);
    CHECK((size_t)s->out.trades_n <= ARRAY_LEN(s->trades));
    for (int32_t i = 0; i < s->out.trades_n; i++)
        s->trades[i] = market_trades(s->m)[s->out.trades_first + i];
    keep_touched(s);
    if (c.kind == COMMAND_SET_RULES) s->rules = c.u.set_rules;
    if (!s->one_group) market_settle_group(s->m);
    market_check(s->m);
    if (s->rebuild) check_rebuilt(s);
    return true;
}

static int64_t made(struct story *s, struct command c)
{
    if (!story_do(s, c)) {
        fprintf(stderr, "refused: %s\n", s->out.why);
        exit(1);
    }
    return market_last_seq(s->m);
}

int64_t story_account(struct story *s, struct money amount)
{
    const int64_t account = made(s, (struct command){ .kind = COMMAND_OPEN_ACCOUNT });

    if (amount.micros > 0)
        made(s, (struct command){ .account = ACCOUNT_WORLD,
                                  .kind = COMMAND_CREDIT,
                                  .u.credit = { account, amount } });
    return account;
}

int64_t story_node(struct story *s, int64_t account, struct node_spec spec)
{
    return made(s, (struct command){
                       .account = account, .kind = COMMAND_PUT_NODE, .u.put_node = { 0, spec } });
}

int64_t story_cpu_node(struct story *s, int64_t account, int32_t cpus)
{
    return story_node(s, account,
                      (struct node_spec){ .cpu_millis = cpus * 1000,
                                          .memory_bytes = cpus * STORY_GIB,
                                          .scratch_bytes = 4 * STORY_GIB * cpus });
}

int64_t story_gpu_node(struct story *s, int64_t account, int32_t gpus)
{
    return story_node(s, account,
                      (struct node_spec){ .cpu_millis = gpus * 8000,
                                          .memory_bytes = 64 * STORY_GIB * gpus,
                                          .scratch_bytes = 256 * STORY_GIB * gpus,
                                          .gpu_pool = STORY_GPU,
                                          .gpus = gpus });
}

struct command story_ask_of(const struct story *s, int64_t node, int32_t units, struct money price)
{
    const struct node *const n = market_node(s->m, node);

    CHECK(n);
    return (struct command){
        .account = n->account,
        .kind = COMMAND_PLACE_ASK,
        .u.place_ask = { .node = node,
                         .pool = n->spec.gpus > 0 ? STORY_GPU : STORY_CPU,
                         .price = price,
                         .floor = price,
                         .units = units,
                         .until_us = s->now_us + 2 * STORY_DAY * INT64_C(1000000),
                         .seconds_min = 60,
                         .seconds_max = STORY_DAY,
                         .egress_max = 2,
                         .risk_seconds = DURATION_MAX_S },
    };
}

struct command story_job_of(const struct story *s, int64_t account, int32_t pool, int32_t units,
                            struct money limit)
{
    return (struct command){
        .account = account,
        .kind = COMMAND_SUBMIT_JOB,
        .u.submit_job = { .wants = { { pool, units } },
                          .wants_n = 1,
                          .limit = limit,
                          .budget = MONEY_INPUT_MAX,
                          .nodes = 1,
                          .seconds = STORY_HOUR,
                          .checkpoint_seconds = 60,
                          .expires_us = s->now_us + STORY_DAY * INT64_C(1000000),
                          .attempts_max = 3 },
    };
}

int64_t story_ask(struct story *s, int64_t node, int32_t units, struct money price)
{
    return made(s, story_ask_of(s, node, units, price));
}

int64_t story_job(struct story *s, int64_t account, int32_t pool, int32_t units, struct money limit)
{
    return made(s, story_job_of(s, account, pool, units, limit));
}

struct command story_lease_of(const struct story *s, int64_t job, enum command_kind kind)
{
    const struct lease *const l = story_lease_for(s, job);
    const bool clock = kind == COMMAND_LEASE_TIMEOUT || kind == COMMAND_LEASE_LOST ||
                       kind == COMMAND_LEASE_SPENT || kind == COMMAND_LEASE_RIPE ||
                       kind == COMMAND_LEASE_DRAINED;

    return (struct command){
        .account = clock ? ACCOUNT_WORLD : l->provider,
        .kind = kind,
        .u.lease = { .lease = l->lease, .epoch = l->epoch },
    };
}

bool story_lease(struct story *s, int64_t job, enum command_kind kind)
{
    return story_do(s, story_lease_of(s, job, kind));
}

void story_run(struct story *s, int64_t job)
{
    CHECK(story_lease(s, job, COMMAND_ACCEPT_LEASE));
    CHECK(story_lease(s, job, COMMAND_LEASE_READY));
}

bool story_exit(struct story *s, int64_t job, int64_t seconds, int32_t exit_code)
{
    struct command c = story_lease_of(s, job, COMMAND_LEASE_EXIT);

    c.u.lease.seconds = seconds;
    c.u.lease.exit_code = exit_code;
    c.u.lease.reason = REASON_DONE;
    return story_do(s, c);
}

bool story_cancel(struct story *s, int64_t account, int64_t order)
{
    return story_do(s, (struct command){ .account = account,
                                         .kind = story_kept_bid(s, order) ? COMMAND_CANCEL_JOB
                                                                          : COMMAND_CANCEL_ASK,
                                         .u.order = { order } });
}

void story_wait(struct story *s, int64_t seconds)
{
    s->now_us += seconds * INT64_C(1000000);
}

int story_clock(struct story *s)
{
    struct command c;
    int64_t next_us;
    int n = 0;

    for (; market_due(s->m, s->now_us, &c, &next_us); n++)
        CHECK(story_do(s, c));
    CHECK(next_us > s->now_us);
    return n;
}

/* ---- looking ---- */

const struct balance *story_balance(const struct story *s, int64_t account)
{
    const struct balance *const b = market_balance(s->m, account);

    CHECK(b);
    return b;
}

const struct ask *story_kept_ask(const struct story *s, int64_t ask)
{
    for (size_t i = 0; i < s->kept.asks_n; i++)
        if (s->kept.asks[i].ask == ask) return &s->kept.asks[i];
    return NULL;
}

const struct bid *story_kept_bid(const struct story *s, int64_t bid)
{
    for (size_t i = 0; i < s->kept.bids_n; i++)
        if (s->kept.bids[i].bid == bid) return &s->kept.bids[i];
    return NULL;
}

const struct lease *story_kept_lease(const struct story *s, int64_t lease)
{
    for (size_t i = 0; i < s->kept.leases_n; i++)
        if (s->kept.leases[i].lease == lease) return &s->kept.leases[i];
    return NULL;
}

const struct lease *story_lease_for(const struct story *s, int64_t job)
{
    const struct lease *newest = NULL;

    for (size_t i = 0; i < s->kept.leases_n; i++)
        if (s->kept.leases[i].bid == job) newest = &s->kept.leases[i];
    CHECK(newest);
    return newest;
}
