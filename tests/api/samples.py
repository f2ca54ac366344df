# SPDX-License-Identifier: Apache-2.0
"""One good request for each operation, and the things that it is about: what refused requests differ from."""

import dataclasses
import hashlib

from tests.api.people import IMAGE_DIGEST, Key, Machine, fresh, job, report
from tests.outside import seal
from tests.outside.market import usd

CONTENT = b"what the owner keeps"
DOWNLOAD = "bourse-agent-x86_64"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FLOWS = {"bytes_in": 5, "bytes_out": 7, "denied": 1, "capped": 0, "more": 0,
         "dns": {"questions": 1, "refused": 0, "private_answers": 0},
         "flows": [{"address": "198.51.100.7", "protocol": "tcp", "port": 443, "bytes_in": 5, "bytes_out": 7,
                    "packets_in": 1, "packets_out": 1, "connections": 1}]}


@dataclasses.dataclass
class Sample:
    path: str
    body: object = None
    keyed: bool = False

    def headers(self, key=None):
        return {"Idempotency-Key": key or fresh()} if self.keyed else {}


class Estate:
    """What one buyer and one provider have: an order of each kind that rests, a lease that is offered, one that is
    settled, a payout, a key, bytes."""

    def __init__(self, buyer, provider):
        self.buyer, self.provider = buyer, provider
        self.machine = Machine(provider)
        self.machine.offer(units=2, price="0.010").ok()
        done, self.offered = (buyer.submit().ok()["job"] for _ in range(2))
        self.machine.run(done["lease_id"])
        self.settled = buyer.get(f"/v1/jobs/{done['job_id']}").ok()
        self.resting = buyer.submit(limit_price_per_unit_hour=usd("0.005")).ok()["job"]
        self.ask = self.machine.offer(units=2, price="0.900").ok()["ask"]
        self.payout = buyer.post("/v1/payouts", {"amount": usd("1")}, fresh()).ok()
        self.key = buyer.api_key("read")
        self.joiner = self.machine.as_joiner()
        buyer.put(f"/v1/blobs/{DIGEST}", CONTENT).ok()
        self.login = seal.login(buyer.get("/.well-known/bourse").ok(), buyer.account_id, "registry.example.org")
        buyer.call("PUT", "/v1/registry-logins/registry.example.org", self.login).ok()

    def ids(self):
        """A value for each parameter of a path."""
        return {
            "job_id": self.resting["job_id"], "bid_id": self.resting["bid_id"], "ask_id": self.ask["ask_id"],
            "node_id": self.machine.node_id, "lease_id": self.offered["lease_id"],
            "payout_id": self.payout["payout_id"], "key_id": self.key["key_id"], "sha256": DIGEST, "pool": "cpu",
            "account_id": self.provider.account_id, "registry": "registry.example.org",
            "name": "internal", "page": "new", "file": "css/app.css", "n": "0", "tile": "0/000.p/1",
            "day": "2026-11-22",
        }

    def bodies(self):
        """A body for each operation that takes one."""
        ask = {"pool": "cpu", "units": 1, "price_per_unit_hour": usd("0.900"),
            "floor_price_per_unit_hour": usd("0.800")}
        return {
            "post_session_challenges": {"public_key": Key().public},
            "post_session_tokens": {"challenge_id": "chal_01m86ch877e0080000000004k7", "signature": "A" * 86 + "=="},
            "post_session_recoveries": {"recovery_code": "brs_rec_x", "public_key": Key().public},
            "post_session": {"token": "a.b.c"},
            "post_account_keys": {"public_key": Key().public, "name": "spare"},
            "post_api_keys": {"name": "a key", "scopes": ["read"]},
            "post_jobs": job(limit_price_per_unit_hour=usd("0.005")),
            "post_quotes": job(limit_price_per_unit_hour=usd("0.005")),
            "patch_bid": {"limit_price_per_unit_hour": usd("0.006")},
            "put_blob": b"other bytes",
            "post_join_tokens": {"name": "rack 7"},
            "post_asks": {"node_id": self.machine.node_id, **ask},
            "patch_ask": {"price_per_unit_hour": usd("0.910"), "units": 3},
            "post_payouts": {"amount": usd("1")},
            "post_agent_join": {"token": "brs_join_x", "public_key": self.machine.signing.public, **report()},
            "put_agent_node": report(),
            "post_agent_asks": ask,
            "post_agent_offer": {"ask_id": self.ask["ask_id"], "price_per_unit_hour": usd("0.850")},
            "post_team_invitations": {"account_id": self.provider.account_id, "quota_units": 4},
            "post_team_join": {"team_id": self.provider.account_id},
            "patch_agent_ask": {"price_per_unit_hour": usd("0.910"), "units": 3},
            "post_agent_lease_accept": {"epoch": 1, "image_digest": IMAGE_DIGEST},
            "post_agent_lease_decline": {"epoch": 1, "reason": "declined", "detail": "busy"},
            "post_agent_lease_prepared": {"epoch": 1},
            "post_agent_lease_registry_login": {"epoch": 1, "seal_to": "A" * 43 + "="},
            "put_registry_login": self.login,
            "put_agent_lease_flows": FLOWS,
            "post_agent_lease_checkpoint": {"document": "{}", "signature": "A" * 86 + "=="},
            "post_node_drain": {"at": "2030-01-01T00:00:00Z", "running": "finish"},
            "post_agent_drain": {"at": "2030-01-01T00:00:00Z", "running": "finish"},
            "put_agent_doctor": {"result": "ok", "checks": [
                {"id": "D01", "name": "server", "result": "ok", "reason": "It answers."}]},
            "post_agent_lease_ready": {"epoch": 1, "image_digest": IMAGE_DIGEST},
            "post_agent_lease_cannot_start": {
                "epoch": 1, "reason": "image-invalid", "fault": "buyer", "detail": "no such layer"},
            "post_agent_lease_exit": {"epoch": 1, "receipt": "{}", "signature": "A" * 86 + "=="},
            "put_agent_lease_log": b"a line\n",
            "post_agent_heartbeat": {"leases": [{
                "lease_id": self.offered["lease_id"], "epoch": 1, "state": "offered",
                "tick": {"document": "{}", "signature": "A" * 86 + "=="},
                "image": {"phase": "downloading", "done_bytes": 1, "total_bytes": 2}}]},
            "put_agent_blob": b"other bytes",
        }

    def sample(self, operation, **ids):
        path = operation.path.format(**{**self.ids(), **ids})
        if operation.name == "put_agent_lease_log":
            path += "?stream=stdout"
        if operation.name in ("put_blob", "put_agent_blob"):
            path = path.replace(DIGEST, hashlib.sha256(b"other bytes").hexdigest())
        if operation.name == "get_download":
            path = f"/downloads/{DOWNLOAD}"
        keyed = any(p.get("$ref", "").endswith("/IdempotencyKey") for p in operation.parameters)
        return Sample(path, self.bodies().get(operation.name), keyed)

    def owner(self, operation):
        """Who may ask for the sample."""
        if operation.name == "post_agent_join":
            return self.joiner
        if operation.is_agents:
            return self.machine
        ours = ("ask_id", "node_id", "post_asks")
        return self.provider if any(word in f"{operation.path} {operation.name}" for word in ours) else self.buyer


def send(estate, operation, body, headers=None):
    """The sample of an operation with another body."""
    sample = estate.sample(operation)
    return estate.owner(operation).call(operation.method, sample.path, body, {**sample.headers(), **(headers or {})})
