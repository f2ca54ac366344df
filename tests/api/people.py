# SPDX-License-Identifier: Apache-2.0
"""Who asks, in these tests: people with tokens and machines with keys. What they are answered is always
held against the contract."""

import base64
import contextlib
import copy
import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.outside.client import Client
from tests.outside.market import micros, usd
from tests.outside.protocol import GIB, Signer, b64, canonical, rfc3339

IMAGE_DIGEST = "sha256:" + "ab" * 32
EXAMPLE_JTI = "jti_01m86ch877e0080000000004k7"
LIVE = ("open", "placed", "running")
ORDERS = ("/v1/jobs", "/v1/asks", "/v1/agent/asks")


def fresh():
    """An idempotency key that nobody has used."""
    return str(uuid.uuid4())


class Asker:
    """Sends requests and has each answer checked. For one thread."""

    def __init__(self, market, contract, url=None, token=None):
        self.market, self.contract = market, contract
        self.client = Client(url or market.url, token)

    def call(self, method, path, body=None, headers=None):
        answer = self.client.call(method, path, body, headers)
        self.contract.check(method, path, answer, self.market.url)
        if answer.status == 201 and path in ORDERS:
            self.market.has_orders = True
        return answer

    def get(self, path, **headers):
        return self.call("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path, body=None, key=None, headers=None):
        keyed = {"Idempotency-Key": key} if key else {}
        return self.call("POST", path, body, {**keyed, **(headers or {})})

    def put(self, path, content, headers=None):
        return self.call("PUT", path, content, {"Content-Type": "application/octet-stream", **(headers or {})})

    def patch(self, path, body, headers=None):
        return self.call("PATCH", path, body, headers)

    def delete(self, path, headers=None):
        return self.call("DELETE", path, headers=headers)

    def head(self, path, headers=None):
        return self.call("HEAD", path, headers=headers)

    def pages(self, path, limit):
        """All rows of a list, page by page."""
        rows, cursor = [], ""
        while cursor is not None:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}").ok()
            assert len(page["data"]) <= limit
            rows += page["data"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return rows

    def close(self):
        self.client.close()


class Person(Asker):
    """An account, asking with its first API key, which has every scope."""

    def __init__(self, market, contract, account):
        super().__init__(market, contract, token=account.key)
        self.account = account
        self.account_id, self.key, self.number = account.account_id, account.key, account.number

    def with_token(self, token):
        return Asker(self.market, self.contract, token=token)

    def balance(self):
        """Available and held, in micro-USD."""
        told = self.get("/v1/account").ok()["balance"]
        return micros(told["available"]), micros(told["held"])

    def api_key(self, *scopes):
        return self.post("/v1/api-keys", {"name": "a key", "scopes": list(scopes)}).ok()

    def submit(self, key=None, **wishes):
        """POST /v1/jobs of a small job, as the wishes say."""
        return self.post("/v1/jobs", job(**wishes), key or fresh())

    def clear(self):
        """Withdraw all that rests or runs, so that it meets nobody in the next test."""
        with contextlib.suppress(AssertionError):
            for ask in self.get("/v1/asks?state=open&limit=100").ok()["data"]:
                self.post(f"/v1/asks/{ask['ask_id']}/cancel")
            for state in LIVE:
                for one in self.get(f"/v1/jobs?state={state}&limit=100").ok()["data"]:
                    self.post(f"/v1/jobs/{one['job_id']}/cancel")


def job(**wishes):
    """The body of a job: what is needed, and the wishes. A wish of None leaves that field out."""
    body = {
        "image": "docker.io/library/alpine:3.20", "command": ["echo", "hello"], "pool": "cpu", "budget": usd("1"),
        "limit_price_per_unit_hour": usd("0.020"), "max_duration_seconds": 600, **wishes,
    }
    return {name: value for name, value in body.items() if value is not None}


# ---- machines ------------------------------------------------------------------------------------


class Key:
    def __init__(self):
        self.private = Ed25519PrivateKey.generate()
        self.public = b64(self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, tag, text):
        return b64(self.private.sign(f"{tag}\n{text}".encode()))


def verify(public, tag, text, signature):
    """Fails unless the key has signed it."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public))
    key.verify(base64.b64decode(signature), f"{tag}\n{text}".encode())


def merkle(leaves):
    """The root of RFC 6962 over some texts."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0].encode()).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + merkle(leaves[:half]) + merkle(leaves[half:])).digest()


def inventory(cpus=1000, gpus=()):
    return {"cpu_millis": cpus * 1000, "memory_bytes": cpus * GIB, "scratch_bytes": 2 * cpus * GIB, "gpus": list(gpus)}


def report(name="node", **more):
    return {"name": name, "agent_version": "1.0.0", "engine": {"name": "podman", "version": "5.0"},
            "inventory": inventory(), **more}


class Machine(Asker):
    """A node of `provider`, which does what the test says, step by step."""

    def __init__(self, provider, name="node"):
        super().__init__(provider.market, provider.contract, provider.market.agent_url)
        self.provider, self.signing = provider, Key()
        self.keyid = self.signing.public
        joined = self.join(provider.post("/v1/join-tokens", {"name": name}).ok()["token"], report(name)).ok()
        self.keyid = self.node_id = joined["node_id"]
        self.market_id, self.market_key = joined["market_id"], joined["market_public_key"]
        self.joined = joined

    def as_joiner(self):
        """The same, signing as who has not joined yet: with its key for a name."""
        other = copy.copy(self)
        other.keyid, other.client = self.signing.public, Client(self.market.agent_url)
        return other

    def signed(self, method, path, content):
        return Signer(self.market.agent_url, self.signing.private, self.keyid).headers(method, path, content)

    def call(self, method, path, body=None, headers=None):
        raw = isinstance(body, bytes)
        content = body if raw else b"" if body is None else canonical(body).encode()
        kind = {"Content-Type": "application/octet-stream" if raw else "application/json"} if content else {}
        signed = {**kind, **self.signed(method, path, content), **(headers or {})}
        return super().call(method, path, content or None, signed)

    def join(self, token, said):
        return self.post("/v1/agent/join", {"token": token, "public_key": self.signing.public, **said})

    # ---- offers and work ------------------------------------------------------------------------

    def offer(self, units=1, price="0.010", key=None, **more):
        """POST /v1/agent/asks"""
        body = {"pool": "cpu", "units": units, "price_per_unit_hour": usd(price), **more}
        return self.post("/v1/agent/asks", body, key or fresh())

    def assignments(self, after=0, wait=None):
        prefer = {"Prefer": f"wait={wait}"} if wait else {}
        return self.call("GET", f"/v1/agent/assignments?after={after}", headers=prefer)

    def work(self, lease_id):
        """What the market wants of this lease, once its signature is checked."""
        for item in self.assignments().ok()["data"]:
            document = json.loads(item["document"])
            if document["lease_id"] == lease_id:
                verify(self.market_key, "bourse-assignment-v1", item["document"], item["signature"])
                assert canonical(document) == item["document"]
                return document
        raise AssertionError(f"{lease_id} is not assigned")

    def say(self, work, event, **more):
        """POST /v1/agent/leases/{lease}/{event}"""
        return self.post(f"/v1/agent/leases/{work['lease_id']}/{event}", {"epoch": work["epoch"], **more})

    def say_and_wait(self, work, event, seconds):
        return self.call("POST", f"/v1/agent/leases/{work['lease_id']}/{event}", {"epoch": work["epoch"]},
                         headers={"Prefer": f"wait={seconds}"})

    def accept(self, work):
        return self.say(work, "accept", image_digest=IMAGE_DIGEST)

    def ready(self, work):
        return self.say(work, "ready", image_digest=IMAGE_DIGEST)

    def start(self, lease_id):
        """Accept it and run; the assignment."""
        work = self.work(lease_id)
        self.accept(work).ok()
        self.ready(work).ok()
        return work

    def receipt(self, work, outputs=(), **more):
        """The body of an exit. outputs: path and bytes of each."""
        files = [{"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
                 for path, content in sorted(outputs)]
        words = {"command": work["command"], "entrypoint": work["entrypoint"]}
        now = time.time()
        text = canonical({
            "type": "bourse-receipt", "version": 1, "market_id": self.market_id, "lease_id": work["lease_id"],
            "epoch": work["epoch"], "job_id": work["job_id"], "node_id": self.node_id,
            "node_public_key": self.signing.public, "image": work["image"], "image_digest": IMAGE_DIGEST,
            "command_sha256": hashlib.sha256(canonical(words).encode()).hexdigest(), "pool": work["pool"],
            "units": work["units"], "gpus": [], "ready_at": rfc3339(now), "ended_at": rfc3339(now), "seconds": 0,
            "exit_code": 0, "reason": "done", "outputs_root": merkle([canonical(f) for f in files]).hex(),
            "outputs": files, "log_sha256": hashlib.sha256(b"").hexdigest(), "ticks": 0, **more,
        })
        return {"receipt": text, "signature": self.signing.sign("bourse-receipt-v1", text)}

    def finish(self, work, outputs=(), **more):
        """Upload what it left, and exit."""
        for _, content in outputs:
            self.put(f"/v1/agent/blobs/{hashlib.sha256(content).hexdigest()}", content).ok()
        return self.say(work, "exit", **self.receipt(work, outputs, **more))

    def run(self, lease_id, outputs=(), **more):
        """All of it."""
        work = self.start(lease_id)
        self.finish(work, outputs, **more).ok()
        return work
