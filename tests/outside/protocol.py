# SPDX-License-Identifier: Apache-2.0
"""An agent without an engine: it speaks the protocol of agents, signed, and its jobs end at once. For
tests of the server alone, where what runs is of no interest and how fast it is told is."""

import base64
import datetime
import hashlib
import json
import os
import queue
import threading
import time
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .client import Client, Unanswered
from .market import usd

GIB = 1 << 30
IMAGE = "sha256:" + "5a" * 32  # what it says it has run
EMPTY_TREE = hashlib.sha256(b"").hexdigest()  # RFC 6962, no leaves


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def b64(data):
    return base64.b64encode(data).decode()


def rfc3339(seconds):
    at = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


class Signer:
    """Requests signed as RFC 9421 says, for one thread."""

    def __init__(self, url, key, keyid, timeout=40):
        self.url, self.key, self.keyid = url, key, keyid
        self.client = Client(url, timeout=timeout)

    def headers(self, method, path, body):
        components, lines, headers = '("@method" "@target-uri"', [], {}
        lines.append(f'"@method": {method}')
        lines.append(f'"@target-uri": {self.url}{path}')
        if body:
            digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
            components += ' "content-digest"'
            lines.append(f'"content-digest": {digest}')
            headers["Content-Digest"] = digest
        nonce = base64.urlsafe_b64encode(os.urandom(18)).decode()
        params = f'{components});created={int(time.time())};nonce="{nonce}";keyid="{self.keyid}";alg="ed25519"'
        lines.append(f'"@signature-params": {params}')
        signature = self.key.sign("\n".join(lines).encode())
        return {**headers, "Signature-Input": f"sig1={params}", "Signature": f"sig1=:{b64(signature)}:"}

    def call(self, method, path, body=None, headers=None):
        content = canonical(body).encode() if body is not None else b""
        signed = self.headers(method, path, content)
        if content:
            signed["Content-Type"] = "application/json"
        return self.client.call(method, path, content or None, {**signed, **(headers or {})})


class ProtocolAgent:
    """A node of `provider`. Within `with`, a thread asks for work and `workers` threads do it."""

    def __init__(self, market, provider, name="node", cpus=4000, workers=2, run_seconds=0):
        self.market, self.name, self.run_seconds = market, name, run_seconds
        self.key = Ed25519PrivateKey.generate()
        self.public = b64(self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        self.report = {
            "name": name, "agent_version": "1.0.0", "engine": {"name": "none", "version": "1"},
            "inventory": {"cpu_millis": cpus * 1000, "memory_bytes": cpus * GIB,
                          "scratch_bytes": 2 * cpus * GIB, "gpus": []},
        }
        self.told = {}  # lease -> how it ended for us: "done", or the code of the refusal
        self.lock = threading.Lock()
        self.work = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.trouble = []
        self.workers = workers
        self._join(provider)
        self.threads = []

    def _join(self, provider):
        with provider.client() as client:
            token = client.post("/v1/join-tokens", {"name": self.name}).ok()["token"]
        joining = Signer(self.market.agent_url, self.key, self.public)
        joined = joining.call("POST", "/v1/agent/join",
                              {"token": token, "public_key": self.public, **self.report}).ok()
        joining.client.close()
        self.node_id, self.market_id = joined["node_id"], joined["market_id"]
        self.market_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(joined["market_public_key"]))
        self.heartbeat_seconds = joined["heartbeat_seconds"]

    def signer(self, timeout=40):
        return Signer(self.market.agent_url, self.key, self.node_id, timeout)

    # ---- until it is answered -------------------------------------------------------------------

    def persist(self, signer, method, path, body=None, headers=None):
        """Say it again until somebody answers; None when the agent stops before that."""
        while not self.stopping.is_set():
            try:
                answer = signer.call(method, path, body, headers)
                if answer.status < 500 and answer.status != 429:
                    return answer
            except Unanswered:
                pass
            self.stopping.wait(0.05)
        return None

    def place_ask(self, units, price, pool="cpu", **more):
        body = {"pool": pool, "units": units, "price_per_unit_hour": usd(price), **more}
        signer = self.signer()
        answer = self.persist(signer, "POST", "/v1/agent/asks", body, {"Idempotency-Key": str(uuid.uuid4())})
        signer.client.close()
        return answer.ok()["ask"]

    # ---- work -----------------------------------------------------------------------------------

    def __enter__(self):
        mains = [self._poll, self._beat] + [self._work] * self.workers
        self.threads = [threading.Thread(target=self._main, args=(main,), daemon=True) for main in mains]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_failure):
        self.stopping.set()
        for _ in self.threads:
            self.work.put(None)
        for thread in self.threads:
            thread.join(60)
        if not kind:
            self.check()

    def check(self):
        assert not self.trouble, self.trouble[:3]

    def _main(self, main):
        try:
            main()
        except Exception as why:  # shown by the test's main thread
            self.trouble.append(repr(why))

    def _poll(self):
        signer, after = self.signer(), 0
        while not self.stopping.is_set():
            answer = self.persist(signer, "GET", f"/v1/agent/assignments?after={after}",
                                  headers={"Prefer": "wait=1"})
            if not answer or answer.status == 204:
                continue
            page = answer.ok()
            for item in page["data"]:
                self._take(item)
            after = max(after, page["next"])

    def _take(self, item):
        text = item["document"]
        self.market_key.verify(base64.b64decode(item["signature"]), b"bourse-assignment-v1\n" + text.encode())
        document = json.loads(text)
        assert canonical(document) == text and document["node_id"] == self.node_id
        with self.lock:
            if document["lease_id"] in self.told:
                return
            self.told[document["lease_id"]] = "taken"
        self.work.put(document)

    def _beat(self):
        signer = self.signer()
        while not self.stopping.wait(min(1, self.heartbeat_seconds)):
            with self.lock:
                here = [lease for lease, how in self.told.items() if how == "running"]
            self.persist(signer, "POST", "/v1/agent/heartbeat", {"leases": [
                {"lease_id": lease, "epoch": 1, "state": "running", "tick": None} for lease in here[:200]]})

    def _work(self):
        signer = self.signer()
        while True:
            document = self.work.get()
            if document is None or self.stopping.is_set():
                return
            self._run(signer, document)

    def _run(self, signer, document):
        lease = document["lease_id"]
        path, epoch = f"/v1/agent/leases/{lease}", {"epoch": document["epoch"]}
        if not self._say(signer, lease, f"{path}/accept", {**epoch, "image_digest": None}):
            return
        if not self._say(signer, lease, f"{path}/ready", {**epoch, "image_digest": IMAGE}):
            return
        with self.lock:
            self.told[lease] = "running"
        ready = time.time()
        if self.run_seconds and self.stopping.wait(self.run_seconds):
            return
        if self._say(signer, lease, f"{path}/exit", {**epoch, **self.receipt(document, ready)}):
            with self.lock:
                self.told[lease] = "done"

    def _say(self, signer, lease, path, body):
        """False: the market has ended this lease, or we are stopping."""
        answer = self.persist(signer, "POST", path, body)
        if answer and answer.status == 200:
            return True
        with self.lock:
            self.told[lease] = answer.json["code"] if answer else "stopped"
        assert not answer or answer.status in (404, 409), answer
        return False

    def receipt(self, document, ready):
        words = {"command": document["command"], "entrypoint": document["entrypoint"]}
        text = canonical({
            "type": "bourse-receipt", "version": 1, "market_id": self.market_id,
            "lease_id": document["lease_id"], "epoch": document["epoch"], "job_id": document["job_id"],
            "node_id": self.node_id, "node_public_key": self.public, "image": document["image"],
            "image_digest": IMAGE, "command_sha256": hashlib.sha256(canonical(words).encode()).hexdigest(),
            "pool": document["pool"], "units": document["units"], "gpus": [], "ready_at": rfc3339(ready),
            "ended_at": rfc3339(time.time()), "seconds": int(time.time() - ready), "exit_code": 0,
            "reason": "done", "outputs_root": EMPTY_TREE, "outputs": [],
            "log_sha256": hashlib.sha256(b"").hexdigest(), "ticks": 0,
        })
        return {"receipt": text, "signature": b64(self.key.sign(b"bourse-receipt-v1\n" + text.encode()))}
