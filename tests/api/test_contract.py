# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml says what the server does: the same routes, and for each body the same fields, bounds and
sentences as in the server's own tables. At the end: did these tests see each operation succeed?"""

import base64
import json
import pathlib
import re
import subprocess

import pytest

from tests.api.contract import Contract
from tests.outside import BUILD

CONTRACT = Contract()
TABLES = json.loads(subprocess.run([BUILD / "print_routes"], check=True, capture_output=True, text=True).stdout)
ROUTES = {row["operation"]: row for row in TABLES["api"] + TABLES["agent"]}
BOTH = {"get_livez", "get_readyz", "get_well_known"}  # the agents' daemon has them, too
WITH_BODY = sorted(name for name, row in ROUTES.items() if row["fields"] is not None)


@pytest.fixture(autouse=True)
def clear_books():
    """Nothing is put into the books here."""


# ---- routes --------------------------------------------------------------------------------------


def test_the_api_serves_the_paths_of_the_contract():
    assert {(r["method"], r["path"], r["operation"]) for r in TABLES["api"]} == {
        (o.method, o.path, o.name) for o in CONTRACT.operations.values() if not o.is_agents}


def test_the_agents_daemon_serves_theirs():
    assert {(r["method"], r["path"], r["operation"]) for r in TABLES["agent"]} == {
        (o.method, o.path, o.name) for o in CONTRACT.operations.values() if o.is_agents or o.name in BOTH}


@pytest.mark.parametrize("name", CONTRACT.operations)
def test_an_operation_needs_what_the_contract_says(name):
    operation, row = CONTRACT.operations[name], ROUTES[name]
    content = CONTRACT.find(operation.spec.get("requestBody", {})).get("content", {})
    parameters = [CONTRACT.find(p)["name"] for p in operation.parameters]
    assert (row["scope"], row["keyed"], row["fields"] is not None, row["bytes"]) == (
        operation.scope, "Idempotency-Key" in parameters, "application/json" in content,
        "application/octet-stream" in content)


@pytest.mark.parametrize("name", [o.name for o in CONTRACT.operations.values() if o.scope])
def test_what_needs_credentials_says_how_it_refuses(name):
    operation = CONTRACT.operations[name]
    assert ({"401"} if operation.is_agents else {"401", "403"}) <= set(operation.spec["responses"])


# ---- fields --------------------------------------------------------------------------------------

MICRO = 1_000_000


def without_null(schema):
    """The schema of a value that may also be null."""
    if isinstance(schema.get("type"), list):
        (kind,) = [kind for kind in schema["type"] if kind != "null"]
        return {**schema, "type": kind}
    others = [part for part in schema.get("anyOf", []) if part != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**others[0], **{k: v for k, v in schema.items() if k != "anyOf"}}


def text(field, schema):
    yield "type", "string", schema.get("type")
    if "maxLength" in schema or "pattern" not in schema:  # else the pattern bounds it
        yield "minLength", field["min"], schema.get("minLength", 0)
        yield "maxLength", field["max"], schema.get("maxLength")


def integer(field, schema):
    yield "type", "integer", schema.get("type")
    yield "minimum", field["min"], schema.get("minimum")
    yield "maximum", field["max"], schema.get("maximum")


def boolean(_field, schema):
    yield "type", "boolean", schema.get("type")


def enum(field, schema):
    yield "enum", field["names"], schema.get("enum")


def money(field, schema):
    yield "properties", ["amount", "currency"], sorted(schema.get("properties", {}))
    largest = f"{field['max'] // MICRO}.{field['max'] % MICRO:06}"
    yield "amount", True, bool(re.search(schema["properties"]["amount"]["pattern"], largest))


def time(_field, schema):
    yield "format", "date-time", schema.get("format")


def texts(field, schema):
    yield "type", "array", schema.get("type")
    yield "maxItems", field["max"], schema.get("maxItems")
    yield "items", "string", schema["items"].get("type")
    yield "items/maxLength", True, "enum" in schema["items"] or schema["items"].get("maxLength") == 4096


def integers(field, schema):
    yield "type", "array", schema.get("type")
    yield "maxItems", field["most"], schema.get("maxItems")
    yield from ((f"items/{where}", ours, theirs) for where, ours, theirs in integer(field, schema["items"]))


def text_map(field, schema):
    yield "type", "object", schema.get("type")
    yield "maxProperties", field["max"], schema.get("maxProperties")
    yield "values", {"type": "string", "maxLength": 4096}, schema.get("additionalProperties")


def an_object(field, schema):
    yield "type", "object", schema.get("type")
    yield from fields_differ(field["fields"], schema)


def objects(field, schema):
    yield "type", "array", schema.get("type")
    yield "maxItems", field["max"], schema.get("maxItems")
    yield from fields_differ(field["fields"], schema["items"])


def bytes_in_base64(field, schema):
    sample = base64.b64encode(bytes(field["max"])).decode()
    yield "pattern", True, bool(re.fullmatch(schema.get("pattern", "$"), sample))


def refused(field, schema):
    accepted = [json.loads(name) for name in field["names"]]
    yield "const", accepted, [schema["const"]] if "const" in schema else []
    yield "not", not accepted, "not" in schema


COMPARE = {
    "text": text, "integer": integer, "boolean": boolean, "enum": enum, "money": money, "time": time, "texts": texts, "integers": integers,
    "text map": text_map, "object": an_object, "objects": objects, "base64": bytes_in_base64, "refused": refused,
}


def fields_differ(fields, schema):
    """What table and schema say of the fields of an object: (where, the table, the contract)."""
    properties = schema.get("properties", {})
    yield "fields", sorted(f["name"] for f in fields), sorted(properties)
    yield "required", sorted(f["name"] for f in fields if f["required"]), sorted(schema.get("required", []))
    yield "others", False, schema.get("additionalProperties")
    for field in fields:
        told = properties.get(field["name"])
        if told is None:
            continue
        yield f"{field['name']}/description", field["doc"], told.get("description")
        for where, ours, theirs in COMPARE[field["kind"]](field, without_null(told)):
            yield f"{field['name']}/{where}", ours, theirs


@pytest.mark.parametrize("name", WITH_BODY)
def test_a_body_holds_what_the_contract_says(name):
    schema = CONTRACT.body(CONTRACT.operations[name])
    wrong = [f"{where}: the server {ours!r}, the contract {theirs!r}"
             for where, ours, theirs in fields_differ(ROUTES[name]["fields"], schema) if ours != theirs]
    assert not wrong, "\n".join(wrong)


def test_the_names_of_errors_are_those_of_the_server():
    assert sorted(CONTRACT.errors) == sorted(CONTRACT.document["components"]["schemas"]["ProblemCode"]["enum"])


# ---- what was seen -------------------------------------------------------------------------------


@pytest.mark.at_the_end
def test_each_operation_was_seen_to_succeed(request, contract):
    """Only when all files were run."""
    here = pathlib.Path(__file__).parent
    ran = {item.path for item in request.session.items}
    if not ran >= set(here.glob("test_*.py")):
        pytest.skip("not all files of tests/api were run")
    succeeded = {name for name, status in contract.seen if status < 300}
    assert sorted(set(contract.operations) - succeeded) == []


@pytest.mark.at_the_end
def test_each_success_that_is_described_was_seen(request, contract):
    """Also 202, 204, 304 and the like."""
    here = pathlib.Path(__file__).parent
    ran = {item.path for item in request.session.items}
    if not ran >= set(here.glob("test_*.py")):
        pytest.skip("not all files of tests/api were run")
    described = {(o.name, int(status)) for o in contract.operations.values()
                 for status in o.spec["responses"] if int(status) < 400}
    assert sorted(described - contract.seen) == []
