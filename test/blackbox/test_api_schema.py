"""schemathesis over the server's own OpenAPI document: whatever is sent, valid or not, the answer is one
that the document announces, and never a failure of the server."""

import itertools

import pytest
import schemathesis
from hypothesis import Phase, given
from hypothesis import strategies as st
from orgd import bearer
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (content_type_conformance, response_headers_conformance,
                                               response_schema_conformance, status_code_conformance)
from search import longest_s, search

EXAMPLES = 50  # of each operation in each mode

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class Caller:
    """Sends cases as a tenant's administrator; takes another tenant where a case has ended the first."""

    def __init__(self, server):
        self.server = server
        self.tenant = server.new_tenant()

    def alive(self):
        client = self.server.client
        return client.get(self.tenant.documents, headers=self.tenant.headers).status_code == 200

    def send(self, case, as_tenant):
        headers = {}
        if as_tenant:
            headers = bearer(self.tenant.token)
            if "org" in (case.path_parameters or {}):
                case.path_parameters["org"] = self.tenant.id
        response = case.call(base_url=self.server.url, headers=headers, timeout=20)
        changes = case.method.upper() in ("PUT", "DELETE") and case.path.startswith("/org/")
        if changes and response.status_code == 200 and not self.alive():
            self.tenant = self.server.new_tenant()
        return response


@pytest.fixture(scope="module")
def schema(server):
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def operations(schema):
    found = [result.ok() for result in schema.get_all_operations()]
    assert {(each.method.upper(), each.path) for each in found} >= {
        ("POST", "/org/create"), ("GET", "/org/get"), ("PUT", "/org/update"),
        ("DELETE", "/org/delete"), ("POST", "/admin/login"),
    }
    return found


@pytest.mark.timeout(longest_s(240))
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_openapi__every_answer_is_announced_and_none_is_a_failure(server, schema, mode, engine):
    caller = Caller(server)
    failures = []
    for operation in operations(schema):
        strategy = operation.as_strategy(generation_mode=mode)
        strategy = strategy.filter(lambda case: engine.keeps(case.body))

        @search(EXAMPLES, phases=[Phase.explicit, Phase.generate])
        @given(case=strategy, as_tenant=st.sampled_from([True, True, False]))
        def holds(case, as_tenant):
            response = caller.send(case, as_tenant)
            checks = CHECKS if response.status_code == 503 else [not_a_server_error, *CHECKS]
            case.validate_response(response, checks=checks)

        try:
            holds()
        except Exception as failure:  # all operations are looked at before the test fails
            if type(failure).__name__ in ("Unsatisfiable", "SkipTest"):
                continue  # nothing invalid can be made for an operation without input
            failures.append(f"{operation.method.upper()} {operation.path}: {failure}")
    assert not failures, "\n\n".join(failures)
    assert server.running


def test_openapi__describes_every_operation_of_the_contract(schema):
    document = "/v1/organizations/{org}/documents"
    expected = set(itertools.chain(
        [("POST", "/org/create"), ("GET", "/org/get"), ("PUT", "/org/update"),
         ("DELETE", "/org/delete"), ("POST", "/admin/login")],
        ((method, document) for method in ("POST", "GET")),
        ((method, document + "/{id}") for method in ("GET", "PUT", "PATCH", "DELETE")),
        (("GET", path) for path in ("/", "/livez", "/readyz", "/health", "/metrics")),
    ))
    found = {(each.method.upper(), each.path) for each in operations(schema)}
    assert expected <= found, expected - found
