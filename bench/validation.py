"""The CPU time that PlanTasks needs to validate a million lines of inputs."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.tables import show
from shoal.service.input_validation import line_checker

LINES: Final = 200_000
MILLION: Final = 1_000_000

_PICTURE: Final = {
    "type": "object",
    "properties": {
        "key": {"type": "string", "minLength": 1, "pattern": r"^[a-z0-9-]+\.jpg$"},
        "size": {"type": "integer", "minimum": 1},
        "ratio": {"type": "number"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["key"],
    "additionalProperties": False,
}
_SHAPES: Final = {
    "properties": {"shape": {"oneOf": [{"$ref": "#/$defs/circle"}, {"$ref": "#/$defs/square"}]}},
    "$defs": {
        name: {
            "type": "object",
            "properties": {"kind": {"const": name}, length: {"type": "number"}},
            "required": ["kind", length],
        }
        for name, length in (("circle", "radius"), ("square", "side"))
    },
}
CASES: Final[Mapping[str, tuple[dict[str, Any], Sequence[dict[str, Any]]]]] = {
    "four fields, one with a pattern": (
        _PICTURE,
        [{"key": f"p-{n}.jpg", "size": n + 1, "ratio": 0.5, "tags": ["a"]} for n in range(100)],
    ),
    "a union of two objects": (
        _SHAPES,
        [{"shape": {"kind": "square", "side": n}} for n in range(100)],
    ),
    "no constraint": ({}, [{"n": n} for n in range(100)]),
}


def main() -> None:
    """Print the table."""
    rows = [(name, f"{_seconds(*case):.1f}") for name, case in CASES.items()]
    show("CPU seconds to validate a million lines", ("schema", "seconds"), rows)


def _seconds(schema: dict[str, Any], inputs: Sequence[dict[str, Any]]) -> float:
    lines = [json.dumps(each).encode() for each in inputs]
    check = line_checker(schema, {"bucket": "pictures"} if not schema else {})
    began = time.process_time()
    for place in range(LINES):
        if check(lines[place % len(lines)]) is not None:
            raise RuntimeError("a line of the bench does not match its schema")
    return (time.process_time() - began) * MILLION / LINES
