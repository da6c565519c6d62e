"""One twin for all tests here, with two workers, short leases and short waits.

The queue `low` is left to the worker in another language.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local import iam_recorder
from local.application import ROOT
from local.layer import SHARED, built
from local.twin import Plan, Twin, booted, free_port
from local.workers import Workers
from tests.twin.package_install import installed
from tests.twin.polling import Json, ended, eventually

HERE = Path(__file__).parent
EXAMPLE = ROOT / "examples" / "invoices"


@pytest.fixture(scope="session")
def layer_home() -> Path:
    """Return the directory of the layer, which is built once for all twins."""
    built(SHARED)
    return SHARED


@pytest.fixture(scope="session")
def new_home(layer_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that creates empty homes with the layer."""

    def make() -> Path:
        home = tmp_path_factory.mktemp("home")
        (home / "layer").symlink_to(layer_home / "layer")
        (home / "layer.sha256").write_bytes((layer_home / "layer.sha256").read_bytes())
        return home

    return make


@pytest.fixture(scope="session")
def twin(layer_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    plan = Plan(
        home=tmp_path_factory.mktemp("twin"),
        port=free_port(),
        issuer_port=free_port(),
        console_port=free_port(),
        lease_seconds=5,
        wait_seconds=3,
        layer_home=layer_home,
    )
    with booted(plan) as platform:
        yield platform
        # The whole suite ran with IAM enforced, each function under its own role.
        # Requests that are signed with unknown keys must be rejected.
        seen = httpx.get(f"{platform.url}{iam_recorder.PATH}").json()["denied"]
        denied = [each for each in seen if each[0] != iam_recorder.NOBODY]
        assert denied == [], f"IAM denied what the platform needs: {denied}"


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory for the mails and the ledger of the example's tasks."""
    return tmp_path_factory.mktemp("outside")


@pytest.fixture(scope="session")
def workers_running(
    twin: Twin, outside: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workers]:
    """Two workers with the built-in types, those of tests here, and the example's package."""
    modules, left = "tasks,twin_tasks", ("low",)
    paths = (HERE, *installed(EXAMPLE, tmp_path_factory.mktemp("packages")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INVOICES_FOLDER", str(outside))
        patch.setenv("SHOAL_TASK_ENVIRONMENT", "INVOICES_FOLDER")
        workers = twin.workers(slots=2, tasks=modules, paths=paths, leave=left)
    with workers:
        for number in (1, 2):
            workers.start(f"w-{number}")
        yield workers


@pytest.fixture(scope="session")
def users(twin: Twin, workers_running: Workers) -> Iterator[httpx.Client]:
    """A user's client, once workers have registered their task types."""
    assert workers_running.processes
    with twin.api_client() as client:
        eventually(lambda: "book" in _offered(client))  # the last that they register
        yield client


def _offered(client: httpx.Client) -> set[str]:
    return {each["name"] for each in client.get("task-types").json()["items"]}


@pytest.fixture(scope="session")
def finish(users: httpx.Client) -> Callable[..., Json]:
    """Submit a job, wait until it has ended, and return it."""

    def run(**spec: Any) -> Json:
        answer = users.post("jobs", json=spec)
        assert answer.status_code == 201, answer.text
        return ended(users, answer.json()["id"])

    return run
