"""Tests that the page of errors lists exactly the problems of the API, with their statuses."""

import re
from collections.abc import Iterator
from pathlib import Path

from handlers import json_body, problems
from handlers.callbacks import MAX_BODY_BYTES

PAGE = (Path(__file__).parents[3] / "docs/reference/errors.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| (\d{3}) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def below(error: type[Exception]) -> Iterator[type[Exception]]:
    """Yield the error and its subclasses, without those of workers and clients."""
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


def test_the_page_lists_exactly_the_problems_with_their_statuses() -> None:
    assert {kind: int(status) for kind, status, _, _ in ROWS} == answers()


def test_each_problem_is_listed_once_with_a_remedy() -> None:
    assert len(ROWS) == len({kind for kind, _, _, _ in ROWS})
    assert all(meaning.endswith(".") and deed.endswith(".") for _, _, meaning, deed in ROWS)


def test_the_sizes_agree_with_the_code() -> None:
    users, workers = json_body.MAX_BODY_BYTES / 1e6, MAX_BODY_BYTES / 1e6

    assert f"{users:.1f} MB on user routes and {workers:.0f} MB on worker routes" in PAGE
    assert f"the first {problems.MOST_ERRORS} invalid fields" in PAGE
