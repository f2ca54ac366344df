# SPDX-License-Identifier: Apache-2.0
"""What a lease did with its network: told by its node, read by the node's owner and the operator, then forgotten; and a
run that ends because its network has carried all that it may."""

import pytest

from tests.api.people import Machine
from tests.api.samples import FLOWS
from tests.outside import pg
from tests.outside.market import number_of
from tests.outside.process import wait_for


@pytest.fixture
def machine(provider):
    machine = Machine(provider)
    machine.offer(units=2, price="0.010").ok()
    yield machine
    provider.clear()


@pytest.fixture
def work(buyer, machine):
    return machine.start(buyer.submit().ok()["job"]["lease_id"])


def tell(machine, work, flows=None):
    return machine.call("PUT", f"/v1/agent/leases/{work['lease_id']}/flows", flows or FLOWS)


def test_the_owner_of_the_node_reads_what_was_told(buyer, provider, machine, work, problem):
    path = f"/v1/leases/{work['lease_id']}/flows"
    problem(provider.get(path), "not-found")
    tell(machine, work).ok()
    told = provider.get(path).ok()
    assert told.pop("told_at") and told == FLOWS
    problem(buyer.get(path), "not-found")


def test_the_first_word_stays(provider, machine, work):
    tell(machine, work).ok()
    machine.finish(work).ok()
    tell(machine, work, {**FLOWS, "bytes_out": 0}).ok()
    assert provider.get(f"/v1/leases/{work['lease_id']}/flows").ok()["bytes_out"] == 7


def test_only_its_node_tells(provider, machine, work, problem):
    problem(tell(Machine(provider, "other"), work), "not-found")


def test_a_lease_that_never_ran_did_nothing(buyer, machine, problem):
    work = machine.work(buyer.submit().ok()["job"]["lease_id"])
    problem(tell(machine, work), "wrong-state")


@pytest.mark.parametrize("change, pointer", [
    ({"bytes_in": -1}, "/bytes_in"), ({"flows": [{**FLOWS["flows"][0], "port": 65536}]}, "/flows/0/port"),
    ({"flows": FLOWS["flows"] * 257}, "/flows"), ({"payload": "x"}, "/payload"), ({"dns": None}, "/dns")])
def test_what_is_no_summary_is_refused(machine, work, problem, change, pointer):
    problem(tell(machine, work, {**FLOWS, **change}), "validation-failed", pointer)


def test_the_operator_reads_it_too(market, machine, work):
    tell(machine, work).ok()
    assert '"198.51.100.7"' in market.verb("flows", work["lease_id"])


def test_it_is_forgotten(market, provider, machine, work, problem):
    tell(machine, work).ok()
    pg.run(market.db, f"UPDATE lease_flows SET told_at = now() - interval '91 days' WHERE lease = {number_of(work['lease_id'])}")
    wait_for("the sweep", lambda: provider.get(f"/v1/leases/{work['lease_id']}/flows").status == 404, 90, 1)


def test_a_run_that_sent_too_much_is_paid_and_failed(buyer, machine):
    job = buyer.submit().ok()["job"]
    machine.run(job["lease_id"], reason="egress-spent", exit_code=137)
    ended = buyer.get(f"/v1/jobs/{job['job_id']}").ok()
    assert (ended["state"], ended["reason"], ended["exit_code"]) == ("failed", "egress-spent", 137)
    assert ended["leases"][0]["fault"] == "buyer" and ended["leases"][0]["seconds_billed"] == 60
