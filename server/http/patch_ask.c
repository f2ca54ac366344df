/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "service/payload.h"
#include "service/view.h"

struct change {
    int64_t price, units; /* 0: as it is */
    struct str reason;    /* p NULL: none */
};

/* clang-format off */
#define C struct change
#define CHANGE_FIELDS                                                                                                                             \
    JSON_MONEY(C, price, "price_per_unit_hour", JSON_MAY, 1, INT64_C(1000000000000000), "An exact amount, at most a billion."),                   \
    JSON_I64(C, units, "units", JSON_MAY, 1, UNITS_MAX, "Units offered in all."),                                                             \
    JSON_TEXT(C, reason, "reason", JSON_MAY, 1, ASK_REASON_MAX, "Why, for the ask's history."),                                                              \
    JSON_END
const struct json_field patch_ask_fields[] = { CHANGE_FIELDS };
const struct json_field patch_agent_ask_fields[] = { CHANGE_FIELDS };
#undef C
/* clang-format on */

static void answer(struct req *rq)
{
    struct ask_row row;

    if (rq->submission->result == SUBMIT_REFUSED) {
        if (rq->submission->outcome.refused == ERR_NOT_FOUND)
            reply_refusal(rq, ERR_WRONG_STATE, "This ask does not rest any more.");
        else
            reply_refused(rq);
        return;
    }
    if (found_ask(rq, &row)) reply_json_etag(rq, 200, view_ask(rq->svc->info, &row), row.version);
}

static json_t *about(const struct req *rq, const struct change *c)
{
    json_t *more = json_pack("{s:s}", "by", rq->who.node != 0 ? "agent" : "owner");

    if (c->reason.p) (void)json_object_set_new(more, "reason", json_text(c->reason));
    return more;
}

/* PATCH /v1/asks/{ask_id}: another price, another number of units, or both. */
void patch_ask(struct req *rq)
{
    struct change change = { 0 };
    struct ask_row row;

    if (!found_ask(rq, &row) || !req_json(rq, &change)) return;
    if (change.price == 0 && change.units == 0) {
        complain(&rq->complaints, &rq->arena, &rq->err, "", "must name what shall be different");
        reply_problem(rq);
        return;
    }
    if (!req_if_match(rq, row.version)) return;
    rq->submission->command = (struct command){
        .kind = COMMAND_AMEND_ASK,
        .account = rq->who.account,
        .u.amend_ask = { row.ask,
                         { change.price ? change.price : row.price },
                         (int32_t)(change.units ? change.units : row.units) },
    };
    rq->submission->payload =
        payload_make(&rq->submission->command, about(rq, &change), &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void patch_agent_ask(struct req *rq)
{
    patch_ask(rq);
}
