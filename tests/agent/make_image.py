#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a container image from one static program, without a container engine.

    make_image.py PROGRAM OUT.tar [--name NAME] [--entrypoint]

The result is a docker archive (manifest.json, one layer, one config) that both Docker and Podman
load. The same input gives the same bytes, so that an image has one hash.
"""

import argparse
import hashlib
import io
import json
import pathlib
import sys
import tarfile


def entry(name, mode, size=0, kind=tarfile.REGTYPE):
    info = tarfile.TarInfo(name)
    info.mode, info.size, info.type = mode, size, kind
    return info


def tar_of(entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def image(program, name, as_entrypoint):
    path = "bin/" + name
    layer = tar_of([
        (entry("bin", 0o755, kind=tarfile.DIRTYPE), b""),
        (entry(path, 0o755, len(program)), program),
    ])
    run = {"Env": ["PATH=/bin"], "WorkingDir": "/"}
    if as_entrypoint:
        run["Entrypoint"] = ["/" + path]
    else:
        run["Cmd"] = ["/" + path]
    config = json.dumps({
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "make_image.py"}],
    }, sort_keys=True).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{
        "Config": config_name,
        "RepoTags": [f"localhost/bourse-{name}:latest"],
        "Layers": ["layer.tar"],
    }]).encode()
    return tar_of([
        (entry(config_name, 0o644, len(config)), config),
        (entry("layer.tar", 0o644, len(layer)), layer),
        (entry("manifest.json", 0o644, len(manifest)), manifest),
    ])


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("program", type=pathlib.Path)
    ask.add_argument("out", type=pathlib.Path)
    ask.add_argument("--name", help="the program's name in the image (default: the file's)")
    ask.add_argument("--entrypoint", action="store_true", help="run it as entrypoint, not as command")
    args = ask.parse_args()
    made = image(args.program.read_bytes(), args.name or args.program.name, args.entrypoint)
    args.out.write_bytes(made)
    print(hashlib.sha256(made).hexdigest())
    return 0


if __name__ == "__main__":
    sys.exit(main())
