#!/usr/bin/env python3
"""Compares web/openapi.json with the route table, and its examples with its schemas.

Reads the route table from standard input, a line for each row: METHOD PATH WHO, WHO being anyone,
credentials, admin or tenant. Says every difference and ends with 1 where there is one:

  - each documented operation has a route, and each route is documented (HEAD and OPTIONS come with
    every path, and what the page at /docs loads needs no description);
  - an operation has `security` where its route looks at a token, and lets a call without one pass
    exactly where the route takes credentials instead;
  - the names in braces are the declared path parameters, and no operationId is used twice;
  - each example fits its schema, and each error in one has a code of src/base/status.h with the
    HTTP status that it has there;
  - its version is meson.build's.

Usage: PRINT-ROUTES | check_openapi.py [OPENAPI.JSON]
"""

import json
import re
import sys
from pathlib import Path

import jsonschema_rs

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
ASSETS = "/docs/"  # below the page: style sheet, scripts, icon
ROOT = "urn:openapi"
CHECKOUT = Path(__file__).resolve().parents[1]

# WHO in the table: whether a token is looked at, and whether a call without one may pass.
TOKEN_OF = {
    "anyone": (False, True),
    "credentials": (True, True),
    "admin": (True, False),
    "tenant": (True, False),
}


def read_routes(lines):
    """{(method, path): who} from the table's lines."""
    routes = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 3:
            raise SystemExit(f"line {number} is not METHOD PATH WHO: {line.strip()!r}")
        method, path, who = words
        who = who.lower().removeprefix("who_")
        if who not in TOKEN_OF:
            raise SystemExit(f"line {number}: unknown WHO {who!r}")
        routes[method.upper(), path] = who
    if not routes:
        raise SystemExit("no routes on standard input")
    return routes


class Document:
    """An OpenAPI document: its operations, with references followed."""

    def __init__(self, contents):
        self.contents = contents
        self.registry = jsonschema_rs.Registry([(ROOT, contents)])

    def follow(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.contents
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def operations(self):
        for path, item in self.contents["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method.upper(), path, item, item[method]

    def parameters(self, item, operation):
        found = {}
        for parameter in item.get("parameters", []) + operation.get("parameters", []):
            parameter = self.follow(parameter)
            found[parameter["in"], parameter["name"]] = parameter
        return found.values()

    def token_of(self, operation):
        """As TOKEN_OF has it: whether a token is looked at, whether none will do."""
        security = operation.get("security", self.contents.get("security", []))
        return any(security), not security or {} in security

    def faults_of(self, example, pointer):
        """What is wrong with an example, by the schema at a JSON pointer."""
        checker = jsonschema_rs.Draft202012Validator(
            {"$ref": f"{ROOT}#{pointer}"}, registry=self.registry, validate_formats=True
        )
        for error in checker.iter_errors(example):
            yield f"{'.'.join(map(str, error.instance_path)) or 'all of it'}: {error.message}"

    def examples(self):
        """Each example in the document, wherever it is: (where, value, pointer of its schema)."""
        yield from self._examples(self.contents, "")

    def _examples(self, node, pointer):
        if isinstance(node, list):
            for index, each in enumerate(node):
                yield from self._examples(each, f"{pointer}/{index}")
        if not isinstance(node, dict):
            return
        if isinstance(node.get("schema"), dict):  # a media type, a parameter or a header
            schema = f"{pointer}/schema"
            if "example" in node:
                yield f"{pointer}/example", node["example"], schema
            for name, each in node.get("examples", {}).items():
                yield f"{pointer}/examples/{name}", self.follow(each)["value"], schema
        for key, each in node.items():
            if key not in ("example", "examples", "schema"):
                part = key.replace("~", "~0").replace("/", "~1").replace("%", "%25")
                part = part.replace("{", "%7B").replace("}", "%7D")
                yield from self._examples(each, f"{pointer}/{part}")


def compare_routes(document, routes):
    documented = set()
    for method, path, _, operation in document.operations():
        documented.add((method, path))
        who = routes.get((method, path))
        if who is None:
            if method not in ("HEAD", "OPTIONS"):
                yield f"{method} {path}: documented, but no route"
            continue
        said, needed = document.token_of(operation), TOKEN_OF[who]
        if said[0] != needed[0]:
            yield f"{method} {path}: the route is for {who}, `security` says otherwise"
        elif said[1] != needed[1]:
            yield f"{method} {path}: the route is for {who}, `security` and its {{}} say otherwise"
    for method, path in routes:
        if (method, path) not in documented and not path.startswith(ASSETS):
            yield f"{method} {path}: a route, but not documented"


def check_operations(document):
    seen = {}
    for method, path, item, operation in document.operations():
        where = f"{method} {path}"
        parameters = {p["name"] for p in document.parameters(item, operation) if p["in"] == "path"}
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        if parameters != in_path:
            yield f"{where}: parameters {sorted(parameters)}, in the path {sorted(in_path)}"
        name = operation.get("operationId")
        if not name:
            yield f"{where}: no operationId"
        elif seen.setdefault(name, where) != where:
            yield f"{where}: operationId {name} is {seen[name]}'s"
        for member in ("summary", "description"):
            if not operation.get(member):
                yield f"{where}: no {member}"


def check_examples(document):
    for where, value, pointer in document.examples():
        for fault in document.faults_of(value, pointer):
            yield f"{where}: {fault}"


def read_codes(header):
    """{code: (HTTP status outside /v1, under it)} from the rows of STATUS_LIST."""
    row = re.compile(r'X\(ST_\w+,\s*(\d+),\s*(\d+),\s*"(\w+)"')
    return {code: (int(seed), int(v1)) for seed, v1, code in row.findall(header)}


def check_codes(document, codes):
    for method, path, _, operation in document.operations():
        for status, response in operation["responses"].items():
            for media in document.follow(response).get("content", {}).values():
                values = [each["value"] for each in media.get("examples", {}).values()]
                for value in values + [media.get("example")]:
                    code = value.get("code") if isinstance(value, dict) else None
                    if int(status) < 400 or code is None:
                        continue
                    if code not in codes:
                        yield f"{method} {path}: {status}: no such code: {code}"
                    elif codes[code][path.startswith("/v1/")] != int(status):
                        yield f"{method} {path}: {status}: {code} has another HTTP status"


def check_version(document, meson):
    version = re.search(r"^\s*version: '([^']+)'", meson, re.MULTILINE)[1]
    if document.contents["info"]["version"] != version:
        yield f"info.version is not {version}, which meson.build has"


def main(arguments):
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0 if arguments[0] in ("-h", "--help") else 2
    default = CHECKOUT / "web" / "openapi.json"
    header = (CHECKOUT / "src" / "base" / "status.h").read_text("utf-8")
    document = Document(json.loads(Path(arguments[0] if arguments else default).read_text("utf-8")))
    faults = [
        *compare_routes(document, read_routes(sys.stdin)),
        *check_operations(document),
        *check_examples(document),
        *check_codes(document, read_codes(header)),
        *check_version(document, (CHECKOUT / "meson.build").read_text("utf-8")),
    ]
    for fault in faults:
        print(fault)
    if not faults:
        examples = sum(1 for _ in document.examples())
        operations = sum(1 for _ in document.operations())
        print(f"{operations} operations agree with the routes, {examples} examples with schemas")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
