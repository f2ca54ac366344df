# SPDX-License-Identifier: Apache-2.0
"""From a job file to a verified result, with everything that can go wrong in between."""

import base64
import json

import pytest

from tests.cli.market import BREAK, JOB, LEASE, OTHER_JOB, Market, new_key, sha256, usd

LOG = f"/v1/jobs/{JOB}/log"
RECEIPT = f"/v1/jobs/{JOB}/receipt"
OUTPUTS = f"/v1/jobs/{JOB}/outputs"


def created(state="placed"):
    return 201, {"job": Market.job(state), "trades": []}


def log(n, text, ended=False, stream="stdout", lease=LEASE):
    return 200, {"lease_id": lease, "next_after": n, "truncated_bytes": 0, "ended": ended, "data": [
        {"n": n, "at": "2026-11-24T09:00:00.000Z", "stream": stream, "text_base64": base64.b64encode(text).decode()}]}


def silence(n, ended=False):
    return 200, {"lease_id": LEASE, "next_after": n, "truncated_bytes": 0, "ended": ended, "data": []}


# ---- submit ----

def test_options_make_the_job(bourse, market):
    market.answers["POST", "/v1/jobs"] = created()
    said = bourse("submit", "--image", "alpine:3", "--pool", "cpu", "--cpus", "1.5", "--memory", "512MiB", "--budget",
                  "2.50", "--limit", "0.07", "--duration", "10m", "--name", "it", "--env", "A=1", "--units", "2",
                  "--", "sh", "-c", "echo --budget")
    assert json.loads(market.requests[0].body) == {
        "image": "alpine:3", "pool": "cpu", "cpu_millis": 1500, "memory_bytes": 512 << 20, "budget": {"amount": "2.50",
        "currency": "USD"}, "limit_price_per_unit_hour": {"amount": "0.07", "currency": "USD"}, "units": 2,
        "max_duration_seconds": 600, "name": "it", "env": {"A": "1"}, "command": ["sh", "-c", "echo --budget"]}
    assert JOB in said.stdout and "0.055" in said.stdout


def test_a_file_is_the_job_and_options_override_it(bourse, market, tmp_path):
    market.answers["POST", "/v1/jobs"] = created()
    (tmp_path / "job.json").write_text('{"image": "a", "pool": "cpu", "budget": {"amount": "1", "currency": "USD"}}')
    bourse("submit", tmp_path / "job.json", "--image", "b")
    bourse("submit", "-", stdin='{"image": "c"}')
    assert [json.loads(r.body)["image"] for r in market.requests] == ["b", "c"]


def test_json_is_the_servers_json(bourse, market):
    market.answers["POST", "/v1/jobs"] = created()
    assert json.loads(bourse("submit", "--image", "a", "--json").stdout) == created()[1]


def test_a_dry_run_only_asks(bourse, market):
    market.answers["POST", "/v1/jobs"] = 200, {"pool": "cpu", "units": 2, "hold": usd("0.100000"),
                                              "limit_price_per_unit_hour": usd("0.055000")}
    assert "hold   0.10" in bourse("submit", "--image", "a", "--dry-run").stdout
    assert market.requests[0].query == {"dry_run": "true"}


def test_a_lost_answer_is_asked_for_again_with_the_same_key(bourse, market):
    busy = 503, {"title": "The market is busy; try again shortly.", "code": "overloaded"}
    market.answers["POST", "/v1/jobs"] = [BREAK, busy, created()]
    said = bourse("submit", "--image", "a")
    keys = [r.headers["Idempotency-Key"] for r in market.asked("POST", "/v1/jobs")]
    assert len(keys) == 3 and len(set(keys)) == 1 and keys[0]
    assert said.stderr.count("the same Idempotency-Key") == 2


def test_each_submission_has_a_key_of_its_own(bourse, market):
    market.answers["POST", "/v1/jobs"] = created()
    bourse("submit", "--image", "a")
    bourse("submit", "--image", "a")
    assert len({r.headers["Idempotency-Key"] for r in market.requests}) == 2


def test_a_refusal_is_told_whole(bourse, market):
    market.answers["POST", "/v1/jobs"] = 422, {
        "type": "x", "title": "Some fields are not valid.", "status": 422, "code": "validation-failed",
        "detail": "2 fields were refused.", "request_id": "r-1",
        "errors": [{"pointer": "/budget", "detail": "It is missing."}, {"pointer": "/pool", "detail": "No such pool."}]}
    said = bourse("submit", "--image", "a", code=1)
    assert said.stderr == ("bourse submit: Some fields are not valid.\n  2 fields were refused.\n"
                           "  /budget: It is missing.\n  /pool: No such pool.\n  request id r-1\n")
    assert json.loads(bourse("submit", "--image", "a", "--json", code=1).stdout)["code"] == "validation-failed"


def test_a_failure_of_the_server_is_another_exit_code(bourse, market):
    market.answers["GET", "/v1/account"] = 500, {"title": "Something failed on our side.", "request_id": "r"}
    assert "failed on our side" in bourse("balance", code=3).stderr
    market.answers["GET", "/v1/account"] = 502, b"<html>"
    assert "status 502" in bourse("balance", code=3).stderr
    market.answers["GET", "/v1/account"] = BREAK
    assert "No answer came" in bourse("balance", code=3).stderr


# ---- the image ----

def archive(tmp_path, size=100_000):
    path = tmp_path / "image.tar"
    path.write_bytes(bytes(range(256)) * (size // 256))
    return path, sha256(path.read_bytes())


def test_an_image_file_goes_first_and_the_job_names_it(bourse, market, tmp_path):
    path, digest = archive(tmp_path)
    market.answers["PUT", f"/v1/blobs/{digest}"] = 201, {"sha256": digest, "size_bytes": 100_000}
    market.answers["POST", "/v1/jobs"] = created()
    bourse("submit", "--image-file", path)
    assert market.asked("PUT", f"/v1/blobs/{digest}")[0].body == path.read_bytes()
    assert json.loads(market.requests[-1].body)["image"] == f"blob:sha256:{digest}"


def test_an_image_that_is_there_is_not_sent_again(bourse, market, tmp_path):
    path, digest = archive(tmp_path)
    market.answers["HEAD", f"/v1/blobs/{digest}"] = 200, None
    market.answers["POST", "/v1/jobs"] = created()
    bourse("submit", "--image-file", path)
    assert [r.method for r in market.requests] == ["HEAD", "POST"]


def test_a_cut_upload_goes_on_where_it_stopped(bourse, market, tmp_path):
    path, digest = archive(tmp_path)
    blob = f"/v1/blobs/{digest}"
    size = path.stat().st_size
    market.answers["HEAD", blob] = [(404, None), (404, None, {"Upload-Offset": "70000"})]
    # Twice: curl itself repeats what was sent over a connection that was open before.
    market.answers["PUT", blob] = [BREAK, BREAK, (201, {"sha256": digest, "size_bytes": size})]
    market.answers["POST", "/v1/jobs"] = created()
    bourse("submit", "--image-file", path)
    rest = market.asked("PUT", blob)[2]
    assert rest.headers["Content-Range"] == f"bytes 70000-{size - 1}/{size}"
    assert rest.body == path.read_bytes()[70000:]


# ---- follow ----

def settled(market, document=None, state="settled", logs=None):
    job = f"/v1/jobs/{JOB}"
    market.answers["POST", "/v1/jobs"] = created()
    market.answers["GET", job] = [
        (200, Market.job("placed"), {"ETag": '"1"'}), (304, None),
        (200, Market.job("running", lease_id=LEASE), {"ETag": '"2"'}), (304, None),
        (200, Market.job(state, lease_id=LEASE), {"ETag": '"3"'})]
    market.answers["GET", LOG] = logs or [log(0, b"one\n"), log(1, b"oops\n", stream="stderr"), log(2, b"two\n", ended=True)]
    if document:
        market.answers["GET", RECEIPT] = 200, document


def test_following_prints_the_output_and_a_verified_end(bourse, market):
    settled(market, market.receipt())
    said = bourse("submit", "--image", "a", "--follow")
    assert said.stdout == "one\ntwo\n"
    assert said.stderr.splitlines() == [
        JOB, "[placed]", "[running]", "oops", "[settled]", "Pinned market mkt_test, key " + market.public() + ".", "",
        f"job        {JOB}", "state      settled", "reason     -", "exit code  0", "charged    0.000166", "seconds    12",
        "receipt    verified"]
    assert "wait=2" in waits(market)  # how far the image has come is worth a look


def waits(market):
    return [r.headers["Prefer"] for r in market.asked("GET", f"/v1/jobs/{JOB}")]


def test_who_waits_for_a_machine_asks_seldom(bourse, market):
    settled(market, market.receipt())
    market.answers["GET", f"/v1/jobs/{JOB}"] = [
        (200, Market.job("open"), {"ETag": '"1"'}), (304, None), (200, Market.job("settled", lease_id=LEASE), {"ETag": '"2"'})]
    bourse("submit", "--image", "a", "--follow")
    assert "wait=25" in waits(market)


def test_following_with_json_prints_the_job_and_keeps_the_output_apart(bourse, market):
    settled(market, market.receipt())
    said = bourse("submit", "--image", "a", "--follow", "--json")
    assert json.loads(said.stdout) == Market.job("settled", lease_id=LEASE)
    assert "one\n" in said.stderr


@pytest.mark.parametrize("state", ["failed", "cancelled", "expired"])
def test_a_job_that_ends_otherwise_has_an_exit_code_of_its_own(bourse, market, state):
    settled(market, market.receipt(), state=state)
    assert f"state      {state}" in bourse("submit", "--image", "a", "--follow", code=5).stderr


def test_a_settled_job_with_a_forged_receipt_is_not_verified(bourse, market):
    settled(market, market.receipt(charge="0.000165"))
    said = bourse("submit", "--image", "a", "--follow", code=4)
    assert "receipt    NOT VALID" in said.stderr


def test_a_good_receipt_of_another_job_is_not_verified(bourse, market):
    settled(market, market.receipt(job=OTHER_JOB))
    assert "The receipt is of another job." in bourse("submit", "--image", "a", "--follow", code=4).stderr


def test_a_settled_job_without_a_receipt_is_not_verified(bourse, market):
    settled(market)
    assert "receipt    none" in bourse("submit", "--image", "a", "--follow", code=4).stderr


def test_following_waits_for_a_server_that_is_away(bourse, market):
    settled(market, market.receipt())
    market.answers["GET", f"/v1/jobs/{JOB}"][1:1] = [BREAK, (503, {"title": "Busy."})]
    said = bourse("submit", "--image", "a", "--follow")
    assert said.stderr.count("the server does not answer") == 1
    assert said.stdout == "one\ntwo\n"


def test_a_job_placed_again_begins_its_output_anew(bourse, market):
    other = LEASE[:-1] + "8"
    settled(market, market.receipt(), logs=[log(5, b"first\n"), log(0, b"skipped", lease=other),
                                            log(0, b"again\n", lease=other, ended=True)])
    market.answers["GET", f"/v1/jobs/{JOB}"][-1] = 200, Market.job("settled", lease_id=other)
    said = bourse("submit", "--image", "a", "--follow")
    assert said.stdout == "first\nagain\n"
    assert [r.query["after"] for r in market.asked("GET", LOG)][:3] == ["-1", "5", "-1"]


# ---- looking back ----

def test_logs_are_read_to_their_end_each_stream_to_its_own(bourse, market):
    market.answers["GET", LOG] = [log(3, b"out\n"), log(4, b"err\n", stream="stderr"), silence(4)]
    said = bourse("logs", JOB)
    assert (said.stdout, said.stderr) == ("out\n", "err\n")
    assert [r.query["after"] for r in market.requests] == ["-1", "3", "4"]


def test_logs_can_be_followed_until_the_end(bourse, market):
    settled(market)
    assert bourse("logs", JOB, "--follow").stdout == "one\ntwo\n"


def test_jobs_are_listed_page_by_page(bourse, market):
    market.answers["GET", "/v1/jobs"] = lambda r: (200, {
        "data": [Market.job("open" if r.query.get("cursor") else "settled")],
        "next_cursor": None if r.query.get("cursor") else "c2"})
    one = bourse("ps")
    assert one.stdout.splitlines()[0].split() == ["JOB", "NAME", "STATE", "REASON", "WAITS", "POOL", "UNITS", "NODES",
                                                  "BUDGET", "SPENT", "HELD", "CREATED"]
    assert len(one.stdout.splitlines()) == 2 and "--all" in one.stderr
    assert len(bourse("ps", "--all").stdout.splitlines()) == 3
    assert [j["state"] for j in json.loads(bourse("ps", "--all", "--json").stdout)["data"]] == ["settled", "open"]


def test_a_checkpoint_is_asked_for(bourse, market):
    market.answers["POST", f"/v1/jobs/{JOB}/checkpoint"] = 202, None
    assert "asked for" in bourse("checkpoint", JOB).stdout


def test_a_job_is_cancelled(bourse, market):
    market.answers["POST", f"/v1/jobs/{JOB}/cancel"] = 200, Market.job("cancelled", reason="cancelled")
    assert "state    cancelled" in bourse("cancel", JOB).stdout


def test_what_is_no_id_never_reaches_the_server(bourse, market):
    for words in (["cancel", "../pools"], ["logs", "job_1"], ["outputs", "job_"], ["receipt", "show", "x/y"]):
        assert "not the id of a job" in bourse(*words, code=2).stderr
    assert market.requests == []


# ---- outputs ----

FILES = {"model.bin": b"weights", "log/a.txt": b"text\n"}


def offer(market, document, outputs=None):
    market.answers["GET", RECEIPT] = 200, document
    market.answers["GET", OUTPUTS] = 200, outputs or market.outputs(document)


def test_outputs_are_downloaded_and_checked(bourse, market, tmp_path):
    offer(market, market.receipt(FILES))
    said = bourse("outputs", JOB, "--dir", tmp_path / "got")
    assert {p: (tmp_path / "got" / p).read_bytes() for p in FILES} == FILES
    assert sha256(b"weights") in said.stdout


def test_an_output_with_other_bytes_is_refused_and_not_kept(bourse, market, tmp_path):
    offer(market, market.receipt(FILES))
    market.blobs[sha256(b"weights")] = b"WEIGHTS"
    assert "DO NOT HAVE THE DIGEST" in bourse("outputs", JOB, "--dir", tmp_path / "got", code=4).stderr
    assert sorted(p.name for p in (tmp_path / "got").rglob("*") if p.is_file()) == ["a.txt"]


def test_an_output_that_never_ends_is_cut_off(bourse, market, tmp_path):
    offer(market, market.receipt(FILES))
    market.blobs[sha256(b"weights")] = b"weights" * 1000
    bourse("outputs", JOB, "--dir", tmp_path / "got", code=3)
    assert not (tmp_path / "got" / "model.bin").exists()


def test_a_list_that_is_not_the_receipts_is_refused(bourse, market, tmp_path):
    document = market.receipt(FILES)
    offer(market, document, {**market.outputs(document), "merkle_root": "0" * 64})
    bourse("outputs", JOB, code=4)


def test_a_receipt_of_another_market_is_refused(bourse, market, tmp_path):
    offer(market, market.receipt(FILES, market_key=new_key()))
    bourse("outputs", JOB, "--dir", tmp_path / "got", code=4)
    assert not (tmp_path / "got").exists()


@pytest.mark.parametrize("path", ["../up", "/etc/x", "a/../../b", "./a"])
def test_a_path_out_of_the_folder_is_refused(bourse, market, tmp_path, path):
    offer(market, market.receipt({path: b"x"}))
    bourse("outputs", JOB, "--dir", tmp_path / "got", code=4)
    assert not (tmp_path / "got").exists()
