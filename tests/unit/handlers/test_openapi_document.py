import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from handlers import callbacks, openapi, problems
from handlers.openapi_examples import EXAMPLES
from shoal.domain.identity import Scope

ROOT = Path(__file__).parents[3]


class Template(yaml.SafeLoader):
    """A loader of templates that does not resolve their intrinsic functions."""


def _plain(loader: Template, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]


Template.add_multi_constructor("!", _plain)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi.document()


def routes(document: dict[str, Any]) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }


def events() -> list[dict[str, Any]]:
    template = yaml.load((ROOT / "template.yaml").read_text(), Template)  # noqa: S506 - safe
    return [
        each["Properties"]
        for resource in template["Resources"].values()
        for each in resource.get("Properties", {}).get("Events", {}).values()
        if each["Type"] == "HttpApi"
    ]


SECURITY = {
    json.dumps([{"worker": []}]): {"Authorizer": "AWS_IAM"},
    json.dumps([{}]): {"Authorizer": "NONE"},
} | {
    json.dumps([{"user": [scope]}]): {"AuthorizationScopes": [f"shoal/{scope}"]} for scope in Scope
}
"""The configuration of API Gateway, by the declaration of an operation."""


def test_the_file_is_current(document: dict[str, Any]) -> None:
    assert json.loads((ROOT / "docs/openapi.json").read_text()) == document


def test_the_template_routes_every_operation(document: dict[str, Any]) -> None:
    assert {f"{each['Method']} {each['Path']}" for each in events()} == routes(document)


def test_api_gateway_requires_the_scope_of_every_operation(
    document: dict[str, Any],
) -> None:
    """To fix it: `Auth: {AuthorizationScopes: [shoal/…]}` on the event in template.yaml."""
    named = {
        f"{method.upper()} {path}": SECURITY[json.dumps(operation["security"])]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }

    assert {f"{each['Method']} {each['Path']}": each.get("Auth") for each in events()} == named


def test_every_operation_has_a_summary(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"].endswith("."), path


def test_the_three_scopes_are_used(document: dict[str, Any]) -> None:
    operations = [each for path in document["paths"].values() for each in path.values()]

    for scope in Scope:
        assert [{"user": [scope]}] in [each["security"] for each in operations]


def test_the_contract_has_all_workers_routes() -> None:
    assert {f"POST {path}" for path in openapi.WORKER_OPERATIONS} == set(callbacks.ROUTES)


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    found = document["components"]["responses"][answer["$ref"].split("/")[-1]]
                    assert "application/problem+json" in found["content"]


def test_every_status_of_the_table_of_errors_is_documented() -> None:
    assert set(problems.STATUS.values()) < openapi.MEANINGS.keys()


def test_check_reports_an_outdated_file(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"

    missing = openapi.main(["--check", str(path)])
    openapi.main([str(path)])
    fresh = openapi.main(["--check", str(path)])
    path.write_text(path.read_text().replace("Shoal", "Shaol"))
    old = openapi.main(["--check", str(path)])

    assert (missing, fresh, old) == (1, 0, 1)


def bodies(document: dict[str, Any]) -> set[str]:
    """Yield the schemas of requests and of successful responses."""
    return {
        content["schema"]["$ref"].rpartition("/")[2]
        for operations in document["paths"].values()
        for operation in operations.values()
        for each in (
            operation.get("requestBody", {}),
            *(answer for status, answer in operation["responses"].items() if status < "300"),
        )
        for content in each.get("content", {}).values()
        if "$ref" in content["schema"]
    }


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    without = {name for name in bodies(document) if "examples" not in schemas[name]}

    assert without == set(), "add them to handlers/openapi_examples.py"
    assert {name for name in schemas if "examples" in schemas[name]} <= bodies(document)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_for_its_schema(name: str, document: dict[str, Any]) -> None:
    schema = {**document, "$ref": f"#/components/schemas/{name}"}
    known = document["components"]["schemas"][name].get("properties", {})

    jsonschema.Draft202012Validator(schema).validate(EXAMPLES[name])
    assert EXAMPLES[name].keys() <= known.keys()
