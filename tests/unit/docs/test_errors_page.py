"""The page of errors has each problem that the API can answer, with its status, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path

from handlers import json_body, problems
from handlers.callbacks import MAX_BODY_BYTES

PAGE = (Path(__file__).parents[3] / "docs/reference/errors.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| (\d{3}) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def below(error: type[Exception]) -> Iterator[type[Exception]]:
    """The error and all kinds of it that the API can raise: not those of workers and clients."""
    if error.__module__.startswith(("handlers.", "shoal.domain.", "shoal.service.")):
        yield error
    for kind in error.__subclasses__():
        yield from below(kind)


def answers() -> dict[str, int]:
    found = [Exception("a fault"), *_each()]
    bodies = [problems.problem_response(each, "request-1") for each in found]
    return {re.findall(r'"type": "([^"]+)"', each.body)[0]: each.status for each in bodies}


def _each() -> Iterator[Exception]:
    for root in problems.STATUS:
        for kind in below(root):
            error = kind.__new__(kind)
            error.__dict__.update(problems=(), retry_after=1)
            yield error


def test_each_problem_stands_on_the_page_with_its_status_and_no_other_does() -> None:
    assert {kind: int(status) for kind, status, _, _ in ROWS} == answers()


def test_each_stands_there_once_with_what_to_do() -> None:
    assert len(ROWS) == len({kind for kind, _, _, _ in ROWS})
    assert all(meaning.endswith(".") and deed.endswith(".") for _, _, meaning, deed in ROWS)


def test_the_sizes_are_those_of_the_code() -> None:
    users, workers = json_body.MAX_BODY_BYTES / 1e6, MAX_BODY_BYTES / 1e6

    assert f"{users:.1f} MB on user routes and {workers:.0f} MB on worker routes" in PAGE
    assert f"the first {problems.MOST_ERRORS} invalid fields" in PAGE
