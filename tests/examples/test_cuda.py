# SPDX-License-Identifier: Apache-2.0
"""The CUDA example, as far as it goes without a card: the CPU's words are known, the kernel that is handed to
the driver gives the same ones (by a small interpreter of its PTX), and its image holds all it needs."""

import json
import os
import pathlib
import re
import subprocess
import tarfile

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
ALL = 0xFFFFFFFF


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("cuda")
    subprocess.run([EXAMPLES / "build.sh", out], check=True)
    return out


def mix(built, *args):
    return subprocess.run([built / "cuda", *map(str, args)], capture_output=True, text=True, check=False)


class Kernel:
    """Just the instructions of PTX that the kernel uses."""

    def __init__(self, text):
        body = text[text.index("{") + 1:text.rindex("}")]
        self.params = re.findall(r"\.param \.u\d+ (\w+)", text)
        self.code, self.labels = [], {}
        for line in filter(None, (line.strip().rstrip(";") for line in body.splitlines())):
            if line.endswith(":"):
                self.labels[line[:-1]] = len(self.code)
            elif not line.startswith(".reg"):
                self.code.append(line)

    def run(self, thread, **params):
        """What this thread stores: {address: word}."""
        reg = {"%ctaid.x": thread // 256, "%ntid.x": 256, "%tid.x": thread % 256}
        stored, at = {}, 0
        value = lambda word: reg[word] if word in reg else int(word)  # noqa: E731
        while True:
            guard, op, rest = re.fullmatch(r"(?:@(%p\d) )?(\S+) ?(.*)", self.code[at]).groups()
            at += 1
            if guard and not reg[guard]:
                continue
            args = [a.strip() for a in rest.split(",")]
            if op == "ret":
                return stored
            if op == "bra":
                at = self.labels[args[0]]
            elif op.startswith("ld.param"):
                reg[args[0]] = params[args[1].strip("[]")]
            elif op.startswith("st.global"):
                stored[value(args[0].strip("[]"))] = value(args[1])
            elif op in ("mov.u32", "cvta.to.global.u64"):
                reg[args[0]] = value(args[1])
            else:
                a, b = value(args[1]), value(args[2])
                result = {"mad.lo.s32": lambda: a * b + value(args[3]), "mul.lo.s32": lambda: a * b,
                          "setp.ge.u32": lambda: a >= b, "xor.b32": lambda: a ^ b, "shr.u32": lambda: a >> b,
                          "add.s32": lambda: a + b, "mul.wide.u32": lambda: a * b, "add.s64": lambda: a + b}[op]()
                reg[args[0]] = result & ALL if op.endswith("32") and not op.startswith("mul.wide") else result


def digest(words):
    h = 0xCBF29CE484222325
    for word in words:
        for byte in word.to_bytes(4, "little"):
            h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{h:016x}"


def test_the_words_of_the_cpu_are_known(built, tmp_path):
    said = mix(built, "--cpu", "--out", tmp_path / "digest")
    assert said.stdout.splitlines() == ["mix: 1048576 words, 100 rounds, seed 1, on the CPU", "digest 1d2d46e8db0b5719"]
    assert (tmp_path / "digest").read_text() == "1d2d46e8db0b5719\n"


@pytest.mark.parametrize(("words", "rounds", "seed"), [(1, 0, 0), (257, 3, 7), (600, 40, 4294967295)])
def test_the_kernel_gives_the_same_bits(built, words, rounds, seed):
    kernel = Kernel(mix(built, "--ptx").stdout)
    assert kernel.params == ["out", "words", "rounds", "seed"]
    memory = {}
    for thread in range((words + 255) // 256 * 256):  # whole blocks: the last one's rest must store nothing
        memory.update(kernel.run(thread, out=1 << 40, words=words, rounds=rounds, seed=seed))
    assert sorted(memory) == [(1 << 40) + 4 * i for i in range(words)]
    said = mix(built, "--cpu", "--words", words, "--rounds", rounds, "--seed", seed).stdout
    assert said.splitlines()[-1] == "digest " + digest(memory[address] for address in sorted(memory))


def test_without_a_card_it_says_so(built):
    if mix(built, "--gpu").returncode == 0:
        pytest.skip("there is a card here")
    for how in "--gpu", "--check":
        assert mix(built, how).returncode == 1
    assert mix(built).stdout == mix(built, "--cpu").stdout
    assert mix(built, "--words", "0").returncode == 2


def test_its_image_holds_all_it_needs(built, tmp_path):
    job = json.loads((built / "cuda.json").read_text())
    assert re.fullmatch("blob:sha256:[0-9a-f]{64}", job["image"])
    if os.geteuid() != 0:
        pytest.skip("to change the root needs root")
    root = tmp_path / "root"
    with tarfile.open(built / "cuda.tar") as archive:
        layer = json.load(archive.extractfile("manifest.json"))[0]["Layers"][0]
        with tarfile.open(fileobj=archive.extractfile(layer)) as files:
            files.extractall(root, filter="fully_trusted")
    said = subprocess.run(["/usr/sbin/chroot", root, "/cuda", "--cpu"], capture_output=True, text=True, check=False)
    assert "digest 1d2d46e8db0b5719" in said.stdout, said.stderr
