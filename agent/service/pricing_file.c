/* SPDX-License-Identifier: Apache-2.0 */
#include "service/pricing_file.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "json/parse.h"

#define FILE_MAX   ((size_t)1 << 20) /* PRICED_MAX asks with MOVES_KEPT moves: some 600 KiB */
#define MEMORY_MAX ((size_t)4 << 20)
#define MICROS_MAX INT64_C(1000000000000000)

struct move_row {
    int64_t at_us, from, to;
    struct str reason;
    struct pricing_seen seen;
};

struct ask_row {
    struct str ask_id;
    int64_t offered;
    struct pricing state;
    struct json_array moves;
};

struct file {
    struct json_array asks;
};

/* clang-format off */
#define M struct move_row
static const struct json_field move_fields[] = {
    JSON_I64(M, at_us, "at_us", JSON_NEED, 0, INT64_MAX, "When, wall clock."),
    JSON_I64(M, from, "from_micros", JSON_NEED, 1, MICROS_MAX, "The price before."),
    JSON_I64(M, to, "to_micros", JSON_NEED, 1, MICROS_MAX, "The price after."),
    JSON_TEXT(M, reason, "reason", JSON_NEED, 1, REASON_SIZE - 1, "Why, in a sentence."),
    JSON_I64(M, seen.units, "units", JSON_MAY, 0, UNITS_MAX, "Units offered."),
    JSON_I64(M, seen.units_free, "units_free", JSON_MAY, 0, UNITS_MAX, "Units not under a lease."),
    JSON_I64(M, seen.fills, "fills", JSON_MAY, 0, INT32_MAX, "Sales since the look before."),
    JSON_I64(M, seen.best_ask_micros, "best_other_micros", JSON_MAY, 0, MICROS_MAX, "Best ask of others."),
    JSON_I64(M, seen.best_bid_micros, "best_bid_micros", JSON_MAY, 0, MICROS_MAX, "Best bid."),
    JSON_I64(M, seen.index_micros, "index_micros", JSON_MAY, 0, MICROS_MAX, "The pool's index."),
    JSON_I64(M, seen.last_trade_micros, "last_trade_micros", JSON_MAY, 0, MICROS_MAX, "The pool's last trade."),
    JSON_I64(M, seen.last_trade_us, "last_trade_us", JSON_MAY, 0, INT64_MAX, "When that was."),
    JSON_END
};
#undef M

#define A struct ask_row
static const struct json_field ask_fields[] = {
    JSON_TEXT(A, ask_id, "ask_id", JSON_NEED, 1, ASK_ID_SIZE - 1, "The ask."),
    JSON_I64(A, offered, "offered_micros", JSON_NEED, 0, MICROS_MAX, "The owner's price in the configuration."),
    JSON_I64(A, state.start_micros, "start_micros", JSON_NEED, 1, MICROS_MAX, "The owner's price."),
    JSON_I64(A, state.price_micros, "price_micros", JSON_NEED, 1, MICROS_MAX, "The price that stands."),
    JSON_I64(A, state.asked_micros, "asked_micros", JSON_NEED, 0, MICROS_MAX, "The price under way."),
    JSON_I64(A, state.wanted_nanos, "wanted_nanos", JSON_NEED, 0, MICROS_MAX * 1000, "The price that is meant."),
    JSON_I64(A, state.momentum_nanos, "momentum_nanos", JSON_NEED, -MICROS_MAX * 1000, MICROS_MAX * 1000, "The last step."),
    JSON_I64(A, state.changed_us, "changed_us", JSON_NEED, 0, INT64_MAX / 2, "When the price changed."),
    JSON_I64(A, state.stepped_us, "stepped_us", JSON_NEED, 0, INT64_MAX / 2, "When it was thought over."),
    JSON_I64(A, state.not_before_us, "not_before_us", JSON_NEED, 0, INT64_MAX / 2, "The market's wish."),
    JSON_I64(A, state.idle_from_us, "idle_from_us", JSON_NEED, 0, INT64_MAX / 2, "Since when nobody bought."),
    JSON_I64(A, state.trade_us, "trade_us", JSON_NEED, 0, INT64_MAX / 2, "The newest trade taken account of."),
    JSON_I64(A, state.sold_micros, "sold_micros", JSON_NEED, 0, MICROS_MAX, "The price of our last sale."),
    JSON_I64(A, state.fills, "fills", JSON_NEED, 0, INT32_MAX, "Sales not yet taken account of."),
    JSON_OBJECTS(A, moves, "moves", JSON_NEED, MOVES_KEPT, move_fields, struct move_row, "What moved it."),
    JSON_END
};
#undef A

static const struct json_field file_fields[] = {
    JSON_OBJECTS(struct file, asks, "asks", JSON_NEED, PRICED_MAX, ask_fields, struct ask_row, "Our open asks."),
    JSON_END
};
/* clang-format on */

static bool path_of(const char *dir, char out[PATH_MAX], struct err *err)
{
    const int n = snprintf(out, PATH_MAX, "%s/pricing.json", dir);
    if (n > 0 && n < PATH_MAX) return true;
    return FAIL(err, ERR_IO, "The state directory's name is too long.");
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* The table has checked the length. */
static void fill(char *to, struct str from)
{
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

static void take_ask(const struct ask_row *r, struct priced *out)
{
    const struct move_row *moves = r->moves.v;
    *out =
        (struct priced){ .offered_micros = r->offered, .state = r->state, .moves_n = r->moves.n };
    fill(out->ask_id, r->ask_id);
    for (size_t i = 0; i < r->moves.n; i++) {
        struct price_move *m = &out->moves[i];
        *m = (struct price_move){ .at_us = moves[i].at_us,
                                  .from_micros = moves[i].from,
                                  .to_micros = moves[i].to,
                                  .seen = moves[i].seen };
        m->seen.price_micros = moves[i].from;
        fill(m->reason, moves[i].reason);
    }
}

bool pricer_read(struct pricer *p, struct err *err)
{
    char path[PATH_MAX];
    struct arena a;
    struct file f = { .asks = { NULL, 0 } };
    struct complaints c = { .n = 0 };
    auto_buf struct buf text = { .max = FILE_MAX };

    if (!path_of(p->dir, path, err) || !file_read(path, FILE_MAX, &text, err)) return false;
    auto_json json_t *j = json_parse(buf_view(&text), err);
    arena_init(&a, MEMORY_MAX);
    const bool ok = j && json_read(j, file_fields, &a, &f, &c, err);
    const struct ask_row *rows = f.asks.v;
    for (size_t i = 0; ok && i < f.asks.n; i++)
        take_ask(&rows[i], &p->v[i]);
    if (ok) p->n = f.asks.n;
    arena_done(&a);
    return ok;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

static bool give_ask(const struct priced *e, struct arena *a, struct ask_row *out)
{
    struct move_row *moves = arena_alloc(a, (e->moves_n + 1) * sizeof(*moves));
    if (!moves) return false;
    for (size_t i = 0; i < e->moves_n; i++) {
        const struct price_move *m = &e->moves[i];
        moves[i] =
            (struct move_row){ m->at_us, m->from_micros, m->to_micros, str_of(m->reason), m->seen };
    }
    *out =
        (struct ask_row){ str_of(e->ask_id), e->offered_micros, e->state, { moves, e->moves_n } };
    return true;
}

static json_t *file_json(const struct pricer *p, struct arena *a)
{
    struct ask_row *rows = arena_alloc(a, (p->n + 1) * sizeof(*rows));
    for (size_t i = 0; rows && i < p->n; i++)
        if (!give_ask(&p->v[i], a, &rows[i])) return NULL;
    const struct file f = { { rows, p->n } };
    return rows ? json_write(file_fields, &f) : NULL;
}

bool pricer_write(const struct pricer *p, struct err *err)
{
    char path[PATH_MAX];
    struct arena a;
    auto_buf struct buf text = { .max = FILE_MAX };

    if (!path_of(p->dir, path, err)) return false;
    arena_init(&a, MEMORY_MAX);
    auto_json json_t *j = file_json(p, &a);
    if (j) json_canonical(j, &text);
    arena_done(&a);
    if (!j || text.failed) return FAIL(err, ERR_NO_MEMORY, "No memory to keep the prices.");
    return file_write(path, buf_view(&text), 0600, err);
}
