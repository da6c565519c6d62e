"""Each port thrice: in memory, on moto in this process, and on the emulator that the twin runs."""

from collections.abc import Iterator

import pytest

from tests.contract.aws_services import Aws, ministack, moto
from tests.contract.port_sets import Ports, in_memory, on_aws


@pytest.fixture(scope="module")  # other tests of the same process start another moto
def on_moto() -> Iterator[Aws]:
    with moto() as aws:
        yield aws


@pytest.fixture(scope="session")
def on_ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with ministack(tmp_path_factory.mktemp("ministack")) as aws:
        yield aws


@pytest.fixture(params=["on_moto", "on_ministack"])
def aws(request: pytest.FixtureRequest) -> Aws:
    found: Aws = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["memory", "on_moto", "on_ministack"])
def ports(request: pytest.FixtureRequest) -> Ports:
    if request.param == "memory":
        return in_memory()
    return on_aws(request.getfixturevalue(request.param))
