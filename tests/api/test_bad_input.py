# SPDX-License-Identifier: Apache-2.0
"""What is not understood or not allowed is refused with a problem document, and changes nothing: neither in
the database nor in the folders."""

import json

import pytest

from tests.api.contract import Contract, Validator
from tests.api.people import fresh, job
from tests.api.samples import send
from tests.outside.market import usd

CONTRACT = Contract()
WITH_BODY = [o for o in CONTRACT.operations.values() if CONTRACT.body(o)]
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="session")
def market(quiet_market):
    return quiet_market


@pytest.fixture(autouse=True)
def clear_books():
    """The estate stays."""


# ---- bodies that are no JSON ---------------------------------------------------------------------

NO_JSON = {
    "nothing": b"", "blanks": b" \n", "a brace": b"{", "a comma too many": b'{"a":1,}', "a single quote": b"{'a':1}",
    "half a word": b"nul", "NaN": b'{"a":NaN}', "Infinity": b'{"a":Infinity}', "a leading zero": b'{"a":01}',
    "a plus": b'{"a":+1}', "hex": b'{"a":0x10}', "two values": b"{}{}", "a tail": b'{}x', "a comment": b'{}//x',
    "a NUL": b'{"a":"\x00"}', "an escaped NUL as a key": b'{"\\u0000":1}', "not UTF-8": b'{"a":"\xff"}',
    "over-long UTF-8": b'{"a":"\xc0\xaf"}', "half a surrogate pair": b'{"a":"\\ud800"}',
    "a bare line end": b'{"a":"\n"}',
    "a byte order mark": b"\xef\xbb\xbf{}", "UTF-16": '{"a":1}'.encode("utf-16"), "XML": b"<a/>", "a form": b"a=1&b=2",
    "17 levels": b'{"a":' * 17 + b"1" + b"}" * 17, "20,000 levels": b"[" * 20000, "a key twice": b'{"a":1,"a":1}',
    "a number of 400 digits": b'{"a":' + b"9" * 400 + b"}", "a number beyond 63 bits": b'{"a":9223372036854775808}',
    "one below them": b'{"a":-9223372036854775809}', "a huge exponent": b'{"a":1e999}',
}


@pytest.mark.parametrize("what", NO_JSON)
def test_a_body_that_is_no_json(estate, unchanged, problem, what):
    with unchanged():
        for operation in WITH_BODY:
            problem(send(estate, operation, NO_JSON[what], JSON), "malformed-body")


@pytest.mark.parametrize("text", [b"[]", b"null", b'"{}"', b"1", b"true", b"[{}]"])
def test_a_body_that_is_no_object(estate, unchanged, problem, text):
    with unchanged():
        for operation in WITH_BODY:
            if operation.name == "post_agent_join":  # the key that signs it is not there
                problem(send(estate, operation, text, JSON), "unauthenticated")
            else:
                problem(send(estate, operation, text, JSON), "validation-failed", "")


@pytest.mark.parametrize("kind", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonx",
    "text/json", "application/problem+json", "application/octet-stream", "",
])
def test_a_body_of_another_type(estate, unchanged, problem, kind):
    with unchanged():
        for operation in WITH_BODY:
            body = json.dumps(estate.sample(operation).body).encode()
            problem(send(estate, operation, body, {"Content-Type": kind}), "unsupported-media-type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json ;a=b"])
def test_json_may_be_named_so(estate, problem, kind):
    problem(estate.buyer.call("POST", "/v1/payouts", b"{}", {"Content-Type": kind, "Idempotency-Key": fresh()}),
            "validation-failed", "/amount")


@pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
def test_64_kib_are_a_body_and_one_byte_more_is_not(estate, unchanged, problem, operation):
    with unchanged():
        assert send(estate, operation, b"[" + b" " * 65534 + b"]", JSON).status in (401, 422)
        problem(send(estate, operation, b"[" + b" " * 65535 + b"]", JSON), "body-too-large")


def test_a_megabyte(estate, unchanged, problem):
    """Refused by its length, before it comes."""
    with unchanged():
        answer = estate.buyer.call("POST", "/v1/jobs", None, {"Content-Length": str(1 << 20), **JSON})
        problem(answer, "body-too-large")
        assert answer.headers["Connection"] == "close"


# ---- fields, as the contract describes them ------------------------------------------------------

ANYTHING = ["text", "", 1, -1, 1.5, True, None, [], ["x"], {}, {"x": 1}]


def wrong_values(schema):
    """Values that the schema of a field refuses."""
    bad = [value for value in ANYTHING if value is not None]
    if schema.get("maxLength", 1 << 20) < 60000:  # else the body is too large
        bad.append("x" * (schema["maxLength"] + 1))
    if "minimum" in schema:
        bad += [schema["minimum"] - 1, schema["maximum"] + 1, (1 << 63) - 1, -(1 << 63), str(schema["minimum"])]
    if schema.get("type") == "array":
        bad += [[1], [None], [["x"]]] + ([["x"] * (schema["maxItems"] + 1)] if schema["maxItems"] < 1000 else [])
    if schema.get("format") == "date-time":
        bad += ["2026-13-01T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "now", "2026-01-01T24:00:00Z"]
    judge = Validator(schema)
    return [value for value in bad if not judge.is_valid(value) or isinstance(value, str) and
            schema.get("format") == "date-time"]


def fields(schema, at=""):
    """Each field that an object may hold, with its pointer; of objects inside it, too."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{at}/{name}", inner
        yield from fields(inner, f"{at}/{name}")


def changed(body, pointer, value):
    """The body with another value at the pointer."""
    body = json.loads(json.dumps(body))
    *path, last = pointer.split("/")[1:]
    at = body
    for name in path:
        at = at.setdefault(name, {})
    at[last] = value
    return body


def complaints(answer):
    assert answer.status == 422 and answer.json["code"] in ("validation-failed", "not-supported"), answer
    return [e["pointer"] for e in answer.json["errors"]]


def key_names_signer(operation, pointer):
    """A join without its key is signed by nobody."""
    return operation.name == "post_agent_join" and pointer == "/public_key"


@pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
def test_a_wrong_value_is_refused_where_it_stands(estate, unchanged, operation):
    sample = estate.sample(operation)
    with unchanged():
        for pointer, schema in fields(CONTRACT.body(operation)):
            for value in wrong_values(schema):
                answer = send(estate, operation, changed(sample.body, pointer, value))
                if key_names_signer(operation, pointer):
                    assert answer.status == 401, (pointer, value, answer)
                    continue
                told = complaints(answer)
                assert told and all(p.startswith(pointer) for p in told), (pointer, value, answer)


@pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
def test_what_is_required_is_missed_where_it_should_stand(estate, unchanged, operation):
    body, schema = estate.sample(operation).body, CONTRACT.body(operation)
    with unchanged():
        for name in schema.get("required", []):
            for without in ({k: v for k, v in body.items() if k != name}, {**body, name: None}):
                answer = send(estate, operation, without)
                if key_names_signer(operation, f"/{name}"):
                    assert answer.status == 401
                else:
                    assert complaints(answer) == [f"/{name}"], answer


@pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
def test_a_field_that_is_none(estate, unchanged, problem, operation):
    body = estate.sample(operation).body
    with unchanged():
        for name in ("nonsense", "", "a/b~c", "ünit", "__proto__", "Pool"):
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            problem(send(estate, operation, {**body, name: 1}), "validation-failed", pointer)


@pytest.mark.parametrize("operation", WITH_BODY, ids=repr)
def test_all_complaints_come_at_once(estate, unchanged, operation):
    schema = CONTRACT.body(operation)
    bad = {name: [[]] for name in schema["properties"]}
    bad.update({"nonsense": 1, "gibberish": 2})
    if operation.name == "post_agent_join":
        bad["public_key"] = estate.machine.signing.public
    expected = {f"/{name}" for name in bad} - ({"/public_key"} if operation.name == "post_agent_join" else set())
    with unchanged():
        told = complaints(send(estate, operation, bad))
    assert {"/" + p.split("/")[1] for p in told} == expected


def test_a_slip_of_the_pen_is_guessed(estate, problem):
    told = problem(estate.buyer.submit(imgae="x"), "validation-failed", "/imgae")
    assert 'did you mean "image"?' in told["errors"][0]["detail"]


def test_complaints_are_bounded(estate):
    told = complaints(estate.buyer.submit(**{f"x{n}": n for n in range(1000)}))
    assert len(told) <= 65


# ---- what is known and not supported -------------------------------------------------------------

NOT_SUPPORTED = {
    "level": "replicated", "kind": "service",
}


@pytest.mark.parametrize("field", NOT_SUPPORTED)
def test_what_is_not_supported_is_named(estate, unchanged, problem, field):
    with unchanged():
        problem(estate.buyer.submit(**{field: NOT_SUPPORTED[field]}), "not-supported", f"/{field}")


def test_all_that_is_not_supported_is_named_at_once(estate, unchanged, problem):
    with unchanged():
        problem(estate.buyer.submit(**NOT_SUPPORTED), "not-supported", *(f"/{name}" for name in NOT_SUPPORTED))
        problem(estate.buyer.submit(**NOT_SUPPORTED, image=1), "validation-failed", "/image",
                *(f"/{name}" for name in NOT_SUPPORTED))


@pytest.mark.parametrize("name", ["post_asks", "post_agent_asks"])
def test_offers_of_a_network_that_there_is_not_are_refused(estate, unchanged, problem, name):
    operation = CONTRACT.operations[name]
    with unchanged():
        problem(send(estate, operation, {**estate.sample(operation).body, "egress": "lan"}), "validation-failed", "/egress")


# ---- money ---------------------------------------------------------------------------------------

AMOUNTS = {
    "negative": "-1", "minus nothing": "-0", "zero": "0", "zero with decimals": "0.000000",
    "seven decimals": "1.0000001",
    "a trailing zero too many": "1.0000000", "above a billion": "1000000000.000001",
    "beyond 63 bits": "9223372036854.775808",
    "beyond 64 bits": "18446744073709551616", "forty digits": "9" * 40, "no digit before the point": ".5",
    "no digit behind it": "1.", "two points": "1.2.3", "a comma": "1,5", "thousands": "1,000", "a plus": "+1",
    "an exponent": "1e3", "hex": "0x10", "a blank": " 1", "a blank behind": "1 ", "an underscore": "1_000",
    "nothing": "", "words": "ten", "NaN": "NaN", "infinity": "Infinity", "other digits": "١", "a sign": "$1",
}
MONEY = [
    ("post_jobs", "budget"), ("post_jobs", "limit_price_per_unit_hour"), ("patch_bid", "limit_price_per_unit_hour"),
    ("post_asks", "price_per_unit_hour"), ("post_asks", "floor_price_per_unit_hour"),
    ("patch_ask", "price_per_unit_hour"), ("post_agent_asks", "price_per_unit_hour"), ("post_payouts", "amount"),
]


@pytest.mark.parametrize("what", AMOUNTS)
def test_an_amount_that_is_none(estate, unchanged, problem, what):
    with unchanged():
        for name, field in MONEY:
            operation = CONTRACT.operations[name]
            body = {**estate.sample(operation).body, field: usd(AMOUNTS[what])}
            problem(send(estate, operation, body), "validation-failed", f"/{field}/amount")


@pytest.mark.parametrize("value", [1, 1.5, 0, -1, 10**30, "1", ["1"], True])
def test_money_is_no_number(estate, unchanged, problem, value):
    with unchanged():
        for name, field in MONEY:
            operation = CONTRACT.operations[name]
            body = {**estate.sample(operation).body, field: value}
            answer = send(estate, operation, body)
            if value == 10**30:
                problem(answer, "malformed-body")  # no JSON reader of ours takes it
            else:
                problem(answer, "validation-failed", f"/{field}")


@pytest.mark.parametrize("money, pointers", [
    ({"amount": 1, "currency": "USD"}, ["/amount"]), ({"amount": 1.5, "currency": "USD"}, ["/amount"]),
    ({"amount": None, "currency": "USD"}, ["/amount"]), ({"amount": "1"}, ["/currency"]),
    ({"amount": "1", "currency": "EUR"}, ["/currency"]), ({"amount": "1", "currency": "usd"}, ["/currency"]),
    ({"amount": "1", "currency": None}, ["/currency"]), ({}, ["/amount", "/currency"]),
    ({"amount": "1", "currency": "USD", "cents": 0}, ["/cents"]),
    ({"amount": "-1", "currency": "EUR", "x": 1}, ["/amount", "/currency", "/x"]),
])
def test_money_has_an_amount_and_a_currency(estate, unchanged, problem, money, pointers):
    with unchanged():
        for name, field in MONEY:
            operation = CONTRACT.operations[name]
            body = {**estate.sample(operation).body, field: money}
            problem(send(estate, operation, body), "validation-failed", *(f"/{field}{p}" for p in pointers))


@pytest.mark.parametrize("name, field", [m for m in MONEY if "price" in m[1]])
def test_prices_are_on_the_tick(estate, unchanged, name, field):
    operation = CONTRACT.operations[name]
    with unchanged():
        answer = send(estate, operation, {**estate.sample(operation).body, field: usd("0.9005")})
    assert answer.json["code"] == "validation-failed"


# ---- what no table can say -----------------------------------------------------------------------

JOBS = {
    "another pool": ({"pool": "gpu"}, ["/pool"]), "a GPU of the CPU pool": ({"gpus": 1}, ["/pool"]),
    "more than all units": ({"cpu_millis": 4096000}, ["/pool"]),
    "fewer units than it needs": ({"cpu_millis": 4000, "units": 3}, ["/units"]),
    "an image with a blank": ({"image": "a b"}, ["/image"]), "an image that is no ASCII": ({"image": "ä"}, ["/image"]),
    "half a digest": ({"image": "blob:sha256:ab"}, ["/image"]),
    "another digest": ({"image": "blob:md5:" + "ab" * 32}, ["/image"]),
    "upper case": ({"image": "blob:sha256:" + "AB" * 32}, ["/image"]),
    "a relative folder": ({"workdir": "work"}, ["/workdir"]),
    "outputs elsewhere": ({"outputs": ["/out", "/etc", "out/x", "/outside"]},
        ["/outputs/1", "/outputs/2", "/outputs/3"]),
    "a variable named by a digit": ({"env": {"1A": "x"}}, ["/env/1A"]),
    "one without a name": ({"env": {"": "x"}}, ["/env/"]),
    "one with a sign": ({"env": {"A=B": "x", "A/B": "x"}}, ["/env/A=B", "/env/A~1B"]),
    "one that is a number": ({"env": {"A": 1}}, ["/env/A"]),
    "65 variables": ({"env": {f"A{n}": "" for n in range(65)}}, ["/env"]),
    "a long value": ({"env": {"A": "x" * 4097}}, ["/env/A"]), "65 words": ({"command": ["x"] * 65}, ["/command"]),
    "a word with a NUL": ({"command": ["a", "b\x00"]}, None),
    "a word with an escape": ({"command": ["\x1b[0m"]}, ["/command/0"]),
    "a long word": ({"command": ["x" * 4097]}, ["/command/0"]), "a name with a bell": ({"name": "\x07"}, ["/name"]),
}


@pytest.mark.parametrize("what", JOBS)
def test_a_job_that_makes_no_sense(estate, unchanged, problem, what):
    wishes, pointers = JOBS[what]
    with unchanged():
        answer = estate.buyer.submit(**wishes)
        problem(answer, "malformed-body" if pointers is None else "validation-failed", *(pointers or []))


@pytest.mark.parametrize("wishes", [
    {"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at": "2099-01-01T00:00:00Z"}, {"budget": usd("0.000001")},
])
def test_what_the_market_says_of_a_job(estate, unchanged, problem, wishes):
    with unchanged():
        problem(estate.buyer.submit(**wishes), "validation-failed")


def test_more_than_one_has(estate, unchanged, problem):
    wishes = {"budget": usd("1000000"), "units": 4032, "limit_price_per_unit_hour": usd("100")}
    with unchanged():
        problem(estate.buyer.submit(**wishes), "insufficient-funds")


@pytest.mark.parametrize("name", ["post_asks", "post_agent_asks"])
@pytest.mark.parametrize("wishes, pointers", [
    ({"pool": "gpu"}, ["/pool"]), ({"floor_price_per_unit_hour": usd("0.901")}, ["/floor_price_per_unit_hour"]),
    ({"min_lease_seconds": 600, "max_lease_seconds": 599}, ["/max_lease_seconds"]),
    ({"available_until": "2020-01-01T00:00:00Z"}, []),
])
def test_an_offer_that_makes_no_sense(estate, unchanged, problem, name, wishes, pointers):
    operation = CONTRACT.operations[name]
    with unchanged():
        problem(send(estate, operation, {**estate.sample(operation).body, **wishes}), "validation-failed", *pointers)


def test_a_job_that_is_right_is_taken(estate):
    """What all of these differ from."""
    assert estate.buyer.post("/v1/jobs", job(limit_price_per_unit_hour=usd("0.005")), fresh()).status == 201
