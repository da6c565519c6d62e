"""Names that an earlier release gave to others are still there, and mean the same."""

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
def test_names_that_a_release_gave_are_there(now: Json, release: Path, part: str) -> None:
    recorded = json.loads((release / "surface.json").read_text())[part]

    assert [*lost(recorded, now[part], part)] == []


def lost(recorded: Json, found: Json, place: str) -> Iterator[str]:
    """What is gone or is another; what was added since is no loss, unless it is demanded."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        for name, each in recorded.items():
            if name in found:
                yield from lost(each, found[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} is gone"
        for name in found.keys() - recorded.keys():
            if isinstance(found[name], dict) and found[name].get("required"):
                yield f"{place}.{name} is demanded, which it was not"
    elif isinstance(recorded, list) and isinstance(found, list):
        yield from (f"{place}: {each} is gone" for each in recorded if each not in found)
    elif recorded != found:
        yield f"{place} was {recorded!r}, and is {found!r}"
