"""The console in a browser, on the twin: what users do, and that no screen keeps anybody out.

The tests are those of frontend/e2e; here is what they run on. They want Chromium
(Debian: chromium) and the built console (`make console`).
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
SECONDS = 600


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium")
@pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the console: make console")
@pytest.mark.timeout(SECONDS + 120)
def test_the_console_does_what_users_do_in_a_browser(
    twin: Twin, crew: Workers, tmp_path: Path
) -> None:
    name, victim = next(iter(crew.processes.items()))
    with Console(twin.plan.console_port, twin.url, twin.issuer.url, []) as console:
        ran = subprocess.run(
            ["npx", "vitest", "run", "--config", "vitest.e2e.config.ts"],  # noqa: S607 - of PATH
            cwd=ROOT / "frontend",
            env=told(twin, console, tmp_path / "flag", victim.pid),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    victim.wait(10)
    assert crew.restart_dead() == [name]


def told(twin: Twin, console: Console, flag: Path, victim: int) -> dict[str, str]:
    """What the tests have to know: where all is, and what they may do to the platform.

    A file that tasks wait for or need, a worker to be killed, and the keys and the Python of
    `tests.twin.happening`, which is also that of `shoal`.
    """
    python = Path(sys.executable).parent
    return {
        **twin.environment(),
        "PATH": f"{python}:{NODE}:{os.environ['PATH']}",  # noqa: TID251 - where node may be
        "PYTHONPATH": str(ROOT),
        "CONSOLE_URL": console.url,
        "API_URL": twin.url,
        "CHROMIUM": str(CHROMIUM),
        "FLAG": str(flag),
        "WORKER_PID": str(victim),
    }
