# SPDX-License-Identifier: Apache-2.0
"""Tokens as the server makes them, from its own key, but for one thing."""

import base64
import hashlib
import hmac
import json
import time

from tests.api.people import EXAMPLE_JTI


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def mac(key, text, digest=hashlib.sha256):
    return hmac.new(key, text.encode(), digest).digest()


class Forger:
    """Knows jwt.key of a market."""

    def __init__(self, market, market_id, account_id):
        master = (market.folder / "server/jwt.key").read_bytes()
        self.key = mac(master, "jwt-hs256-v1")
        self.kid = mac(master, "jwt-kid-v1")[:8].hex()
        self.market_id, self.account_id = market_id, account_id

    def header(self, **more):
        return {"alg": "HS256", "kid": self.kid, "typ": "JWT", **more}

    def claims(self, **more):
        """Good for a quarter of an hour. A claim that is None is left out."""
        now = int(time.time())
        claims = {"iss": self.market_id, "aud": self.market_id, "sub": self.account_id, "jti": EXAMPLE_JTI, "iat": now,
                  "nbf": now, "exp": now + 900, "scp": 15, **more}
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, header=None, claims=None, key=None, digest=hashlib.sha256):
        """Header and claims are dicts, or texts to be sent as they are."""
        parts = [part if isinstance(part, str) else json.dumps(part, separators=(",", ":"))
                 for part in (self.header() if header is None else header, self.claims() if claims is None else claims)]
        text = ".".join(b64url(part.encode()) for part in parts)
        return f"{text}.{b64url(mac(self.key if key is None else key, text, digest))}"
