from collections.abc import Iterator

import pytest

from tests.compat.chapter import Player
from tests.compat.environment import provisioned


@pytest.fixture(scope="module")  # contract tests start another moto
def player() -> Iterator[Player]:
    with provisioned() as environment:
        yield Player(environment)
