/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed offer of a machine for one bid, by one of its asks. */
#include "http/found.h"
#include "http/handlers.h"

#include "service/payload.h"
#include "store/auctions.h"

struct said {
    struct str ask_id;
    int64_t price;
};

/* clang-format off */
const struct json_field post_agent_offer_fields[] = {
    JSON_TEXT(struct said, ask_id, "ask_id", JSON_NEED, 1, ID_TEXT_MAX - 1, "An open ask of this machine."),
    JSON_MONEY(struct said, price, "price_per_unit_hour", JSON_NEED, 1, INT64_C(1000000000000000), "The price, at or above the ask's floor; a multiple of the pool's tick."),
    JSON_END
};
/* clang-format on */

struct offering {
    struct said said;
};

/* False: replied. */
static bool find_bid(struct req *rq, int64_t *out)
{
    struct id id;
    int64_t at_us = 0;

    if (!req_id(rq, 0, "bid_", &id)) return false;
    const enum db_rc rc = store_read_auction(rq->db, id_seq(id), &at_us, &rq->err);
    if (!read_well(rq, rc)) return false;
    *out = id_seq(id);
    if (rc == DB_ONE && id_eq(id, id_make(at_us, *out, 0))) return true;
    reply_refusal(rq, ERR_NOT_FOUND, "No such bid takes offers.");
    return false;
}

static bool find_ask(struct req *rq, struct str text, int64_t *out)
{
    struct id id;
    struct ask_row row;

    if (!id_parse("ask_", text, &id)) {
        complain(&rq->complaints, &rq->arena, &rq->err, "/ask_id", "is not the id of an ask");
        reply_problem(rq);
        return false;
    }
    const enum db_rc rc = store_read_ask(rq->db, id_seq(id), rq->who.account, rq->who.node,
                                         &rq->arena, &row, &rq->err);
    if (!read_well(rq, rc)) return false;
    if (rc == DB_ONE && id_eq(id, id_make(row.at_us, row.ask, 0))) {
        *out = row.ask;
        return true;
    }
    reply_refusal(rq, ERR_NOT_FOUND, "There is no such ask, or it is not this machine's.");
    return false;
}

static void answer(struct req *rq)
{
    const struct offering *o = rq->state;

    if (rq->submission->result == SUBMIT_REFUSED) {
        reply_refused(rq);
        return;
    }
    reply_json(rq, 200,
               json_pack("{s:o, s:o, s:o}", "bid_id", json_text(rq->param[0]), "ask_id",
                         json_text(o->said.ask_id), "price_per_unit_hour",
                         json_money(o->said.price)));
}

/* POST /v1/agent/auctions/{bid_id}/offers: a later one of the same ask replaces the earlier. */
void post_agent_offer(struct req *rq)
{
    struct offering *o = arena_alloc(&rq->arena, sizeof(*o));
    int64_t bid = 0, ask = 0;

    if (!o) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the offer.");
        return;
    }
    rq->state = o;
    if (!req_json(rq, &o->said) || !find_ask(rq, o->said.ask_id, &ask) || !find_bid(rq, &bid))
        return;
    rq->submission->command = (struct command){ .kind = COMMAND_OFFER,
                                                .account = rq->who.account,
                                                .u.offer = { bid, ask, { o->said.price } } };
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the offer.");
}
