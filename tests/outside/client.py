# SPDX-License-Identifier: Apache-2.0
"""HTTP as a careful client speaks it: one connection kept open, no answer told from a refusal."""

import http.client
import json
import socket
import urllib.parse


class Unanswered(Exception):
    """Nobody knows whether the request was carried out."""


class Answer:
    def __init__(self, status, headers, content):
        self.status, self.headers, self.content = status, headers, content

    @property
    def json(self):
        return json.loads(self.content) if self.content else None

    def ok(self):
        """The body of a success; fails with the problem otherwise."""
        assert 200 <= self.status < 300, f"{self.status}: {self.content.decode(errors='replace')}"
        return self.json

    def __repr__(self):
        return f"<{self.status} {self.content[:300]!r}>"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("engine", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """For one thread. With a token it speaks for that account."""

    def __init__(self, url, token=None, timeout=40, unix=None):
        self.url, self.token, self.timeout, self.unix = url.rstrip("/"), token, timeout, unix
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def _connect(self):
        if self.unix:
            return UnixConnection(self.unix, self.timeout)
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=self.timeout)

    def _once(self, method, path, body, headers):
        if not self.connection:
            self.connection = self._connect()
        try:
            self.connection.request(method, path, body=body, headers=headers)
            got = self.connection.getresponse()
            content = got.read()
        except (OSError, http.client.HTTPException) as why:
            self.close()
            raise Unanswered(f"{method} {path}: {why!r}") from why
        if got.will_close:
            self.close()
        return Answer(got.status, got.headers, content)

    def call(self, method, path, body=None, headers=None):
        """One request; body is JSON unless it is bytes. A server may close a connection that was idle at the very
        moment it is used again: what may be repeated is then sent once more, on a new one."""
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        repeatable = method in ("GET", "HEAD", "PUT") or "Idempotency-Key" in headers
        used_before = self.connection is not None
        try:
            return self._once(method, path, body, headers)
        except Unanswered:
            if not (used_before and repeatable):
                raise
            return self._once(method, path, body, headers)

    def get(self, path, **headers):
        return self.call("GET", path, headers=headers)

    def post(self, path, body=None, key=None, **headers):
        if key:
            headers["Idempotency-Key"] = key
        return self.call("POST", path, body, headers)
