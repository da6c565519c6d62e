"""`python -m local` as people run it: what it prints, how it ends, and what it leaves behind."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import httpx
import pytest

from local.application import ROOT
from local.emulator import base_environment
from local.leash import leash
from local.twin import free_port
from tests.twin.watching import Json, ended, eventually, results

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]  # a busy machine is slow to boot

READY: Final = "Ctrl-C stops all of it."


class Command:
    """One `python -m local`; its children are known by its home, which their environment has."""

    def __init__(self, home: Path, *words: object) -> None:
        self.home = home
        self._said = Path(mkdtemp(prefix="said-", dir=home))
        with (self._said / "out").open("wb") as out, (self._said / "err").open("wb") as err:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "local", "--home", str(home), *map(str, words)],
                cwd=ROOT,
                env={**base_environment(), "COMMAND_HOME": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=leash,  # noqa: PLW1509 - one call into libc, no lock taken
            )

    @property
    def printed(self) -> str:
        return (self._said / "out").read_text()

    @property
    def complained(self) -> str:
        return " ".join((self._said / "err").read_text().split())

    def ends(self, seconds: float = 240) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(seconds)

    def interrupted(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ends()


def left(home: Path) -> list[str]:
    """Processes whose command line or environment holds the home."""
    listed = ["ps", "axeww", "-o", "pid=,stat=,command="]
    lines = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603
    return [line for line in lines if str(home) in line and line.split()[1][0] != "Z"]


class Platform(Command):
    """`up`, with one worker."""

    def __init__(self, home: Path, *ports: int) -> None:
        self.ports = ports or (free_port(), free_port(), free_port())
        flags = zip(("--port", "--issuer-port", "--console-port"), self.ports, strict=True)
        numbers = [word for pair in flags for word in pair]
        super().__init__(home, "up", *numbers, "--tasks", 50, "--workers", 1)

    def ready(self) -> None:
        eventually(lambda: READY in self.printed or self.process.poll() is not None, seconds=240)
        assert READY in self.printed, self.complained

    def users(self) -> httpx.Client:
        token = (self.home / "token").read_text()
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.ports[0]}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )


@contextmanager
def up(home: Path, *ports: int) -> Iterator[Platform]:
    """A platform that is ready, and is killed at the end if it did not end before."""
    platform = Platform(home, *ports)
    try:
        platform.ready()
        yield platform
    finally:
        platform.process.kill()
        platform.process.wait()
        eventually(lambda: not left(home))


@pytest.fixture(scope="module")
def new_home(layer_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Makes homes in which nothing ran yet, with the layer in place."""

    def make() -> Path:
        home = tmp_path_factory.mktemp("home")
        (home / "layer").symlink_to(layer_home / "layer")
        (home / "layer.sha256").write_bytes((layer_home / "layer.sha256").read_bytes())
        return home

    return make


@pytest.fixture(scope="module")
def shared(new_home: Callable[[], Path]) -> Iterator[Platform]:
    """A platform for those who only look at it."""
    with up(new_home()) as platform:
        yield platform


def test_smoke_says_in_one_line_that_nothing_was_lost(new_home: Callable[[], Path]) -> None:
    smoke = Command(new_home(), "smoke", "--tasks", 300, "--chunk-size", 20)

    assert smoke.ends() == 0, smoke.complained
    assert re.fullmatch(
        r"COMPLETED 300/300 tasks in \d+\.\d s, \d+ tasks/s, 0 lost, 0 duplicated",
        smoke.printed.splitlines()[-1],
    )
    assert left(smoke.home) == []


def test_up_prints_three_lines_that_work(shared: Platform) -> None:
    lines = [line for line in shared.printed.splitlines() if line.startswith("curl ")]
    answers = [
        subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
        for line in lines
    ]

    one, other, several = (json.loads(answer.stdout) for answer in answers)
    assert (one["status"], one["task_count"]) == ("COMPLETED", 50)
    assert (other["task_type"], other["task_count"]) == ("cpu", 100)
    assert [job["id"] for job in several["items"]] == [other["id"], one["id"]]


def test_a_second_up_in_the_same_home_is_told_of_the_first_even_while_that_boots(
    new_home: Callable[[], Path],
) -> None:
    first = Platform(new_home())
    eventually((first.home / "processes.json").exists)

    second = Platform(first.home)
    code = second.ends()
    first.interrupted()

    running = f"a twin runs here already (process {first.process.pid}): `make down` stops it"
    assert (code, running in second.complained) == (1, True)
    assert left(first.home) == []


def test_up_on_a_taken_port_says_how_to_choose_another(
    new_home: Callable[[], Path], shared: Platform
) -> None:
    other = Platform(new_home(), free_port(), free_port(), shared.ports[2])

    assert other.ends() == 1
    assert f"port {shared.ports[2]} is taken: stop what listens there" in other.complained
    assert "choose another with `python -m local up --console-port N`" in other.complained


def test_an_interrupt_ends_all_of_it_and_an_open_job_goes_on_at_the_next_up(
    new_home: Callable[[], Path],
) -> None:
    home = new_home()
    spec = {"task_type": "io", "count": 8, "chunk_size": 1, "params": {"delay": 2}}
    with up(home) as platform, platform.users() as users:
        job: Json = users.post("jobs", json=spec).json()
        eventually(lambda: users.get(f"jobs/{job['id']}").json()["counts"]["running"])
        code = platform.interrupted()

        assert (code, left(home)) == (0, [])

    with up(home, *platform.ports) as platform, platform.users() as users:
        assert not users.get(f"jobs/{job['id']}").json()["counts"]["failed"]
        job = ended(users, job["id"])
        found = results(users, job)

    assert (job["status"], job["counts"]["completed"]) == ("COMPLETED", 8)
    assert sorted(found) == list(range(8))


def test_what_a_killed_twin_left_is_ended_by_down(new_home: Callable[[], Path]) -> None:
    home = new_home()
    with up(home) as platform:
        platform.process.kill()
        platform.process.wait()

        down = Command(home, "down")

        assert down.ends() == 0
        eventually(lambda: not left(home))
