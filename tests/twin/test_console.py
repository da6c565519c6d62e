"""The console in a browser, on the twin: what users do, and that no screen keeps anybody out.

The tests are those of frontend/e2e; here is what they run on. They want Chromium
(Debian: chromium) and the built console (`make console`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.application import ROOT
from local.console import BUILT, Console
from local.emulator import base_environment
from local.twin import Twin
from local.workers import Workers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NODE = ROOT / ".tools" / "node" / "bin"
SECONDS = 300


@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium")
@pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="needs the console: make console")
def test_the_console_does_what_users_do_in_a_browser(
    twin: Twin, crew: Workers, tmp_path: Path
) -> None:
    name, victim = next(iter(crew.processes.items()))
    with Console(twin.plan.console_port, twin.url, twin.issuer.url, []) as console:
        ran = subprocess.run(
            ["npx", "vitest", "run", "--config", "vitest.e2e.config.ts"],  # noqa: S607 - of PATH
            cwd=ROOT / "frontend",
            env={
                **base_environment(),
                "PATH": f"{NODE}:{os.environ['PATH']}",  # noqa: TID251 - where node may be
                "CONSOLE_URL": console.url,
                "API_URL": twin.url,
                "CHROMIUM": str(CHROMIUM),
                "FLAG": str(tmp_path / "flag"),
                "WORKER_PID": str(victim.pid),
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    victim.wait(10)
    assert crew.tend() == [name]
