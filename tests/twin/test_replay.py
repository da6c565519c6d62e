"""`shoal replay` of a task that failed on a worker of the twin."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.twin import Twin
from tests.twin.polling import Json

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]


def test_replay_meets_the_same_exception_at_the_same_line(
    twin: Twin, finish: Callable[..., Json], tmp_path: Path
) -> None:
    missing = str(tmp_path / "missing")
    job = finish(task_type="needs", count=1, params={"path": missing})

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-m", "shoal", "replay", f"{job['id']}.0", "-o", "json"],
        env={
            "PATH": os.defpath,
            "HOME": str(tmp_path),
            "PYTHONPATH": str(Path(__file__).parent),
            "SHOAL_TASKS": "twin_tasks",
            "SHOAL_API_URL": twin.url,
            "SHOAL_TOKEN": twin.issuer.token(),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    said = json.loads(done.stdout)
    assert (done.returncode, said["same"]) == (0, True), done.stderr
    assert (said["error_here"], said["message_here"]) == ("FileNotFoundError", missing)
    assert said["place_here"] == said["place_there"] is not None
