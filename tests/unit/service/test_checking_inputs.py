"""Tests of the messages for invalid inputs."""

from typing import Any

import pytest

from shoal.service.checking import checker

SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "email": {"type": "string"},
        "lines": {"type": "array", "items": {"type": "object", "required": ["text"]}},
    },
    "required": ["number", "lines", "email"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"number": "1", "lines": [], "email": "a"}, None),
        ({"number": "1"}, "data must contain email, lines"),
        (
            {"number": "1", "lines": [{}], "email": ""},
            "data.lines[0] must contain all required fields",
        ),
        ({"number": 1, "lines": [], "email": ""}, "data.number must be string"),
    ],
)
def test_the_message_of_an_invalid_input_names_the_field(
    given: dict[str, Any], told: str | None
) -> None:
    assert checker(SCHEMA)(given) == told
