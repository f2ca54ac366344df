/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a stream of orders is matched: the same stream, and the same answers, as other engines.
 *
 *     bench_match FILE
 *
 * A line of FILE is `A id side price qty` or `C id` (tools/bench_match.sh). Everything is loaded
 * first, only the matching is timed, and one line of JSON is printed. Orders are found by number in
 * the market's table and stand in its ladders, owners and cells are checked, and each trade is
 * written out. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "domain/cross.h"

#define TRADES (1 << 16) /* then they are written over */
#define GROUP  32        /* messages that are known before the first of them is carried out */

struct message {
    int64_t id, price, quantity;
    char kind; /* 'B', 'S', or 'C' */
};

struct stream {
    struct message *messages;
    size_t n, cap;
};

struct totals {
    uint64_t hash;
    int64_t trades, quantity, notional, cancelled, rejected;
};

/* Cut the first word off *line; the last one ends with it. */
static struct str word(struct str *line)
{
    struct str head, tail;

    if (!str_cut(*line, ' ', &head, &tail)) {
        head = *line;
        tail = (struct str){ 0 };
    }
    *line = tail;
    return head;
}

static bool number(struct str *line, int64_t *n)
{
    return str_i64(word(line), 1, INT64_C(1) << 50, n);
}

/* False: not a message. */
static bool parse(struct str line, struct message *m)
{
    const struct str kind = word(&line);

    if (!number(&line, &m->id)) return false;
    if (str_is(kind, "C")) {
        m->kind = 'C';
        return line.n == 0;
    }
    const struct str side = word(&line);
    if (!str_is(kind, "A") || (!str_is(side, "B") && !str_is(side, "S"))) return false;
    m->kind = side.p[0];
    return number(&line, &m->price) && number(&line, &m->quantity) && line.n == 0;
}

static bool load(FILE *file, struct stream *s)
{
    char line[128];

    while (fgets(line, sizeof(line), file)) {
        line[strcspn(line, "\n")] = '\0';
        if (s->n == s->cap) {
            s->cap = s->cap ? s->cap * 2 : 4096;
            s->messages =
                mem_heap.resize(mem_heap.arg, s->messages, s->cap * sizeof(s->messages[0]));
            if (!s->messages) return false;
        }
        if (!parse(str_of(line), &s->messages[s->n++])) {
            fprintf(stderr, "bench_match: line %zu is not a message\n", s->n);
            return false;
        }
    }
    return !ferror(file);
}

/* FNV-1a over whole words: taker, maker, price, quantity. */
static void count(struct totals *t, const struct cross_fill *f)
{
    const uint64_t words[] = { (uint64_t)f->taker, (uint64_t)f->maker, (uint64_t)f->price,
                               (uint64_t)f->quantity };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        t->hash ^= words[i];
        t->hash *= UINT64_C(1099511628211);
    }
    t->trades++;
    t->quantity += f->quantity;
    t->notional += f->price * f->quantity;
}

/* The orders that the group from message `i` on will name. */
static void expect(const struct cross *c, const struct stream *s, size_t i)
{
    static int64_t orders[GROUP], cancels[GROUP];
    size_t orders_n = 0, cancels_n = 0;

    for (size_t j = i; j < s->n && j < i + GROUP; j++) {
        const bool cancel = s->messages[j].kind == 'C';
        orders[orders_n] = cancels[cancels_n] = s->messages[j].id;
        cancels_n += cancel;
        orders_n += !cancel;
    }
    cross_expect_cancels(c, cancels, cancels_n);
    cross_expect_orders(c, orders, orders_n);
}

/* The trades of an order are written behind those of the one before, as those of a group are. */
static bool match(struct cross *c, const struct stream *s, struct cross_fill *fills,
                  struct totals *t)
{
    size_t at = 0;

    for (size_t i = 0; i < s->n; i++) {
        const struct message *const m = &s->messages[i];
        if (i % GROUP == 0) {
            if (!cross_reserve(c, GROUP)) return false;
            expect(c, s, i);
        }
        if (m->kind == 'C') {
            if (cross_cancel(c, m->id))
                t->cancelled++;
            else
                t->rejected++;
            continue;
        }
        struct cross_order o = { .order = m->id,
                                 .owner = m->id,
                                 .price = m->price,
                                 .cells = m->kind == 'B' ? UINT64_MAX : 1,
                                 .open = m->quantity,
                                 .bid = m->kind == 'B' };
        bool done;
        do {
            size_t n;
            done = cross_place(c, &o, fills + at, TRADES - at, &n);
            for (size_t j = 0; j < n; j++)
                count(t, &fills[at + j]);
            at = done ? at + n : 0;
        } while (!done);
    }
    return true;
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct cross_fill fills[TRADES];
    struct stream s = { 0 };
    struct totals t = { .hash = UINT64_C(1469598103934665603) };
    struct cross c;

    if (argc != 2) {
        fprintf(stderr, "usage: bench_match FILE\n");
        return 2;
    }
    FILE *const file = fopen(argv[1], "r");
    if (!file) {
        perror(argv[1]);
        return 1;
    }
    if (!load(file, &s)) return 1;
    (void)fclose(file);

    cross_init(&c, mem_heap);
    const double start = seconds();
    if (!match(&c, &s, fills, &t)) return 1;
    const double took = seconds() - start;

    ladder_check(&c.sides[0]);
    ladder_check(&c.sides[1]);
    printf("{\"engine\":\"bourse\",\"msgs_per_s\":%.0f,\"tradehash\":\"%016" PRIx64
           "\",\"msgs\":%zu,\"sec\":%.6f,\"trades\":%" PRId64 ",\"traded_qty\":%" PRId64
           ",\"notional\":%" PRId64 ",\"cancel_ok\":%" PRId64 ",\"cancel_rej\":%" PRId64
           ",\"resting\":%zu}\n",
           (double)s.n / took, t.hash, s.n, took, t.trades, t.quantity, t.notional, t.cancelled,
           t.rejected, c.sides[0].n + c.sides[1].n);
    cross_done(&c);
    (void)mem_heap.resize(mem_heap.arg, s.messages, 0);
    return 0;
}
