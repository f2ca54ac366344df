# SPDX-License-Identifier: Apache-2.0
"""Signatures of machines that are nearly right (RFC 9421). Each differs in one thing from one that is right,
which is tried along with it; a refused one changes nothing."""

import base64
import dataclasses
import hashlib
import json
import os
import time

import pytest

from tests.api.people import Key, Machine
from tests.outside.market import usd
from tests.outside.protocol import b64

HEARTBEAT = "/v1/agent/heartbeat"


@pytest.fixture(scope="session")
def market(quiet_market):
    return quiet_market


def digest_of(body, algorithm="sha-256"):
    return f"{algorithm}=:{b64(hashlib.new(algorithm.replace('-', ''), body).digest())}:"


@dataclasses.dataclass
class Signing:
    """How a request is signed. What is not said is as it should be."""

    machine: Machine
    method: str
    path: str
    body: bytes = b""
    target: str = None  # @target-uri as it is signed
    signed_method: str = None
    digest: str = None  # the header; "" leaves it out
    signed_digest: str = None
    components: str = None
    created: object = None
    nonce: str = None
    keyid: str = None
    alg: str = "ed25519"
    label: str = "sig1"
    params: str = None  # all of them, behind the components
    key: Key = None

    def parts(self):
        digest = digest_of(self.body) if self.digest is None and self.body else self.digest
        signed_digest = digest if self.signed_digest is None else self.signed_digest
        components = self.components
        if components is None:
            components = '"@method" "@target-uri"' + (' "content-digest"' if digest else "")
        params = self.params
        if params is None:
            nonce = base64.urlsafe_b64encode(os.urandom(18)).decode() if self.nonce is None else self.nonce
            params = (f';created={int(time.time()) if self.created is None else self.created};nonce="{nonce}"'
                      f';keyid="{self.keyid or self.machine.node_id}";alg="{self.alg}"')
        return digest, signed_digest, f"({components}){params}"

    def headers(self):
        digest, signed_digest, params = self.parts()
        values = {"@method": self.signed_method or self.method, "content-digest": signed_digest,
                  "@target-uri": self.target or self.machine.market.agent_url + self.path,
                  "@authority": "127.0.0.1", "@path": self.path, "date": "now"}
        lines = [f"{name}: {values[name.strip(chr(34))]}" for name in params[1:params.index(")")].split()]
        base = "\n".join([*lines, f'"@signature-params": {params}'])
        signature = (self.key or self.machine.signing).private.sign(base.encode())
        headers = {"Signature-Input": f"{self.label}={params}", "Signature": f"{self.label}=:{b64(signature)}:"}
        return {**headers, "Content-Digest": digest} if digest else headers


def send(signing, headers=None, body=None, method=None, path=None):
    """The request; what is given here is sent instead of what was signed."""
    machine = signing.machine
    content = signing.body if body is None else body
    kind = {"Content-Type": "application/json"} if content else {}
    signed = {name: value for name, value in {**signing.headers(), **(headers or {})}.items() if value is not None}
    method, path = method or signing.method, path or signing.path
    answer = machine.client.call(method, path, content or None, {**kind, **signed})
    machine.contract.check(method, path, answer, machine.market.url)
    return answer


@pytest.fixture(params=["with a body", "without one"])
def signing(request, machine):
    """Makes one that is right but for what is said: an offer, or a look at one's offers."""
    if request.param == "with a body":
        body = json.dumps({"leases": []}).encode()
        return lambda **lies: Signing(machine, "POST", HEARTBEAT, **{"body": body, **lies})
    return lambda **lies: Signing(machine, "GET", "/v1/agent/asks?state=open", **lies)


@pytest.fixture
def refused(unchanged, problem):
    def check(*args, **sent):
        with unchanged():
            answer = send(*args, **sent)
            told = problem(answer, "unauthenticated")
            assert answer.headers["WWW-Authenticate"] == "Signature"
            return told["detail"]

    return check


def test_one_that_is_right(signing):
    assert send(signing()).status == 200


# ---- what is covered -----------------------------------------------------------------------------


def test_another_method(signing, refused):
    refused(signing(signed_method="PUT"))


def test_another_address(signing, refused, market):
    right = signing()
    url = market.agent_url + right.path
    for wrong in (url + "&x=1", url + "?", url.replace("http:", "https:"), url.replace("127.0.0.1", "localhost"),
                  url.replace("/v1/", "/V1/"), url.replace("/v1/", "//v1/"), url.rpartition(":")[0] + right.path,
                  right.path, market.url + right.path, url.partition("?")[0] + "?state=settled", url + "#x",
                  url.upper()):
        refused(signing(target=wrong))


def test_a_signature_for_another_path(machine, refused):
    body = json.dumps({"leases": []}).encode()
    refused(Signing(machine, "POST", HEARTBEAT, body), path="/v1/agent/join")
    refused(Signing(machine, "GET", "/v1/agent/asks"), path="/v1/agent/asks?state=open")
    refused(Signing(machine, "GET", "/v1/agent/asks?state=open"), path="/v1/agent/asks?state=cancelled")
    refused(Signing(machine, "GET", "/v1/agent/asks"), path="/v1/agent/assignments")


def test_a_body_that_was_changed(machine, refused):
    body = json.dumps({"pool": "cpu", "units": 1, "price_per_unit_hour": usd("0.500")}).encode()
    right = Signing(machine, "POST", "/v1/agent/asks", body)
    cheap = body.replace(b"0.500", b"0.001")
    refused(right, {"Idempotency-Key": "a-key"}, body=cheap)
    refused(right, {"Idempotency-Key": "a-key", "Content-Digest": digest_of(cheap)}, body=cheap)
    refused(right, {"Idempotency-Key": "a-key"}, body=body + b" ")


def test_a_digest_of_something_else(machine, refused):
    body = json.dumps({"leases": []}).encode()
    for digest in (digest_of(b""), digest_of(body + b"x"), digest_of(body, "sha-512"), digest_of(body)[:-1],
                   digest_of(body).replace("=:", "=", 1), f"{digest_of(body)}, {digest_of(body, 'sha-512')}",
                   f"{digest_of(body)}, {digest_of(body)}", digest_of(body).upper(), "sha-256=::", "sha-256=:AAAA:",
                   "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:", f" {digest_of(body)};x"):
        refused(Signing(machine, "POST", HEARTBEAT, body, digest=digest))


def test_without_a_digest(machine, refused):
    body = json.dumps({"leases": []}).encode()
    refused(Signing(machine, "POST", HEARTBEAT, body), {"Content-Digest": None})
    refused(Signing(machine, "POST", HEARTBEAT, body, digest=""))
    refused(Signing(machine, "POST", HEARTBEAT, body, components='"@method" "@target-uri"'))


def test_a_digest_without_a_body(machine, refused):
    path = "/v1/agent/asks"
    refused(Signing(machine, "GET", path, digest=digest_of(b"x")))
    refused(Signing(machine, "GET", path, digest="", signed_digest=digest_of(b""),
                    components='"@method" "@target-uri" "content-digest"'))


def test_bytes_are_checked_against_what_was_signed(machine, unchanged, problem):
    """A blob's signature is checked before it comes, its digest when it is here."""
    right, wrong = b"right", b"wrong"
    for named in (right, wrong):
        path = f"/v1/agent/blobs/{hashlib.sha256(named).hexdigest()}"
        with unchanged():
            answer = send(Signing(machine, "PUT", path, right), body=wrong)
            problem(answer, "digest-mismatch")


def test_bytes_without_a_digest(machine, refused):
    path = f"/v1/agent/blobs/{hashlib.sha256(b'right').hexdigest()}"
    refused(Signing(machine, "PUT", path, b"right", digest=""))
    refused(Signing(machine, "PUT", path, b"right"), {"Content-Digest": None})


COMPONENTS = [
    '"@method"', '"@target-uri"', "", '"@target-uri" "@method"', '"@method" "@target-uri" "@authority"',
    '"@method" "@path"', '"@method" "@target-uri" "@method"', '"@method"  "@target-uri"', '"@method" "@target-uri" ',
    ' "@method" "@target-uri"', '"@method" "@target-uri" "date"',
]


@pytest.mark.parametrize("components", COMPONENTS)
def test_other_components(machine, refused, components):
    refused(Signing(machine, "GET", "/v1/agent/asks", components=components))


@pytest.mark.parametrize("components",
    ['"content-digest" "@method" "@target-uri"', '"@method" "content-digest"', '"content-digest"'])
def test_other_components_of_a_body(machine, refused, components):
    refused(Signing(machine, "POST", HEARTBEAT, b'{"leases":[]}', components=components))


# ---- when ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds, told", [(-86400, " s ago"), (-301, " s ago"), (62, " s ahead"), (86400, " s ahead")])
def test_created_long_ago_or_ahead(signing, refused, seconds, told):
    """What was created before the server began is refused anyway; but here it says for how long ago it was."""
    assert told in refused(signing(created=int(time.time()) + seconds))


def test_created_a_little_ahead(signing):
    assert send(signing(created=int(time.time()) + 30)).status == 200


@pytest.mark.parametrize("created", ["", "now", '"1800000000"', "1800000000.5", "-1", "0", "9" * 30, "+1", "0x6b"])
def test_created_at_no_time(signing, refused, created):
    refused(signing(created=created))


def test_a_request_is_good_once(signing, refused, machine):
    right = signing()
    headers = right.headers()
    assert send(right, headers).status == 200
    refused(right, headers)


def test_a_nonce_is_good_once_also_for_another_request(machine, refused):
    nonce = base64.urlsafe_b64encode(os.urandom(18)).decode()
    assert send(Signing(machine, "GET", "/v1/agent/asks", nonce=nonce)).status == 200
    refused(Signing(machine, "GET", "/v1/agent/asks", nonce=nonce))
    refused(Signing(machine, "POST", HEARTBEAT, b'{"leases":[]}', nonce=nonce))


def test_nonces_of_two_machines_do_not_meet(machine, provider):
    nonce = base64.urlsafe_b64encode(os.urandom(18)).decode()
    for one in (machine, Machine(provider)):
        assert send(Signing(one, "GET", "/v1/agent/asks", nonce=nonce)).status == 200


@pytest.mark.parametrize("nonce", ["", "short", "x" * 15, "x" * 65, "blank within it it", "ä" * 16])
def test_nonces_that_are_none(signing, refused, nonce):
    refused(signing(nonce=nonce))


# ---- who -----------------------------------------------------------------------------------------


def test_another_key(signing, refused):
    refused(signing(key=Key()))


def test_another_machines_name(signing, refused, provider):
    other = Machine(provider)
    refused(signing(keyid=other.node_id))
    refused(signing(key=other.signing))


@pytest.mark.parametrize("keyid", [
    "node_01m86ch86ge0080000000004jg", "node_1", "x", "", "1", "acct_01m86ch3mge00800000000000g", "node_'--", "x" * 200,
])
def test_names_of_no_machine(signing, refused, keyid):
    right = signing()
    params = right.parts()[2].partition(")")[2].replace(right.machine.node_id, keyid)
    refused(signing(params=params))


def test_a_key_that_has_not_joined(machine, refused):
    """The name of a join opens nothing else."""
    refused(Signing(machine, "GET", "/v1/agent/asks", keyid=machine.signing.public))


def test_a_join_that_another_key_signs(machine, provider, refused):
    token = provider.post("/v1/join-tokens", {}).ok()["token"]
    new, other = Key(), Key()
    said = {"token": token, "public_key": new.public, "name": "n", "agent_version": "1",
            "inventory": {"cpu_millis": 1000, "memory_bytes": 0, "scratch_bytes": 0, "gpus": []}}
    body = json.dumps(said).encode()
    join = {"method": "POST", "path": "/v1/agent/join", "body": body}
    refused(Signing(machine, **join, keyid=new.public, key=other))
    refused(Signing(machine, **join, keyid=other.public, key=other))
    refused(Signing(machine, **join, keyid=other.public, key=new))
    refused(Signing(machine, **join, keyid=machine.node_id, key=new))
    refused(Signing(machine, **join, keyid=machine.node_id))
    assert send(Signing(machine, **join, keyid=new.public, key=new)).status == 201


# ---- how -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg",
    ["", "hmac-sha256", "rsa-pss-sha512", "ecdsa-p256-sha256", "ED25519", "ed25519 ", "none"])
def test_another_algorithm(signing, refused, alg):
    refused(signing(alg=alg))


@pytest.mark.parametrize("label", ["sig2", "sig", "Sig1", "", "sig1 "])
def test_another_label(signing, refused, label):
    refused(signing(label=label))


def test_parameters_that_miss_come_twice_or_are_none(signing, refused):
    right = signing().parts()[2].partition(")")[2]
    each = right.split(";")[1:]
    for i, param in enumerate(each):
        refused(signing(params=";" + ";".join(each[:i] + each[i + 1:])))
        refused(signing(params=f"{right};{param}"))
    for more in (";expires=9999999999", ';tag="x"', ";x", ";", " ", ";created"):
        refused(signing(params=right + more))
    refused(signing(params=""))


def test_headers_that_miss_or_do_not_fit(signing, refused):
    right = signing()
    headers = right.headers()
    for name in ("Signature", "Signature-Input"):
        refused(right, {**headers, name: None})
        refused(right, {**headers, name: ""})
        refused(right, {**headers, name: headers[name] + ", " + headers[name].replace("sig1", "sig2")})
    refused(right, {**headers, "Signature": headers["Signature"].replace("sig1", "sig2")})


def test_signatures_that_are_none(signing, refused):
    right = signing()
    headers = right.headers()
    text = headers["Signature"][len("sig1=:"):-1]
    raw = base64.b64decode(text)
    for wrong in (b64(raw[:-1]), b64(raw + b"\0"), b64(bytes(64)), b64(raw[:32] + bytes(32)),
        b64(bytes([raw[0] ^ 1]) + raw[1:]),
                  b64(raw[:63] + bytes([raw[63] ^ 1])), text.rstrip("="), text[:-3] + "x==", raw.hex(), "",
                  f"{text}:x"):
        refused(right, {**headers, "Signature": f"sig1=:{wrong}:"})
    refused(right, {**headers, "Signature": f"sig1={text}"})
    refused(right, {**headers, "Signature": f'sig1="{text}"'})
