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

static void tell_lease(struct tape *t, struct name *job, int32_t i)
{
    const struct lease *const l = market_lease(t->m, job->lease + i);

    if (!l || l->state == job->lease_states[i]) return;
    job->lease_states[i] = l->state;
    if (l->state == LEASE_PREEMPTED)
        buf_fmt(&t->out, "%s must go: %s\n", tape_name_of(t, l->bid), reason_names[l->reason]);
    if (l->state == LEASE_STOPPING)
        buf_fmt(&t->out, "%s stops: %s\n", tape_name_of(t, l->bid), reason_names[l->reason]);
    if (!lease_is_final(l->state)) return;
    buf_fmt(&t->out, "%s leaves %s: %s, %s", tape_name_of(t, l->bid), tape_name_of(t, l->ask),
            lease_state_names[l->state], reason_names[l->reason]);
    if (l->charge.micros > 0)
        buf_fmt(&t->out, ", %" PRId64 " s for %s, fee %s", l->seconds_billed, tape_money(l->charge),
                tape_money(l->fee));
    if (l->insurance.micros > 0) buf_fmt(&t->out, ", insurance %s", tape_money(l->insurance));
    buf_char(&t->out, '\n');
}

static void tell_parked(struct tape *t, struct name *n, bool parked, enum order_state state)
{
    if (parked != n->parked && state == ORDER_OPEN)
        buf_fmt(&t->out, "%s %s\n", tape_name_of(t, n->number),
                parked ? "waits for a call" : "is back");
    n->parked = parked;
}

static void tell_ask(struct tape *t, struct name *n)
{
    const struct ask *const a = market_ask(t->m, n->number);

    if (!a) return;
    tell_parked(t, n, a->parked != 0, a->state);
    if (a->state == n->order_state) return;
    n->order_state = a->state;
    if (a->state != ORDER_OPEN)
        buf_fmt(&t->out, "%s is %s: %s\n", tape_name_of(t, a->ask), order_state_names[a->state],
                reason_names[a->reason]);
}

static void tell_job(struct tape *t, struct name *n)
{
    const struct bid *const b = market_bid(t->m, n->number);

    if (!b) return;
    tell_parked(t, n, b->parked != 0, b->state);
    if (b->reason != REASON_NONE && n->order_state != ORDER_FAILED) {
        n->order_state = ORDER_FAILED; /* told that it is over, in whatever way */
        buf_fmt(&t->out, "%s is %s: %s\n", tape_name_of(t, b->bid), job_state_names[b->job],
                reason_names[b->reason]);
    } else if (b->reason == REASON_NONE && b->state == ORDER_OPEN &&
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
        if (i == 0 || x->bid != x[-1].bid) {
            job->lease = x->trade;
            job->leases_n = 0;
        }
        job->lease_states[job->leases_n++] = LEASE_OFFERED;
        job->order_state = ORDER_FILLED;
        buf_fmt(&t->out, "%s takes %s: %d @ %s%s%s\n",
                tape_name_of(t, x->bid_rested ? x->ask : x->bid),
                tape_name_of(t, x->bid_rested ? x->bid : x->ask), x->units, tape_money(x->price),
                x->own ? ", own" : "", x->displacing ? ", once it is free" : "");
    }
}

void tape_tell(struct tape *t, const struct outcome *o)
{
    for (size_t i = 0; i < t->names_n; i++)
        for (int32_t k = 0; t->names[i].kind == JOB && k < t->names[i].leases_n; k++)
            tell_lease(t, &t->names[i], k);
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].kind == ASK) tell_ask(t, &t->names[i]);
    for (size_t i = 0; i < t->names_n; i++)
        if (t->names[i].kind == JOB) tell_job(t, &t->names[i]);
    tell_trades(t, o);
}
