from collections.abc import Iterator

import pytest

from tests.compat.chapter import Stage
from tests.compat.world import surroundings


@pytest.fixture(scope="module")  # the tests of the contract start a moto of their own
def stage() -> Iterator[Stage]:
    with surroundings() as world:
        yield Stage(world)
