/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of a sequence: what is signed for a group is true of each of its commands, and of
 * nothing else. */
#include "sign/sequence.h"

#include "sign/sha.h"
#include "tests/t.h"
#include "tests/unit/sign/seed.h"

#define MARKET "mkt_test"

static struct sequence made[257];
static struct sequence *all[257];
static struct hash room[257];
static struct key *market;

static void make(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        made[i] = (struct sequence){ .seq = (int64_t)(100 + i), .at_us = 1764000000000000 };
        made[i].commit = sha256((struct str){ (const char *)&i, sizeof(i) });
        made[i].request = sha256(STR("{}"));
        all[i] = &made[i];
    }
    sequence_sign(all, n, room, MARKET, market);
}

static bool holds(const struct sequence *s)
{
    const struct public_key k = key_public(market);
    struct err err = { 0 };
    return sequence_verify(s, STR(MARKET), &k, &err);
}

TEST(one_signature_serves_a_group_of_any_size)
{
    for (size_t n = 1; n <= 257; n += n < 20 ? 1 : 79) {
        make(n);
        for (size_t i = 0; i < n; i++)
            CHECK(holds(&made[i]));
    }
}

TEST(nothing_else_is_said)
{
    make(6);
    for (size_t i = 0; i < 6; i++) {
        struct sequence s = made[i];
        s.seq++;
        CHECK(!holds(&s));
        s = made[i];
        s.at_us--;
        CHECK(!holds(&s));
        s = made[i];
        s.commit.b[5] ^= 1;
        CHECK(!holds(&s));
        s = made[i];
        s.request.b[31] ^= 1;
        CHECK(!holds(&s));
        s = made[i];
        s.path[0].b[0] ^= 1;
        CHECK(!holds(&s));
        s = made[i];
        s.path_n--;
        CHECK(!holds(&s));
        s = made[i];
        s.index = (s.index + 1) % 6;
        CHECK(!holds(&s));
        s = made[i];
        s.size = 7;
        CHECK(!holds(&s));
        s = made[i];
        s.signature.b[0] ^= 1;
        CHECK(!holds(&s));
    }
}

TEST(another_market_has_not_said_it)
{
    const struct public_key k = key_public(market);
    struct key *other = key_of_seed(8);
    const struct public_key o = key_public(other);
    struct err err = { 0 };

    make(1);
    CHECK(!sequence_verify(&made[0], STR("mkt_other"), &k, &err));
    CHECK(!sequence_verify(&made[0], STR(MARKET), &o, &err));
    key_free(other);
}

/* The whole of it, byte for byte, for another implementation: a group of two commands with the
 * numbers 100 and 101, signed by the key whose seed is 32 times the byte 7. */
static const char vector[] =
    "seq=101, "
    "at=\"1764000000000000\", "
    "commit=:EhISEhISEhISEhISEhISEhISEhISEhISEhISEhISEhI=:, "
    "request=:IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=:, "
    "index=1, "
    "size=2, "
    "path=:8zSld3yAr9nYdLDT2y++aZutK3dRl1roooLtXTV7goI=:, "
    "signature=:581IhvGA4W1PE1LQP+"
    "6tynkhvSMtDDUnDqUNSS4CbYF4qxbFPeOM7L3wH842nNfde0MXOaZyjOKhJkcmLWikDg==:";

TEST(the_text_is_this_one)
{
    auto_buf struct buf b = { .max = SEQUENCE_TEXT_MAX };

    for (size_t i = 0; i < 2; i++) {
        made[i] = (struct sequence){ .seq = (int64_t)(100 + i), .at_us = 1764000000000000 };
        memset(made[i].commit.b, (int)(17 + i), 32);
        memset(made[i].request.b, 34, 32);
        all[i] = &made[i];
    }
    sequence_sign(all, 2, room, MARKET, market);
    sequence_text(&made[1], &b);
    buf_char(&b, '\0');
    CHECK(!b.failed);
    CHECK_STR(b.p, vector);
}

TEST(a_text_is_read_as_it_was_written)
{
    auto_buf struct buf b = { .max = SEQUENCE_TEXT_MAX };
    struct sequence s;
    struct err err = { 0 };

    make(200);
    sequence_text(&made[77], &b);
    CHECK(!b.failed && sequence_parse(buf_view(&b), &s, &err) && holds(&s));
    CHECK(s.seq == 177 && s.index == 77 && s.size == 200);
    for (size_t n = 0; n < b.n; n++)
        CHECK(!sequence_parse((struct str){ b.p, n }, &s, &err));
    buf_char(&b, ' ');
    CHECK(!sequence_parse(buf_view(&b), &s, &err));
}

int main(void)
{
    static const struct t_test tests[] = {
        T(one_signature_serves_a_group_of_any_size), T(nothing_else_is_said),
        T(another_market_has_not_said_it),           T(the_text_is_this_one),
        T(a_text_is_read_as_it_was_written),
    };
    market = key_of_seed(7);
    for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
        tests[i].run();
        printf("ok %s\n", tests[i].name);
    }
    key_free(market);
    return 0;
}
