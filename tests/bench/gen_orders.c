/* SPDX-License-Identifier: Apache-2.0 */
/* Deterministic order stream for measuring a matching engine.
 *
 *     gen_orders [N [SEED [LEVELS [CANCEL_PCT [CROSS_PCT [PREFILL [WALK]]]]]]] > stream.txt
 *
 *     N           messages to write                                     default 2000000
 *     SEED        start of the random sequence                          default 42
 *     LEVELS      width of the passive band on each side, in ticks      default 200
 *     CANCEL_PCT  share of messages that cancel an earlier order        default 40
 *     CROSS_PCT   share of new orders priced through the middle         default 20
 *     PREFILL     passive adds that come first, without any cancel      default 0
 *     WALK        the middle moves one tick every WALK messages, 0 = never   default 64
 *
 * One message per line, numbers in decimal, prices in ticks, ids dense from 1:
 *
 *     A id side price qty      a new limit order; side is B (buy) or S (sell)
 *     C id                     cancel that order
 *
 * The generator does not match. It picks what to cancel among all orders not yet cancelled, so a
 * good part of the cancels (a third by default) name an order that has already been filled: an
 * engine must count these as rejected and carry on.
 *
 * The same arguments give the same bytes on every machine: there are only integers in here, and
 * the order in which random numbers are drawn is part of the format. Do not reorder the draws.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FIRST_MID = 100000, /* where the middle of the book starts, in ticks */
    CROSS_TICKS = 8,    /* a crossing order goes 1 to 8 ticks through the middle */
    MAX_QTY = 100,
};

struct params {
    uint64_t messages;
    uint64_t seed;
    uint64_t levels;
    uint64_t cancel_pct;
    uint64_t cross_pct;
    uint64_t prefill;
    uint64_t walk;
};

/* Orders that may still be open, in no particular order. */
struct live {
    uint64_t *ids;
    uint64_t len;
};

/* splitmix64: one addition, two multiplications, and good enough for a workload. */
static uint64_t random_u64(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;

    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number in [0, n), from the upper half of one draw. */
static uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)(((random_u64(state) >> 32) * n) >> 32);
}

static bool chance(uint64_t *state, uint64_t percent)
{
    return random_below(state, 100) < percent;
}

static void write_cancel(uint64_t *state, struct live *live)
{
    const uint64_t k = random_u64(state) % live->len;

    printf("C %" PRIu64 "\n", live->ids[k]);
    live->ids[k] = live->ids[--live->len];
}

/* How far from the middle an order is priced; negative means through it.
 * The smaller of two uniform draws makes the band densest where the sides meet. */
static int64_t price_offset(uint64_t *state, const struct params *p, bool crossing)
{
    if (crossing) return -(int64_t)(1 + random_below(state, CROSS_TICKS));

    const uint32_t a = random_below(state, (uint32_t)p->levels);
    const uint32_t b = random_below(state, (uint32_t)p->levels);
    return 1 + (int64_t)(a < b ? a : b);
}

static void write_add(uint64_t *state, const struct params *p, int64_t mid, bool may_cross,
                      uint64_t id)
{
    const bool buy = random_u64(state) & 1;
    const bool crossing = may_cross && chance(state, p->cross_pct);
    const int64_t offset = price_offset(state, p, crossing);
    const int64_t price = buy ? mid - offset : mid + offset;
    const uint32_t qty = 1 + random_below(state, MAX_QTY);

    printf("A %" PRIu64 " %c %" PRId64 " %" PRIu32 "\n", id, buy ? 'B' : 'S', price, qty);
}

static void write_stream(const struct params *p, struct live *live)
{
    uint64_t state = p->seed;
    int64_t mid = FIRST_MID;
    uint64_t last_id = 0;

    for (uint64_t i = 0; i < p->messages; i++) {
        const bool mixed = i >= p->prefill;

        if (mixed && p->walk > 0 && i % p->walk == 0) mid += (random_u64(&state) & 1) ? 1 : -1;

        if (mixed && live->len > 0 && chance(&state, p->cancel_pct)) {
            write_cancel(&state, live);
            continue;
        }
        write_add(&state, p, mid, /* may_cross= */ mixed, ++last_id);
        live->ids[live->len++] = last_id;
    }
}

/* Digits only. `max` is below UINT64_MAX, which is what strtoull answers to too many digits. */
static bool parse_u64(const char *text, uint64_t max, uint64_t *out)
{
    char *end;

    if (*text < '0' || *text > '9') return false;
    const unsigned long long value = strtoull(text, &end, 10);
    if (*end != '\0' || value > max) return false;
    *out = value;
    return true;
}

int main(int argc, char **argv)
{
    struct params p = {
        .messages = 2000000,
        .seed = 42,
        .levels = 200,
        .cancel_pct = 40,
        .cross_pct = 20,
        .prefill = 0,
        .walk = 64,
    };
    const struct {
        const char *name;
        uint64_t *value;
        uint64_t max;
    } args[] = {
        { "N", &p.messages, 1000000000 },   { "SEED", &p.seed, UINT64_MAX - 1 },
        { "LEVELS", &p.levels, 50000 },     { "CANCEL_PCT", &p.cancel_pct, 100 },
        { "CROSS_PCT", &p.cross_pct, 100 }, { "PREFILL", &p.prefill, 1000000000 },
        { "WALK", &p.walk, UINT32_MAX },
    };
    const int n_args = (int)(sizeof(args) / sizeof(args[0]));

    if (argc - 1 > n_args) {
        fprintf(stderr, "gen_orders: at most %d arguments\n", n_args);
        return 2;
    }
    for (int i = 1; i < argc; i++) {
        if (!parse_u64(argv[i], args[i - 1].max, args[i - 1].value)) {
            fprintf(stderr, "gen_orders: %s must be a number from 0 to %" PRIu64 ", not \"%s\"\n",
                    args[i - 1].name, args[i - 1].max, argv[i]);
            return 2;
        }
    }
    if (p.levels == 0) {
        fprintf(stderr, "gen_orders: LEVELS must be at least 1\n");
        return 2;
    }

    struct live live = { .ids = malloc((p.messages + 1) * sizeof(*live.ids)) };
    if (live.ids == NULL) {
        fprintf(stderr, "gen_orders: no memory for %" PRIu64 " messages\n", p.messages);
        return 1;
    }
    write_stream(&p, &live);
    free(live.ids);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("gen_orders");
        return 1;
    }
    return 0;
}
