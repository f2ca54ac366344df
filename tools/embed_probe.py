#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The agent's own image for its self-test: an archive FROM scratch around the static probe, and an
assembler's line in C that takes it in. embed_probe.py PROBE OUT.tar OUT.c

Inside are /bin/probe, and /bin/suid, the same program set-user-id root, for the probe that tries it."""

import pathlib
import sys

import make_image

SOURCE = """/* Made by tools/embed_probe.py. */
__asm__(".section .rodata,\\"a\\"\\n"
        ".balign 16\\n"
        ".globl probe_image\\n"
        "probe_image: .incbin \\"{path}\\"\\n"
        ".globl probe_image_end\\n"
        "probe_image_end: .byte 0\\n"
        ".previous\\n");
"""


def main(probe, archive, source):
    program = pathlib.Path(probe).read_bytes()
    files = {"bin/probe": (0o755, program), "bin/suid": (0o4755, program)}
    made = make_image.image(files, "localhost/bourse-probe:latest", {"Entrypoint": ["/bin/probe"], "WorkingDir": "/"})
    pathlib.Path(archive).write_bytes(made)
    pathlib.Path(source).write_text(SOURCE.format(path=pathlib.Path(archive).resolve()))


if __name__ == "__main__":
    main(*sys.argv[1:])
