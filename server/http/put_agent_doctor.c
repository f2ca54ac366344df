/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "http/handlers.h"
#include "sign/canonical.h"
#include "store/agents.h"

struct check_said {
    struct str id, name, reason, fix;
    int result;
};

struct doctor_said {
    int result;
    struct json_array checks; /* struct check_said */
};

/* clang-format off */
static const char *const results[] = { "ok", "warning", "failure", NULL };
static const char *const check_results[] = { "ok", "warning", "failure", "skipped", NULL };

#define C struct check_said
static const struct json_field check_fields[] = {
    JSON_TEXT(C, id, "id", JSON_NEED, 3, 3, "D01 to D99."),
    JSON_TEXT(C, name, "name", JSON_NEED, 1, 64, "What was looked at."),
    JSON_ENUM(C, result, "result", JSON_NEED, check_results, "What was found."),
    JSON_TEXT(C, reason, "reason", JSON_NEED, 1, DOCTOR_TEXT_MAX, "What was seen, and why it is judged so."),
    JSON_TEXT(C, fix, "fix", JSON_MAY, 1, DOCTOR_TEXT_MAX, "The command that puts it right."),
    JSON_END,
};
#undef C
const struct json_field put_agent_doctor_fields[] = {
    JSON_ENUM(struct doctor_said, result, "result", JSON_NEED, results, "The worst of the checks."),
    JSON_OBJECTS(struct doctor_said, checks, "checks", JSON_NEED, DOCTOR_CHECKS_MAX, check_fields, struct check_said, "What was looked at, in order."),
    JSON_END,
};
/* clang-format on */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What the table cannot say. False: replied. */
static bool check(struct req *rq, const struct doctor_said *said)
{
    const struct check_said *v = said->checks.v;
    int worst = 0;

    for (size_t i = 0; i < said->checks.n; i++) {
        if (v[i].id.p[0] != 'D' || !is_digit(v[i].id.p[1]) || !is_digit(v[i].id.p[2]))
            complain(&rq->complaints, &rq->arena, &rq->err, "/checks", "has \"%.*s\", no id",
                     (int)v[i].id.n, v[i].id.p);
        if (v[i].result <= 2 && v[i].result > worst) worst = v[i].result;
    }
    if (said->result != worst)
        complain(&rq->complaints, &rq->arena, &rq->err, "/result",
                 "is not the worst of the checks");
    if (rq->complaints.n == 0) return true;
    reply_problem(rq);
    return false;
}

/* PUT /v1/agent/doctor: what the machine's self-test found. Its owner sees it; nothing else here
 * depends on it. */
void put_agent_doctor(struct req *rq)
{
    struct doctor_said said = { .result = 0 };

    if (!req_json(rq, &said) || !check(rq, &said)) return;
    const struct str document = canonical_write(put_agent_doctor_fields, &said, &rq->arena);
    if (!document.p) {
        reply_refusal(rq, ERR_NO_MEMORY, "No memory was left for the report.");
        return;
    }
    if (db_found(store_put_doctor(rq->db, rq->who.node, document, clock_wall_us(), &rq->err),
                 &rq->err))
        reply_empty(rq, 204);
    else
        reply_problem(rq);
}
