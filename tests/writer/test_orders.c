/* SPDX-License-Identifier: Apache-2.0 */
/* What the market holds comes back from the database as it was: random commands of every kind are
 * stored group by group, and now and then a second market is loaded and must be the same. */
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "service/payload.h"
#include "store/group.h"
#include "store/load.h"
#include "store/pipeline.h"
#include "tests/property/random_commands.h"
#include "tests/t.h"
#include "tests/writer/market_db.h"

#define SEEDS     8
#define COMMANDS_ 4000
#define GROUPS    12 /* between two looks */
#define BEGINS_US INT64_C(1795509000000000)

struct run {
    uint64_t seed;
    struct dice dice;
    struct style style;
    struct naive *model;
    struct market *market;
    struct group *group;
    struct db *db;
    int64_t in_group, group_max, groups, kinds[COMMANDS];
};

static struct err err;

static void add(struct run *r, const struct command *c, const struct outcome *o)
{
    struct arena a;
    struct group_command row = { .command = c, .body = STR(""), .status = 200, .outcome = o };

    arena_init(&a, 1 << 20);
    memcpy(row.key, &c->seq, sizeof(c->seq));
    row.payload = payload_make(c, NULL, &a);
    CHECK(row.payload.p != NULL);
    group_add_command(r->group, &row);
    arena_done(&a);
    r->kinds[c->kind]++;
    r->in_group++;
}

static void look(struct run *r)
{
    struct market *again =
        market_new(&mem_heap, &r->model->rules, r->style.pools, r->style.pools_n);

    int64_t read_us;
    CHECK(store_load_market(r->db, again, &read_us, &err));
    if (market_hash(again) != market_hash(r->market))
        fprintf(stderr, "seed %" PRIu64 ": another market after command %" PRId64 "\n", r->seed,
                market_last_seq(r->market));
    CHECK(market_hash(again) == market_hash(r->market));
    CHECK_I64(market_last_seq(again), market_last_seq(r->market));
    CHECK_I64(market_last_us(again), market_last_us(r->market));
    market_free(again);
}

static void end_group(struct run *r)
{
    struct touched t;

    if (r->in_group == 0) return;
    market_touched(r->market, &t);
    group_add_touched(r->group, &t, market_last_seq(r->market));
    const bool stored = group_send(r->group, r->db, 0, &err) &&
                        db_pipeline_result(r->db, true, &err) == DB_ONE &&
                        db_pipeline_end(r->db, &err);
    if (!stored) fprintf(stderr, "seed %" PRIu64 ": %s %s\n", r->seed, err.detail, err.internal);
    CHECK(stored);
    market_settle_group(r->market);
    naive_settle_group(r->model);
    group_clear(r->group);
    r->in_group = 0;
    r->group_max = 1 + dice_below(&r->dice, dice_percent(&r->dice, 20) ? 100 : 8);
    if (++r->groups % GROUPS == 0) look(r);
}

static void step(struct run *r)
{
    struct command c;
    struct outcome out;

    random_command(&r->dice, &r->style, r->model, &c);
    c.seq = market_last_seq(r->market) + 1;
    if (c.at_us < BEGINS_US) c.at_us = BEGINS_US; /* a time of 0 is none in the database */
    naive_apply(r->model, &c);
    market_apply(r->market, &c, &out);
    if (out.refused == ERR_NONE) add(r, &c, &out);
    if (r->in_group >= r->group_max) end_group(r);
}

static void run(uint64_t seed, int64_t kinds[COMMANDS])
{
    struct run r = { .seed = seed, .dice = { seed }, .group_max = 1 };

    style_roll(&r.dice, &r.style);
    r.style.late = r.style.laden = r.style.squeezed = false;
    r.style.fancy = r.style.fancy < 30 ? 30 : r.style.fancy;
    r.db = market_db_open(market_db_new());
    r.model = naive_new(&r.style.rules, r.style.pools, r.style.pools_n);
    r.market = market_new(&mem_heap, &r.style.rules, r.style.pools, r.style.pools_n);
    r.group = group_new();
    for (int i = 0; i < COMMANDS_; i++)
        step(&r);
    end_group(&r);
    look(&r);
    for (int k = 0; k < COMMANDS; k++)
        kinds[k] += r.kinds[k];
    group_free(r.group);
    market_free(r.market);
    naive_free(r.model);
    db_close(r.db);
}

TEST(a_market_is_loaded_as_it_was)
{
    int64_t kinds[COMMANDS] = { 0 };
    const char *given = getenv("BOURSE_SEED");
    const uint64_t first = given ? strtoull(given, NULL, 10) : 1;

    for (uint64_t seed = first; seed < first + (given ? 1 : SEEDS); seed++)
        run(seed, kinds);
    for (int k = 1; k < COMMANDS && !given; k++) {
        if (kinds[k] == 0) fprintf(stderr, "no command of kind %d was applied\n", k);
        CHECK(kinds[k] > 0);
    }
}

TESTS(T(a_market_is_loaded_as_it_was))
