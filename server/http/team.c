/* SPDX-License-Identifier: Apache-2.0 */
/* Teams: accounts that are one owner. Their jobs run on each other's machines for nothing, and
 * never trade with each other's offers. A team is named by the account that leads it. */
#include "http/found.h"
#include "http/handlers.h"

#include "base/limits.h"
#include "service/payload.h"
#include "service/view.h"
#include "store/standings.h"

struct invitation {
    struct str account_id;
    int64_t quota;
};

struct joining {
    struct str team_id;
};

/* clang-format off */
const struct json_field post_team_invitations_fields[] = {
    JSON_TEXT(struct invitation, account_id, "account_id", JSON_NEED, 1, ID_TEXT_MAX - 1, "Who may join, or is a member already."),
    JSON_I64(struct invitation, quota, "quota_units", JSON_MAY, 0, QUOTA_MAX, "Units of the team's machines that its jobs may have at once; 0: any number."),
    JSON_END
};
const struct json_field post_team_join_fields[] = {
    JSON_TEXT(struct joining, team_id, "team_id", JSON_NEED, 1, ID_TEXT_MAX - 1, "The account that leads the team and sent the invitation."),
    JSON_END
};
/* clang-format on */

/* ---- what there is ---- */

static json_t *member_json(int64_t at_us, int64_t account, int64_t quota, bool leads)
{
    return json_pack("{s:o, s:I, s:b}", "account_id", view_id("acct_", at_us, account),
                     "quota_units", (json_int_t)quota, "leads", leads);
}

static json_t *invitation_json(const struct standing_row *s)
{
    if (s->invited_by == 0) return json_null();
    return json_pack("{s:o, s:I}", "team_id", view_id("acct_", s->invited_by_at_us, s->invited_by),
                     "quota_units", (json_int_t)s->invited_quota);
}

/* The team as one of it sees it; all of it is what GET shows, and each change answers with it. */
static void reply_team(struct req *rq)
{
    struct standing_row s;
    struct member_row *members = NULL;
    size_t n = 0;

    if (!db_found(store_read_standing(rq->db, rq->who.account, &s, &rq->err), &rq->err)) {
        reply_problem(rq);
        return;
    }
    const int64_t leader = s.team != 0 ? s.team : s.account;
    const int64_t leader_at_us = s.team != 0 ? s.team_at_us : s.at_us;
    if (!read_well(rq, store_list_members(rq->db, leader, &rq->arena, &members, &n, &rq->err)))
        return;
    json_t *list = json_array();
    if (n > 0) (void)json_array_append_new(list, member_json(leader_at_us, leader, 0, true));
    for (size_t i = 0; i < n; i++)
        (void)json_array_append_new(
            list, member_json(members[i].at_us, members[i].account, members[i].quota, false));
    reply_json(rq, 200,
               json_pack("{s:o, s:b, s:I, s:o, s:o}", "team_id",
                         n > 0 ? view_id("acct_", leader_at_us, leader) : json_null(), "leads",
                         n > 0 && s.team == 0, "quota_units", (json_int_t)s.quota, "members", list,
                         "invitation", invitation_json(&s)));
}

/* GET /v1/team: who is one owner with me, and who asked me to be. */
void get_team(struct req *rq)
{
    reply_team(rq);
}

/* ---- what changes ---- */

/* An account by its whole id, so that nobody learns of others by counting. pointer: where the body
 * names it; NULL: the path does. False: replied. */
static bool find_account(struct req *rq, struct str text, const char *pointer, int64_t *out)
{
    struct id id;
    struct standing_row row;

    if (pointer && !id_parse("acct_", text, &id)) {
        complain(&rq->complaints, &rq->arena, &rq->err, pointer, "is not the id of an account");
        reply_problem(rq);
        return false;
    }
    if (id_parse("acct_", text, &id)) {
        const enum db_rc rc = store_read_standing(rq->db, id_seq(id), &row, &rq->err);
        if (!read_well(rq, rc)) return false;
        *out = row.account;
        if (rc == DB_ONE && id_eq(id, id_make(row.at_us, row.account, 0))) return true;
    }
    reply_refusal(rq, ERR_NOT_FOUND, "There is no such account.");
    return false;
}

static void answer(struct req *rq)
{
    if (rq->submission->result == SUBMIT_REFUSED)
        reply_refused(rq);
    else
        reply_team(rq);
}

static void submit(struct req *rq)
{
    rq->submission->command.account = rq->who.account;
    rq->submission->payload = payload_make(&rq->submission->command, NULL, &rq->arena);
    if (rq->submission->payload.p)
        req_submit(rq, answer, /* on_worker= */ true);
    else
        reply_refusal(rq, ERR_NO_MEMORY, "No memory for the request.");
}

/* POST /v1/team/invitations: let an account join, or set the quota of one that has. */
void post_team_invitations(struct req *rq)
{
    struct invitation said = { .quota = 0 };
    int64_t account = 0;

    if (!req_json(rq, &said) || !find_account(rq, said.account_id, "/account_id", &account)) return;
    rq->submission->command =
        (struct command){ .kind = COMMAND_INVITE, .u.invite = { account, (int32_t)said.quota } };
    submit(rq);
}

/* POST /v1/team/join: take an invitation. */
void post_team_join(struct req *rq)
{
    struct joining said = { { NULL, 0 } };
    int64_t team = 0;

    if (!req_json(rq, &said) || !find_account(rq, said.team_id, "/team_id", &team)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_JOIN_TEAM, .u.team = { team } };
    submit(rq);
}

/* POST /v1/team/members/{account_id}/leave: by oneself, or by the leader. */
void post_team_leave(struct req *rq)
{
    int64_t account = 0;

    if (!find_account(rq, rq->param[0], NULL, &account)) return;
    rq->submission->command = (struct command){ .kind = COMMAND_LEAVE_TEAM, .u.team = { account } };
    submit(rq);
}
