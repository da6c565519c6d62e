import pytest

from shoal import bootstrap
from tests.unit.handlers.http_calls import World, new_world


@pytest.fixture
def world() -> World:
    """In-memory ports behind every handler; each test has its own."""
    found = new_world()
    bootstrap.use(found)
    return found


@pytest.fixture(autouse=True)
def _wired(world: World) -> None:
    """Handlers never reach AWS, whether or not a test uses the world."""
