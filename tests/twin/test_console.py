"""Runs the end-to-end tests of the console, in `frontend/e2e`, against the local platform.

They need Chromium (the Debian package `chromium`) and the built console (`make console`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.application import ROOT
from local.console import BUILT, Console
from local.twin import Twin
from local.workers import Workers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NODE = ROOT / ".tools" / "node" / "bin"
TIMEOUT_SECONDS = 600


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium")
@pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the console: make console")
@pytest.mark.timeout(TIMEOUT_SECONDS + 120)
@pytest.mark.usefixtures("users")  # waits until the workers have registered their task types
def test_console_passes_its_end_to_end_tests(
    twin: Twin, workers_running: Workers, tmp_path: Path
) -> None:
    name, victim = next(iter(workers_running.processes.items()))
    with Console(twin.plan.console_port, twin.url, twin.issuer.url, []) as console:
        completed = subprocess.run(
            ["npx", "vitest", "run", "--config", "vitest.e2e.config.ts"],  # noqa: S607 - npx is on the PATH below
            cwd=ROOT / "frontend",
            env=environment(twin, console, tmp_path / "flag", victim.pid),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    assert completed.returncode == 0, completed.stdout[-8000:] + completed.stderr[-2000:]
    victim.wait(10)
    assert workers_running.restart_dead() == [name]


def environment(twin: Twin, console: Console, flag: Path, victim: int) -> dict[str, str]:
    """Returns the environment of the end-to-end tests.

    It has the addresses of the platform, a file that tasks wait for, and the process ID of a
    worker that a test kills. `PATH` has the Python of `shoal` and `tests.twin.console_events`.
    """
    python = Path(sys.executable).parent
    return {
        **twin.environment(),
        "PATH": f"{python}:{NODE}:{os.environ['PATH']}",  # noqa: TID251 - extends the PATH
        "PYTHONPATH": str(ROOT),
        "CONSOLE_URL": console.url,
        "API_URL": twin.url,
        "CHROMIUM": str(CHROMIUM),
        "FLAG": str(flag),
        "WORKER_PID": str(victim),
    }
