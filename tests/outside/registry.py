# SPDX-License-Identifier: Apache-2.0
"""A registry of one's own on loopback, Debian's docker-registry, and images put into it over its API."""

import base64
import contextlib
import ctypes
import gzip
import hashlib
import http.client
import io
import json
import pathlib
import random
import shutil
import string
import tarfile

import pytest

from .process import Process, free_port, wait_for

OCI = "application/vnd.oci.image."


def sha256(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def layer_of(files):
    """A layer's tar from {name: bytes}; programs and folders are open to all."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.mode, info.size = 0o755, len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def htpasswd(name, password):
    """A line of a file of users; the registry takes bcrypt alone, which libcrypt has."""
    libcrypt = ctypes.CDLL("libcrypt.so.1")
    libcrypt.crypt.restype = ctypes.c_char_p
    salt = "$2b$04$" + "".join(random.choices(string.ascii_letters + string.digits, k=21)) + "."
    hashed = libcrypt.crypt(password.encode(), salt.encode())
    assert hashed and hashed.startswith(b"$2b$"), "libcrypt has no bcrypt"
    return f"{name}:{hashed.decode()}\n"


class Registry:
    def __init__(self, folder, users=None):
        """`users`: {name: password} of those who may push and pull; None: anybody."""
        self.folder, self.port, self.users = pathlib.Path(folder) / "registry", free_port(), users
        self.host = f"127.0.0.1:{self.port}"
        self.process = None

    def __enter__(self):
        program = shutil.which("docker-registry", path="/usr/bin:/usr/local/bin:/usr/sbin")
        if not program:
            pytest.skip("docker-registry is not here")
        self.folder.mkdir()
        config = self.folder / "config.yml"
        config.write_text(f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {self.folder}}}}}\n"
                          f"http: {{addr: '{self.host}'}}\n")
        if self.users:
            (self.folder / "htpasswd").write_text("".join(htpasswd(*user) for user in self.users.items()))
            with config.open("a") as more:
                more.write(f"auth: {{htpasswd: {{realm: test, path: {self.folder}/htpasswd}}}}\n")
        self.process = Process([program, "serve", config], self.folder.with_suffix(".log"))
        wait_for("the registry", self.answers, 30, 0.1)
        return self

    def __exit__(self, *_failure):
        if self.process:
            self.process.kill()

    def call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        for user in (self.users or {}).items():
            headers.setdefault("Authorization", "Basic " + base64.b64encode(":".join(user).encode()).decode())
        with contextlib.closing(connection):
            connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def answers(self):
        with contextlib.suppress(OSError):
            return self.call("GET", "/v2/")[0] == 200

    def _put_blob(self, name, content):
        status, headers, _ = self.call("POST", f"/v2/{name}/blobs/uploads/", b"")
        assert status == 202
        where = headers["Location"].partition(self.host)[2]
        status, _, told = self.call("PUT", f"{where}&digest={sha256(content)}", content,
                                    Content_Type="application/octet-stream")
        assert status == 201, told

    def put(self, name, layers, config):
        """An image of these layers (tars) with that configuration; its reference by digest, and how many bytes it has
        in the registry."""
        packed = [gzip.compress(layer, 1, mtime=0) for layer in layers]
        setup = json.dumps({"architecture": "amd64", "os": "linux", "config": config, "rootfs": {
            "type": "layers", "diff_ids": [sha256(layer) for layer in layers]}}).encode()

        def described(kind, content):
            return {"mediaType": OCI + kind, "digest": sha256(content), "size": len(content)}

        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "config": described("config.v1+json", setup),
            "layers": [described("layer.v1.tar+gzip", one) for one in packed]}).encode()
        for content in [*packed, setup]:
            self._put_blob(name, content)
        status, _, told = self.call("PUT", f"/v2/{name}/manifests/latest", manifest,
                                    Content_Type=OCI + "manifest.v1+json")
        assert status == 201, told
        return f"{self.host}/{name}@{sha256(manifest)}", sum(map(len, packed))
