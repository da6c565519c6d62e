"""One twin for all tests here, with two workers, short leases and short waits.

The queue `low` is left to the worker in another language.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.layer import built
from local.twin import Plan, Twin, booted, free_port
from local.workers import Workers
from tests.twin.watching import Json, ended, eventually

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def layer_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the layer is, built once for all twins."""
    home = tmp_path_factory.mktemp("layer")
    built(home)
    return home


@pytest.fixture(scope="session")
def twin(layer_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    plan = Plan(
        home=tmp_path_factory.mktemp("twin"),
        port=free_port(),
        issuer_port=free_port(),
        lease_seconds=5,
        wait_seconds=3,
        layer_home=layer_home,
    )
    with booted(plan) as platform:
        yield platform


@pytest.fixture(scope="session")
def crew(twin: Twin) -> Iterator[Workers]:
    modules, left = "tasks,twin_tasks", ("low",)
    with twin.workers(slots=2, tasks=modules, paths=(HERE,), leave=left) as workers:
        for number in (1, 2):
            workers.start(f"w-{number}")
        yield workers


@pytest.fixture(scope="session")
def users(twin: Twin, crew: Workers) -> Iterator[httpx.Client]:
    """A user's client, once workers have registered their task types."""
    assert crew.processes
    with twin.users() as client:
        eventually(lambda: client.get("task-types").json()["items"])
        yield client


@pytest.fixture(scope="session")
def finish(users: httpx.Client) -> Callable[..., Json]:
    """Submit a job, see it end, and give it as it then is."""

    def run(**spec: Any) -> Json:
        answer = users.post("jobs", json=spec)
        assert answer.status_code == 201, answer.text
        return ended(users, answer.json()["id"])

    return run
