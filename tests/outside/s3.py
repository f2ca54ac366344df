# SPDX-License-Identifier: Apache-2.0
"""A real S3 server, which others wrote and which checks every signature: SeaweedFS (tools/s3.sh)."""

import contextlib
import http.client
import json
import pathlib
import subprocess

import pytest

from . import BUILD, ROOT
from .process import Process, free_port, wait_for

KEY, SECRET, BUCKET = "bourse", "a secret of the tests", "blobs"


class S3:
    """Use as a context. `credentials` writes a file for --s3-credentials."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "s3"
        self.port = free_port()
        self.process = None
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        told = subprocess.run([ROOT / "tools/s3.sh", BUILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False)
        if told.returncode != 0:
            pytest.skip(f"no S3 server can be had here: {told.stderr.strip()}")
        self.program = told.stdout.strip()
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "s3.json").write_text(json.dumps({"identities": [{
            "name": "bourse", "credentials": [{"accessKey": KEY, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"]}]}))
        self.ports = [free_port() for _ in range(3)]
        self.start()
        self.make_bucket()
        return self

    def __exit__(self, *_failure):
        if self.process:
            self.process.kill()

    def start(self):
        master, volume, filer = self.ports
        self.process = Process(
            [self.program, "server", f"-dir={self.folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3",
             f"-s3.config={self.folder / 's3.json'}", f"-s3.port={self.port}", f"-master.port={master}",
             f"-master.port.grpc={free_port()}", f"-volume.port={volume}", f"-volume.port.grpc={free_port()}",
             f"-filer.port={filer}", f"-filer.port.grpc={free_port()}", f"-s3.port.grpc={free_port()}",
             "-master.volumeSizeLimitMB=1024", "-volume.max=20"], self.folder.with_suffix(".log"))
        wait_for("the S3 server", self.answers, 90, 0.2)

    def stop(self):
        self.process.kill()

    def answers(self):
        assert self.process.runs(), self.process.tail()
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/")
            return connection.getresponse().status == 403  # nobody has signed this
        return False

    def call(self, method, path):
        """A signed request, by curl."""
        told = subprocess.run(
            ["curl", "-sS", "-o", "-", "-w", "\n%{http_code}", "-X", method, "--aws-sigv4", "aws:amz:us-east-1:s3",
             "-u", f"{KEY}:{SECRET}", f"{self.endpoint}{path}"], capture_output=True, check=True).stdout
        content, _, status = told.rpartition(b"\n")
        return int(status), content

    def make_bucket(self):
        wait_for("a bucket", lambda: self.call("PUT", f"/{BUCKET}")[0] in (200, 409), 60, 0.5)

    def credentials(self, secret=SECRET):
        path = self.folder / "credentials"
        path.write_text(f"access_key = {KEY}\nsecret_key = {secret}\n")
        path.chmod(0o600)
        return path

    def options(self, prefix="market"):
        """For Market(…)."""
        return {"blobs": f"s3://{BUCKET}/{prefix}", "s3_endpoint": self.endpoint, "s3_credentials": self.credentials()}
