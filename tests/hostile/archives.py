# SPDX-License-Identifier: Apache-2.0
"""Image archives whose layers try to leave the image: each is a function of a file of the host that it
wants to change, and gives the archive's bytes. An engine may refuse one or unpack it within the image."""

import hashlib
import io
import json
import tarfile


def entry(name, kind=tarfile.REGTYPE, target="", mode=0o4777):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, target, mode
    if kind == tarfile.BLKTYPE:
        info.devmajor, info.devminor = 8, 0
    return info


def tar(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for info in entries:
            data = b"planted" if info.type == tarfile.REGTYPE else b""
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def archive(layer, layer_name="layer.tar"):
    """A docker archive around one layer."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/x"]},
                         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": None, "Layers": [layer_name]}]).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as whole:
        for member, data in ((name, config), (layer_name, layer), ("manifest.json", manifest)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            whole.addfile(info, io.BytesIO(data))
    return out.getvalue()


UP = "../" * 24


def climbing_name(victim):
    """a layer's file named ../../…, over a file of the host"""
    return archive(tar(entry(UP + str(victim).lstrip("/"))))


def absolute_name(victim):
    """a layer's file with an absolute name"""
    return archive(tar(entry(str(victim)), entry("/bourse-planted")))


def through_symlink(victim):
    """a link to a folder of the host, then a file through it"""
    return archive(tar(entry("way", tarfile.SYMTYPE, str(victim.parent)), entry("way/" + victim.name)))


def through_climbing_symlink(victim):
    """a link that climbs, then a file through it"""
    return archive(tar(entry("way", tarfile.SYMTYPE, UP + str(victim.parent).lstrip("/")), entry("way/" + victim.name)))


def hard_link(victim):
    """a hard link to a file of the host, then written to"""
    return archive(tar(entry("same", tarfile.LNKTYPE, UP + str(victim).lstrip("/")), entry("same")))


def whiteout(victim):
    """a whiteout that names a file of the host"""
    return archive(tar(entry(UP + str(victim.parent).lstrip("/") + "/.wh." + victim.name)))


def device(victim):
    """a layer with a block device"""
    del victim
    return archive(tar(entry("disk", tarfile.BLKTYPE)))


def layer_elsewhere(victim):
    """a layer that the archive's index says lies outside of it"""
    return archive(tar(entry("x")), UP + str(victim.parent).lstrip("/") + "/layer.tar")


tricks = {f.__name__.replace("_", "-"): f for f in (climbing_name, absolute_name, through_symlink, through_climbing_symlink,
                                                    hard_link, whiteout, device, layer_elsewhere)}
