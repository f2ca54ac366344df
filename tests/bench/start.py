# SPDX-License-Identifier: Apache-2.0
"""Cold and cached starts of a large image; see tools/bench_start.sh."""

import contextlib
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

from tests.outside import ROOT
from tests.outside.process import Folder
from tests.outside.registry import Registry, layer_of
from tests.outside.scene import scene
from tests.pair.test_warm_start import by_the_engine

MIB = 1 << 20
LAYERS = 5
COLD_MOST, ADDED_MOST_MS, SUCCESS_LEAST = 1.2, 200, 0.99


def probe(folder):
    program = folder / "probe"
    subprocess.run(["gcc", "-O2", "-static", "-D_GNU_SOURCE", "-o", program, ROOT / "tests/agent/image/probe.c"],
                   check=True)
    return program.read_bytes()


def layers(folder, mib):
    """Half of each is noise, half is text of few words: what layers of frameworks with models look like to gzip."""
    words = [f"{random.randrange(1 << 30)} " for _ in range(2000)]
    half = mib * MIB // LAYERS // 2
    for i in range(LAYERS):
        line = "".join(random.choices(words, k=20000)).encode()
        files = {f"noise-{i}": os.urandom(half), f"text-{i}": (line * (half // len(line) + 1))[:half]}
        if i == LAYERS - 1:
            files["probe"] = probe(folder)
        yield layer_of(files)


class Starts:
    def __init__(self, world, image):
        self.world, self.image, self.engine = world, image, world.engines[0]
        self.asked = self.well = 0

    def forget_image(self):
        for image in self.engine.call("GET", "/images/json?all=1").ok():
            self.engine.call("DELETE", f"/images/{image['Id']}?force=1", timeout=300)

    def pull(self):
        """Seconds that the engine alone takes for the image."""
        self.forget_image()
        began = time.monotonic()
        told = self.engine.call("POST", f"/images/create?fromImage={self.image}", timeout=900)
        assert told.status == 200 and b'"error"' not in told.content, told
        return time.monotonic() - began

    def start(self):
        """Seconds from the submission until the buyer hears that it runs, and its container; None: it did not start."""
        self.asked += 1
        began = time.monotonic()
        job = self.world.submit("sleep", 200, image=self.image)
        try:
            self.world.await_job(job, "running", "settled", seconds=900)
        except AssertionError as why:
            print(f"start.py: {why}", file=sys.stderr)
            return None, job
        self.well += 1
        return time.monotonic() - began, job

    def finish(self, job):
        with contextlib.suppress(AssertionError):
            self.world.await_job(job, "settled")
        self.world.nothing_is_left()


def container_of(starts):
    """A container as the agent makes it, to be made again by the engine alone."""
    _, job = starts.start()
    listed = starts.engine.call("GET", "/containers/json?all=1").ok()
    made = next(starts.engine.call("GET", f"/containers/{c['Id']}/json").ok() for c in listed
                if "bourse.lease" in c["Labels"])
    starts.finish(job)
    return made


def cold(starts, rounds):
    pulls, colds = [], []
    for i in range(rounds):
        pulls.append(starts.pull())
        starts.forget_image()
        took, job = starts.start()
        starts.finish(job)
        if took is not None:
            colds.append(took)
        print(f"cold {i + 1}: pull {pulls[-1]:.2f} s, start {took} s", file=sys.stderr)
    return pulls, colds


def cached(starts, rounds):
    made = container_of(starts)
    alone, warm = [], []
    for i in range(rounds):
        if i % 4 == 0:
            alone.append(by_the_engine(starts.world, made))
        took, job = starts.start()
        starts.finish(job)
        if took is not None:
            warm.append(took)
        if i % 20 == 0:
            print(f"cached {i + 1}: engine {alone[-1]:.3f} s, start {took} s", file=sys.stderr)
    return alone, warm


def middle(values, digits=3):
    return round(statistics.median(values), digits)


def main(cold_rounds=5, cached_rounds=200, mib=640):
    with Folder("start") as folder, Registry(folder) as registry:
        os.environ["BOURSE_TEST_REGISTRY"] = registry.host
        image, packed = registry.put("large", list(layers(folder, mib)), {"Entrypoint": ["/probe"]})
        with scene("start", [("0.050", 2)]) as world:
            starts = Starts(world, image)
            starts.forget_image()
            pulls, colds = cold(starts, cold_rounds)
            alone, warm = cached(starts, cached_rounds)
    ratio = middle(colds) / middle(pulls)
    added = 1000 * (middle(warm) - middle(alone))
    success = starts.well / starts.asked
    print(json.dumps({
        "bench": "start", "image_mib": mib, "packed_mib": round(packed / MIB), "layers": LAYERS,
        "cold": len(colds), "pull_p50_s": middle(pulls), "cold_p50_s": middle(colds), "cold_ratio": round(ratio, 3),
        "cached": len(warm), "engine_p50_s": middle(alone), "cached_p50_s": middle(warm),
        "cached_p99_s": round(statistics.quantiles(warm, n=100)[98], 3), "added_p50_ms": round(added),
        "starts": starts.asked, "success": round(success, 4)}))
    return 0 if ratio <= COLD_MOST and added <= ADDED_MOST_MS and success >= SUCCESS_LEAST else 1


if __name__ == "__main__":
    assert pathlib.Path.cwd() == ROOT
    sys.exit(main(*map(int, sys.argv[1:])))
