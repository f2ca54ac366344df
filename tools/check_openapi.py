#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""openapi.yaml by itself: references that lead somewhere, unique operations, declared path parameters,
documented answers, examples that fit their schemas, problem names that errors.def has, and a
static/openapi.json that says the same. check_openapi.py ROOT. Needs no npm, unlike tests/openapi/lint.sh,
which asks a stricter linter where there is one."""

import json
import pathlib
import re
import sys

import jsonschema
import yaml

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
JSON_TYPES = ("application/json", "application/problem+json")


class Loader(yaml.SafeLoader):
    """YAML without surprises: a key that comes twice is an error, and a date stays text."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: {twice} twice")
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    first: [r for r in resolvers if r[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class Contract:
    def __init__(self, document):
        self.document, self.wrong = document, []

    def complain(self, where, what):
        self.wrong.append(f"{where}: {what}")

    def find(self, reference):
        at = self.document
        for part in reference.removeprefix("#/").split("/"):
            at = at[part.replace("~1", "/").replace("~0", "~")]
        return at

    def resolve(self, thing):
        while isinstance(thing, dict) and "$ref" in thing:
            thing = self.find(thing["$ref"])
        return thing

    def references(self, thing, where="#"):
        if isinstance(thing, dict):
            target = thing.get("$ref")
            if isinstance(target, str):
                try:
                    self.find(target)
                except (KeyError, TypeError):
                    self.complain(where, f"{target} leads nowhere")
                return
            for key, value in thing.items():
                self.references(value, f"{where}/{key}")
        elif isinstance(thing, list):
            for i, value in enumerate(thing):
                self.references(value, f"{where}/{i}")

    def fits(self, where, schema, example):
        whole = {**schema, "components": self.document["components"]}
        for error in jsonschema.Draft202012Validator(whole).iter_errors(example):
            self.complain(where, f"example at /{'/'.join(map(str, error.absolute_path))}: {error.message}")

    def content(self, where, content):
        for kind, media in content.items():
            if kind not in JSON_TYPES:
                continue
            schema = media.get("schema")
            if schema is None:
                self.complain(where, f"{kind} has no schema")
                continue
            if "example" in media:
                self.fits(where, schema, media["example"])
            for name, example in media.get("examples", {}).items():
                example = self.resolve(example)
                if "value" in example:
                    self.fits(f"{where} ({name})", schema, example["value"])

    def operation(self, where, path, shared, operation):
        parameters = [self.resolve(p) for p in shared + operation.get("parameters", [])]
        named = {p["name"] for p in parameters if p["in"] == "path"}
        if named != set(re.findall(r"\{(\w+)\}", path)):
            self.complain(where, f"path parameters are {sorted(named)}")
        for key in ("operationId", "summary", "responses"):
            if not operation.get(key):
                self.complain(where, f"no {key}")
        body = self.resolve(operation.get("requestBody", {}))
        self.content(f"{where} request", body.get("content", {}))
        for status, answer in operation.get("responses", {}).items():
            answer = self.resolve(answer)
            self.content(f"{where} {status}", answer.get("content", {}))
            if not answer.get("description"):
                self.complain(where, f"{status} has no description")

    def schemas(self):
        for name, schema in self.document["components"].get("schemas", {}).items():
            where = f"schema {name}"
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as error:
                self.complain(where, error.message)
                continue
            for example in schema.get("examples", []) if isinstance(schema, dict) else []:
                self.fits(where, schema, example)
            lost = set(schema.get("required", [])) - set(schema.get("properties", {}))
            if lost and "properties" in schema:
                self.complain(where, f"required but not described: {sorted(lost)}")

    def check(self):
        self.references(self.document)
        if self.wrong:
            return
        seen = {}
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    where = f"{method.upper()} {path}"
                    self.operation(where, path, item.get("parameters", []), item[method])
                    name = item[method].get("operationId")
                    if name in seen:
                        self.complain(where, f"operationId {name} is also that of {seen[name]}")
                    seen[name] = where
        self.schemas()


def problem_names(root, contract):
    """Problem codes that the document lists must be exactly those of errors.def."""
    ours = set(re.findall(r'^X\(\w+, \d+, "([^"]+)"', (root / "common/base/errors.def").read_text(), re.M))
    code = contract.document["components"]["schemas"].get("Problem", {}).get("properties", {}).get("code", {})
    named = set(contract.resolve(code).get("enum", []))
    if named:
        for name in sorted(ours - named):
            contract.complain("schema Problem", f"code {name} of errors.def is missing")
        for name in sorted(named - ours):
            contract.complain("schema Problem", f"code {name} is not in errors.def")


def main(root):
    contract = Contract(yaml.load((root / "openapi.yaml").read_text(), Loader))
    contract.check()
    problem_names(root, contract)
    bundle = root / "static/openapi.json"
    if bundle.exists() and json.loads(bundle.read_text()) != contract.document:
        contract.complain("static/openapi.json", "is not openapi.yaml; run tests/openapi/lint.sh --write")
    operations = sum(m in item for item in contract.document["paths"].values() for m in METHODS)
    print("\n".join(contract.wrong) or f"{operations} operations, nothing amiss")
    return bool(contract.wrong)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
