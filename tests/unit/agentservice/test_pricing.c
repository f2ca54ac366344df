/* SPDX-License-Identifier: Apache-2.0 */
/* What the pricer says and what it remembers. */
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "service/outputs.h"
#include "service/pricing_file.h"
#include "tests/t.h"

#define MINUTE INT64_C(60000000)

static const char *words(enum pricing_reason reason, int64_t idle_us, int64_t best, int64_t paid)
{
    static char text[REASON_SIZE];
    const struct pricing_rule rule = { PRICING_ADAPTIVE, 250000, 1000, MINUTE };
    const struct pricing_step step = { 300000, reason, 2, idle_us, 0 };
    const struct pricing_seen seen = { .price_micros = 310000,
                                       .units = 8,
                                       .units_free = 1,
                                       .best_ask_micros = best,
                                       .last_trade_micros = paid };
    pricing_words(&step, &rule, &seen, text);
    return text;
}

TEST(a_reason_says_what_was_seen)
{
    CHECK_STR(words(PRICING_IDLE, 12 * MINUTE, 305000, 0), "idle for 12 min, best other ask 0.305");
    CHECK_STR(words(PRICING_IDLE, MINUTE, 305000, 0), "idle for 60 s, best other ask 0.305");
    CHECK_STR(words(PRICING_IDLE, 300 * MINUTE, 0, 0), "idle for 5 h, no other ask");
    CHECK_STR(words(PRICING_SOLD, 0, 305000, 0), "sold 2 times, best other ask 0.305");
    CHECK_STR(words(PRICING_BUSY, 0, 0, 0), "busy, 7 of 8 units sold, no other ask");
    CHECK_STR(words(PRICING_DEARER, 0, 290000, 0), "others are cheaper, best other ask 0.29");
    CHECK_STR(words(PRICING_DEARER, 0, 320000, 280000),
              "somebody sold at 0.28, best other ask 0.32");
    CHECK_STR(words(PRICING_TRADED, 0, 0, 1000000), "somebody sold at 1.00, no other ask");
    CHECK_STR(words(PRICING_UNDER, 0, 301000, 0), "one tick under the best other ask, 0.301");
    CHECK_STR(words(PRICING_FLOOR, 0, 200000, 0), "at the floor, 0.25; best other ask 0.20");
    CHECK_STR(words(PRICING_BACK, 0, 0, 0), "back to the owner's price, no other ask");
}

TEST(no_reason_is_longer_than_the_market_takes)
{
    const int64_t top = INT64_C(1000000000000000);
    for (int i = 0; i < PRICING_REASONS; i++)
        CHECK(strlen(words((enum pricing_reason)i, INT64_MAX, top, top)) < REASON_SIZE - 1);
}

static struct pricer *in_new_dir(char dir[64])
{
    snprintf(dir, 64, "/tmp/bourse-test-pricing-XXXXXX");
    CHECK(mkdtemp(dir) != NULL);
    return pricer_new(dir, STR("node_1"));
}

static void fill_book(struct pricer *p)
{
    p->n = PRICED_MAX;
    for (size_t i = 0; i < p->n; i++) {
        struct priced *e = &p->v[i];
        snprintf(e->ask_id, sizeof(e->ask_id), "ask_%026zu", i);
        pricing_begin(&e->state, p->seed, 50000 + (int64_t)i, 7 * MINUTE);
        e->state.momentum_nanos = -5;
        e->moves_n = MOVES_KEPT;
        for (size_t k = 0; k < MOVES_KEPT; k++) {
            struct price_move *m = &e->moves[k];
            *m = (struct price_move){ .at_us = (int64_t)k + 1, .from_micros = 2, .to_micros = 1 };
            m->seen.price_micros = 2;
            memset(m->reason, 'r', REASON_SIZE - 1);
        }
    }
}

TEST(all_that_can_be_remembered_is_remembered)
{
    char dir[64];
    struct err err;
    struct pricer *p = in_new_dir(dir);
    CHECK_I64(p->n, 0);
    fill_book(p);
    CHECK(pricer_write(p, &err));
    struct pricer *again = pricer_new(dir, STR("node_1"));
    CHECK_I64(again->n, PRICED_MAX);
    for (size_t i = 0; i < PRICED_MAX; i++) {
        CHECK_STR(again->v[i].ask_id, p->v[i].ask_id);
        CHECK(memcmp(&again->v[i].state, &p->v[i].state, sizeof(struct pricing)) == 0);
        CHECK_I64(again->v[i].moves_n, MOVES_KEPT);
        CHECK_I64(again->v[i].moves[MOVES_KEPT - 1].at_us, MOVES_KEPT);
        CHECK_STR(again->v[i].moves[0].reason, p->v[i].moves[0].reason);
    }
    CHECK(tree_remove(dir, &err));
    pricer_free(p);
    pricer_free(again);
}

TEST(a_file_that_is_none_is_forgotten)
{
    char dir[64], path[96];
    struct err err;
    pricer_free(in_new_dir(dir));
    snprintf(path, sizeof(path), "%s/pricing.json", dir);
    CHECK(file_write(path, STR("{\"asks\":[{\"ask_id\":\"a\"}]}"), 0600, &err));
    struct pricer *p = pricer_new(dir, STR("node_1"));
    CHECK_I64(p->n, 0);
    CHECK(!pricer_read(p, &err));
    CHECK_I64(err.code, ERR_VALIDATION_FAILED);
    CHECK(tree_remove(dir, &err));
    pricer_free(p);
}

TEST(nodes_differ_in_their_chance)
{
    char dir[64];
    struct err err;
    struct pricer *one = in_new_dir(dir), *two = pricer_new(dir, STR("node_2"));
    struct pricer *same = pricer_new(dir, STR("node_1"));
    CHECK(one->seed != two->seed);
    CHECK(one->seed == same->seed);
    CHECK(tree_remove(dir, &err));
    pricer_free(one);
    pricer_free(two);
    pricer_free(same);
}

TESTS(T(a_reason_says_what_was_seen), T(no_reason_is_longer_than_the_market_takes),
      T(all_that_can_be_remembered_is_remembered), T(a_file_that_is_none_is_forgotten),
      T(nodes_differ_in_their_chance))
