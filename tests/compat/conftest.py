from collections.abc import Iterator

import pytest

from tests.compat.chapter import Stage
from tests.compat.world import surroundings


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    with surroundings() as world:
        yield Stage(world)
