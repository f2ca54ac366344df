# SPDX-License-Identifier: Apache-2.0
"""Tokens that are nearly right. Each is signed with the server's own key, so that one thing alone is wrong
with it; the right one is tried first."""

import base64
import hashlib
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.api.forged import Forger, b64url
from tests.api.people import Asker, Key, fresh
from tests.outside.market import usd
from tests.outside.protocol import b64

NOBODY = "acct_01m86ch3mge00800000zzzzzzz"


@pytest.fixture(scope="session")
def market(quiet_market):
    return quiet_market


@pytest.fixture(scope="module")
def market_id(anybody):
    return anybody.get("/.well-known/bourse").ok()["market_id"]


@pytest.fixture(scope="module")
def forger(market, market_id, stranger):
    return Forger(market, market_id, stranger.account_id)


@pytest.fixture
def refused(anybody, market, contract, unchanged, problem):
    """Fails unless the token opens nothing: neither for reading nor for writing, nor as a cookie, nor for one."""

    def check(token):
        holder = Asker(market, contract, token=token)
        with unchanged():
            problem(holder.get("/v1/account"), "unauthenticated")
            problem(holder.post("/v1/payouts", {"amount": usd("1")}, fresh()), "unauthenticated")
            problem(anybody.get("/v1/account", Cookie=f"session={token}"), "unauthenticated")
            answer = anybody.post("/v1/session", {"token": token})
            assert answer.json["code"] in ("unauthenticated", "validation-failed") and not answer.headers["Set-Cookie"]
        holder.close()

    return check


def account(market, contract, token):
    return Asker(market, contract, token=token).get("/v1/account")


def test_a_token_that_is_right(forger, market, contract, stranger):
    assert account(market, contract, forger.token()).ok()["account_id"] == stranger.account_id


def test_a_token_of_a_sign_in_has_this_form(forger, anybody):
    key = Key()
    asked = anybody.post("/v1/session/challenges", {"public_key": key.public}).ok()
    signature = b64(key.private.sign(asked["message"].encode()))
    token = anybody.post("/v1/session/tokens",
        {"challenge_id": asked["challenge_id"], "signature": signature}).ok()["token"]
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    assert header == forger.header() and set(claims) == set(forger.claims())
    assert claims["exp"] - claims["iat"] == 900


# ---- the header ----------------------------------------------------------------------------------

HEADERS = {
    "none": {"alg": "none"}, "None": {"alg": "None"}, "NONE": {"alg": "NONE"}, "HS384": {"alg": "HS384"},
    "HS512": {"alg": "HS512"}, "RS256": {"alg": "RS256"}, "ES256": {"alg": "ES256"}, "EdDSA": {"alg": "EdDSA"},
    "PS256": {"alg": "PS256"}, "hs256": {"alg": "hs256"}, "no algorithm": {"alg": None}, "an empty one": {"alg": ""},
    "two": {"alg": ["HS256"]}, "a number": {"alg": 256}, "another kid": {"kid": "00" * 8}, "no kid": {"kid": None},
    "an empty kid": {"kid": ""}, "a path for a kid": {"kid": "../../../dev/null"},
    "SQL for a kid": {"kid": "x' OR '1'='1"},
    "another type": {"typ": "JOSE"}, "jwt": {"typ": "jwt"}, "at+jwt": {"typ": "at+jwt"}, "no type": {"typ": None},
    "a key of its own": {"jwk": {"kty": "oct", "k": "AAAA"}}, "an address": {"jku": "https://elsewhere.example/"},
    "a certificate": {"x5u": "https://elsewhere.example/"}, "what must be known": {"crit": ["b64"], "b64": False},
    "a nested one": {"cty": "JWT"}, "compressed": {"zip": "DEF"},
}


@pytest.mark.parametrize("what", HEADERS)
def test_another_header(forger, refused, what):
    refused(forger.token({name: value for name, value in forger.header(**HEADERS[what]).items() if value is not None}))


@pytest.mark.parametrize("algorithm, digest", [("HS384", hashlib.sha384), ("HS512", hashlib.sha512)])
def test_another_digest_that_fits_its_header(forger, refused, algorithm, digest):
    refused(forger.token(forger.header(alg=algorithm), digest=digest))


@pytest.mark.parametrize("header", ["", "{}", "[]", "null", '"JWT"', "{", '{"alg":"HS256"}'])
def test_a_header_that_is_none(forger, refused, header):
    refused(forger.token(header))


def test_a_header_that_says_it_twice(forger, refused):
    refused(forger.token('{"alg":"none","alg":"HS256","kid":"%s","typ":"JWT"}' % forger.kid))


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", ""])
def test_no_signature_at_all(forger, refused, algorithm):
    header, claims, _ = forger.token(forger.header(alg=algorithm)).split(".")
    for token in (f"{header}.{claims}.", f"{header}.{claims}", f"{header}.{claims}.AA"):
        refused(token)


# ---- keys ----------------------------------------------------------------------------------------


def public_bytes(anybody):
    return base64.b64decode(anybody.get("/.well-known/bourse").ok()["public_key"])


@pytest.mark.parametrize("form", ["raw", "base64", "hex", "PEM", "DER"])
@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "RS256"])
def test_the_markets_public_key_is_no_secret(forger, refused, anybody, form, algorithm):
    raw = public_bytes(anybody)
    key = ed25519.Ed25519PublicKey.from_public_bytes(raw)
    encoding = serialization.Encoding.PEM if form == "PEM" else serialization.Encoding.DER
    whole = key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = {"raw": raw, "base64": b64(raw).encode(), "hex": raw.hex().encode(), "PEM": whole, "DER": whole}[form]
    refused(forger.token(forger.header(alg=algorithm), key=secret))


@pytest.mark.parametrize("secret", [b"", b"\0", bytes(32), b"secret"])
def test_keys_that_anybody_has(forger, refused, secret):
    refused(forger.token(key=secret))


def test_the_master_key_signs_nothing_itself(forger, refused, market):
    refused(forger.token(key=(market.folder / "server/jwt.key").read_bytes()))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_signatures_of_another_kind(forger, refused, algorithm):
    header, claims, _ = forger.token(forger.header(alg=algorithm)).split(".")
    text = f"{header}.{claims}".encode()
    if algorithm in ("RS256", "PS256"):
        private = rsa.generate_private_key(65537, 2048)
        form = padding.PKCS1v15() if algorithm == "RS256" else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = private.sign(text, form, hashes.SHA256())
    elif algorithm == "ES256":
        signature = ec.generate_private_key(ec.SECP256R1()).sign(text, ec.ECDSA(hashes.SHA256()))
    else:
        signature = ed25519.Ed25519PrivateKey.generate().sign(text)
    refused(f"{header}.{claims}.{b64url(signature)}")


def test_a_token_of_another_market(forger, refused):
    refused(forger.token(forger.header(kid="11" * 8), forger.claims(iss="elsewhere", aud="elsewhere"), key=b"k" * 32))


# ---- claims --------------------------------------------------------------------------------------


def claims_that_are_wrong(now, market_id):
    return {
        "expired": {"exp": now - 1}, "expired now": {"exp": now}, "not yet": {"nbf": now + 60},
        "from the future": {"iat": now + 60},
        "for too long": {"exp": now + 13 * 3600}, "for ever": {"exp": 1 << 60}, "no end": {"exp": None},
        "no beginning": {"nbf": None}, "no issue": {"iat": None}, "another issuer": {"iss": "elsewhere"},
        "no issuer": {"iss": None}, "another audience": {"aud": "elsewhere"},
        "a list of audiences": {"aud": [market_id]},
        "no audience": {"aud": None}, "no subject": {"sub": None}, "a subject that is none": {"sub": "1"},
        "a node": {"sub": "node_01m86ch86ge0080000000004jg"}, "no id": {"jti": None},
        "an id that is none": {"jti": "x"},
        "no scopes": {"scp": None}, "scope nothing": {"scp": 0}, "more scopes than there are": {"scp": 16},
        "scopes below nothing": {"scp": -1}, "scopes as a text": {"scp": "15"}, "scopes as a list": {"scp": ["read"]},
        "an end as a text": {"exp": str(now + 900)}, "an end with a fraction": {"exp": now + 900.5},
        "an end that is true": {"exp": True}, "a claim too many": {"admin": True}, "a role": {"role": "operator"},
        "a key that is none": {"kno": "x"}, "an unknown key": {"kno": "key_01m93tdxshe0vr000000xdwt5h"},
        "negative times": {"iat": -1, "nbf": -1},
        "an end before the beginning": {"iat": now - 20000, "nbf": now - 20000, "exp": now - 10000},
    }


@pytest.mark.parametrize("what", claims_that_are_wrong(0, ""))
def test_claims_that_are_wrong(forger, refused, market_id, what):
    refused(forger.token(claims=forger.claims(**claims_that_are_wrong(int(time.time()), market_id)[what])))


@pytest.mark.parametrize("name", ["sub", "exp", "scp", "aud"])
def test_claims_that_come_twice(forger, refused, name):
    text = json.dumps(forger.claims())
    refused(forger.token(claims=text[:-1] + f', "{name}": {json.dumps(forger.claims()[name])}}}'))


@pytest.mark.parametrize("claims", ["", "{}", "[]", "null", "1", "{", '{"sub":'])
def test_claims_that_are_none(forger, refused, claims):
    refused(forger.token(claims=claims))


def test_an_account_that_is_none(forger, market, contract):
    """The token is right, so it is taken; but there is nothing that it opens."""
    answer = account(market, contract, forger.token(claims=forger.claims(sub=NOBODY)))
    assert answer.status in (401, 404), answer


# ---- the text ------------------------------------------------------------------------------------


def test_more_than_2_kib(forger, refused):
    refused(forger.token(claims=forger.claims(more="x" * 2000)))
    refused("a" * 2049)
    refused("A" * 16000)


def texts(token):
    header, claims, signature = token.split(".")
    swapped = signature[:-1] + ("A" if signature[-1] != "A" else "B")
    return {
        "four parts": f"{token}.{signature}", "a dot behind": f"{token}.", "a dot before": f".{token}",
        "two parts": f"{header}.{claims}", "one part": header, "two dots": "..", "no header": f".{claims}.{signature}",
        "no claims": f"{header}..{signature}", "padding": f"{token}=",
        "a sign that is none": f"{header}.{claims}.{signature[:-1]}+",
        "a slash": f"{header}.{claims}.{signature[:-1]}/", "a blank within": f"{header}. {claims}.{signature}",
        "a digit less": token[:-1], "a digit more": f"{token}A", "another last digit": f"{header}.{claims}.{swapped}",
        "signature and claims swapped": f"{header}.{signature}.{claims}", "upper case": token.upper(),
        "another signature": f"{header}.{claims}.{b64url(bytes(32))}",
        "a signature of 31 bytes": f"{header}.{claims}.{b64url(bytes(31))}",
        "quotes": f'"{token}"', "a comma": f"{token},{token}", "an escape": token.replace(".", "%2e"),
    }


@pytest.mark.parametrize("what", texts("a.b.c"))
def test_another_text(forger, refused, what):
    refused(texts(forger.token())[what])


@pytest.mark.parametrize("bit", range(6))
def test_another_text_of_the_same_bytes(forger, refused, bit):
    """32 bytes leave two bits of the last digit unused; setting them must not make a second token."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = forger.token()
    last = alphabet[alphabet.index(token[-1]) ^ (1 << bit)]
    refused(token[:-1] + last)


@pytest.mark.parametrize("header", [
    "Bearer", "Bearer ", "bearer", "Basic {}", "JWT {}", "Token {}", "{}", "Bearer: {}", "Bearer\t{}", "Bearer {} x",
    "Bearer {},Bearer {}", "Bearer Bearer {}",
])
def test_credentials_of_another_form(forger, anybody, unchanged, problem, header):
    with unchanged():
        problem(anybody.get("/v1/account", Authorization=header.replace("{}", forger.token())), "unauthenticated")


def test_the_scheme_may_be_written_otherwise(forger, anybody):
    assert anybody.get("/v1/account", Authorization=f"bearer {forger.token()}").status == 200


def test_a_token_does_not_travel_in_the_address(forger, anybody, problem):
    problem(anybody.get(f"/v1/account?access_token={forger.token()}"), "unauthenticated")


# ---- API keys ------------------------------------------------------------------------------------


def test_an_api_key_that_is_nearly_right(stranger, refused):
    secret = stranger.key
    for wrong in (secret[:-1], secret + "A", secret[:-1] + ("A" if secret[-1] != "A" else "B"), secret.upper(),
                  secret.replace("brs_live_", "brs_test_"), "brs_live_", "brs_live_" + "A" * 43,
                  "brs_live_" + "'" * 43):
        refused(wrong)


def test_a_deleted_api_key(stranger, refused):
    made = stranger.api_key("read", "provider")
    stranger.with_token(made["secret"]).get("/v1/account").ok()
    stranger.delete(f"/v1/api-keys/{made['key_id']}")
    refused(made["secret"])


def test_other_secrets_open_no_account(stranger, refused):
    refused(stranger.post("/v1/join-tokens", {}).ok()["token"])
