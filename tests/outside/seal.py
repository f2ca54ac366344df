# SPDX-License-Identifier: Apache-2.0
"""Sealed boxes (HPKE, RFC 9180, base mode, X25519, HKDF-SHA256, AES-128-GCM) by another library than the programs'."""

import base64
import hashlib
import hmac
import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, HPKE = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x01"
KEPT, LENT = "bourse-registry-login-v1", "bourse-lease-registry-login-v1"


def _extract(suite, salt, label, ikm):
    return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, hashlib.sha256)


def _expand(suite, prk, label, info, n):
    return hmac.digest(prk, n.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01", hashlib.sha256)[:n]


def _cipher(shared_point, enc, public, info):
    prk = _extract(KEM, b"", b"eae_prk", shared_point)
    shared = _expand(KEM, prk, b"shared_secret", enc + public, 32)
    context = b"\x00" + _extract(HPKE, b"", b"psk_id_hash", b"") + _extract(HPKE, b"", b"info_hash", info.encode())
    secret = _extract(HPKE, shared, b"secret", b"")
    return AESGCM(_expand(HPKE, secret, b"key", context, 16)), _expand(HPKE, secret, b"base_nonce", context, 12)


def seal(public, info, aad, plain):
    """In base64, as the wire has it; `public` too."""
    public, ours = base64.b64decode(public), X25519PrivateKey.generate()
    enc = ours.public_key().public_bytes_raw()
    cipher, nonce = _cipher(ours.exchange(X25519PublicKey.from_public_bytes(public)), enc, public, info)
    return base64.b64encode(enc + cipher.encrypt(nonce, plain, aad)).decode()


class Reader:
    """A key that opens boxes."""

    def __init__(self):
        self._key = X25519PrivateKey.generate()
        self._raw = self._key.public_key().public_bytes_raw()
        self.public = base64.b64encode(self._raw).decode()

    def open(self, box, info, aad):
        """None: it does not open."""
        box = base64.b64decode(box)
        point = self._key.exchange(X25519PublicKey.from_public_bytes(box[:32]))
        cipher, nonce = _cipher(point, box[:32], self._raw, info)
        try:
            return cipher.decrypt(nonce, box[32:], aad)
        except InvalidTag:
            return None


def lines(*names):
    return "".join(f"{name}\n" for name in names).encode()


def login(market, account_id, registry, username="alice", password="secret"):
    """The body that keeps a login; `market`: what /.well-known/bourse says."""
    plain = json.dumps({"username": username, "password": password}).encode()
    return {"sealed": seal(market["seal_key"], KEPT, lines(market["market_id"], account_id, registry), plain)}
