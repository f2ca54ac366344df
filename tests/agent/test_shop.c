/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent has for sale, and joining a market, on fake ports. */
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "tests/agent/fake_ports.h"
#include "tests/t.h"

#define PATIENCE_MS 10000

static size_t open_asks(const struct fake_world *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->market.asks_n; i++)
        n += w->market.asks[i].open;
    return n;
}

static bool some_heartbeats(struct fake_world *w)
{
    return w->market.heartbeats >= 8 && w->market.nodes_put > 0;
}

static struct fake_world *seller(int64_t price_micros)
{
    struct fake_world *w = fake_world_new();
    w->sells = true;
    w->price_micros = price_micros;
    return w;
}

static void end(struct fake_world *w)
{
    CHECK_STR(w->market.broken, "");
    fake_world_free(w);
}

TEST(without_a_price_nothing_is_sold)
{
    struct fake_world *w = fake_world_new();
    CHECK_I64(fake_run(w, some_heartbeats, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks_n, 0);
    CHECK_I64(w->market.nodes_put, 1);
    end(w);
}

TEST(one_ask_stands_with_the_owners_price)
{
    struct fake_world *w = seller(50000);
    CHECK_I64(fake_run(w, some_heartbeats, PATIENCE_MS), 0);
    CHECK_I64(w->market.asks_n, 1);
    CHECK_I64(w->market.asks[0].price_micros, 50000);
    CHECK_I64(fake_run(w, some_heartbeats, PATIENCE_MS), 0); /* again: it stays */
    CHECK_I64(w->market.asks_n, 1);
    end(w);
}

static bool has_offered(struct fake_world *w)
{
    return w->market.offers > 0;
}

TEST(a_sealed_bid_is_answered_with_what_the_machine_is_worth)
{
    struct fake_world *w = seller(50000);
    CHECK_I64(fake_run(w, some_heartbeats, PATIENCE_MS), 0);
    w->market.bid =
        (struct sealed_bid){ .wants = { { STR("cpu"), 1 } }, .wants_n = 1, .max_seconds = 600 };
    snprintf(w->market.bid_id, sizeof(w->market.bid_id), "bid_1");
    CHECK_I64(fake_run(w, has_offered, PATIENCE_MS), 0);
    CHECK_STR(w->market.offered_ask, w->market.asks[0].ask_id);
    CHECK_I64(w->market.offered_micros, 50000);
    end(w);
}

static bool price_is_new(struct fake_world *w)
{
    return w->market.asks[0].price_micros == 50000 && open_asks(w) == 1 && some_heartbeats(w);
}

TEST(an_old_ask_is_amended_and_a_second_one_withdrawn)
{
    struct fake_world *w = seller(50000);
    w->market.asks[0] = (struct fake_ask){ .ask_id = "ask_1",
                                           .pool = "cpu",
                                           .open = true,
                                           .price_micros = 90000,
                                           .floor_micros = 50000,
                                           .units = 1 };
    w->market.asks[1] = (struct fake_ask){ .ask_id = "ask_2",
                                           .pool = "cpu",
                                           .open = true,
                                           .price_micros = 80000,
                                           .floor_micros = 80000,
                                           .units = 1 };
    w->market.asks_n = 2;
    CHECK_I64(fake_run(w, price_is_new, PATIENCE_MS), 0);
    CHECK(!w->market.asks[1].open);
    CHECK_I64(w->market.asks_n, 2);
    end(w);
}

/* The market takes the first ask back as soon as it stands. When that was, and when the second one
 * came, is left in `marks_us`, where the parent can read it. */
static bool stands_again(struct fake_world *w)
{
    if (w->market.asks_n == 1 && w->market.asks[0].open && some_heartbeats(w)) {
        w->market.marks_us[0] = clock_monotonic_us(); /* before: the machine may be slow */
        w->market.asks[0].open = false;
    }
    if (w->market.asks_n < 2) return false;
    w->market.marks_us[1] = clock_monotonic_us();
    return true;
}

TEST(after_a_withdrawal_the_next_ask_comes_later)
{
    struct fake_world *w = seller(50000);
    CHECK_I64(fake_run(w, stands_again, PATIENCE_MS), 0);
    const int64_t waited = w->market.marks_us[1] - w->market.marks_us[0];
    CHECK(waited >= fake_settings.ask_retry_us * 3 / 4);
    end(w);
}

/* ---- joining -----------------------------------------------------------------------------------
 */

static bool join(struct fake_world *w, const char *token, struct err *err)
{
    const struct link market = { &fake_link_ops, w };
    struct node_report report = { .name = STR("box"), .agent_version = STR("1") };
    struct key *key = identity_key(w->dir, identity_is_joined(w->dir), err);
    CHECK(key != NULL);
    const bool ok =
        identity_join(w->dir, STR("http://market"), str_of(token), key, &report, &market, err);
    key_free(key);
    return ok;
}

static void make_token(const struct fake_world *w, bool other, char out[128])
{
    char fingerprint[33];
    const struct public_key key = key_public(other ? w->key : w->market_key);
    public_key_fingerprint(&key, fingerprint);
    snprintf(out, 128, "brs_join_secret.%s", fingerprint);
}

TEST(a_join_pins_the_market_and_keeps_the_key)
{
    struct err err;
    struct identity id;
    struct stat st;
    char token[128], path[300];
    struct fake_world *w = fake_world_new();
    make_token(w, false, token);
    CHECK(!identity_is_joined(w->dir));
    CHECK(join(w, token, &err));
    CHECK(identity_is_joined(w->dir) && identity_has_key(w->dir));
    snprintf(path, sizeof(path), "%s/agent.key", w->dir);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);

    CHECK(identity_load(w->dir, &id, &err));
    const struct public_key market = key_public(w->market_key);
    CHECK(memcmp(&id.trust.market_key, &market, sizeof(market)) == 0);
    CHECK(str_is(id.trust.market_id, "market_test") && str_is(id.name, "box"));
    CHECK_I64(id.heartbeat_seconds, 20);
    identity_done(&id);
    fake_world_free(w);
}

TEST(joining_again_takes_a_new_key_once_it_has_worked)
{
    struct err err;
    struct identity first, second;
    char token[128], wrong[128];
    struct fake_world *w = fake_world_new();
    make_token(w, false, token);
    make_token(w, true, wrong);
    CHECK(join(w, token, &err));
    CHECK(identity_load(w->dir, &first, &err));
    CHECK(!join(w, wrong, &err));
    CHECK(identity_load(w->dir, &second, &err));
    const struct public_key a = key_public(first.key), b = key_public(second.key);
    CHECK(memcmp(&a, &b, sizeof(a)) == 0);
    identity_done(&second);

    CHECK(join(w, token, &err));
    CHECK(identity_load(w->dir, &second, &err));
    const struct public_key c = key_public(second.key);
    CHECK(memcmp(&a, &c, sizeof(a)) != 0);
    identity_done(&first);
    identity_done(&second);
    fake_world_free(w);
}

TEST(another_market_than_the_token_means_is_refused_and_not_kept)
{
    struct err err;
    char token[128];
    struct fake_world *w = fake_world_new();
    make_token(w, true, token);
    CHECK(!join(w, token, &err));
    CHECK_I64(err.code, ERR_FORBIDDEN);
    CHECK(!identity_is_joined(w->dir));
    fake_world_free(w);
}

TEST(what_is_no_token_is_refused_before_anything_is_sent)
{
    static const char *const wrong[] = {
        "",
        "brs_join_",
        "brs_join_x",
        "brs_join_x.",
        "brs_join_x.12345678901234567890123456789012a",
        "brs_join_.0123456789abcdef0123456789abcdef",
        "brs_live_x.0123456789abcdef0123456789abcdef",
        "brs_join_x.0123456789ABCDEF0123456789abcdef",
    };
    struct str fingerprint;
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        CHECK(!join_token_fingerprint(str_of(wrong[i]), &fingerprint, &err));
    CHECK(join_token_fingerprint(STR("brs_join_x.0123456789abcdef0123456789abcdef"), &fingerprint,
                                 &err));
}

TESTS(T(without_a_price_nothing_is_sold), T(one_ask_stands_with_the_owners_price),
      T(a_sealed_bid_is_answered_with_what_the_machine_is_worth),
      T(an_old_ask_is_amended_and_a_second_one_withdrawn),
      T(after_a_withdrawal_the_next_ask_comes_later), T(a_join_pins_the_market_and_keeps_the_key),
      T(joining_again_takes_a_new_key_once_it_has_worked),
      T(another_market_than_the_token_means_is_refused_and_not_kept),
      T(what_is_no_token_is_refused_before_anything_is_sent))
