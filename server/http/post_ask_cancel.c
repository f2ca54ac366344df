/* SPDX-License-Identifier: Apache-2.0 */
#include "http/found.h"
#include "http/handlers.h"
#include "service/payload.h"
#include "service/view.h"

/* What is over is unknown to the market, and stays as it is. */
static void answer(struct req *rq)
{
    const struct submission *s = rq->submission;
    struct ask_row row;

    if (s->result == SUBMIT_REFUSED && s->outcome.refused != ERR_NOT_FOUND)
        reply_refused(rq);
    else if (found_ask(rq, &row))
        reply_json_etag(rq, 200, view_ask(rq->svc->info, &row), row.version);
}

/* POST /v1/asks/{ask_id}/cancel: withdraw it. Leases that came from it go on. */
void post_ask_cancel(struct req *rq)
{
    struct ask_row row;

    if (!found_ask(rq, &row)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_CANCEL_ASK,
                                                .account = rq->who.account,
                                                .u.order = { row.ask } };
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void post_agent_ask_cancel(struct req *rq)
{
    post_ask_cancel(rq);
}
