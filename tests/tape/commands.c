/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "tests/t.h"
#include "tests/tape/tape.h"

static bool apply(struct tape *t, struct command c, struct outcome *o)
{
    c.seq = market_last_seq(t->m) + 1;
    c.at_us = t->now_us;
    market_apply(t->m, &c, o);
    market_check(t->m);
    if (o->refused != ERR_NONE)
        buf_fmt(&t->out, "line %d is refused: %s\n", t->line, err_info(o->refused)->name);
    return o->refused == ERR_NONE;
}

static void close_group(struct tape *t)
{
    if (t->one_group) return;
    market_settle_group(t->m);
    market_check(t->m);
}

static void act(struct tape *t, struct command c)
{
    struct outcome o;

    if (apply(t, c, &o)) tape_tell(t, &o);
    close_group(t);
}

/* A command that makes something, which the text names. */
static void make(struct tape *t, struct command c, struct str text, enum named kind)
{
    struct outcome o;

    if (tape_find(t, text)) tape_wrong(t, "this name is taken");
    if (t->names_n == NAMES_MAX) tape_wrong(t, "too many names");
    if (apply(t, c, &o)) {
        t->names[t->names_n++] = (struct name){
            .text = text, .kind = kind, .number = market_last_seq(t->m), .account = c.account
        };
        tape_tell(t, &o);
    }
    close_group(t);
}

static void do_account(struct tape *t)
{
    const struct str text = tape_word(t);

    make(t, (struct command){ .kind = COMMAND_OPEN_ACCOUNT }, text, ACCOUNT);
    if (t->words[t->at].n == 0) return;
    const struct money credit = tape_amount(t);
    act(t, (struct command){ .account = ACCOUNT_WORLD,
                             .kind = COMMAND_CREDIT,
                             .u.credit = { market_last_seq(t->m), credit } });
}

static void do_node(struct tape *t)
{
    const struct str text = tape_word(t);
    struct command c = { .kind = COMMAND_PUT_NODE };
    const struct name *const old = tape_find(t, text);

    if (old && old->kind != NODE) tape_wrong(t, "no such node");
    if (!old) {
        tape_expect(t, "of");
        c.account = tape_known(t, ACCOUNT)->number;
    } else {
        c.account = old->account;
        c.u.put_node.node = old->number;
    }
    tape_expect(t, "cpu");
    struct node_spec *const spec = &c.u.put_node.spec;
    const int64_t cpus = tape_number(t);
    *spec = (struct node_spec){ .cpu_millis = (int32_t)cpus * 1000,
                                .memory_bytes = cpus * GIB,
                                .scratch_bytes = cpus * GIB };
    if (tape_is_word(t, "h100") || tape_is_word(t, "a100")) {
        spec->gpu_pool = tape_pool(t);
        spec->gpus = (int32_t)tape_number(t);
    }
    tape_traits(t, &spec->traits);
    if (old)
        act(t, c);
    else
        make(t, c, text, NODE);
}

static void do_ask(struct tape *t)
{
    const struct str text = tape_word(t);
    struct command c = { .kind = COMMAND_PLACE_ASK };
    struct ask_spec *const a = &c.u.place_ask;

    tape_expect(t, "on");
    const struct name *const node = tape_known(t, NODE);
    c.account = node->account;
    *a = (struct ask_spec){ .node = node->number,
                            .until_us = t->now_us + 30 * (86400 * SECOND_US),
                            .seconds_min = 60,
                            .seconds_max = 86400,
                            .egress_max = 2,
                            .risk_seconds = DURATION_MAX_S };
    a->pool = tape_pool(t);
    a->units = (int32_t)tape_number(t);
    tape_expect(t, "@");
    a->price = a->floor = tape_amount(t);
    tape_ask_terms(t, a);
    make(t, c, text, ASK);
}

static void do_job(struct tape *t)
{
    const struct str text = tape_word(t);
    struct command c = { .kind = COMMAND_SUBMIT_JOB };
    struct bid_spec *const b = &c.u.submit_job;

    tape_expect(t, "by");
    c.account = tape_known(t, ACCOUNT)->number;
    *b = (struct bid_spec){ .budget = MONEY_INPUT_MAX,
                            .nodes = 1,
                            .seconds = 3600,
                            .checkpoint_seconds = 60,
                            .expires_us = t->now_us + 86400 * SECOND_US,
                            .attempts_max = 3 };
    do {
        struct want *const w = &b->wants[b->wants_n++];
        w->pool = tape_pool(t);
        w->units = (int32_t)tape_number(t);
    } while (tape_take_word(t, "or"));
    tape_expect(t, "@");
    b->limit = tape_amount(t);
    tape_bid_terms(t, b);
    make(t, c, text, JOB);
}

static void do_amend(struct tape *t)
{
    const struct name *const n = tape_order(t);
    struct command c = { .account = n->account };

    if (n->kind == JOB) {
        c.kind = COMMAND_AMEND_BID;
        tape_expect(t, "@");
        c.u.amend_bid.bid = n->number;
        c.u.amend_bid.limit = tape_amount(t);
    } else {
        c.kind = COMMAND_AMEND_ASK;
        c.u.amend_ask.ask = n->number;
        c.u.amend_ask.units = (int32_t)tape_number(t);
        tape_expect(t, "@");
        c.u.amend_ask.price = tape_amount(t);
    }
    act(t, c);
}

static void do_cancel(struct tape *t)
{
    const struct name *const n = tape_order(t);

    act(t, (struct command){ .account = n->account,
                             .kind = n->kind == JOB ? COMMAND_CANCEL_JOB : COMMAND_CANCEL_ASK,
                             .u.order = { n->number } });
}

static void do_withdraw(struct tape *t)
{
    act(t, (struct command){ .account = ACCOUNT_WORLD,
                             .kind = COMMAND_CANCEL_ASK,
                             .u.order = { tape_known(t, ASK)->number } });
}

static struct command lease_command(struct tape *t, enum command_kind kind)
{
    const struct name *const job = tape_known(t, JOB);
    int32_t nth = 1;

    (void)tape_take_number(t, "lease", &nth);
    const int64_t lease = job->lease + nth - 1;
    const struct lease *const l = market_lease(t->m, lease);
    return (struct command){ .account =
                                 l && kind != COMMAND_LEASE_LOST ? l->provider : ACCOUNT_WORLD,
                             .kind = kind,
                             .u.lease = { .lease = lease, .epoch = 1 } };
}

static void do_accept(struct tape *t)
{
    act(t, lease_command(t, COMMAND_ACCEPT_LEASE));
}

static void do_prepared(struct tape *t)
{
    act(t, lease_command(t, COMMAND_LEASE_PREPARED));
}

static void do_ready(struct tape *t)
{
    act(t, lease_command(t, COMMAND_LEASE_READY));
}

static void do_decline(struct tape *t)
{
    act(t, lease_command(t, COMMAND_DECLINE_LEASE));
}

static void do_lost(struct tape *t)
{
    act(t, lease_command(t, COMMAND_LEASE_LOST));
}

static void do_cannot_start(struct tape *t)
{
    struct command c = lease_command(t, COMMAND_LEASE_CANNOT_START);

    c.u.lease.reason = tape_reason(t);
    c.u.lease.fault = tape_take_word(t, "buyer")      ? WHOSE_BUYER
                      : tape_take_word(t, "provider") ? WHOSE_PROVIDER
                                                      : WHOSE_NOBODY;
    act(t, c);
}

static void do_exit(struct tape *t)
{
    struct command c = lease_command(t, COMMAND_LEASE_EXIT);

    c.u.lease.seconds = tape_number(t);
    tape_expect(t, "code");
    c.u.lease.exit_code = (int32_t)tape_number(t);
    c.u.lease.reason = t->words[t->at].n > 0 ? tape_reason(t) : REASON_DONE;
    act(t, c);
}

/* The agent looked after so many seconds of its run; what it found is of an earlier one. */
static void do_checkpoint(struct tape *t)
{
    struct command c = lease_command(t, COMMAND_LEASE_CHECKPOINT);

    c.u.lease.seconds = tape_number(t);
    tape_expect(t, "of");
    c.u.lease.looked = tape_number(t);
    act(t, c);
}

/* The clock goes on; what becomes due in the meantime happens when it is due. */
static void do_wait(struct tape *t)
{
    const int64_t until_us = t->now_us + tape_number(t) * SECOND_US;
    struct command c;
    int64_t next_us = t->now_us;

    while (next_us <= until_us) {
        t->now_us = next_us;
        while (market_due(t->m, t->now_us, &c, &next_us))
            act(t, c);
    }
    t->now_us = until_us;
}

static void do_payout(struct tape *t)
{
    const struct str text = tape_word(t);
    struct command c = { .kind = COMMAND_REQUEST_PAYOUT };

    tape_expect(t, "of");
    c.account = tape_known(t, ACCOUNT)->number;
    c.u.request_payout.amount = tape_amount(t);
    make(t, c, text, PAYOUT);
}

static void do_paid(struct tape *t)
{
    act(t, (struct command){ .account = ACCOUNT_WORLD,
                             .kind = COMMAND_COMPLETE_PAYOUT,
                             .u.payout = { tape_known(t, PAYOUT)->number } });
}

static void do_failed(struct tape *t)
{
    act(t, (struct command){ .account = ACCOUNT_WORLD,
                             .kind = COMMAND_FAIL_PAYOUT,
                             .u.payout = { tape_known(t, PAYOUT)->number } });
}

static void do_rules(struct tape *t)
{
    struct command c = { .account = ACCOUNT_WORLD, .kind = COMMAND_SET_RULES };

    tape_rules(t, &t->rules);
    c.u.set_rules = t->rules;
    act(t, c);
}

static void do_rate(struct tape *t)
{
    const struct name *const n = tape_find(t, tape_word(t));
    struct command c = { .account = ACCOUNT_WORLD };

    if (!n || (n->kind != ACCOUNT && n->kind != NODE)) tape_wrong(t, "nothing that is rated");
    c.kind = n->kind == NODE ? COMMAND_RATE_NODE : COMMAND_RATE_ACCOUNT;
    c.u.rate.number = n->number;
    c.u.rate.tier = (int32_t)tape_number(t);
    c.u.rate.verified = tape_take_word(t, "verified");
    act(t, c);
}

static void do_health(struct tape *t)
{
    struct command c = { .account = ACCOUNT_WORLD, .kind = COMMAND_NODE_HEALTH };

    c.u.node_health.node = tape_known(t, NODE)->number;
    c.u.node_health.well = tape_take_word(t, "well");
    if (c.u.node_health.well == 0 && !tape_take_word(t, "ill"))
        tape_wrong(t, "neither well nor ill");
    act(t, c);
}

static void do_drain(struct tape *t)
{
    const struct name *const n = tape_known(t, NODE);
    struct command c = { .account = n->account, .kind = COMMAND_DRAIN_NODE };
    int32_t seconds = 0;

    (void)tape_take_number(t, "in", &seconds);
    c.u.drain_node.node = n->number;
    c.u.drain_node.from_us = t->now_us + seconds * SECOND_US;
    c.u.drain_node.stops = tape_take_word(t, "stops");
    act(t, c);
}

static void do_undrain(struct tape *t)
{
    const struct name *const n = tape_known(t, NODE);

    act(t, (struct command){
               .account = n->account, .kind = COMMAND_DRAIN_NODE, .u.drain_node.node = n->number });
}

static void do_invite(struct tape *t)
{
    struct command c = { .account = tape_known(t, ACCOUNT)->number, .kind = COMMAND_INVITE };

    c.u.invite.account = tape_known(t, ACCOUNT)->number;
    (void)tape_take_number(t, "quota", &c.u.invite.quota);
    act(t, c);
}

static void do_join(struct tape *t)
{
    struct command c = { .account = tape_known(t, ACCOUNT)->number, .kind = COMMAND_JOIN_TEAM };

    c.u.team.account = tape_known(t, ACCOUNT)->number;
    act(t, c);
}

static void do_leave(struct tape *t)
{
    const int64_t account = tape_known(t, ACCOUNT)->number;

    act(t,
        (struct command){ .account = account, .kind = COMMAND_LEAVE_TEAM, .u.team = { account } });
}

static void do_offer(struct tape *t)
{
    const struct name *const ask = tape_known(t, ASK);
    struct command c = { .account = ask->account, .kind = COMMAND_OFFER };

    c.u.offer.ask = ask->number;
    tape_expect(t, "for");
    c.u.offer.bid = tape_known(t, JOB)->number;
    tape_expect(t, "@");
    c.u.offer.price = tape_amount(t);
    act(t, c);
}

static void do_show(struct tape *t)
{
    const struct str text = t->words[t->at];
    const int64_t account = tape_take_word(t, "world")       ? ACCOUNT_WORLD
                            : tape_take_word(t, "fees")      ? ACCOUNT_FEES
                            : tape_take_word(t, "insurance") ? ACCOUNT_INSURANCE
                                                             : tape_known(t, ACCOUNT)->number;
    const struct balance *const b = market_balance(t->m, account);

    buf_fmt(&t->out, "%.*s has %s, held %s\n", (int)text.n, text.p, tape_money(b->available),
            tape_money(b->held));
}

static const struct verb {
    const char *word;
    void (*run)(struct tape *t);
} verbs[] = {
    { "account", do_account },
    { "node", do_node },
    { "ask", do_ask },
    { "job", do_job },
    { "amend", do_amend },
    { "cancel", do_cancel },
    { "withdraw", do_withdraw },
    { "accept", do_accept },
    { "prepared", do_prepared },
    { "ready", do_ready },
    { "checkpoint", do_checkpoint },
    { "decline", do_decline },
    { "lost", do_lost },
    { "cannot-start", do_cannot_start },
    { "exit", do_exit },
    { "wait", do_wait },
    { "payout", do_payout },
    { "paid", do_paid },
    { "failed", do_failed },
    { "show", do_show },
    { "rules", do_rules },
    { "rate", do_rate },
    { "health", do_health },
    { "drain", do_drain },
    { "undrain", do_undrain },
    { "invite", do_invite },
    { "join", do_join },
    { "leave", do_leave },
    { "offer", do_offer },
};

void tape_run_line(struct tape *t)
{
    if (t->words[0].n == 0) return;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!tape_take_word(t, verbs[i].word)) continue;
        verbs[i].run(t);
        if (t->words[t->at].n > 0) tape_wrong(t, "the line is too long");
        return;
    }
    tape_wrong(t, "no such command");
}
