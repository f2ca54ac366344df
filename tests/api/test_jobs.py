# SPDX-License-Identifier: Apache-2.0
"""Jobs: submitting, looking, waiting, cancelling; repeating a request; checking one."""

import concurrent.futures
import datetime
import json
import time

import pytest

from tests.api.people import IMAGE_DIGEST, fresh, job
from tests.outside.market import usd

DAY = 86400


def in_days(days):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(call, *args, **kwargs):
    """Run it beside; gives the answer and how many seconds it took."""

    def timed():
        began = time.monotonic()
        answer = call(*args, **kwargs)
        return answer, time.monotonic() - began

    return concurrent.futures.ThreadPoolExecutor(1).submit(timed)


# ---- submitting ----------------------------------------------------------------------------------


def test_a_job_rests_and_holds_its_money(crowd):
    person = crowd("10")
    made = person.submit(budget=usd("1"), max_duration_seconds=1800, limit_price_per_unit_hour=usd("0.020")).ok()
    assert made["trades"] == []
    assert (made["job"]["state"], made["job"]["held"], made["job"]["spent"]) == ("open", usd("0.010000"),
        usd("0.000000"))
    assert person.balance() == (9_990_000, 10_000)
    assert person.get(f"/v1/jobs/{made['job']['job_id']}").ok() == {**made["job"], "leases": []}


def test_a_job_holds_no_more_than_its_budget(crowd):
    made = crowd("10").submit(budget=usd("0.001"), limit_price_per_unit_hour=usd("0.020")).ok()
    assert made["job"]["held"] == usd("0.001000")


def test_all_that_is_wished_is_told(buyer):
    wishes = {
        "name": "nightly evaluation", "command": ["python", "eval.py", "--split", "täst\n"], "budget": usd("2"),
        "limit_price_per_unit_hour": usd("0.015"), "max_duration_seconds": 1800, "max_attempts": 5,
        "expires_at": in_days(1),
    }
    more = {
        "image": f"blob:sha256:{'ab' * 32}", "entrypoint": ["/bin/sh", "-c"], "env": {"SEED": "7", "_E": ""},
        "workdir": "/work", "cpu_millis": 2500, "memory_bytes": 3 << 30, "scratch_bytes": 0, "gpus": 0,
        "outputs": ["/out", "/out/a b"], "level": "signed", "kind": "batch", "egress": "none", "nodes": 1,
        "time_in_force": "good-till-time",
    }
    told = buyer.submit(**wishes, **more).ok()["job"]
    wanted = {**wishes, "budget": usd("2.000000"), "limit_price_per_unit_hour": usd("0.015000"), "units": 3,
              "image": more["image"], "level": "signed", "kind": "batch", "image_digest": None, "exit_code": None}
    assert {name: told[name] for name in wanted} == wanted


@pytest.mark.parametrize("needs, units", [
    ({}, 1), ({"cpu_millis": 1000}, 1), ({"cpu_millis": 1001}, 2), ({"memory_bytes": (4 << 30) + 1}, 5),
    ({"scratch_bytes": 2 << 30}, 1), ({"cpu_millis": 1, "units": 7}, 7), ({"units": 4032}, 4032),
])
def test_units_are_those_that_the_needs_take(buyer, needs, units):
    assert buyer.submit(budget=usd("10"), **needs).ok()["job"]["units"] == units


def test_defaults(buyer):
    told = buyer.submit(max_duration_seconds=None, command=None).ok()["job"]
    assert (told["max_duration_seconds"], told["max_attempts"], told["command"], told["name"]) == (3600, 3, [], None)
    created, expires = (datetime.datetime.fromisoformat(told[name][:-1]) for name in ("created_at", "expires_at"))
    assert abs((expires - created).total_seconds() - 7 * DAY) < 2


def test_a_job_trades_at_once_with_an_offer_that_serves_it(buyer, machine):
    machine.offer(units=2, price="0.010").ok()
    made = buyer.submit(units=2, limit_price_per_unit_hour=usd("0.020")).ok()
    assert [(t["units"], t["price_per_unit_hour"], t["taker"]) for t in made["trades"]] == [(2, usd("0.010000"), "bid")]
    assert (made["job"]["state"], made["job"]["attempts"]) == ("placed", 1)
    assert made["job"]["lease_id"].replace("lease_", "trade_") == made["trades"][0]["trade_id"]


def test_without_a_limit_it_is_the_best_offer_and_a_tenth_up_to_the_tick(buyer, machine, told_books):
    machine.offer(units=1, price="0.012").ok()
    told_books()
    told = buyer.submit(limit_price_per_unit_hour=None, units=4).ok()["job"]
    assert (told["state"], told["limit_price_per_unit_hour"]) == ("open", usd("0.014000"))


def test_without_a_limit_and_without_an_offer_it_is_refused(buyer, problem, told_books):
    told_books()
    problem(buyer.submit(limit_price_per_unit_hour=None), "validation-failed", "/limit_price_per_unit_hour")


def test_ones_own_machine_serves_first_and_for_nothing(crowd, machine, provider, market, anybody):
    market.verb("account", "credit", provider.account_id, "10")
    machine.offer(units=2, price="0.010").ok()
    made = provider.submit(units=1).ok()
    assert (made["job"]["state"], made["job"]["held"]) == ("placed", usd("0.000000"))
    assert [(t["own"], t["price_per_unit_hour"]) for t in made["trades"]] == [(True, usd("0.000000"))]
    tape = anybody.get("/v1/trades?limit=1").ok()["data"]
    assert made["trades"][0]["trade_id"] not in [t["trade_id"] for t in tape]
    assert provider.submit(units=1, own="never").ok()["job"]["state"] == "open"


def test_more_than_one_has_is_refused(crowd, problem):
    problem(crowd("0.001").submit(budget=usd("1")), "insufficient-funds")


def test_a_budget_below_the_least_that_is_billed(buyer, problem):
    problem(buyer.submit(budget=usd("0.000001")), "validation-failed")


# ---- repeating -----------------------------------------------------------------------------------


def test_the_same_again_is_answered_the_same(crowd):
    person, key = crowd("10"), fresh()
    first, again = person.submit(key), person.submit(key)
    assert (first.status, again.status, again.content) == (201, 201, first.content)
    assert (first.headers["Idempotency-Replayed"], again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(person.get("/v1/jobs").ok()["data"]) == 1


def test_the_first_answer_stays_when_the_job_has_gone_on(buyer, machine):
    machine.offer(units=1, price="0.010").ok()
    key = fresh()
    first = buyer.submit(key)
    machine.run(first.ok()["job"]["lease_id"])
    assert buyer.submit(key).content == first.content


def test_the_first_answer_stays_when_the_book_is_another(buyer, machine, told_books):
    machine.offer(units=1, price="0.012").ok()
    told_books()
    key = fresh()
    first = buyer.submit(key, limit_price_per_unit_hour=None, units=4)
    machine.provider.clear()
    told_books()
    assert buyer.submit(key, limit_price_per_unit_hour=None, units=4).content == first.content


def test_another_body_with_the_same_key(buyer, problem):
    key = fresh()
    buyer.submit(key).ok()
    problem(buyer.submit(key, name="another"), "idempotency-key-reused")


def test_the_same_json_in_other_bytes_is_another_body(buyer, problem):
    key, text = fresh(), json.dumps(job())
    headers = {"Content-Type": "application/json"}
    buyer.post("/v1/jobs", text.encode(), key, headers).ok()
    problem(buyer.post("/v1/jobs", (text + " ").encode(), key, headers), "idempotency-key-reused")


def test_keys_of_two_accounts_do_not_meet(crowd):
    key = fresh()
    first, second = (crowd("10").submit(key).ok()["job"]["job_id"] for _ in range(2))
    assert first != second


def test_keys_of_two_operations_do_not_meet(crowd):
    person, key = crowd("10"), fresh()
    person.submit(key).ok()
    assert person.post("/v1/payouts", {"amount": usd("1")}, key).status == 201


def test_a_refusal_is_not_kept_under_the_key(crowd, market):
    person, key = crowd(), fresh()
    assert person.submit(key).status == 409
    market.verb("account", "credit", person.account_id, "10")
    assert person.submit(key).status == 201


def test_many_at_once_with_one_key_make_one_job(crowd):
    person, key = crowd("10"), fresh()
    askers = [person.with_token(person.key) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda asker: asker.post("/v1/jobs", job(), key), askers))
    assert {a.status for a in answers} <= {201, 409} and len({a.content for a in answers if a.status == 201}) == 1
    assert len(person.get("/v1/jobs").ok()["data"]) == 1


# ---- checking only -------------------------------------------------------------------------------


def dry(person, key=None, **wishes):
    return person.post("/v1/jobs?dry_run=true", job(**wishes), key or fresh())


def test_a_dry_run_says_what_would_be_held_and_makes_nothing(crowd):
    person = crowd("10")
    told = dry(person, units=3, limit_price_per_unit_hour=usd("0.020"), max_duration_seconds=1800)
    assert (told.status, told.json) == (200, {
        "pool": "cpu", "units": 3, "limit_price_per_unit_hour": usd("0.020000"), "hold": usd("0.030000"),
        "pools": [{"pool": "cpu", "units": 3, "limit_price_per_unit_hour": usd("0.020000")}]})
    assert person.balance() == (10_000_000, 0) and person.get("/v1/jobs").ok()["data"] == []


def test_a_dry_run_does_not_use_up_its_key(crowd):
    person, key = crowd("10"), fresh()
    assert (dry(person, key).status, person.submit(key).status) == (200, 201)


def test_a_dry_run_refuses_what_the_real_one_would(crowd, problem):
    problem(dry(crowd("0.001")), "insufficient-funds")
    problem(dry(crowd("1"), image=None), "validation-failed", "/image")
    problem(dry(crowd("1"), budget=usd("0.000001"), expires_at="2020-01-01T00:00:00Z"), "validation-failed",
            "/budget", "/expires_at")


@pytest.mark.parametrize("value", ["yes", "1", "TRUE", "true,true"])
def test_dry_run_is_true_or_false(buyer, problem, value):
    problem(buyer.post(f"/v1/jobs?dry_run={value}", job(), fresh()), "validation-failed", "?dry_run")


# ---- looking -------------------------------------------------------------------------------------


def test_jobs_have_pages_newest_first(crowd):
    person = crowd("10")
    made = [person.submit(name=f"job {n}").ok()["job"] for n in range(5)]
    assert person.pages("/v1/jobs", 2) == made[::-1]
    assert person.pages("/v1/jobs", 5) == person.get("/v1/jobs").ok()["data"] == made[::-1]


def test_jobs_of_a_state(crowd, machine):
    person = crowd("10")
    machine.offer(units=1, price="0.010").ok()
    placed, rests = (person.submit().ok()["job"]["job_id"] for _ in range(2))
    gone = person.submit().ok()["job"]["job_id"]
    person.post(f"/v1/jobs/{gone}/cancel").ok()
    for state, job_id in (("open", rests), ("placed", placed), ("cancelled", gone)):
        assert [j["job_id"] for j in person.get(f"/v1/jobs?state={state}").ok()["data"]] == [job_id]
    assert person.get("/v1/jobs?state=settled").ok()["data"] == []


def test_a_cursor_is_for_the_list_that_gave_it(crowd, problem):
    person = crowd("10")
    for _ in range(2):
        person.submit().ok()
    cursor = person.get("/v1/jobs?limit=1").ok()["next_cursor"]
    problem(person.get(f"/v1/bids?cursor={cursor}"), "validation-failed", "?cursor")
    problem(person.get(f"/v1/jobs?cursor={cursor[:-1]}"), "validation-failed", "?cursor")
    other = "A" if cursor[-1] != "A" else "B"
    problem(person.get(f"/v1/jobs?cursor={cursor[:-1]}{other}"), "validation-failed", "?cursor")


def test_what_one_has_is_not_sent_again(buyer):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    tag = buyer.get(path).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = buyer.get(path, If_None_Match=known)
        assert (again.status, again.content, again.headers["ETag"]) == (304, b"", tag)
    buyer.post(f"{path}/cancel").ok()
    assert buyer.get(path, If_None_Match=tag).ok()["state"] == "cancelled"


def test_a_job_as_it_runs(crowd, machine):
    person = crowd("10")
    machine.offer(units=2, price="0.036").ok()
    made = person.submit(units=2, limit_price_per_unit_hour=usd("0.036")).ok()["job"]
    path = f"/v1/jobs/{made['job_id']}"
    work = machine.work(made["lease_id"])
    machine.accept(work).ok()
    told = person.get(path).ok()
    assert (told["state"], told["image_digest"], told["leases"][0]["state"]) == ("placed", IMAGE_DIGEST, "preparing")
    machine.ready(work).ok()
    told = person.get(path).ok()
    assert (told["state"], told["leases"][0]["state"]) == ("running", "running")
    machine.finish(work, exit_code=0).ok()
    told = person.get(path).ok()
    assert (told["state"], told["exit_code"], told["reason"]) == ("settled", 0, "done")
    assert (told["spent"], told["held"]) == (usd("0.001200"), usd("0.000000"))  # 60 s of 2 units
    assert told["leases"][0]["charge"] == usd("0.001200") and person.balance() == (9_998_800, 0)


# ---- waiting -------------------------------------------------------------------------------------


def test_waiting_ends_at_once_when_the_job_changes(buyer):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    tag = buyer.get(path).headers["ETag"]
    waiting = later(buyer.with_token(buyer.key).get, path, If_None_Match=tag, Prefer="wait=20")
    time.sleep(0.3)
    assert not waiting.done()
    buyer.post(f"{path}/cancel").ok()
    answer, seconds = waiting.result()
    assert answer.ok()["state"] == "cancelled" and 0.3 <= seconds < 2
    assert answer.headers["Preference-Applied"] == "wait=20"


def test_waiting_ends_with_304_when_nothing_changes(buyer):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    tag = buyer.get(path).headers["ETag"]
    began = time.monotonic()
    answer = buyer.get(path, If_None_Match=tag, Prefer="wait=1")
    assert (answer.status, answer.headers["ETag"]) == (304, tag)
    assert 0.8 <= time.monotonic() - began < 3


def test_who_does_not_have_the_present_version_does_not_wait(buyer):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    began = time.monotonic()
    assert buyer.get(path, Prefer="wait=20").status == 200
    assert buyer.get(path, If_None_Match='"other"', Prefer="wait=20").status == 200
    assert time.monotonic() - began < 2


def test_each_step_of_a_lease_wakes(buyer, machine):
    machine.offer(units=1, price="0.010").ok()
    made = buyer.submit().ok()["job"]
    path, work = f"/v1/jobs/{made['job_id']}", machine.work(made["lease_id"])
    beside = buyer.with_token(buyer.key)
    for step in (machine.accept, machine.ready, machine.finish):
        tag = buyer.get(path).headers["ETag"]
        waiting = later(beside.get, path, If_None_Match=tag, Prefer="wait=20")
        time.sleep(0.1)
        step(work).ok()
        answer, seconds = waiting.result()
        assert answer.status == 200 and seconds < 2


@pytest.mark.parametrize("preference, applied", [
    ("wait=1", "wait=1"), ("respond-async, wait=1", "wait=1"), ("wait=99999", "wait=55"), ("Wait=1", "wait=1"),
    ("wait=0", None), ("wait=-1", None), ("wait=soon", None), ("return=minimal", None),
])
def test_how_long_one_prefers_to_wait(buyer, preference, applied):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    assert buyer.get(path, Prefer=preference).headers["Preference-Applied"] == applied


# ---- cancelling ----------------------------------------------------------------------------------


def test_cancelling_gives_the_money_back(crowd):
    person = crowd("10")
    path = f"/v1/jobs/{person.submit().ok()['job']['job_id']}"
    told = person.post(f"{path}/cancel").ok()
    assert (told["state"], told["reason"], told["held"]) == ("cancelled", "cancelled", usd("0.000000"))
    assert person.balance() == (10_000_000, 0)


def test_cancelling_again_changes_nothing(buyer):
    path = f"/v1/jobs/{buyer.submit().ok()['job']['job_id']}"
    first, again = buyer.post(f"{path}/cancel"), buyer.post(f"{path}/cancel")
    assert (again.status, again.content, again.headers["ETag"]) == (200, first.content, first.headers["ETag"])


def test_cancelling_what_is_offered_gives_the_money_back(crowd, machine):
    person = crowd("10")
    machine.offer(units=1, price="0.010").ok()
    path = f"/v1/jobs/{person.submit().ok()['job']['job_id']}"
    assert person.post(f"{path}/cancel").ok()["state"] == "cancelled"
    assert person.get(path).ok()["leases"][0]["state"] == "void" and person.balance() == (10_000_000, 0)


def test_cancelling_what_runs_stops_it_and_it_is_paid(crowd, machine):
    person = crowd("10")
    machine.offer(units=1, price="0.060").ok()
    made = person.submit(limit_price_per_unit_hour=usd("0.060")).ok()["job"]
    path, work = f"/v1/jobs/{made['job_id']}", machine.start(made["lease_id"])
    assert person.post(f"{path}/cancel").ok()["state"] == "running"
    assert person.get(path).ok()["leases"][0]["state"] == "stopping"
    beat = machine.post("/v1/agent/heartbeat", {"leases": []}).ok()
    assert [(c["lease_id"], c["do"], c["reason"]) for c in beat["commands"]] == [(made["lease_id"], "stop",
        "cancelled")]
    machine.finish(work, exit_code=137).ok()
    told = person.get(path).ok()
    assert (told["state"], told["reason"], told["spent"]) == ("cancelled", "cancelled", usd("0.001000"))


def test_what_is_settled_cannot_be_cancelled_and_says_so_by_its_state(buyer, machine):
    machine.offer(units=1, price="0.010").ok()
    made = buyer.submit().ok()["job"]
    machine.run(made["lease_id"])
    assert buyer.post(f"/v1/jobs/{made['job_id']}/cancel").ok()["state"] == "settled"
