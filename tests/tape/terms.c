/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tape/tape.h"

#include "tests/t.h"

static bool at_the_end(const struct tape *t)
{
    return t->words[t->at].n == 0;
}

void tape_traits(struct tape *t, struct traits *out)
{
    while (!at_the_end(t)) {
        if (tape_take_number(t, "region", &out->region)) continue;
        if (tape_take_number(t, "isolation", &out->isolation)) continue;
        if (tape_take_number(t, "interconnect", &out->interconnect)) continue;
        if (tape_take_number(t, "bandwidth", &out->bandwidth_mbps)) continue;
        if (tape_take_word(t, "label"))
            out->label = tape_number(t);
        else if (tape_take_word(t, "site"))
            out->site = tape_known(t, NODE)->number;
        else
            tape_wrong(t, "no such trait");
    }
}

void tape_ask_terms(struct tape *t, struct ask_spec *out)
{
    while (!at_the_end(t)) {
        if (tape_take_number(t, "buyers", &out->buyer_tier_min)) continue;
        if (tape_take_number(t, "egress", &out->egress_max)) continue;
        if (tape_take_number(t, "risk", &out->risk_seconds)) continue;
        if (tape_take_word(t, "floor")) {
            out->floor = tape_amount(t);
        } else if (tape_take_word(t, "until")) {
            out->until_us = t->now_us + tape_number(t) * SECOND_US;
        } else if (tape_take_word(t, "leases")) {
            out->seconds_min = (int32_t)tape_number(t);
            tape_expect(t, "to");
            out->seconds_max = (int32_t)tape_number(t);
        } else if (tape_take_word(t, "set")) {
            out->sets |= INT64_C(1) << (tape_number(t) - 1);
        } else if (tape_take_word(t, "interruptible")) {
            out->interruptible = true;
        } else if (tape_take_word(t, "post-only")) {
            out->post_only = true;
        } else {
            tape_wrong(t, "no such term");
        }
    }
}

static bool bid_kind(struct tape *t, struct bid_spec *out)
{
    static const struct {
        const char *word;
        enum time_in_force tif;
    } tifs[] = { { "ioc", TIF_IMMEDIATE_OR_CANCEL },
                 { "fok", TIF_FILL_OR_KILL },
                 { "post-only", TIF_POST_ONLY } };

    for (size_t i = 0; i < ARRAY_LEN(tifs); i++)
        if (tape_take_word(t, tifs[i].word)) return out->tif = tifs[i].tif, true;
    if (tape_take_word(t, "own-only")) return out->own = OWN_ONLY, true;
    if (tape_take_word(t, "own-never")) return out->own = OWN_NEVER, true;
    if (tape_take_word(t, "by-value")) return out->rank = RANK_VALUE, true;
    if (tape_take_word(t, "same-site")) return out->same_site = true;
    if (tape_take_word(t, "interruptible")) return out->interruptible = true;
    return tape_take_number(t, "nodes", &out->nodes) ||
           tape_take_number(t, "sealed", &out->auction_ms);
}

static bool bid_wish(struct tape *t, struct wish *out)
{
    if (tape_take_word(t, "verified")) return out->verified = 1, true;
    if (tape_take_word(t, "label")) return out->label = tape_number(t), true;
    return tape_take_number(t, "regions", &out->regions) ||
           tape_take_number(t, "tier", &out->tier_min) ||
           tape_take_number(t, "isolation", &out->isolation_min) ||
           tape_take_number(t, "interconnect", &out->interconnect_min) ||
           tape_take_number(t, "bandwidth", &out->bandwidth_min_mbps) ||
           tape_take_number(t, "egress", &out->egress);
}

void tape_bid_terms(struct tape *t, struct bid_spec *out)
{
    while (!at_the_end(t)) {
        if (bid_kind(t, out) || bid_wish(t, &out->wish)) continue;
        if (tape_take_number(t, "for", &out->seconds)) continue;
        if (tape_take_number(t, "attempts", &out->attempts_max)) continue;
        if (tape_take_number(t, "checkpoint", &out->checkpoint_seconds)) continue;
        if (tape_take_word(t, "budget"))
            out->budget = tape_amount(t);
        else if (tape_take_word(t, "expires"))
            out->expires_us = t->now_us + tape_number(t) * SECOND_US;
        else
            tape_wrong(t, "no such term");
    }
}

void tape_rules(struct tape *t, struct market_rules *out)
{
    while (!at_the_end(t)) {
        if (tape_take_number(t, "quote", &out->quote_seconds)) continue;
        if (tape_take_number(t, "backoff", &out->backoff_seconds)) continue;
        if (tape_take_number(t, "collar", &out->collar_bps)) continue;
        if (tape_take_number(t, "trades", &out->collar_trades)) continue;
        if (tape_take_number(t, "call", &out->call_seconds)) continue;
        if (tape_take_word(t, "runner-up"))
            out->pricing = PRICE_RUNNER_UP;
        else
            tape_wrong(t, "no such rule");
    }
}
