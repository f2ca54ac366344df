# SPDX-License-Identifier: Apache-2.0
"""The training example: it learns, and it gives the same bits however it is interrupted or run."""

import collections
import hashlib
import json
import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tarfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
TEXT = EXAMPLES / "charlm" / "constitution.txt"
STEPS = 60  # one second of work, enough to tell two runs apart


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("examples")
    subprocess.run([EXAMPLES / "build.sh", out], check=True)
    return out


def charlm(built, out, *args, env=None, before=()):
    out.mkdir(exist_ok=True)
    command = [*before, built / "charlm", "--out", out, *map(str, args)]
    ran = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def whole(built, tmp_path_factory):
    """An uninterrupted run: its folder."""
    out = tmp_path_factory.mktemp("whole")
    charlm(built, out, "--steps", STEPS, "--checkpoint-every", 20)
    return out


def unigram_entropy(text):
    """Nats per letter for a guesser who knows only how frequent each letter is."""
    counts = collections.Counter(text)
    return -sum(n / len(text) * math.log(n / len(text)) for n in counts.values())


def test_learns_more_than_the_frequency_of_letters(built, tmp_path):
    said = charlm(built, tmp_path, "--steps", 300)
    losses = re.findall(r"^step \d+/300 loss (\d+\.\d+) \(train\) (\d+\.\d+) \(held-out\)", said, re.M)
    assert len(losses) == 20
    first, last = float(losses[0][1]), float(losses[-1][1])
    assert last < 0.7 * unigram_entropy(TEXT.read_bytes()) < first
    assert len(re.search(r"^sample: (.*)^wrote model", said, re.M | re.S)[1].rstrip("\n")) >= 190


def test_writes_checkpoints_and_tells_the_digest_of_the_model(built, tmp_path):
    said = charlm(built, tmp_path, "--steps", 8)
    assert {f.name for f in tmp_path.iterdir()} == {
        "checkpoint-2.bin", "checkpoint-4.bin", "checkpoint-6.bin", "checkpoint-8.bin", "model.bin",
    }
    assert said.rstrip().endswith(f"sha256 {sha256(tmp_path / 'model.bin')}")


@pytest.mark.parametrize("step", [20, 40, 60])
def test_a_run_continued_from_a_checkpoint_gives_the_same_model(built, whole, tmp_path, step):
    charlm(built, tmp_path, "--steps", STEPS, "--resume", whole / f"checkpoint-{step}.bin")
    assert sha256(tmp_path / "model.bin") == sha256(whole / "model.bin")


def test_told_to_stop_it_saves_itself_and_continues_to_the_same_model(built, whole, tmp_path):
    with subprocess.Popen([built / "charlm", "--out", tmp_path, "--checkpoint-every", "1"],
                          stdout=subprocess.PIPE, text=True) as running:
        for line in running.stdout:
            if line.startswith("wrote checkpoint-3.bin"):
                break
        running.send_signal(signal.SIGTERM)
        said = running.stdout.read()
    assert running.returncode == 3
    name = re.findall(r"^wrote (checkpoint-(\d+)\.bin)", said, re.M)[-1]
    assert int(name[1]) <= STEPS, "the machine was too slow to stop it in time"
    charlm(built, tmp_path, "--steps", STEPS, "--resume", tmp_path / name[0])
    assert sha256(tmp_path / "model.bin") == sha256(whole / "model.bin")


def test_the_result_does_not_depend_on_what_the_c_library_picks(built, whole, tmp_path):
    masks = ",".join(f"-{f}" for f in "AVX2 AVX512F FMA AVX SSE4_2 SSSE3 ERMS FSRM AVX2_Usable FMA_Usable".split())
    charlm(built, tmp_path, "--steps", STEPS, env={"GLIBC_TUNABLES": f"glibc.cpu.hwcaps={masks}"})
    assert sha256(tmp_path / "model.bin") == sha256(whole / "model.bin")


def test_the_result_is_that_of_a_processor_without_avx_and_fma(built, tmp_path):
    emulator = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not emulator:
        pytest.skip("there is no qemu-user")
    charlm(built, tmp_path / "native", "--steps", 3)
    charlm(built, tmp_path / "qemu", "--steps", 3, before=[emulator, "-cpu", "qemu64"])
    assert sha256(tmp_path / "qemu" / "model.bin") == sha256(tmp_path / "native" / "model.bin")


def test_refuses_a_checkpoint_of_another_text(built, whole, tmp_path):
    other = tmp_path / "other.txt"
    other.write_bytes(TEXT.read_bytes()[:20000])
    ran = subprocess.run([built / "charlm", "--out", tmp_path, "--text", other, "--resume", whole / "checkpoint-20.bin"],
                         capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr == f"charlm: {whole / 'checkpoint-20.bin'}: was made from another text\n"


@pytest.mark.parametrize("args", [["--steps"], ["--steps", "0"], ["--steps", "-1"], ["--steps", "1x"], ["--what", "1"]])
def test_refuses_what_it_does_not_know(built, args):
    ran = subprocess.run([built / "charlm", *args], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr.startswith("usage: charlm")


@pytest.mark.parametrize("name", ["hello", "charlm"])
def test_an_image_has_one_digest_and_the_job_names_it(built, tmp_path, name):
    again = tmp_path / "again.tar"
    subprocess.run([ROOT / "tools" / "make_image.py", "--out", again, "--tag", f"localhost/bourse-{name}:latest",
                    "--entrypoint", f"/{name}", "--dir", "/out", f"{built / name}:/{name}"], check=True)
    assert again.read_bytes() == (built / f"{name}.tar").read_bytes()
    job = json.loads((built / f"{name}.json").read_text())
    assert job["image"] == "blob:sha256:" + sha256(again)


def test_an_image_is_whole_in_both_formats(built):
    with tarfile.open(built / "charlm.tar") as tar:
        content = {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}
    for name, data in content.items():
        if name.startswith("blobs/"):
            assert name == "blobs/sha256/" + hashlib.sha256(data).hexdigest()
    docker = json.loads(content["manifest.json"])[0]
    index = json.loads(content["index.json"])
    manifest = json.loads(content["blobs/sha256/" + index["manifests"][0]["digest"].split(":")[1]])
    assert docker["Config"] == "blobs/sha256/" + manifest["config"]["digest"].split(":")[1]
    assert docker["Layers"] == ["blobs/sha256/" + layer["digest"].split(":")[1] for layer in manifest["layers"]]
    assert json.loads(content[docker["Config"]])["config"] == {"Entrypoint": ["/charlm"], "WorkingDir": "/"}


def test_hello_tells_what_it_sees(built):
    ran = subprocess.run([built / "hello", "--exit", "7", "word"], capture_output=True, text=True, env={"A": "b c"})
    assert ran.returncode == 7
    assert ran.stdout.startswith("Hello from the other side of the market.\n")
    facts = [line.split(None, 1) for line in ran.stdout.splitlines()[1:]]
    assert ["env", "A=b c"] in facts
    assert ["argument", "word"] in facts
    assert ["uid", str(os.getuid())] in facts


def test_a_run_goes_on_from_the_folder_that_the_market_puts_back(built, whole, tmp_path):
    kept = tmp_path / "checkpoint"
    kept.mkdir()
    env = {"BOURSE_CHECKPOINT_DIR": str(kept)}
    charlm(built, tmp_path / "first", "--steps", 40, "--checkpoint-every", 20, env=env)
    assert [p.name for p in kept.iterdir()] == ["charlm.bin"]
    said = charlm(built, tmp_path / "second", "--steps", STEPS, "--checkpoint-every", 20, env=env)
    assert "at step 40" in said
    assert sha256(tmp_path / "second/model.bin") == sha256(whole / "model.bin")
