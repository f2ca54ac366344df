# SPDX-License-Identifier: Apache-2.0
"""A reader of the public log that shares no line with Bourse: notes, tiles and proofs by the specifications
of C2SP and RFC 6962, with hashlib and an Ed25519 of another library."""

import base64
import dataclasses
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.outside.process import wait_for


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf(entry):
    return sha(b"\0", entry)


def node(left, right):
    return sha(b"\1", left, right)


def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:half]), root(leaves[half:]))


def consistency(older, leaves):
    """RFC 6962 §2.1.2, by the letter."""
    def sub(m, d, whole):
        if m == len(d):
            return [] if whole else [root(d)]
        k = 1 << (len(d) - 1).bit_length() - 1
        if m <= k:
            return [*sub(m, d[:k], whole), root(d[k:])]
        return [*sub(m - k, d[k:], False), root(d[:k])]
    return sub(older, leaves, True)


# ---- notes -----------------------------------------------------------------------------------------


@dataclasses.dataclass
class Key:
    """A verifier key: name+id+base64(type, key)."""

    text: str

    def __post_init__(self):
        self.name, self.id, rest = self.text.split("+", 2)
        raw = base64.b64decode(rest, validate=True)
        assert sha(self.name.encode(), b"\n", raw)[:4].hex() == self.id, "the id is not that of the key"
        self.type, self.key = raw[0], Ed25519PublicKey.from_public_bytes(raw[1:])

    def signs(self, text, signature):
        if self.type == 4:
            time = int.from_bytes(signature[:8], "big")
            text, signature = b"cosignature/v1\ntime %d\n" % time + text, signature[8:]
        try:
            self.key.verify(signature, text)
            return True
        except InvalidSignature:
            return False


@dataclasses.dataclass
class Checkpoint:
    note: bytes

    def __post_init__(self):
        at = self.note.rindex(b"\n\n")
        self.text, lines = self.note[: at + 1], self.note[at + 2:].decode().splitlines()
        self.signatures = [(line.split(" ")[1], base64.b64decode(line.split(" ")[2])) for line in lines]
        self.origin, size, digest = self.text.decode().splitlines()[:3]
        self.size, self.root = int(size), base64.b64decode(digest)

    def signed_by(self, key):
        """Has this key signed? A signature that is there and does not fit is a failure."""
        found = [s[4:] for name, s in self.signatures if name == key.name and s[:4].hex() == key.id]
        assert all(key.signs(self.text, s) for s in found), f"forged: {self.note}"
        return bool(found)


def inclusion(entry, index, size, path, wanted):
    """Does the path lead from the entry to the root? RFC 9162 §2.1.3.2."""
    at, last, r = index, size - 1, leaf(entry)
    for v in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            r = node(v, r)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            r = node(r, v)
        at, last = at >> 1, last >> 1
    return last == 0 and r == wanted


def check_proof(text, entry, log_key):
    """A tlog-proof of an entry; its checkpoint."""
    head, _, note = text.partition("\n\n")
    first, index, *path = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1" and index.startswith("index ")
    told = Checkpoint(note.encode())
    assert told.signed_by(log_key) and told.origin == log_key.name
    path = [base64.b64decode(line) for line in path]
    assert inclusion(entry, int(index.removeprefix("index ")), told.size, path, told.root)
    return told


# ---- a log -----------------------------------------------------------------------------------------


def tile_path(level, n, width=256):
    groups = [f"{n % 1000:03}"]
    while n := n // 1000:
        groups.insert(0, f"x{n % 1000:03}")
    return f"/log/tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


class Log:
    """The log of a market, read over HTTP."""

    def __init__(self, client):
        self.client = client
        known = client.get("/.well-known/bourse").ok()
        self.key = Key(known["log_verifier_key"])
        assert self.key.name == known["origin"]
        wait_for("the log", lambda: client.get("/log/checkpoint").status == 200)

    def checkpoint(self):
        told = Checkpoint(self.fetch("/log/checkpoint"))
        assert told.origin == self.key.name and told.signed_by(self.key)
        return told

    def fetch(self, path):
        answer = self.client.get(path)
        assert answer.status == 200, (path, answer)
        return answer.content

    def entries(self, size):
        out = []
        for n in range((size + 255) // 256):
            data = self.fetch(tile_path("entries", n, min(256, size - n * 256)))
            while data:
                length = int.from_bytes(data[:2], "big")
                out.append(data[2: 2 + length])
                assert len(out[-1]) == length, "an entry is cut"
                data = data[2 + length:]
        assert len(out) == size
        return out

    def check(self):
        """The whole of it: what was signed is what is served, entries and tiles of each level. Gives the
        checkpoint and the leaves."""
        told = self.checkpoint()
        leaves = [leaf(entry) for entry in self.entries(told.size)]
        assert root(leaves) == told.root, "the entries have another root than was signed"
        hashes, level = leaves, 0
        while hashes:
            for n in range((len(hashes) + 255) // 256):
                part = hashes[n * 256: n * 256 + 256]
                assert self.fetch(tile_path(level, n, len(part))) == b"".join(part), (level, n)
            hashes = [root(hashes[i: i + 256]) for i in range(0, len(hashes) - 255, 256)]
            level += 1
        return told, leaves


def goes_on(older, newer, leaves):
    """Is the newer log, of which these are the leaves, the older one and more?"""
    return older.size <= newer.size and root(leaves[: older.size]) == older.root
