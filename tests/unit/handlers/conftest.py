import pytest

from shoal import bootstrap
from tests.unit.handlers.http_calls import World, new_world


@pytest.fixture
def world() -> World:
    """Wire every handler to memory, separately for each test."""
    found = new_world()
    bootstrap.use(found)
    return found


@pytest.fixture(autouse=True)
def _wired(world: World) -> None:
    """Keep handlers from AWS in every test, also without the `world` fixture."""
