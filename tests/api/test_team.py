# SPDX-License-Identifier: Apache-2.0
"""Teams: accounts that are one owner."""

import pytest

from tests.api.people import Machine
from tests.outside.market import usd


@pytest.fixture
def leader(crowd):
    return crowd("10")


@pytest.fixture
def member(crowd):
    return crowd("10")


def invite(leader, who, **more):
    return leader.post("/v1/team/invitations", {"account_id": who.account_id, **more})


def join(who, leader):
    return who.post("/v1/team/join", {"team_id": leader.account_id})


def leave(who, account_id):
    return who.post(f"/v1/team/members/{account_id}/leave")


def test_who_is_of_no_team_is_alone(leader):
    assert leader.get("/v1/team").ok() == {
        "team_id": None, "leads": False, "quota_units": 0, "members": [], "invitation": None}


def test_an_invitation_is_taken_and_left_again(leader, member):
    assert invite(leader, member, quota_units=4).ok()["members"] == []
    assert member.get("/v1/team").ok()["invitation"] == {"team_id": leader.account_id, "quota_units": 4}
    told = join(member, leader).ok()
    assert (told["team_id"], told["leads"], told["quota_units"], told["invitation"]) == (leader.account_id, False, 4, None)
    assert told["members"] == [{"account_id": leader.account_id, "quota_units": 0, "leads": True},
                               {"account_id": member.account_id, "quota_units": 4, "leads": False}]
    assert {**leader.get("/v1/team").ok(), "leads": False, "quota_units": 4} == told
    assert leader.get("/v1/team").ok()["leads"]
    assert invite(leader, member, quota_units=9).ok()["members"][1]["quota_units"] == 9
    assert leave(member, member.account_id).ok()["team_id"] is None
    assert leader.get("/v1/team").ok()["members"] == []


def test_the_leader_may_part_with_a_member(leader, member):
    invite(leader, member).ok()
    join(member, leader).ok()
    leave(leader, member.account_id).ok()
    assert member.get("/v1/team").ok()["team_id"] is None


def test_a_teams_machines_cost_its_members_nothing_up_to_their_quota(leader, member):
    machine = Machine(leader)
    invite(leader, member, quota_units=2).ok()
    join(member, leader).ok()
    machine.offer(units=4, price="0.010").ok()
    made = member.submit(units=2, own="only").ok()
    assert (made["job"]["state"], made["trades"][0]["own"]) == ("placed", True)
    assert member.submit(units=1, own="only").ok()["job"]["state"] == "open"
    assert member.submit(units=1, own="never").ok()["job"]["state"] == "open"  # never from one's own, for money


def test_nobody_joins_or_leaves_while_orders_live(leader, member, problem):
    invite(leader, member).ok()
    made = member.submit().ok()["job"]
    problem(join(member, leader), "wrong-state")
    member.post(f"/v1/jobs/{made['job_id']}/cancel").ok()
    join(member, leader).ok()
    made = member.submit().ok()["job"]
    problem(leave(leader, member.account_id), "wrong-state")
    member.post(f"/v1/jobs/{made['job_id']}/cancel").ok()
    leave(leader, member.account_id).ok()


def test_what_is_not_possible(leader, member, crowd, problem):
    problem(join(member, leader), "not-found")  # not invited
    problem(invite(leader, leader), "not-found")
    problem(leave(leader, member.account_id), "not-found")
    problem(leave(member, member.account_id), "not-found")
    for wrong in ("acct_1", member.account_id[:-1] + ("0" if member.account_id[-1] != "0" else "1"), "x"):
        known = len(wrong) == len(leader.account_id)
        for said, field, path in ((leader, "account_id", "invitations"), (member, "team_id", "join")):
            answer = said.post(f"/v1/team/{path}", {field: wrong})
            problem(answer, *(["not-found"] if known else ["validation-failed", f"/{field}"]))
    problem(leader.post("/v1/team/invitations", {"account_id": member.account_id, "quota_units": 1000001}),
            "validation-failed", "/quota_units")
    invite(leader, member).ok()
    join(member, leader).ok()
    problem(invite(member, crowd()), "wrong-state")
    problem(leave(crowd(), member.account_id), "not-found")


def test_a_key_that_may_trade_changes_no_team(leader, member, problem):
    trader = leader.with_token(leader.api_key("read", "trade")["secret"])
    problem(trader.post("/v1/team/invitations", {"account_id": member.account_id}), "forbidden")
    assert trader.get("/v1/team").ok()["members"] == []
    trader.close()
