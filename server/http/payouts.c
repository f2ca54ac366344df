/* SPDX-License-Identifier: Apache-2.0 */
/* Money that leaves: asked for here, paid by the operator's rail. */
#include "http/found.h"
#include "http/handlers.h"
#include "service/asof.h"
#include "service/payload.h"
#include "service/view.h"

struct new_payout {
    int64_t amount;
};

/* clang-format off */
const struct json_field post_payouts_fields[] = {
    JSON_MONEY(struct new_payout, amount, "amount", JSON_NEED, 1, INT64_C(1000000000000000), "An exact amount, at most a billion."),
    JSON_END
};
/* clang-format on */

static void created(struct req *rq, const struct as_of *c)
{
    struct payout_row row;

    if (payout_as_of(c, &row, &rq->err))
        reply_json(rq, 201, view_payout(&row));
    else
        reply_problem(rq);
}

static void again(struct req *rq)
{
    struct as_of c;

    if (as_of_stored(rq->svc->info, rq->db, rq->submission->command.seq, rq->who.account,
                     &rq->arena, &c, &rq->err))
        created(rq, &c);
    else
        reply_problem(rq);
}

static void answer(struct req *rq)
{
    struct as_of c;

    switch (rq->submission->result) {
    case SUBMIT_DONE:
        if (as_of_submission(rq->svc->info, rq->submission, &rq->arena, &c, &rq->err))
            created(rq, &c);
        else
            reply_problem(rq);
        return;
    case SUBMIT_REPLAYED: req_on_worker(rq, again); return;
    case SUBMIT_REFUSED: reply_refused(rq); return;
    case SUBMIT_KEY_REUSED:
    case SUBMIT_BUSY:
    case SUBMIT_FAILED: return; /* answered already */
    }
}

void post_payouts(struct req *rq)
{
    struct new_payout p = { 0 };

    if (!req_json(rq, &p)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_REQUEST_PAYOUT,
                                                .account = rq->who.account,
                                                .u.request_payout = { { p.amount } } };
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ false);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

void get_payouts(struct req *rq)
{
    struct page page;
    struct payout_row *rows = NULL;
    size_t n = 0;

    if (!req_page(rq, &page)) return;
    if (!read_well(rq, store_list_payouts(rq->db, rq->who.account, page_before(&page),
                                          page.limit + 1, &rq->arena, &rows, &n, &rq->err)))
        return;
    const struct shown shown = page_shown(&page, n);
    json_t *data = json_array();
    for (size_t i = 0; i < shown.n; i++)
        (void)json_array_append_new(data, view_payout(&rows[i]));
    reply_page(rq, data, shown.more ? rows[shown.n - 1].payout : 0);
}

void get_payout(struct req *rq)
{
    struct id id;
    struct payout_row row;

    if (!req_id(rq, 0, "payout_", &id)) return;
    const enum db_rc rc = store_read_payout(rq->db, id_seq(id), rq->who.account, &row, &rq->err);
    if (!read_well(rq, rc)) return;
    if (rc == DB_NONE || !id_eq(id, id_make(row.at_us, row.payout, 0)))
        reply_refusal(rq, ERR_NOT_FOUND, "There is no such payout, or it is not yours.");
    else
        reply_json_etag(rq, 200, view_payout(&row), row.version);
}
