/* SPDX-License-Identifier: Apache-2.0 */
/* The entry of a command: its lines are what the naive market moved, no more and no less. */
#include <inttypes.h>
#include <stdio.h>

#include "check/inside.h"

#define LINES_MAX 8

struct line {
    int64_t place; /* account × 4 + bucket */
    int64_t amount;
};

static const char *place_name(int64_t place)
{
    static _Thread_local char text[64];

    snprintf(text, sizeof(text), "account %" PRId64 ".%s", place / 4,
             place % 4 == 0 ? "available" : "held");
    return text;
}

static const char *line_text(const struct line *l, char out[64])
{
    snprintf(out, 64, "%s %+" PRId64, place_name(l->place), l->amount);
    return out;
}

/* The lease that this command settled; NULL: none. */
static const struct lease *settled(const struct audit *a)
{
    const struct naive *n = a->n;

    for (size_t i = 0; i < n->leases_n; i++)
        if (n->leases[i].ended_us == n->now && n->leases[i].charge.micros > 0 &&
            n->leases[i].lease == a->command.u.lease.lease)
            return &n->leases[i];
    return NULL;
}

/* What a line with another amount is about. */
static enum finding_kind meaning(const struct audit *a, int64_t place)
{
    const struct lease *l = kind_tells_lease(a->command.kind) ? settled(a) : NULL;

    if (place / 4 == ACCOUNT_FEES) return FIND_POSTING_FEE;
    if (place / 4 == ACCOUNT_INSURANCE) return FIND_POSTING_INSURANCE;
    if (l && l->provider == place / 4 && l->buyer != place / 4) return FIND_POSTING_PAYOUT;
    if (l && l->buyer == place / 4) return FIND_POSTING_CHARGE;
    return FIND_POSTING_AMOUNT;
}

/* Sorted by place, none of zero, sums to zero. */
static bool check_form(struct audit *a, const struct line *lines, size_t n)
{
    __int128 sum = 0;

    if (n == 1 || n > LINES_MAX)
        return find_i64(&a->f, FIND_ENTRY_FORM, a->command.seq, "commands.amounts", 2, (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        sum += lines[i].amount;
        if (lines[i].place < 4 || lines[i].place % 4 > 1 || lines[i].amount == 0 ||
            (i > 0 && lines[i].place <= lines[i - 1].place))
            return find(&a->f, FIND_ENTRY_FORM, a->command.seq, place_name(lines[i].place),
                        "lines in order, none twice, none of zero", "another line");
    }
    if (sum == 0) return true;
    return find_i64(&a->f, FIND_ENTRY_UNBALANCED, a->command.seq, "commands.amounts", 0,
                    (int64_t)sum);
}

static bool compare(struct audit *a, const struct line *want, size_t want_n, const struct line *got,
                    size_t got_n)
{
    const int64_t seq = a->command.seq;
    char w[64], g[64];

    for (size_t i = 0; i < want_n || i < got_n; i++) {
        if (i < want_n && i < got_n && want[i].place == got[i].place) {
            if (want[i].amount == got[i].amount) continue;
            return find_i64(&a->f, meaning(a, want[i].place), seq, place_name(want[i].place),
                            want[i].amount, got[i].amount);
        }
        if (want_n == got_n)
            return find(&a->f, FIND_POSTING_ACCOUNT, seq, place_name(want[i].place),
                        line_text(&want[i], w), line_text(&got[i], g));
        if (i < want_n && (i >= got_n || want[i].place < got[i].place))
            return find(&a->f, FIND_POSTING_MISSING, seq, place_name(want[i].place),
                        line_text(&want[i], w), "no such line");
        return find(&a->f, FIND_POSTING_EXTRA, seq, place_name(got[i].place), "no such line",
                    line_text(&got[i], g));
    }
    return true;
}

bool check_entry(struct audit *a, const struct row *r)
{
    const struct cell *places = row_cell(r, COMMANDS_ACCOUNTS);
    const struct cell *amounts = row_cell(r, COMMANDS_AMOUNTS);
    struct line want[NAIVE_LINES] = { { 0, 0 } }, got[LIST_MAX] = { { 0, 0 } };

    if (places->list_n != amounts->list_n)
        return find_i64(&a->f, FIND_ENTRY_FORM, a->command.seq, "commands.amounts",
                        (int64_t)places->list_n, (int64_t)amounts->list_n);
    for (size_t i = 0; i < places->list_n; i++)
        got[i] = (struct line){ places->list[i], amounts->list[i] };
    for (size_t i = 0; i < a->n->lines_n; i++) {
        const struct posting *p = &a->n->lines[i];
        want[i] = (struct line){ p->account * 4 + (int64_t)p->bucket, p->amount.micros };
    }
    a->counts.postings += (int64_t)places->list_n;
    return check_form(a, got, places->list_n) &&
           compare(a, want, a->n->lines_n, got, places->list_n);
}
