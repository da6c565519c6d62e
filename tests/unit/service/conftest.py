import pytest

from tests.unit.service.service_harness import ServiceHarness


@pytest.fixture
def harness() -> ServiceHarness:
    return ServiceHarness()
