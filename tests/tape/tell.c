/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/t.h"
#include "tests/tape/tape.h"

const char *tape_name_of(const struct tape *t, int64_t number_of)
{
    static char text[2][64];
    static int turn;

    for (size_t i = 0; i < t->names_n; i++) {
        const struct name *const n = &t->names[i];
        if (n->number != number_of) continue;
        turn = !turn;
        snprintf(text[turn], sizeof(text[turn]), "%.*s", (int)n->text.n, n->text.p);
        return text[turn];
    }
    return "?";
}

const char *tape_money(struct money m)
{
    static char text[4][MONEY_TEXT_SIZE];
    static int turn;

    turn = (turn + 1) % 4;
    money_format(m, text[turn]);
    for (size_t n = strlen(text[turn]); text[turn][n - 1] == '0' && text[turn][n - 3] != '.'; n--)
        text[turn][n - 1] = '\0';
    return text[turn];
}

static void tell_lease(struct tape *t, struct name *job)
{
    const struct lease *const l = market_lease(t->m, job->lease);

    if (!l || l->state == job->lease_state) return;
    job->lease_state = l->state;
    if (l->state == LEASE_STOPPING)
        buf_fmt(&t->out, "%s stops: %s\n", tape_name_of(t, l->bid), reason_names[l->reason]);
    if (!lease_is_final(l->state)) return;
    buf_fmt(&t->out, "%s leaves %s: %s, %s", tape_name_of(t, l->bid), tape_name_of(t, l->ask),
            lease_state_names[l->state], reason_names[l->reason]);
    if (l->charge.micros > 0)
        buf_fmt(&t->out, ", %" PRId64 " s for %s, fee %s", l->seconds_billed, tape_money(l->charge),
                tape_money(l->fee));
    buf_char(&t->out, '\n');
}

static void tell_ask(struct tape *t, struct name *n)
{
    const struct ask *const a = market_ask(t->m, n->number);

    if (!a || a->state == n->order_state) return;
    n->order_state = a->state;
    if (a->state != ORDER_OPEN)
        buf_fmt(&t->out, "%s is %s: %s\n", tape_name_of(t, a->ask), order_state_names[a->state],
                reason_names[a->reason]);
}

static void tell_job(struct tape *t, struct name *n)
{
    const struct bid *const b = market_bid(t->m, n->number);

    if (!b) return;
    if (b->reason != REASON_NONE && n->order_state != ORDER_FAILED) {
        n->order_state = ORDER_FAILED; /* told that it is over, in whatever way */
        buf_fmt(&t->out, "%s is %s: %s\n", tape_name_of(t, b->bid), job_state_names[b->job],
                reason_names[b->reason]);
    } else if (b->reason == REASON_NONE && b->state == ORDER_OPEN && b->attempts > 0 &&
               n->order_state == ORDER_FILLED) {
        buf_fmt(&t->out, "%s rests again\n", tape_name_of(t, b->bid));
    }
    if (b->reason == REASON_NONE) n->order_state = b->state;
}

static void tell_trades(struct tape *t, const struct outcome *o)
{
    for (int32_t i = 0; i < o->trades_n; i++) {
        const struct trade *const x = &market_trades(t->m)[o->trades_first + i];
        struct name *job = NULL;
        for (size_t k = 0; k < t->names_n; k++)
            if (t->names[k].kind == JOB && t->names[k].number == x->bid) job = &t->names[k];
        CHECK(job);
        job->lease = x->trade;
        job->lease_state = LEASE_OFFERED;
        job->order_state = ORDER_FILLED;
        buf_fmt(&t->out, "%s takes %s: %d @ %s\n", tape_name_of(t, x->bid_rested ? x->ask : x->bid),
                tape_name_of(t, x->bid_rested ? x->bid : x->ask), x->units, tape_money(x->price));
    }
}

void tape_tell(struct tape *t, const struct outcome *o)
{
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].kind == JOB) tell_lease(t, &t->names[i]);
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].kind == ASK) tell_ask(t, &t->names[i]);
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].kind == JOB) tell_job(t, &t->names[i]);
    tell_trades(t, o);
}
