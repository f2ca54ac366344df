# SPDX-License-Identifier: Apache-2.0
"""Candles, the day's statistics and the index: each recomputed from the tape and the leases, slowly, and
compared with what is served; from memory, from the database, and after a restart."""

import datetime
import random

import pytest

from tests.api.people import Asker, Machine, Person
from tests.outside import pg, seed
from tests.outside.market import Market, micros, usd
from tests.outside.process import Folder, wait_for

UTC = datetime.timezone.utc
MINUTE, HOUR, DAY = 60, 3600, 86400
WIDTHS = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": HOUR, "1d": DAY}
H100 = 5  # the number of its pool


def seconds(at):
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00")).timestamp()


def text(at):
    return datetime.datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hours(unit_seconds):
    cut = unit_seconds * 1_000_000 // HOUR
    return f"{cut // 1_000_000}.{cut % 1_000_000:06}"


def figures(trades):
    """Of trades, oldest first: what a candle tells of them."""
    prices = [micros(t["price_per_unit_hour"]) for t in trades]
    return {
        "open": usd(prices[0]) if prices else None, "high": usd(max(prices)) if prices else None,
        "low": usd(min(prices)) if prices else None, "close": usd(prices[-1]) if prices else None,
        "volume_units": sum(t["units"] for t in trades),
        "volume_unit_hours": hours(sum(t["units"] * t["max_duration_seconds"] for t in trades)),
        "trades": len(trades),
    }


def candles_of(tape, start, end, width):
    """By looking through the whole tape for each."""
    oldest_first = tape[::-1]
    return [
        {"start_at": text(at).replace("Z", ".000Z"),
         **figures([t for t in oldest_first if at <= seconds(t["at"]) < at + width])}
        for at in range(start, end, width)
    ]


def compare_candles(asker, pool, tape, now, interval):
    width = WIDTHS[interval]
    end = (now // width + 1) * width
    start = end - 60 * width
    path = f"/v1/pools/{pool}/candles?interval={interval}&from={text(start)}&to={text(end)}"
    told = asker.get(path).ok()
    assert (told["pool"], told["interval"]) == (pool, interval)
    assert told["data"] == candles_of(tape, start, end, width)


# ---- what is traded now --------------------------------------------------------------------------


def test_what_was_just_traded_is_in_candles_and_figures(anybody, buyer, machine):
    machine.offer(units=9, price="0.010").ok()
    for units, longest in ((1, 600), (2, 60), (3, 3600)):
        buyer.submit(units=units, max_duration_seconds=longest).ok()
    last = buyer.submit(units=1).ok()["trades"][0]
    tape = anybody.pages("/v1/pools/cpu/trades", 100)
    assert {k: v for k, v in tape[0].items() if k != "max_duration_seconds"} == last
    now = int(seconds(tape[0]["at"]))
    for interval in WIDTHS:
        compare_candles(anybody, "cpu", tape, now, interval)
    pool = anybody.get("/v1/pools/cpu").ok()
    since = seconds(pool["day"]["from_at"])
    told = {k: v for k, v in pool["day"].items() if k not in ("from_at", "change")}
    expected = figures([t for t in tape[::-1] if seconds(t["at"]) >= since])
    expected["last"] = expected.pop("close")
    assert told == expected
    assert since % MINUTE == 0 and DAY <= now - since < DAY + 2 * MINUTE
    assert micros(pool["day"]["change"]) == micros(told["last"]) - micros(told["open"])
    assert (pool["last_trade"]["at"], pool["last_trade"]["units"]) == (last["at"], 1)


def test_a_pool_without_trades_has_empty_candles(anybody):
    told = anybody.get("/v1/pools/l4-24g/candles?interval=5m").ok()["data"]
    assert len(told) == 100
    assert all(c["open"] is None and c["volume_units"] == 0 and c["trades"] == 0 for c in told)
    starts = [seconds(c["start_at"]) for c in told]
    assert starts == [starts[0] + 300 * i for i in range(100)] and starts[0] % 300 == 0
    day = anybody.get("/v1/pools/l4-24g").ok()["day"]
    assert (day["open"], day["last"], day["change"], day["trades"]) == (None, None, None, 0)


def test_the_tape_of_a_pool_has_pages_and_no_names(anybody, buyer, machine):
    machine.offer(units=5, price="0.010").ok()
    made = [buyer.submit(units=1).ok()["trades"][0]["trade_id"] for _ in range(5)]
    paged = anybody.pages("/v1/pools/cpu/trades", 2)
    assert [t["trade_id"] for t in paged[:5]] == made[::-1]
    assert {t["max_duration_seconds"] for t in paged[:5]} == {600}
    assert anybody.get("/v1/pools/l4-24g/trades").ok() == {"data": [], "next_cursor": None}


def test_what_changed_not_is_not_sent_again(anybody):
    for path in ("/v1/pools", "/v1/pools/l4-24g", "/v1/pools/l4-24g/depth", "/v1/pools/l4-24g/trades",
                 "/v1/pools/l4-24g/candles?interval=1d", "/v1/pools/l4-24g/index?to=2026-01-01T00:00:00Z"):
        for _ in range(3):  # the minute, and with it the day, may change in between
            tag = anybody.get(path).headers["ETag"]
            again = anybody.get(path, If_None_Match=tag)
            if again.status == 304:
                break
        assert (again.status, again.content) == (304, b""), path
        assert anybody.get(path, If_None_Match='"0123456789abcdef"').status == 200


def test_what_is_over_may_be_kept_long(anybody):
    path = "/v1/pools/cpu/candles?interval=1h&from=2026-01-01T00:00:00Z"
    assert anybody.get(f"{path}&to=2026-01-02T00:00:00Z").headers["Cache-Control"] == "public, max-age=3600"
    assert anybody.get("/v1/pools/cpu/candles").headers["Cache-Control"] == "public, max-age=1"


WRONG = [
    ("candles?interval=2m", "?interval"), ("candles?interval=", None), ("candles?interval=1H", "?interval"),
    ("candles?from=yesterday", "?from"), ("candles?to=2026-13-01T00:00:00Z", "?to"), ("candles?from=", "?from"),
    ("candles?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "?from"),
    ("candles?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "?from"),
    ("candles?from=2999-01-01T00:00:00Z", "?from"), ("candles?from=1970-01-01T00:00:00Z", "?from"),
    ("candles?interval=1m&from=2026-01-01T00:00:00Z&to=2026-01-03T00:00:00Z", "?from"),
    ("index?from=now", "?from"), ("index?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z", "?from"),
    ("trades?limit=0", "?limit"), ("trades?cursor=abc", "?cursor"), ("depth?levels=x", "?levels"),
]


@pytest.mark.parametrize("query, pointer", WRONG)
def test_a_bad_parameter_is_named(anybody, problem, query, pointer):
    answer = anybody.get(f"/v1/pools/cpu/{query}")
    if pointer:
        problem(answer, "validation-failed", pointer)
    else:
        assert answer.status == 200  # left empty is left out


def test_what_lies_ahead_is_cut_off(anybody):
    told = anybody.get("/v1/pools/cpu/candles?interval=1d&to=2999-01-01T00:00:00Z").ok()["data"]
    assert len(told) == 100
    assert seconds(told[-1]["start_at"]) <= datetime.datetime.now(UTC).timestamp()


@pytest.mark.parametrize("what", ["trades", "candles", "index", "depth"])
def test_no_other_pool_has_any(anybody, problem, what):
    problem(anybody.get(f"/v1/pools/nothing/{what}"), "not-found")


# ---- history -------------------------------------------------------------------------------------

OWNERS = 14


def history(rng, now):
    """Forty days of a pool: trades with the leases that came of them, oldest first."""
    at, rows = now - 40 * DAY, []
    while True:
        at += rng.choice([rng.randrange(40), rng.randrange(900), rng.randrange(9000)])
        if at >= now - 2 * HOUR:
            return rows
        term = rng.randrange(60, 2 * HOUR)
        delivered = rng.choice([term, rng.randrange(term + 1)])
        rows.append({
            "trade": len(rows) + 1, "at": at, "units": rng.randrange(1, 9), "price": rng.randrange(1500, 2500) * 1000,
            "term": term, "delivered": delivered, "ended": at + delivered, "rested": rng.random() < 0.5,
            "buyer": 1000 + rng.randrange(OWNERS), "provider": 1000 + rng.randrange(OWNERS),
        })


def insert(market, rows):
    """As the market thread would have, but all at once."""
    trades, leases = [], []
    for r in rows:
        at, ended = f"to_timestamp({r['at']})", f"to_timestamp({r['ended']})"
        trades.append(f"({r['trade']},{at},{H100},{r['units']},{r['price']},1,1,{r['rested']})")
        leases.append(
            f"({r['trade']},1,1,1,{r['buyer']},{r['provider']},{H100},{r['units']},{r['price']},{r['term']},0,8,1,"
            f"{at},{at},{at},{ended},{r['delivered']},{r['delivered']},{r['delivered']},0,0,0,0,0,0,1)")
    for first in range(0, len(rows), 1000):
        pg.run(market.db, f"INSERT INTO trades VALUES {','.join(trades[first:first + 1000])};"
               "INSERT INTO leases (lease, bid, ask, node, buyer, provider, pool, units, price, seconds_max, hold, state,"
               " epoch, traded, accepted, ready, ended, seconds_signed, seconds_observed, seconds_billed, charge, fee,"
               f" payout, exit_code, reason, fault, version) VALUES {','.join(leases[first:first + 1000])};")


def index_of(rows, at):
    """By the definition, with one entry for each delivered unit-second of what counts."""
    day = [r for r in sorted(rows, key=lambda r: (r["ended"], r["trade"])) if at - DAY < r["ended"] <= at]
    counted = [r for r in day if r["buyer"] != r["provider"] and r["delivered"] >= 900
               and 2 * r["delivered"] >= r["term"]]
    pair = {r["trade"]: frozenset((r["buyer"], r["provider"])) for r in counted}
    volumes = {}
    for r in counted:
        volumes[pair[r["trade"]]] = volumes.get(pair[r["trade"]], 0) + r["units"] * r["delivered"]
    share = min(volumes.values(), default=0)
    if len(volumes) >= 10:
        low, high = 0, max(volumes.values()) + 1
        while high - low > 1:
            half = (low + high) // 2
            low, high = (half, high) if 10 * half <= sum(min(v, half) for v in volumes.values()) else (low, half)
        share = low
    left, weights = {p: share for p in volumes}, []
    for r in counted:
        weight = min(left[pair[r["trade"]]], r["units"] * r["delivered"])
        left[pair[r["trade"]]] -= weight
        if weight:
            weights.append((r["price"], weight, r["buyer"], r["provider"]))
    whole = sum(w for _, w, _, _ in weights)
    told = {"leases": len(weights), "buyers": len({b for _, _, b, _ in weights}),
            "providers": len({p for _, _, _, p in weights}), "delivered_unit_hours": hours(whole)}
    told["stale"] = told["buyers"] < 5 or told["providers"] < 5
    if told["stale"]:
        return {**told, "price_per_unit_hour": None, "low": None, "high": None}
    cut = whole // 10
    ranks = {"low": cut, "price_per_unit_hour": cut + (whole - 2 * cut + 1) // 2 - 1, "high": whole - cut - 1}
    for name, rank in ranks.items():
        passed = 0
        for price, weight, _, _ in sorted(weights):
            passed += weight
            if passed > rank:
                told[name] = usd(price)
                break
    return told


class Past:
    """A market with a history, of which it was told before it started."""

    def __init__(self, market, contract):
        self.market, self.contract = market, contract
        self.seed = seed()
        market.account("somebody")  # a command of now: hours before it are over
        assert market.process.stop() == 0
        self.now = int(pg.value(market.db, "SELECT floor(extract(epoch FROM now()))::bigint"))
        self.rows = history(random.Random(self.seed), self.now)
        pg.run(market.db, "ALTER TABLE index_points DISABLE TRIGGER append_only; DELETE FROM index_points;")
        insert(market, self.rows)
        market.start()
        self.asker = Asker(market, contract)
        self.tape = self.asker.pages("/v1/pools/h100-sxm-80g/trades", 100)


@pytest.fixture(scope="module")
def past(contract):
    with Folder("past") as folder, Market(folder) as market:
        yield Past(market, contract)


def test_the_tape_is_what_was_traded(past):
    assert len(past.tape) == len(past.rows) > 500
    assert [(int(seconds(t["at"])), t["units"], micros(t["price_per_unit_hour"]), t["max_duration_seconds"])
            for t in past.tape[::-1]] == [(r["at"], r["units"], r["price"], r["term"]) for r in past.rows]


@pytest.mark.parametrize("interval", WIDTHS)
def test_candles_are_what_the_tape_says(past, interval):
    compare_candles(past.asker, "h100-sxm-80g", past.tape, past.now, interval)


@pytest.mark.parametrize("interval", WIDTHS)
@pytest.mark.parametrize("days", [0.2, 1.2, 3, 20, 39.9, 41])
def test_candles_of_long_ago_are_what_the_tape_says(past, interval, days):
    compare_candles(past.asker, "h100-sxm-80g", past.tape, past.now - int(days * DAY), interval)


def test_hours_that_are_over_are_kept_added_up_and_tell_the_same(past):
    count = "SELECT count(*) FROM candle_hours"
    wait_for("the hours", lambda: past.market.value(count) > 0)
    hour = past.market.value("SELECT floor(extract(epoch FROM max(at)) / 3600)::bigint * 3600 FROM commands")
    kept = past.market.rows("SELECT extract(epoch FROM start)::bigint AS start, trades FROM candle_hours")
    expected = {}
    for r in past.rows:
        expected[r["at"] // HOUR * HOUR] = expected.get(r["at"] // HOUR * HOUR, 0) + 1
    assert {k["start"]: k["trades"] for k in kept} == {s: n for s, n in expected.items() if s < hour}
    for interval in ("1h", "1d"):
        compare_candles(past.asker, "h100-sxm-80g", past.tape, past.now, interval)


def test_the_index_is_what_its_definition_says(past):
    pool = "/v1/pools/h100-sxm-80g"
    point = wait_for("the index", lambda: (lambda p: p["at"] and p)(past.asker.get(pool).ok()["index"]))
    at = int(seconds(point["at"]))
    assert at % 300 == 0
    expected = index_of(past.rows, at)
    assert not expected["stale"]  # else this history shows nothing
    assert {k: v for k, v in point.items() if k != "at"} == expected
    assert point in past.asker.get(f"{pool}/index").ok()["data"]


def test_a_pool_with_too_few_owners_has_a_stale_index(past):
    def told():
        index = past.asker.get("/v1/pools/cpu").ok()["index"]
        return index["at"] and index

    point = wait_for("the index", told)
    assert point == {"at": point["at"], "price_per_unit_hour": None, "low": None, "high": None, "leases": 0,
                     "buyers": 0, "providers": 0, "delivered_unit_hours": "0.000000", "stale": True}


def test_a_stale_index_lies_between_best_offer_and_best_request(past):
    person = Person(past.market, past.contract, past.market.account("one", "100"))
    machine = Machine(Person(past.market, past.contract, past.market.account("two")))
    machine.offer(units=1, price="0.030").ok()
    person.submit(units=1, limit_price_per_unit_hour=usd("0.011")).ok()

    def told():
        pool = past.asker.get("/v1/pools/cpu").ok()
        return pool["asks"]["open"] and pool["bids"]["open"] and pool["index"]

    index = wait_for("both sides", told)
    assert (index["price_per_unit_hour"], index["stale"]) == (usd("0.020500"), True)


def test_a_published_index_is_never_changed(past):
    with pytest.raises(AssertionError, match="never changed"):
        pg.run(past.market.db, "ALTER TABLE index_points ENABLE TRIGGER append_only; UPDATE index_points SET leases = 1")


def test_a_restart_changes_nothing(past):
    pool = "/v1/pools/h100-sxm-80g"
    wait_for("the index", lambda: past.asker.get(pool).ok()["index"]["at"])
    before = past.asker.get(pool).ok()
    past.market.kill()
    past.market.start()
    wait_for("the index", lambda: past.asker.get(pool).ok()["index"]["at"])
    after = past.asker.get(pool).ok()
    if before["day"]["from_at"] == after["day"]["from_at"] and before["index"]["at"] == after["index"]["at"]:
        assert after == before
    for interval in WIDTHS:
        compare_candles(past.asker, "h100-sxm-80g", past.tape, past.now, interval)


def test_a_kill_in_the_middle_of_trading_loses_no_trade(contract):
    """What was answered is in the tape, and what is in the tape is in the candles."""
    with Folder("killed") as folder, Market(folder) as market:
        buyer = Person(market, contract, market.account("a buyer", "1000"))
        provider = Person(market, contract, market.account("a provider"))
        machines = [Machine(provider) for _ in range(12)]  # as each has few asks that are not over
        asker, answered = Asker(market, contract), []
        rng = random.Random(seed())
        for _ in range(3):
            for _ in range(rng.randrange(10, 60)):
                price = f"0.{rng.randrange(10, 30):03}"
                machines[len(answered) % 12].offer(units=1, price=price).ok()
                made = buyer.submit(units=1, limit_price_per_unit_hour=usd(price)).ok()
                answered += [t["trade_id"] for t in made["trades"]]
            last = asker.get("/v1/pools/cpu").ok()["day"]["trades"]
            assert last >= len(answered) > 0
            market.kill()
            market.start()
            tape = asker.pages("/v1/pools/cpu/trades", 100)
            assert set(answered) <= {t["trade_id"] for t in tape}
            now = int(seconds(tape[0]["at"]))
            for interval in WIDTHS:
                compare_candles(asker, "cpu", tape, now, interval)
            assert asker.get("/v1/pools/cpu").ok()["day"]["trades"] == len(tape)
