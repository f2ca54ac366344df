/* SPDX-License-Identifier: Apache-2.0 */
#include "service/levels.h"

#include "base/random.h"
#include "tests/t.h"

static uint64_t state;

static int64_t roll(int64_t sides)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)sides);
}

TEST(the_checksum_is_that_of_zlib)
{
    CHECK_I64(crc32_of(STR("")), 0);
    CHECK_I64(crc32_of(STR("123456789")), 0xcbf43926);
    CHECK_I64(crc32_of(STR("a 0.010000 12\nb 0.009000 3\n")), 0xe375b0cb);
}

TEST(the_canonical_text_is_as_told)
{
    const struct depth_side asks = { { { { 10000 }, 12, 2 }, { { 1250000 }, 1, 1 } }, 2 };
    const struct depth_side bids = { { { { 9000 }, 3, 1 } }, 1 };
    auto_buf struct buf text = { .max = 1000 };

    levels_canonical(&asks, &bids, &text);
    buf_char(&text, '\0');
    CHECK_STR(text.p, "a 0.010000 12\na 1.250000 1\nb 0.009000 3\n");
}

/* A side with some of 250 prices, so that looks at it often differ and are often cut. */
static void look(enum side side, struct depth_side *out)
{
    out->n = 0;
    const int64_t odds = 1 + roll(4);
    for (int64_t i = 0; i < 250 && out->n < DEPTH_LEVELS; i++) {
        if (roll(odds) != 0) continue;
        const int64_t price = side == SIDE_ASKS ? 1000 + i : 1000 - i;
        out->levels[out->n++] = (struct depth_level){ { price }, 1 + roll(3), 1 };
    }
}

/* As a client does: put in, replace, take out; kept in a plain array by price. */
static void apply(int64_t units[2000], const struct level_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        units[c[i].price] = c[i].units;
}

TEST(changes_applied_to_one_look_give_the_next)
{
    static struct depth_side was, is;
    static int64_t units[2000], want[2000];
    struct level_change changes[2 * DEPTH_LEVELS];

    for (int round = 0; round < 2000; round++) {
        const enum side side = round % 2 ? SIDE_ASKS : SIDE_BIDS;
        memset(units, 0, sizeof(units));
        memset(want, 0, sizeof(want));
        look(side, &was);
        look(side, &is);
        for (size_t i = 0; i < was.n; i++)
            units[was.levels[i].price.micros] = was.levels[i].units;
        for (size_t i = 0; i < is.n; i++)
            want[is.levels[i].price.micros] = is.levels[i].units;
        apply(units, changes, levels_diff(side, &was, &is, changes));
        CHECK(memcmp(units, want, sizeof(units)) == 0);
        CHECK_I64(levels_diff(side, &is, &is, changes), 0);
    }
}

int main(int argc, char **argv)
{
    state = (argc > 1 ? strtoull(argv[1], NULL, 10) : random_u64() >> 16) | 1;
    printf("seed %llu\n", (unsigned long long)state);
    the_checksum_is_that_of_zlib();
    the_canonical_text_is_as_told();
    changes_applied_to_one_look_give_the_next();
    printf("ok\n");
    return 0;
}
