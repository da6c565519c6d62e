import pytest

from tests.unit.service.shop import Shop


@pytest.fixture
def shop() -> Shop:
    return Shop()
