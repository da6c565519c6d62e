"""Tests that the page on security names a test for each promise, and that these tests exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/explanation/security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def promises() -> list[str]:
    """Return the rows of the tables of promises."""
    tables = re.findall(
        r"^\| promise[^|]*\| test \|\n\|---\|---\|\n((?:\|.+\n)+)", PAGE, re.MULTILINE
    )
    return [row for table in tables for row in table.splitlines()]


@pytest.mark.parametrize("row", promises())
def test_each_promise_names_a_test(row: str) -> None:
    _, promise, test, _ = row.split("|")

    assert promise.strip().endswith(".")
    assert NAMED.fullmatch(test.strip())


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_each_named_test_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text())

    assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


def test_the_page_lists_promises_and_their_gaps() -> None:
    assert len(promises()) > 30
    assert PAGE.count("**Does not hold yet:") == 0
    assert "security.md" in (ROOT / "SECURITY.md").read_text()
