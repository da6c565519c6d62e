"""The public names of earlier releases still exist."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.compat.chapter import releases
from tests.compat.surface import surface

type Json = Any

RECORDED = [
    pytest.param(release, part, id=f"{release.name}-{part}")
    for release in releases()
    for part in json.loads((release / "surface.json").read_text())
]


@pytest.fixture(scope="module")
def now() -> Json:
    return surface()


@pytest.mark.parametrize(("release", "part"), RECORDED)
def test_public_names_still_exist(now: Json, release: Path, part: str) -> None:
    recorded = json.loads((release / "surface.json").read_text())[part]

    assert [*missing(recorded, now[part], part)] == []


def missing(recorded: Json, found: Json, place: str) -> Iterator[str]:
    """Yields names that no longer exist or have changed, and new parameters that are required."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for name, each in recorded.items():
            if name in found:
                yield from missing(each, found[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} no longer exists"
        for name in found.keys() - recorded.keys():
            if isinstance(found[name], dict) and found[name].get("required"):
                yield f"{place}.{name} is new and required"
    elif isinstance(recorded, list) and isinstance(found, list):
        yield from (f"{place}: {each} no longer exists" for each in recorded if each not in found)
    elif recorded != found:
        yield f"{place} was {recorded!r}, and is {found!r}"
