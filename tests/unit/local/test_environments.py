"""Execution environments that are forked."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.application import ROOT
from local.environments import Environment, Subprocess

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd")

ECHO = "import sys\nfor line in sys.stdin: print(line.strip().upper(), flush=True)\n"
FACTS = """
import json, os, sys
sys.path.append("changed")
print(json.dumps({
    "parent": os.getppid(), "path": sys.path, "argv": sys.argv, "cwd": os.getcwd(),
    "variables": dict(os.environ), "boto3": "boto3" in sys.modules,
}), flush=True)
"""
ABANDONED = """
import sys
from local.environments import Subprocess
started = Subprocess().Popen([sys.executable, sys.argv[1]], cwd=".", env={})
print(started.stdout.readline().strip())
"""

type Start = Callable[..., Environment]


@pytest.fixture(scope="module")
def processes() -> Subprocess:
    return Subprocess()


@pytest.fixture
def start(processes: Subprocess, tmp_path: Path) -> Start:
    """Returns a function that starts a script."""

    def started(source: str, **variables: str) -> Environment:
        script = tmp_path / "_worker.py"
        script.write_text(source)
        found: Environment = processes.Popen(
            [sys.executable, str(script)], cwd=str(tmp_path), env=variables, text=True
        )
        return found

    return started


def facts(environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(environment.stdout.readline())
    return found


def test_environment_has_its_own_variables_directory_and_arguments(
    start: Start, tmp_path: Path
) -> None:
    seen = facts(start(FACTS, NAME="value"))

    assert seen["variables"] == {"NAME": "value"}
    assert seen["cwd"] == str(tmp_path)
    assert seen["argv"] == [str(tmp_path / "_worker.py")]
    assert not {"", str(ROOT)} & set(seen["path"])


def test_environments_share_imports_but_no_state(start: Start) -> None:
    first, second = facts(start(FACTS)), facts(start(FACTS))

    assert first["parent"] == second["parent"] != os.getpid()
    assert first["boto3"]
    assert [seen["path"].count("changed") for seen in (first, second)] == [1, 1]


def test_packages_of_a_layer_are_imported_before_the_fork(start: Start, tmp_path: Path) -> None:
    package = tmp_path / "layer" / "python" / "shoal" / "service"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "__init__.py").write_text("import os\nORIGIN = 'layer', os.getpid()\n")
    source = "from shoal.service import ORIGIN\nimport os\nprint(*ORIGIN, os.getppid(), flush=True)"

    origin, imported_by, parent = (
        start(source, _LAMBDA_LAYERS_DIRS=str(tmp_path / "layer")).stdout.readline().split()
    )

    assert (origin, imported_by) == ("layer", parent)


def test_environment_answers_until_its_input_ends(start: Start) -> None:
    environment = start(ECHO)

    environment.stdin.write("one\n")
    answer = environment.stdout.readline()
    ended = environment.poll()
    environment.stdin.close()

    assert (answer, ended, environment.wait(10)) == ("ONE\n", None, 0)


@pytest.mark.parametrize("end", [Environment.terminate, Environment.kill])
def test_environment_ends_by_signal(start: Start, end: Callable[[Environment], None]) -> None:
    environment = start(ECHO)
    with pytest.raises(subprocess.TimeoutExpired):
        environment.wait(0.01)

    end(environment)

    assert environment.wait(10) == environment.poll() == 0
    end(environment)  # it has ended, which is not an error


def test_exception_is_written_to_stderr(start: Start) -> None:
    environment = start("raise LookupError('reason')")

    assert "LookupError: reason" in environment.stderr.read()
    assert environment.wait(10) == 0


def test_other_commands_start_as_usual() -> None:
    process = Subprocess().Popen(["sh", "-c", "exit 3"], env={})

    assert process.wait(10) == 3


def test_environment_and_fork_server_end_with_the_emulator(tmp_path: Path) -> None:
    script = tmp_path / "_worker.py"
    script.write_text(f"import os\nprint(os.getpid(), os.getppid(), flush=True)\n{ECHO}")

    emulator = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", ABANDONED, str(script)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )

    for pid in map(int, emulator.stdout.split()):
        assert ended(pid)


def ended(pid: int) -> bool:
    try:
        life = os.fdopen(os.pidfd_open(pid), "rb", buffering=0)
    except ProcessLookupError:
        return True
    with life:
        return bool(select.select([life], [], [], 10)[0])
