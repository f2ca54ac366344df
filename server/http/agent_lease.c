/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of a lease until it runs. */
#include "http/handlers.h"
#include "http/lease_report.h"

#include "base/limits.h"

#define DIGEST_SIZE 71 /* "sha256:" and 64 digits */

struct told {
    int64_t epoch;
    struct str image_digest, detail;
    int reason, fault;
};

/* clang-format off */
static const char *const declined[] = { "declined", NULL };
static const char *const reasons[] = { "image-unavailable", "image-invalid", "command-invalid", "engine-failed", NULL };
static const char *const faults[] = { "nobody", "buyer", "provider", NULL };

#define T struct told
#define EPOCH      JSON_I64(T, epoch, "epoch", JSON_NEED, 1, INT32_MAX, "The epoch of the lease, from the assignment.")
#define DETAIL     JSON_TEXT(T, detail, "detail", JSON_MAY, 0, TEXT_MAX, "Why, for people.")

const struct json_field post_agent_lease_accept_fields[] = {
    EPOCH,
    JSON_TEXT(T, image_digest, "image_digest", JSON_MAY, DIGEST_SIZE, DIGEST_SIZE, "The image, if it is resolved already."),
    JSON_END
};
const struct json_field post_agent_lease_decline_fields[] = {
    EPOCH,
    JSON_ENUM(T, reason, "reason", JSON_NEED, declined, "Why."),
    DETAIL,
    JSON_END
};
const struct json_field post_agent_lease_ready_fields[] = {
    EPOCH,
    JSON_TEXT(T, image_digest, "image_digest", JSON_MAY, DIGEST_SIZE, DIGEST_SIZE, "The image, resolved."),
    JSON_END
};
const struct json_field post_agent_lease_cannot_start_fields[] = {
    EPOCH,
    JSON_ENUM(T, reason, "reason", JSON_NEED, reasons, "Why."),
    JSON_ENUM(T, fault, "fault", JSON_NEED, faults, "Whose fault the end was."),
    DETAIL,
    JSON_END
};
#undef T
/* clang-format on */

static json_t *text_or_null(struct str s)
{
    return s.p ? json_text(s) : json_null();
}

static json_t *about_image(const struct told *t)
{
    return json_pack("{s:o}", "image_digest", text_or_null(t->image_digest));
}

static json_t *about_why(const struct told *t)
{
    return json_pack("{s:o}", "detail", text_or_null(t->detail));
}

/* The lease, of this node, and the body. False: replied. */
static bool read_event(struct req *rq, struct lease_row *row, struct told *t)
{
    uint8_t digest[32];

    if (!found_lease_of_node(rq, row) || !req_json(rq, t)) return false;
    const struct str d = t->image_digest;
    if (!d.p) return true;
    if (str_starts(d, STR("sha256:")) && str_hex((struct str){ d.p + 7, d.n - 7 }, digest, 32))
        return true;
    complain(&rq->complaints, &rq->arena, &rq->err, "/image_digest",
             "must be sha256: and 64 lower-case hexadecimal digits");
    reply_problem(rq);
    return false;
}

void post_agent_lease_accept(struct req *rq)
{
    struct lease_row row;
    struct told t = { 0 };

    if (!read_event(rq, &row, &t)) return;
    const struct lease_report e = { .kind = COMMAND_ACCEPT_LEASE, .epoch = t.epoch };
    lease_report_submit(rq, &row, &e, about_image(&t), lease_report_answer);
}

void post_agent_lease_decline(struct req *rq)
{
    struct lease_row row;
    struct told t = { 0 };

    if (!read_event(rq, &row, &t)) return;
    const struct lease_report e = { .kind = COMMAND_DECLINE_LEASE,
                                    .epoch = t.epoch,
                                    .reason = REASON_DECLINED };
    lease_report_submit(rq, &row, &e, about_why(&t), lease_report_answer);
}

void post_agent_lease_ready(struct req *rq)
{
    struct lease_row row;
    struct told t = { 0 };

    if (!read_event(rq, &row, &t)) return;
    const struct lease_report e = { .kind = COMMAND_LEASE_READY, .epoch = t.epoch };
    lease_report_submit(rq, &row, &e, about_image(&t), lease_report_answer);
}

void post_agent_lease_cannot_start(struct req *rq)
{
    static const enum reason by_index[] = { REASON_IMAGE_UNAVAILABLE, REASON_IMAGE_INVALID,
                                            REASON_COMMAND_INVALID, REASON_ENGINE_FAILED };
    struct lease_row row;
    struct told t = { 0 };

    if (!read_event(rq, &row, &t)) return;
    const struct lease_report e = { .kind = COMMAND_LEASE_CANNOT_START,
                                    .epoch = t.epoch,
                                    .reason = by_index[t.reason],
                                    .fault = (enum fault)t.fault };
    lease_report_submit(rq, &row, &e, about_why(&t), lease_report_answer);
}
