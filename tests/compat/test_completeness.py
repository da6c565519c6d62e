"""The scripts cover everything that the current code can write or answer."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import shoal
from tests.compat.chapter import HTTP, Player, Step
from tests.compat.record import recorded
from tests.compat.scripts import CHAPTERS

type Json = Any

REPOSITORY: Final = Path(__file__).parents[2]
CONTRACT: Final = json.loads((REPOSITORY / "docs/openapi.json").read_text())
SCHEMAS: Final = CONTRACT["components"]["schemas"]
OPERATIONS: Final = [
    (method.upper(), path, operation)
    for path, methods in CONTRACT["paths"].items()
    for method, operation in methods.items()
]
ENUMS: Final = {name: schema["enum"] for name, schema in SCHEMAS.items() if "enum" in schema}
NEVER_A_WHOLE_PROBLEM: Final = {
    "urn:shoal:problem:bad-inputs": "closes a job instead of answering a request",
    "urn:shoal:problem:conflict": "a base class",
    "urn:shoal:problem:forbidden": "a base class",
    "urn:shoal:problem:not-found": "a base class",
    "urn:shoal:problem:unusable-schema": "needs a schema that an older release accepted",
    "urn:shoal:problem:write-conflict": "needs a race between two writes",
}


@pytest.fixture(scope="module")
def steps(player: Player) -> list[Step]:
    return [step for script in CHAPTERS.values() for step in recorded(player, script)]


def test_every_operation_has_a_request_that_succeeds(steps: list[Step]) -> None:
    asked = {
        (step.event["method"], step.event["path"], str(step.answer["status"]))
        for step in steps
        if step.function in HTTP
    }

    missing = [
        f"{method} {path}"
        for method, path, operation in OPERATIONS
        if not any(
            method == each and status in _successes(operation) and _matches(path, place)
            for each, place, status in asked
        )
    ]

    assert not missing


def test_every_function_of_the_template_is_called(steps: list[Step]) -> None:
    handlers = re.findall(
        r"Handler: handlers\.(\w+)\.handler", (REPOSITORY / "template.yaml").read_text()
    )

    assert sorted({*handlers} - {step.function for step in steps}) == []


@pytest.mark.parametrize("name", ENUMS)
def test_every_value_of_an_enum_crosses_the_wire(steps: list[Step], name: str) -> None:
    said = {text for step in steps for text in _texts([step.event, step.answer, step.sent])}
    said |= {each for step in steps for each in _queried(step)}
    said |= {f"job.{text.removeprefix('Job ').lower()}" for text in said}

    assert [value for value in ENUMS[name] if value not in said] == []


def test_every_kind_of_problem_is_answered(steps: list[Step]) -> None:
    reference = (REPOSITORY / "docs/reference/errors.md").read_text()
    known = {*re.findall(r"urn:shoal:problem:[a-z-]+", reference)}

    said = {text for step in steps for text in _texts(step.answer)}

    assert sorted(known - said - NEVER_A_WHOLE_PROBLEM.keys()) == []


OF_LATER_RELEASES: Final = {
    "export-key#[^#/]+": "A key that was answered with a running export is recorded."
}
"""Kinds of keys that no recorded release writes, each with the reason."""


def test_every_kind_of_key_is_written(steps: list[Step]) -> None:
    changes = [
        rows for step in steps for each in (step.before, step.after) for rows in each.values()
    ]
    keys = {key for rows in changes for key in rows}
    kinds = {*_kinds()}

    missing = [kind for kind in kinds if not any(re.match(kind, key) for key in keys)]
    missing = [kind for kind in missing if kind not in OF_LATER_RELEASES]

    assert len(kinds) > 20  # the code is still read as it is written
    assert sorted(missing) == []


def _successes(operation: Json) -> list[str]:
    return [status for status in operation["responses"] if "200" <= status < "300"]


def _matches(path: str, place: str) -> bool:
    return re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", path), place) is not None


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, str):
        yield value
        return
    elif not isinstance(value, list):
        return
    for each in value:
        yield from _texts(each)


def _queried(step: Step) -> list[str]:
    if step.function not in HTTP:
        return []
    return re.split(r"[=,&]", step.event.get("query", ""))


def _kinds() -> Iterator[str]:
    """Finds the keys of rows and objects in the source, as regular expressions.

    A key is an f-string that contains `word#` or `#word#`, or one that begins with the prefix of a
    kind of object. A partition key of the registry may also be a single word.
    """
    (package,) = shoal.__path__
    for path in sorted(Path(package).rglob("*.py")):
        nodes = [*ast.walk(ast.parse(path.read_text()))]
        words = {
            node.target.id: node.value.value
            for node in nodes
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in nodes:
            match node:
                case ast.JoinedStr() if _KEY.match(spelled := _spelled(node)):
                    yield spelled
                case ast.Call(
                    func=ast.Attribute(attr="key" | "get" | "partition" | "page"),
                    args=[first, *_],
                ) if "registry" in ast.unparse(node.func):
                    word = first.value if isinstance(first, ast.Constant) else None
                    word = words.get(ast.unparse(first), word)
                    yield from [f"{word} "] if isinstance(word, str) else []


_KEY: Final = re.compile(r"[a-z-]+#|.*#[a-z]+#|(artifacts|exports|inputs|outcomes|uploads)/")
_ANY: Final = "[^#/]+"


def _spelled(node: ast.JoinedStr) -> str:
    return "".join(
        part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else _ANY
        for part in node.values
    )
