# SPDX-License-Identifier: Apache-2.0
"""The log of a market, exported while it works, gives the same market when it is run again: as the one that
lives, and as the one that PostgreSQL gives back after kill -9 of everything."""

import hashlib
import json
import re
import subprocess
import time

import pytest

from tests.outside import BUILD, ledger, rounds, seed
from tests.outside.market import Market
from tests.outside.pg import PrivatePostgres
from tests.outside.process import Folder
from tests.outside.traffic import Traffic

ROUNDS = rounds(3)


def replay(log, path=None):
    """Exit code, what it says on its one line, and its complaint."""
    told = subprocess.run([BUILD / "bourse-server", "replay", path or "-"], input=None if path else log,
                          capture_output=True, check=False, env={"PATH": "/usr/bin"})
    lines = told.stdout.decode().splitlines()
    assert len(lines) == 1, told
    return told.returncode, json.loads(lines[0]), told.stderr.decode()


def export(market, **options):
    return market.verb("export", **options).encode()


def replays(log):
    """The result, which agrees with the footer."""
    code, result, complaint = replay(log)
    assert code == 0, complaint
    footer = json.loads(log.splitlines()[-1])
    assert result["footer"] == "match" and complaint == ""
    assert (result["commands"], result["trades"]) == (footer["count"], footer["trades"])
    assert (result["state_hash"], result["trade_hash"]) == (footer["state_hash"], footer["trade_hash"])
    body = b"".join(log.splitlines(keepends=True)[:-1])
    assert hashlib.sha256(body).hexdigest() == footer["sha256"]
    return result


def state(market):
    return json.loads(market.verb("state"))


def logged(market, event):
    """The last line of the server's log with this event."""
    found = [json.loads(line) for line in market.log.read_text().splitlines() if f'"event":"{event}"' in line]
    return found[-1]


def test_the_log_of_a_working_market_gives_the_same_market():
    number = seed()
    with Folder("replay") as folder, Market(folder, fee_bps=250, offer_seconds=3) as market:
        with Traffic(market, number) as traffic:
            for _ in range(ROUNDS):
                time.sleep(1)
                replays(export(market))
            time.sleep(1)
            assert traffic.done > 100
        market.process.stop()
        stopped = logged(market, "market.stopped")
        log = export(market)
        result = replays(log)
        assert (stopped["last_seq"], stopped["state_hash"]) == (result["last_seq"], result["state_hash"])
        assert state(market)["state_hash"] == result["state_hash"]
        kinds = {json.loads(line)["command"]["kind"] for line in log.splitlines()[1:-1]}
        print(f"seed={number} {result} kinds={sorted(kinds)}")
        assert kinds >= {"open-account", "credit", "put-node", "place-ask", "amend-ask", "cancel-ask", "submit-job",
                         "amend-bid", "cancel-job", "accept-lease", "decline-lease", "lease-ready",
                         "lease-cannot-start", "lease-exit", "set-rules"}
        assert result["trades"] > 20
        assert b"secret" not in log and b"registry" not in log and b"public_key" not in log
        market.start()


def rules_in(log):
    return [json.loads(line)["command"]["rules"] for line in log.splitlines() if b'"kind":"set-rules"' in line]


def test_a_change_of_the_rules_is_in_the_log():
    with Folder("rules") as folder, Market(folder) as market:
        with Traffic(market, seed()):
            time.sleep(1)
        market.process.stop()
        assert len(rules_in(export(market))) == 1  # those of the tests, which are not the defaults
        market.options["fee_bps"] = 777
        market.start()
        market.process.stop()
        market.start()  # once more: nothing new
        with Traffic(market, seed()):
            time.sleep(1)
        log = export(market)
        replays(log)
        assert [rules.get("fee_bps") for rules in rules_in(log)][1:] == [777]
        assert market.value("SELECT count(*) FROM leases WHERE fee * 10000 > charge * 100") > 0


def test_after_kill_9_of_everything_the_rebuilt_market_is_the_replayed_one():
    number = seed()
    with Folder("replay") as folder, PrivatePostgres(folder / "pg") as pg, Market(folder, pg.conninfo) as market:
        with Traffic(market, number) as traffic:
            for i in range(ROUNDS):
                time.sleep(1)
                market.kill()
                pg.kill(whole=i % 2 == 0)
                pg.start()
                market.start()
                rebuilt = logged(market, "market.ready")
                log = export(market)
                replays(log)
                prefix = part_of(log, rebuilt["last_seq"])
                _, result, _ = replay(prefix)
                assert (result["last_seq"], result["state_hash"]) == (rebuilt["last_seq"], rebuilt["state_hash"])
            assert traffic.done > 50
        ledger.check(market)


def part_of(log, last_seq):
    """The header and the commands up to this one; a log without a footer, of which a replay tells the state."""
    lines = log.splitlines(keepends=True)
    first = json.loads(lines[0])["first_seq"]
    return b"".join(lines[: last_seq - first + 2])


def test_pieces_of_a_log_go_on_where_the_last_one_ended():
    with Folder("pieces") as folder, Market(folder) as market:
        with Traffic(market, seed()):
            time.sleep(1)
            one = export(market)
            last = json.loads(one.splitlines()[-1])["last_seq"]
            time.sleep(0.5)
            two = export(market, **{"from": last + 1})
        code, result, complaint = replay(one + two)
        assert code == 0, complaint
        assert result["last_seq"] == json.loads(two.splitlines()[-1])["last_seq"] > last
        code, _, complaint = replay(two)
        assert code == 1 and "line 1: header: this piece begins at" in complaint
        told = subprocess.run([BUILD / "bourse-server", "export", "--db", market.db, "--from", "999999999"],
                              capture_output=True, check=False)
        assert told.returncode == 1 and told.stdout == b"" and b"there is none from 999999999 on" in told.stderr
        with open("/dev/full", "wb") as full:
            told = subprocess.run([BUILD / "bourse-server", "export", "--db", market.db], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        assert told.returncode == 1 and b"could not be written" in told.stderr


def later(line):
    """The command a microsecond later."""
    return re.sub(rb'(?<="at_us":)\d+', lambda at: b"%d" % (int(at[0]) + 1), line)


def flip(line, member):
    """Another first digit of a hash."""
    at = line.index(b'"%s":"' % member) + len(member) + 4
    return line[:at] + (b"1" if line[at:at + 1] == b"0" else b"0") + line[at + 1:]


# How the lines of a log are damaged, and what is said of it; lines are counted from 1.
DAMAGE = {
    "a digit": (lambda at: [*at[:-2], later(at[-2]), at[-1]], ": the footer says state_hash "),
    "a digit of the header": (lambda at: [flip(at[0], b"genesis"), *at[1:]], 'line 1: header: "genesis" is not the hash'),
    "a digit of the footer": (lambda at: [*at[:-1], flip(at[-1], b"sha256")], ": the footer says sha256 "),
    "trades": (lambda at: [*at[:-1], flip(at[-1], b"trade_hash")], ": the footer says trade_hash "),
    "a line lacks": (lambda at: at[:19] + at[20:], "line 20: number 35 where 34 is due: lines are missing"),
    "two lines swapped": (lambda at: [*at[:19], at[20], at[19], *at[21:]], "line 20: number 35 where 34 is due"),
    "a line twice": (lambda at: at[:20] + at[19:], "line 21: number 34 where 35 is due: lines repeat"),
    "time": (lambda at: [*at[:20], re.sub(rb'"at_us":\d', b'"at_us":', at[20]), *at[21:]], "line 21: time goes back: "),
    "cut behind a line": (lambda at: at[:30], "the file ends after line 30 without a footer: it was cut."),
    "cut within a line": (lambda at: [*at[:30], at[30][:9]], "line 31: the line has no end: the file was cut."),
    "another version": (lambda at: [at[0].replace(b'"version":1}', b'"version":9}'), *at[1:]],
                        "line 1: header: version 9 is not known here; this program reads version 1."),
    "no header": (lambda at: at[1:], "line 1: this is no header"),
    "nothing": (lambda at: [], "the file is empty."),
    "an unknown member": (lambda at: [*at[:19], at[19].replace(b',"kind"', b',"joke":1,"kind"'), *at[20:]],
                          '"joke" is no member of it.'),
    "an impossible command": (
        lambda at: [*at[:2], at[2].replace(b'"open-account"', b'"cancel-ask","order":5'), *at[3:]],
        "line 3: the market refuses this cancel-ask (not-found): "),
    "more behind it": (lambda at: [*at, b"{}\n"], "there is something behind the footer that is no header."),
}


@pytest.fixture(scope="module", name="log")
def one_log():
    with Folder("damage") as folder, Market(folder) as market:
        with Traffic(market, 7):
            time.sleep(1)
        yield export(market)


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named(log, name):
    damage, expected = DAMAGE[name]
    code, result, complaint = replay(b"".join(damage(log.splitlines(keepends=True))))
    assert code == 1 and result["footer"] != "match"
    assert expected in complaint, complaint


def test_a_log_that_is_whole_is_not_damaged(log):
    replays(log)
    with Folder("file") as folder:
        path = folder / "log.jsonl"
        path.write_bytes(log)
        assert replay(None, path)[0] == 0
        code, _, complaint = 1, None, subprocess.run(
            [BUILD / "bourse-server", "replay", folder / "none"], capture_output=True, check=False)
        assert complaint.returncode == code and b"cannot be opened" in complaint.stderr
