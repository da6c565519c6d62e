import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers import callbacks, openapi

ROOT = Path(__file__).parents[3]


class Template(yaml.SafeLoader):
    """Reads a template without resolving what its functions say."""


def _plain(loader: Template, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_mapping(node)  # type: ignore[arg-type]


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


def test_the_file_is_what_the_code_says(document: dict[str, Any]) -> None:
    assert json.loads((ROOT / "docs/openapi.json").read_text()) == document


def test_the_template_routes_what_the_contract_names(document: dict[str, Any]) -> None:
    template = yaml.load((ROOT / "template.yaml").read_text(), Template)  # noqa: S506 - safe
    events = [
        each["Properties"]
        for resource in template["Resources"].values()
        for each in resource.get("Properties", {}).get("Events", {}).values()
        if each["Type"] == "HttpApi"
    ]

    assert {f"{each['Method']} {each['Path']}" for each in events} == routes(document)


def test_workers_routes_are_those_that_the_function_answers() -> None:
    assert {f"POST {path}" for path in openapi.CALLS} == set(callbacks.ROUTES)


def test_every_error_is_a_problem(document: dict[str, Any]) -> None:
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]


def test_check_says_when_the_file_is_old(tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"

    missing = openapi.main(["--check", str(path)])
    openapi.main([str(path)])
    fresh = openapi.main(["--check", str(path)])
    path.write_text(path.read_text().replace("Shoal", "Shaol"))
    old = openapi.main(["--check", str(path)])

    assert (missing, fresh, old) == (1, 0, 1)
