/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lease_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/liveness.h"
#include "service/payload.h"
#include "service/view.h"
#include "sign/sha.h"

#define KEY_TEXT 128

static void fill_key(struct submission *s, const struct lease_report *e, int64_t lease)
{
    char text[KEY_TEXT];
    const int n = snprintf(text, sizeof(text), "%s %" PRId64 " %" PRId64, command_name(e->kind),
                           lease, e->epoch);
    const struct hash h = sha256((struct str){ text, (size_t)n });

    s->keyed = true;
    memcpy(s->key, h.b, sizeof(s->key));
    s->body = e->said;
}

void lease_report_submit(struct req *rq, const struct lease_row *row, const struct lease_report *e,
                         json_t *more, handler_fn *next)
{
    struct submission *s = rq->submission;

    liveness_heard(rq->svc->liveness, rq->who.node, clock_wall_us());
    s->command = (struct command){
        .kind = e->kind,
        .account = rq->who.account,
        .u.lease = { .lease = row->lease,
                     .epoch = (int32_t)e->epoch,
                     .seconds = e->seconds,
                     .exit_code = (int32_t)e->exit_code,
                     .reason = e->reason,
                     .fault = e->fault },
    };
    fill_key(s, e, row->lease);
    s->payload = payload_make(&s->command, more, &rq->arena);
    if (s->payload.p)
        req_submit(rq, next, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void lease_report_answer(struct req *rq)
{
    const struct submission *s = rq->submission;
    struct lease_row row;

    if (s->result == SUBMIT_REFUSED && s->outcome.refused != ERR_NOT_FOUND) {
        reply_refused(rq);
        return;
    }
    if (!found_lease_of_node(rq, &row)) return;
    if (s->result == SUBMIT_REFUSED) /* what is over is unknown to the market */
        reply_refusal(rq, ERR_WRONG_STATE, "The lease is %s.", lease_state_names[row.state]);
    else
        reply_json(rq, 200, view_lease_brief(&row));
}
