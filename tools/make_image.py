#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a container image FROM scratch out of a few files, without a container engine.

    make_image.py --out charlm.tar --entrypoint /charlm --dir /out charlm:/charlm

The archive is an OCI image layout and a docker archive in one, so that `podman load`, `docker load`
and tools that read OCI layouts all take it. Nothing in it depends on when, where or by whom it was
made: the same files give the same bytes, so an image has one SHA-256, which is printed.
"""

import argparse
import hashlib
import io
import json
import pathlib
import posixpath
import sys
import tarfile

EPOCH = "1970-01-01T00:00:00Z"


def member(name, mode, size=0, kind=tarfile.REGTYPE):
    """TarInfo's defaults are time 0, owner 0, no names: just what is wanted."""
    info = tarfile.TarInfo(name)
    info.mode, info.size, info.type = mode, size, kind
    return info


def tar_of(entries):
    """A tar with the folders each name needs, from {name: (mode, bytes or None for a folder)}."""
    folders = {}
    for name in entries:
        while "/" in name:
            name = posixpath.dirname(name)
            folders[name] = (0o755, None)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, (mode, data) in sorted({**folders, **entries}.items()):
            if data is None:
                tar.addfile(member(name + "/", mode, kind=tarfile.DIRTYPE))
            else:
                tar.addfile(member(name, mode, len(data)), io.BytesIO(data))
    return out.getvalue()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def hex_of(data):
    return hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": "sha256:" + hex_of(data), "size": len(data), **more}


def image(files, tag, config):
    """The archive's bytes. `files` as for tar_of, `config` as in the OCI image specification."""
    layer = tar_of(files)
    setup = canonical({
        "architecture": "amd64",
        "os": "linux",
        "created": EPOCH,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hex_of(layer)]},
        "history": [{"created": EPOCH, "created_by": "make_image.py"}],
    })
    oci = "application/vnd.oci.image."
    manifest = canonical({
        "schemaVersion": 2,
        "mediaType": oci + "manifest.v1+json",
        "config": descriptor(oci + "config.v1+json", setup),
        "layers": [descriptor(oci + "layer.v1.tar", layer)],
    })
    index = canonical({
        "schemaVersion": 2,
        "mediaType": oci + "index.v1+json",
        "manifests": [descriptor(oci + "manifest.v1+json", manifest, annotations={
            "io.containerd.image.name": tag,
            "org.opencontainers.image.ref.name": tag.rpartition(":")[2],
        })],
    })
    blob = "blobs/sha256/"
    docker = canonical([{
        "Config": blob + hex_of(setup),
        "RepoTags": [tag],
        "Layers": [blob + hex_of(layer)],
    }])
    members = {blob + hex_of(b): (0o644, b) for b in (layer, setup, manifest)}
    members["index.json"] = (0o644, index)
    members["manifest.json"] = (0o644, docker)
    members["oci-layout"] = (0o644, canonical({"imageLayoutVersion": "1.0.0"}))
    return tar_of(members)


def arguments():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--out", required=True, type=pathlib.Path, help="the archive to write")
    ask.add_argument("--tag", help="name:tag (localhost/NAME:latest, NAME from --out)")
    ask.add_argument("--entrypoint", action="append", default=[], help="a word of it; may repeat")
    ask.add_argument("--cmd", action="append", default=[], help="a word of the default command")
    ask.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    ask.add_argument("--workdir", default="/")
    ask.add_argument("--dir", action="append", default=[], help="an empty folder all may write to")
    ask.add_argument("file", nargs="+", metavar="FILE:/PATH", help="a program and its place inside")
    return ask.parse_args()


def main():
    args = arguments()
    files = {folder.strip("/"): (0o1777, None) for folder in args.dir}
    for spec in args.file:
        source, colon, place = spec.partition(":")
        if not colon or not place.startswith("/"):
            sys.exit(f"make_image.py: {spec}: not of the form FILE:/PATH")
        files[place.strip("/")] = (0o755, pathlib.Path(source).read_bytes())
    config = {"WorkingDir": args.workdir}
    for key, words in (("Entrypoint", args.entrypoint), ("Cmd", args.cmd), ("Env", args.env)):
        if words:
            config[key] = words
    made = image(files, args.tag or f"localhost/{args.out.stem}:latest", config)
    args.out.write_bytes(made)
    print(hex_of(made))


if __name__ == "__main__":
    main()
