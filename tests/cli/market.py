# SPDX-License-Identifier: Apache-2.0
"""A market of scripted answers, for what a real one does only when something goes wrong: it breaks off,
changes its key, or lies. What it signs, it signs with real keys."""

import base64
import collections
import hashlib
import http.server
import json
import threading
import urllib.parse

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

JOB = "job_01m86ch877e0080000000004k7"
OTHER_JOB = "job_01m86ch877e0080000000004k8"
LEASE = "lease_01m86ch877e0080000000004k7"
NODE = "node_01m86ch86ge0080000000004jg"
ACCOUNT = "acct_01m86ch3mge00800000000000g"
TOKEN = "the.secret.token"
FAR = "2099-01-01T00:00:00.000Z"

Request = collections.namedtuple("Request", "method path query headers body")
BREAK = object()  # an answer: the connection ends without one


new_key = Ed25519PrivateKey.generate


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def b64(data):
    return base64.b64encode(data).decode()


def usd(text):
    return {"amount": text, "currency": "USD"}


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def merkle_root(entries):
    """RFC 6962 over byte strings."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\0" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\1" + merkle_root(entries[:split]) + merkle_root(entries[split:])).digest()


class Market:
    """Answers by a table {(method, path): answer}; an answer is (status, JSON or bytes[, headers]), BREAK,
    a function of the request that gives one, or a list of them, one for each request, the last again."""

    def __init__(self, market_id="mkt_test"):
        self.key, self.node_key = new_key(), new_key()
        self.market_id = market_id
        self.answers, self.requests, self.blobs = {}, [], {}
        self.answers["GET", "/.well-known/bourse"] = lambda r: (200, self.info())
        self.answers["POST", "/v1/session/challenges"] = self.challenge
        self.answers["POST", "/v1/session/tokens"] = self.token
        self.created = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def public(self, key=None):
        return b64((key or self.key).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def info(self):
        return {"market_id": self.market_id, "public_key": self.public(), "agent_url": "http://127.0.0.1:8081"}

    # ---- sign-in ----

    def message(self, public_key, nonce):
        return f"bourse-login-v1|{self.market_id}|{nonce}|{public_key}|1900000000"

    def challenge(self, request):
        public_key = json.loads(request.body)["public_key"]
        self.login_key, nonce = public_key, b64(b"n" * 32)
        return 201, {"challenge_id": "c1", "nonce": nonce, "message": self.message(public_key, nonce), "expires_at": FAR}

    def token(self, request):
        signature = base64.b64decode(json.loads(request.body)["signature"])
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(self.login_key))
        key.verify(signature, self.message(self.login_key, b64(b"n" * 32)).encode())
        created, self.created = self.created, False
        return 201, {"token": TOKEN, "expires_at": FAR, "account_id": ACCOUNT, "created": created,
                     "recovery_code": "brs_rec_abc" if created else None}

    # ---- documents ----

    def receipt(self, outputs=(), job=JOB, market_key=None, node_key=None, charge="0.000166", **other):
        """The document of GET …/receipt, signed; outputs {path: bytes} become blobs."""
        node_key = node_key or self.node_key
        entries = [{"path": p, "sha256": sha256(d), "size_bytes": len(d)} for p, d in sorted(dict(outputs).items())]
        self.blobs.update({sha256(d): d for d in dict(outputs).values()})
        text = canonical({
            "type": "bourse-receipt", "version": 1, "market_id": self.market_id, "lease_id": LEASE, "epoch": 1,
            "job_id": job, "node_id": NODE, "node_public_key": self.public(node_key), "image": "blob:sha256:" + "0" * 64,
            "image_digest": "sha256:" + "1" * 64, "command_sha256": "2" * 64, "pool": "cpu", "units": 1, "gpus": [],
            "ready_at": "2026-11-24T09:00:00.000Z", "ended_at": "2026-11-24T09:00:12.000Z", "seconds": 12,
            "exit_code": 0, "reason": "done", "outputs": entries, "log_sha256": "3" * 64, "ticks": 0,
            "outputs_root": merkle_root([canonical(e).encode() for e in entries]).hex(), **other,
        })
        agent = node_key.sign(b"bourse-receipt-v1\n" + text.encode())
        counter = canonical({
            "receipt_sha256": sha256(text.encode()), "agent_signature": b64(agent), "lease_id": LEASE,
            "seconds_observed": 12, "seconds_billed": 12, "price_per_unit_hour": "0.050000", "units": 1,
            "charge": charge, "fee": "0.000001", "payout": "0.000165",
            "settled_at": "2026-11-24T09:00:13.000Z", "entry": 42,
        })
        sign = (market_key or self.key).sign(b"bourse-countersign-v1\n" + counter.encode())
        return {"receipt": text, "agent_signature": b64(agent), "agent_public_key": self.public(node_key),
                "countersignature": {"document": counter, "signature": b64(sign),
                                     "market_public_key": self.public(market_key)}}

    def outputs(self, document):
        receipt = json.loads(document["receipt"])
        return {"lease_id": LEASE, "merkle_root": receipt["outputs_root"], "data": receipt["outputs"]}

    @staticmethod
    def job(state, **other):
        lease = {"lease_id": LEASE, "seconds_billed": 12}
        return {"job_id": JOB, "name": "n", "state": state, "reason": None, "pool": "cpu", "units": 1, "lease_id": None,
                "budget": usd("1.000000"), "spent": usd("0.000166"), "held": usd("0.000000"), "exit_code": 0,
                "limit_price_per_unit_hour": usd("0.055000"), "created_at": "2026-11-24T09:00:00.000Z",
                "leases": [lease], **other}

    # ---- HTTP ----

    def answer(self, request):
        answer = self.answers.get((request.method, request.path))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer = answer(request)
        blob = request.path.rpartition("/")[2]
        if answer is None and request.path.startswith("/v1/blobs/") and request.method == "GET" and blob in self.blobs:
            answer = 200, self.blobs[blob]
        return answer or (404, {"title": "There is no such thing here.", "status": 404, "code": "not-found",
                                "detail": request.path, "request_id": "r404"})

    def handler(self):
        market = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(self.command, path, dict(urllib.parse.parse_qsl(query)), self.headers, body)
                market.requests.append(request)
                answer = market.answer(request)
                if answer is BREAK:
                    self.close_connection = True
                    return
                status, content, headers = (*answer, {})[:3]
                data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = serve

            def log_message(self, *args):
                pass

        return Handler

    def asked(self, method, path):
        return [r for r in self.requests if (r.method, r.path) == (method, path)]
