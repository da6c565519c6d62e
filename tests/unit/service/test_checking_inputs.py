"""What an input is told that does not fit."""

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
def test_an_input_that_does_not_fit_is_told_which_field_is_why(
    given: dict[str, Any], told: str | None
) -> None:
    assert checker(SCHEMA)(given) == told
