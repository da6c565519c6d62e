"""The reference page of the client lists every method, and every error."""

import re
from pathlib import Path

import pytest

from shoal import client
from shoal.client import Job, Shoal, ShoalError

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "client.md").read_text()
INTERNAL = {"run", "paged"}


@pytest.mark.parametrize("kind", [Shoal, Job])
def test_every_method_is_on_the_page(kind: type) -> None:
    row = re.search(rf"^\| `{kind.__name__}` \| (.*) \|$", PAGE, re.MULTILINE)
    methods = {
        name for name, member in vars(kind).items() if not isinstance(member, property)
    } - INTERNAL

    assert row is not None
    assert sorted(re.findall(r"`(\w+)`", row[1])) == sorted(
        name for name in methods if not name.startswith("_")
    )


def test_every_error_is_on_the_page() -> None:
    errors = {
        name
        for name in client.__all__
        if isinstance(kind := getattr(client, name), type) and issubclass(kind, ShoalError)
    }

    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) - {"Shoal", "Job"}
    assert listed == errors - {"ShoalError", "ApiError"}
