# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml as a judge: every answer of a test is held against it, by status, content type, headers
and schema. An object in an answer may hold only what the contract describes."""

import json
import re

import jsonschema
import yaml

from tests.outside import ROOT

METHODS = ("get", "put", "post", "delete", "patch", "head")
ANY_OPERATION = (405, 408, 429, 431)
PROBLEM = "application/problem+json"


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """A date stays text."""


Loader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if r[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name comes twice: {names}"
    return dict(pairs)


def _no_number(text):
    raise AssertionError(f"{text} is a number that is not whole")


def read_json(content):
    """JSON as careful clients read it: no name twice, whole numbers only."""
    return json.loads(content, object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number)


def _text_inside(validator, schema, instance, _parent):
    """A text that is JSON itself is held against the schema of its content."""
    if isinstance(instance, str):
        try:
            inside = read_json(instance)
        except json.JSONDecodeError as wrong:
            yield jsonschema.ValidationError(f"is no JSON: {wrong}")
            return
        yield from validator.descend(inside, schema)


Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"contentSchema": _text_inside})


class Operation:
    def __init__(self, method, path, item, spec):
        self.method, self.path, self.spec = method.upper(), path, spec
        self.name = spec["operationId"]
        self.parameters = item.get("parameters", []) + spec.get("parameters", [])
        self.is_agents = path.startswith("/v1/agent/")
        rest = path in ("/static/{file}", "/log/tile/{tile}")
        self.pattern = re.compile(re.sub(r"\{\w+\}", ".+" if rest else "[^/]+", path.replace(".", r"\.")))

    @property
    def scope(self):
        """The scope that it needs, "agent" for what only agents may, or None: open to all."""
        if {} in self.spec["security"]:  # credentials are taken and not asked for
            return None
        for way in self.spec["security"]:
            return way["bearer"][0] if "bearer" in way else "agent"
        return None

    def __repr__(self):
        return self.name


class Contract:
    def __init__(self):
        self.document = yaml.load((ROOT / "openapi.yaml").read_text(), Loader)
        self.operations = {
            operation.name: operation
            for path, item in self.document["paths"].items()
            for method in METHODS if method in item
            for operation in [Operation(method, path, item, item[method])]
        }
        self.errors = self._errors()
        self.seen = set()  # (operation, status) of the answers that were held against it
        self.validators = {}

    @staticmethod
    def _errors():
        """code -> (status, title), as the server has them."""
        text = (ROOT / "common/base/errors.def").read_text()
        rows = re.findall(r'^X\(\w+, (\d+), "([^"]+)", \w+, "([^"]+)"\)', text, re.M)
        return {code: (int(status), title) for status, code, title in rows}

    # ---- reading the contract -------------------------------------------------------------------

    def find(self, thing):
        """Follow $ref until something stands there itself."""
        while isinstance(thing, dict) and "$ref" in thing:
            at = self.document
            for part in thing["$ref"].removeprefix("#/").split("/"):
                at = at[part.replace("~1", "/").replace("~0", "~")]
            thing = at
        return thing

    def schema(self, thing, closed=False):
        """A schema with all references put in and `allOf` made one. `closed`: an object holds what is described
        and nothing else."""
        thing = self.find(thing)
        if not isinstance(thing, dict):
            return thing
        whole = {k: v for k, v in thing.items() if k != "allOf"}
        for part in thing.get("allOf", []):
            for key, value in self.schema(part).items():
                if key == "properties":
                    whole[key] = {**whole.get(key, {}), **value}
                elif key == "required":
                    whole[key] = whole.get(key, []) + value
                else:
                    whole.setdefault(key, value)
        for key in ("items", "not", "contentSchema", "propertyNames"):
            if key in whole:
                whole[key] = self.schema(whole[key], closed)
        if "properties" in whole:
            whole["properties"] = {k: self.schema(v, closed) for k, v in whole["properties"].items()}
            if closed:
                whole.setdefault("additionalProperties", False)
        if "anyOf" in whole:
            whole["anyOf"] = [self.schema(v, closed) for v in whole["anyOf"]]
        return whole

    def body(self, operation):
        """The schema of the JSON that an operation takes, or None."""
        content = self.find(operation.spec.get("requestBody", {})).get("content", {})
        return self.schema(content["application/json"]["schema"]) if "application/json" in content else None

    def match(self, method, path):
        """The operation that is meant, or None. Paths without parameters come before those with some."""
        fitting = [o for o in self.operations.values() if o.pattern.fullmatch(path)]
        fitting.sort(key=lambda o: "{" in o.path)
        wanted = [method] + (["GET"] if method == "HEAD" else [])
        return next((o for m in wanted for o in fitting if o.method == m), None)

    def methods(self, path):
        """What Allow must list."""
        listed = {o.method for o in self.operations.values() if o.pattern.fullmatch(path)}
        return listed | ({"HEAD"} if "GET" in listed else set()) | {"OPTIONS"}

    # ---- judging --------------------------------------------------------------------------------

    def check(self, method, target, answer, url):
        """Fail unless the contract allows this answer."""
        path = target.partition("?")[0]
        operation = self.match(method, path)
        where = f"{method} {target[:200]} -> {answer.status}"
        self._every(answer, where)
        if operation is None or method == "OPTIONS" or answer.status in ANY_OPERATION:
            self._general(method, path, answer, url, where)
            return
        responses = operation.spec["responses"]
        assert str(answer.status) in responses, f"{where}: not in the contract\n{answer}"
        response = self.find(responses[str(answer.status)])
        self._headers(response, answer, where)
        self._content(method, path, response, answer, url, where)
        self.seen.add((operation.name, answer.status))

    @staticmethod
    def _every(answer, where):
        """What stands on every answer."""
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers.get("X-Request-Id", "")), where
        assert answer.headers.get("X-Content-Type-Options") == "nosniff", where
        assert answer.headers.get("Content-Security-Policy"), where
        assert answer.headers.get("Cache-Control"), where

    def _general(self, method, path, answer, url, where):
        """Answers that no operation lists: there is no such path or method, or it came too slowly."""
        if answer.status == 204 and method == "OPTIONS":
            assert not answer.content, where
        else:
            assert answer.status in (404, *ANY_OPERATION), f"{where}\n{answer}"
            if method != "HEAD":
                self._problem(path, answer, url, where)
        if answer.status in (204, 405):
            listed = answer.headers.get("Allow", "").split(", ")
            assert sorted(listed) == sorted(self.methods(path)), f"{where}: {listed}"

    def _headers(self, response, answer, where):
        for name, header in response.get("headers", {}).items():
            header = self.find(header)
            value = answer.headers.get(name)
            if value is None:
                assert not header.get("required"), f"{where}: no {name}"
                continue
            schema = header["schema"]
            if schema.get("type") == "integer":
                value = int(value)
            self._fits(f"header {name}", schema, value, f"{where}, {name}")

    def _content(self, method, path, response, answer, url, where):
        content = response.get("content", {})
        kind = answer.headers.get("Content-Type", "").partition(";")[0]
        if method == "HEAD" or answer.status == 304 or not content:
            assert not answer.content, f"{where}: has a body\n{answer}"
            return
        assert kind in content, f"{where}: {kind} is not in the contract"
        if kind == PROBLEM:
            self._problem(path, answer, url, where)
        elif kind == "application/json":
            key = json.dumps(content[kind]["schema"], sort_keys=True)
            self._fits(key, self.schema(content[kind]["schema"], closed=True), read_json(answer.content), where)

    def _problem(self, path, answer, url, where):
        assert answer.headers["Content-Type"] == PROBLEM, where
        problem = read_json(answer.content)
        self._fits("Problem", self.schema({"$ref": "#/components/schemas/Problem"}, closed=True), problem, where)
        status, title = self.errors[problem["code"]]
        told = {k: problem[k] for k in ("type", "title", "status", "instance", "request_id")}
        assert told == {
            "type": f"{url}/problems/{problem['code']}", "title": title, "status": status, "instance": path,
            "request_id": answer.headers["X-Request-Id"],
        }, where
        assert answer.status == status, where
        if status == 503 or status == 429:
            assert int(answer.headers["Retry-After"]) > 0, where
        if status == 401:
            assert answer.headers["WWW-Authenticate"] in ("Bearer", "Signature"), where

    def _fits(self, key, schema, value, where):
        validator = self.validators.get(key)
        if not validator:
            validator = self.validators[key] = Validator(schema)
        wrong = [f"/{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)]
        assert not wrong, f"{where}\n" + "\n".join(wrong[:5]) + f"\n{json.dumps(value)[:1500]}"
