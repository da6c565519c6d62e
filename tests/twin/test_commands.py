"""`python -m local`: its output, its exit codes, and its processes after the end."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.application import ROOT
from local.twin import free_port
from tests.twin.local_command import Command, Platform, left, up
from tests.twin.polling import Json, ended, eventually, results

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]  # a busy machine is slow to boot


@pytest.fixture(scope="module")
def shared(new_home: Callable[[], Path]) -> Iterator[Platform]:
    """A platform for those who only look at it."""
    with up(new_home()) as platform:
        yield platform


def test_smoke_prints_one_line_of_success(new_home: Callable[[], Path]) -> None:
    smoke = Command(new_home(), "smoke", "--tasks", 300, "--chunk-size", 20)

    assert smoke.ends() == 0, smoke.complained
    assert re.fullmatch(
        r"COMPLETED 300/300 tasks in \d+\.\d s, \d+ tasks/s, 0 lost, 0 duplicated",
        smoke.printed.splitlines()[-1],
    )
    assert left(smoke.home) == []


def test_up_prints_requests_that_work(shared: Platform) -> None:
    lines = [line for line in shared.printed.splitlines() if line.startswith("curl ")]
    answers = [
        subprocess.run(["sh", "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
        for line in lines
    ]

    one, other, several = (json.loads(answer.stdout) for answer in answers)
    assert (one["status"], one["task_count"]) == ("COMPLETED", 50)
    assert (other["task_type"], other["task_count"]) == ("cpu", 100)
    assert [job["id"] for job in several["items"]] == [other["id"], one["id"]]


def test_up_prints_a_command_that_works(shared: Platform) -> None:
    (line,) = (line for line in shared.printed.splitlines() if line.startswith("SHOAL_CONFIG="))

    listed = subprocess.run(  # noqa: S603
        ["sh", "-c", f"{line} -o jsonl"],  # noqa: S607
        cwd=ROOT,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )

    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout.splitlines()[-1])["name"] == "first"


def test_a_second_up_in_the_same_home_fails_even_while_the_first_boots(
    new_home: Callable[[], Path],
) -> None:
    first = Platform(new_home())
    eventually((first.home / "processes.json").exists)

    second = Platform(first.home)
    code = second.ends()
    first.interrupted()

    running = f"a twin is already running (process {first.process.pid}); stop it with `make down`"
    assert (code, running in second.complained) == (1, True)
    assert left(first.home) == []


def test_up_on_a_used_port_prints_how_to_choose_another(
    new_home: Callable[[], Path], shared: Platform
) -> None:
    other = Platform(new_home(), free_port(), free_port(), shared.ports[2])

    assert other.ends() == 1
    assert f"port {shared.ports[2]} is in use: stop the process that uses it" in other.complained
    assert "choose another port with `python -m local up --console-port N`" in other.complained


def test_an_interrupt_stops_everything_and_the_next_up_continues_an_open_job(
    new_home: Callable[[], Path],
) -> None:
    home = new_home()
    spec = {"task_type": "io", "inputs": [{"delay": 2}] * 8, "chunk_size": 1}
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


def test_down_stops_the_processes_of_a_killed_twin(new_home: Callable[[], Path]) -> None:
    home = new_home()
    with up(home) as platform:
        platform.process.kill()
        platform.process.wait()

        down = Command(home, "down")

        assert down.ends() == 0
        eventually(lambda: not left(home))
