"""`shoal worker` as a subprocess."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.worker.running_worker import Eventually

ROOT = Path(__file__).parents[3]
GOOD = """
from shoal import Retry, task

@task(retry=Retry(max_attempts=3))
def greet(name: str) -> str:
    return f"hello {name}"
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.defpath, "PYTHONPATH": str(folder), **environment}
    return subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "worker", *arguments],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_check_prints_each_type_with_its_schema(tmp_path: Path) -> None:
    (tmp_path / "greeting.py").write_text(GOOD)

    done = run(tmp_path, "check", SHOAL_TASKS="greeting")

    (offer,) = json.loads(done.stdout)
    assert (done.returncode, offer["name"]) == (0, "greet")
    assert offer["schema"]["required"] == ["name"]
    assert offer["retry"]["max_attempts"] == 3


def test_check_prints_the_import_error(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module\n")

    done = run(tmp_path, "check", SHOAL_TASKS="broken")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no_such_module" in done.stderr


def test_exit_during_the_import_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "leaves.py").write_text("raise SystemExit('no licence')\n")

    done = run(tmp_path, "check", SHOAL_TASKS="leaves")

    assert done.returncode == 1
    assert "no licence" in done.stderr


def test_modules_in_the_current_directory_are_found(tmp_path: Path) -> None:
    """The path of the installed command does not contain the current directory."""
    (tmp_path / "greeting.py").write_text(GOOD)
    program = "import sys\nsys.path.remove('')\nfrom shoal.__main__ import main\nsys.exit(main())"

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", program, "worker", "check"],
        env={"PATH": os.defpath, "SHOAL_TASKS": "greeting"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode, json.loads(done.stdout)[0]["name"]) == (0, "greet")


def test_check_without_tasks_names_the_setting(tmp_path: Path) -> None:
    done = run(tmp_path, "check")

    assert done.returncode == 1
    assert "SHOAL_TASKS" in done.stderr


def test_run_without_settings_names_the_missing_variable(tmp_path: Path) -> None:
    done = run(tmp_path, "run", SHOAL_TASKS="greeting")

    assert done.returncode == 2
    assert "SHOAL_QUEUE_NORMAL_URL" in done.stderr


@pytest.mark.parametrize("slots", ["0", "1001", "many"])
def test_invalid_slots_are_a_usage_error(tmp_path: Path, slots: str) -> None:
    assert run(tmp_path, "run", "--slots", slots).returncode == 2


def test_second_signal_exits_at_once(tmp_path: Path, eventually: Eventually) -> None:
    (tmp_path / "greeting.py").write_text(GOOD)
    variables = {
        "PATH": os.defpath,
        "PYTHONPATH": str(tmp_path),
        "SHOAL_TASKS": "greeting",
        "SHOAL_API_URL": "http://127.0.0.1:9",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "SHOAL_QUEUE_NORMAL_URL": "http://127.0.0.1:9/tasks",
    }
    log = tmp_path / "log"
    with log.open("w") as out:
        worker = subprocess.Popen(
            [sys.executable, "-m", "shoal", "worker", "run"], env=variables, stderr=out
        )
        eventually(lambda: "retrying" in log.read_text())  # it cannot register

        worker.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGTERM)

        assert worker.wait(15) in {0, 128 + signal.SIGTERM}
