/* SPDX-License-Identifier: Apache-2.0 */
/* A key that was used before answers; else the market decides, and what it did is recorded. */
#include "service/apply.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "service/payload.h"

/* Does a repeated request make a second thing? Then it must have a key. */
static bool must_be_keyed(const struct command *c)
{
    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT:
    case COMMAND_CREDIT:
    case COMMAND_PLACE_ASK:
    case COMMAND_SUBMIT_JOB:
    case COMMAND_REQUEST_PAYOUT: return true;
    case COMMAND_PUT_NODE: return c->u.put_node.node == 0;
    case COMMAND_AMEND_ASK:
    case COMMAND_CANCEL_ASK:
    case COMMAND_AMEND_BID:
    case COMMAND_CANCEL_JOB:
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT:
    case COMMAND_REENTER:
    case COMMAND_LEASE_RIPE:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_OFFER:
    case COMMAND_CALL:
    case COMMAND_RATE_NODE:
    case COMMAND_NODE_HEALTH:
    case COMMAND_RATE_ACCOUNT:
    case COMMAND_INVITE:
    case COMMAND_JOIN_TEAM:
    case COMMAND_LEAVE_TEAM:
    case COMMAND_TRIM:
    case COMMAND_SET_RULES:
    case COMMAND_DRAIN_NODE:
    case COMMAND_LEASE_DRAINED: return false;
    }
    return true;
}

static int status_of(const struct command *c)
{
    return must_be_keyed(c) ? 201 : 200;
}

/* Copy the object that the command is about. It may be over and out of sight: then the zeros stay.
 */
#define COPY(field, object)                                                                        \
    do {                                                                                           \
        const __typeof__(s->now.field) *o_ = (object);                                             \
        if (o_) s->now.field = *o_;                                                                \
    } while (0)

static void copy_now(struct writer *w, struct submission *s)
{
    const struct command *c = &s->command;
    struct market *m = w->market;

    switch (c->kind) {
    case COMMAND_OPEN_ACCOUNT: COPY(balance, market_balance(m, c->seq)); break;
    case COMMAND_CREDIT: COPY(balance, market_balance(m, c->u.credit.account)); break;
    case COMMAND_PUT_NODE:
        COPY(node, market_node(m, c->u.put_node.node ? c->u.put_node.node : c->seq));
        break;
    case COMMAND_PLACE_ASK: COPY(ask, market_ask(m, c->seq)); break;
    case COMMAND_AMEND_ASK: COPY(ask, market_ask(m, c->u.amend_ask.ask)); break;
    case COMMAND_CANCEL_ASK: COPY(ask, market_ask(m, c->u.order.order)); break;
    case COMMAND_SUBMIT_JOB: COPY(bid, market_bid(m, c->seq)); break;
    case COMMAND_AMEND_BID: COPY(bid, market_bid(m, c->u.amend_bid.bid)); break;
    case COMMAND_CANCEL_JOB:
    case COMMAND_EXPIRE_ORDER:
    case COMMAND_REENTER:
    case COMMAND_CLOSE_AUCTION:
    case COMMAND_TRIM: COPY(bid, market_bid(m, c->u.order.order)); break;
    case COMMAND_ACCEPT_LEASE:
    case COMMAND_DECLINE_LEASE:
    case COMMAND_LEASE_PREPARED:
    case COMMAND_LEASE_CHECKPOINT:
    case COMMAND_LEASE_READY:
    case COMMAND_LEASE_CANNOT_START:
    case COMMAND_LEASE_EXIT:
    case COMMAND_LEASE_TIMEOUT:
    case COMMAND_LEASE_LOST:
    case COMMAND_LEASE_SPENT:
    case COMMAND_LEASE_DRAINED:
    case COMMAND_LEASE_RIPE: COPY(lease, market_lease(m, c->u.lease.lease)); break;
    case COMMAND_REQUEST_PAYOUT: COPY(payout, market_payout(m, c->seq)); break;
    case COMMAND_COMPLETE_PAYOUT:
    case COMMAND_FAIL_PAYOUT: COPY(payout, market_payout(m, c->u.payout.payout)); break;
    case COMMAND_OFFER: COPY(bid, market_bid(m, c->u.offer.bid)); break;
    case COMMAND_DRAIN_NODE: COPY(node, market_node(m, c->u.drain_node.node)); break;
    case COMMAND_RATE_NODE: COPY(node, market_node(m, c->u.rate.number)); break;
    case COMMAND_NODE_HEALTH: COPY(node, market_node(m, c->u.node_health.node)); break;
    case COMMAND_RATE_ACCOUNT: COPY(standing, market_standing(m, c->u.rate.number)); break;
    case COMMAND_INVITE: COPY(standing, market_standing(m, c->u.invite.account)); break;
    case COMMAND_JOIN_TEAM: COPY(standing, market_standing(m, c->account)); break;
    case COMMAND_LEAVE_TEAM: COPY(standing, market_standing(m, c->u.team.account)); break;
    case COMMAND_CALL:
    case COMMAND_SET_RULES: break;
    }
}
#undef COPY

/* No memory for them is this caller's misfortune alone: what he asked for is done, and a repetition
 * with his key finds it. */
static void copy_trades(struct writer *w, struct submission *s)
{
    const size_t n = (size_t)s->outcome.trades_n;

    s->trades = NULL;
    s->trades_n = 0;
    if (n == 0) return;
    s->trades = arena_alloc(s->arena, n * sizeof(*s->trades));
    if (!s->trades) {
        s->result = SUBMIT_FAILED;
        FAIL(&s->err, ERR_NO_MEMORY, "It was done, but there was no memory for the answer.");
        return;
    }
    memcpy(s->trades, market_trades(w->market) + s->outcome.trades_first, n * sizeof(*s->trades));
    s->trades_n = n;
}

/* Was this asked before? True: the submission has its result. */
static bool replayed(struct writer *w, struct submission *s, int64_t now_us)
{
    const struct key_use *use;

    if (!s->keyed) return false;
    use = keys_find(w->keys, s->command.account, s->key, now_us);
    if (!use) return false;
    s->command.seq = use->seq;
    s->command.at_us = use->at_us;
    s->result = memcmp(use->body.b, s->body.b, sizeof(s->body.b)) == 0 ? SUBMIT_REPLAYED
                                                                       : SUBMIT_KEY_REUSED;
    return true;
}

/* The stored key: the client's in its window, or for commands without one their number. */
static void stored_key(const struct submission *s, uint8_t out[16])
{
    if (s->keyed) {
        keys_store_form(s->key, keys_window(s->command.at_us), out);
        return;
    }
    memset(out, 0, 8);
    for (int i = 0; i < 8; i++)
        out[8 + i] = (uint8_t)((uint64_t)s->command.seq >> (56 - 8 * i));
}

static void record(struct writer *w, struct submission *s)
{
    const struct key_use use = { s->command.seq, s->command.at_us, s->body };
    const struct hash commit = payload_commit(&s->command, s->payload, w->o.log_key);
    struct group_command row = {
        .command = &s->command,
        .body = s->keyed ? (struct str){ (const char *)s->body.b, sizeof(s->body.b) } : STR(""),
        .status = status_of(&s->command),
        .leaf = payload_leaf(&s->command, commit),
        .payload = s->payload,
        .outcome = &s->outcome,
    };

    stored_key(s, row.key);
    if (s->keyed && !keys_add(w->keys, s->command.account, row.key, &use)) w->lost = true;
    group_add_command(w->group, &row);
    s->sequence.seq = s->command.seq;
    s->sequence.at_us = s->command.at_us;
    s->sequence.commit = commit;
    s->sequence.request = s->body;
}

void apply_submission(struct writer *w, struct submission *s)
{
    const int64_t now = clock_wall_us(), last = market_last_us(w->market);

    assert(s->keyed || !must_be_keyed(&s->command));
    s->command.at_us = now > last ? now : last;
    s->sequence.size = 0;
    if (replayed(w, s, s->command.at_us)) return;
    s->command.seq = market_last_seq(w->market) + 1;
    market_apply(w->market, &s->command, &s->outcome);
    if (s->outcome.refused != ERR_NONE) {
        s->result = SUBMIT_REFUSED;
        return;
    }
    s->result = SUBMIT_DONE;
    copy_now(w, s);
    record(w, s);
    if (s->done) copy_trades(w, s); /* nobody reads those of a clock command */
}

/* ---- clock commands ---- */

bool apply_due(struct writer *w)
{
    int64_t next = 0;
    struct submission *s = &w->clock[w->clock_n];

    *s = (struct submission){ .arena = &w->clock_arena };
    if (!market_due(w->market, clock_wall_us(), &s->command, &next)) return false;
    s->payload = payload_make(&s->command, NULL, &w->clock_arena);
    if (!s->payload.p) return false;
    apply_submission(w, s);
    if (s->result == SUBMIT_REFUSED) { /* would come again for ever */
        LOG(LOG_ERROR, "market.clock-refused", LOG_C("kind", command_name(s->command.kind)),
            LOG_C("why", s->outcome.why));
        assert(false && "a due command was refused");
    }
    w->clock_n++;
    return true;
}

bool apply_rules(struct writer *w)
{
    struct submission *s = &w->clock[w->clock_n];

    *s = (struct submission){
        .command = { .kind = COMMAND_SET_RULES,
                     .account = ACCOUNT_WORLD,
                     .u.set_rules = *w->o.rules },
        .arena = &w->clock_arena,
    };
    s->payload = payload_make(&s->command, NULL, &w->clock_arena);
    if (!s->payload.p) return false;
    apply_submission(w, s);
    assert(s->result == SUBMIT_DONE);
    w->clock_n++;
    w->rules_due = false;
    return true;
}

int64_t apply_due_us(struct writer *w)
{
    struct command ignored;
    int64_t next = INT64_MAX;

    if (market_due(w->market, clock_wall_us(), &ignored, &next)) return 0;
    return next;
}
