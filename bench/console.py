"""The console in a browser: its sizes, cold loads, tables of many rows, minutes before a live map.

Writes bench/console.md: `python -m bench.console [ROUNDS [MINUTES]]`. The script
frontend/scripts/benchmark.mjs measures in the browser, and this module prepares its data.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.console_page import Found, page
from bench.cpu import settle
from bench.job_rows import rows_of_jobs
from bench.million_tasks import CHUNK, CHUNKS, Million
from bench.table_rows import disable_streams, enable_streams, write
from local.application import ROOT
from local.console import Console
from local.emulator import base_environment
from tests.support.platform import Platform, running_platform

PAGE: Final = Path(__file__).with_name("console.md")
JOBS: Final = 10_000
MANY: Final = "tenant-0"
"""The number of jobs. The emulator sorts all of them for each page, unlike AWS."""
TENANT: Final = "tenant-1"
"""Has the million tasks, and a page of other jobs."""
ENDED: Final = CHUNKS * 3 // 10
"""The chunks of the million tasks that have ended before the first measurement."""
PAGES: Final = 20
_NODE: Final = ROOT / ".tools" / "node" / "bin"


def main() -> None:
    """Measure, and write the page."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    minutes = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # a pool that overflows
    sizes = json.loads(_node("size-limit", "--json"))
    with running_platform(wait_seconds=600) as platform:
        million = Million(TENANT, ended=ENDED)
        disable_streams(platform)
        write(platform, "JobsTableName", rows_of_jobs(JOBS, 1))
        write(platform, "JobsTableName", rows_of_jobs(50, 1, first=1))
        million.put(platform)
        settle(platform)
        with Console(
            platform.twin.plan.console_port, platform.twin.url, platform.twin.issuer.url, []
        ) as console:
            look = _Look(console.url, platform, f"/jobs/{million.job.id}")
            loads = look.loads(rounds)
            rows = look.rows()
            enable_streams(platform)
            settle(platform)
            with _moving(platform, million, _pace(minutes)):
                live = look.live(minutes)
    text = page(
        Found(sizes, loads, rows, live),
        rounds=rounds,
        minutes=minutes,
        load=os.getloadavg()[1],
        jobs=JOBS,
        ended=_pace(minutes) * 60 * minutes * CHUNK,
    )
    print(text)
    PAGE.write_text(text, encoding="utf-8")


class _Look:
    """A browser that shows the console of a platform."""

    def __init__(self, console: str, platform: Platform, million: str) -> None:
        self._console, self._at, self._million = console, platform, million

    def loads(self, rounds: int) -> Any:
        """Cold loads of the list and of the map, unthrottled and slow."""
        screens = [
            {"name": "list of jobs, first row", "path": "/jobs", "ready": "list"},
            {"name": "map of 1,000,000 tasks", "path": self._million, "ready": "map"},
        ]
        signed = [{**each, "token": self._token()} for each in screens]
        return self._asked("loads", screens=signed, rounds=rounds)

    def rows(self) -> Any:
        """Tables of very many rows, turned page by page."""
        shown = [
            {"id": each, "visible": True} for each in ("name", "status", "progress", "created")
        ]
        jobs = {
            "path": "/jobs",
            "settings": {"shoal.jobs": {"pageSize": 100, "contentDisplay": shown}},
            "link": 'tbody a[href^="/jobs/job_"]',
            "turns": PAGES - 1,
        }
        tasks = {
            "path": f"{self._million}?tab=tasks",
            "settings": {},
            "link": 'tbody a[href*="task="]',
            "turns": PAGES - 1,
        }
        signed = [{**jobs, "token": self._token(MANY)}, {**tasks, "token": self._token()}]
        return self._asked("rows", tables=signed)

    def live(self, minutes: int) -> Any:
        """Minutes before the map while its tasks move."""
        return self._asked("live", path=self._million, token=self._token(), minutes=minutes)

    def _token(self, tenant: str = TENANT) -> str:
        return self._at.twin.issuer.token(tenant=tenant)

    def _asked(self, what: str, **asked: Any) -> Any:
        figures = json.dumps({"console": self._console, **asked})
        return json.loads(_node("node", "scripts/benchmark.mjs", what, FIGURES=figures))


def _node(*command: str, **environment: str) -> str:
    """Return the output of a command of the console's packages."""
    path = f"{_NODE}:{ROOT / 'frontend' / 'node_modules' / '.bin'}:{os.environ['PATH']}"  # noqa: TID251 - where node may be
    return subprocess.run(  # noqa: S603 - our own script
        command,
        cwd=ROOT / "frontend",
        env={**base_environment(), "PATH": path, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


@contextmanager
def _moving(platform: Platform, million: Million, chunks: int) -> Iterator[None]:
    """Move this many chunks of the job each second, until `stop` is set."""
    enough = threading.Event()

    def move() -> None:
        due = time.monotonic()
        while not enough.wait(max(0.0, due - time.monotonic())):
            due += 1
            million.move(platform, chunks)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        yield
    finally:
        enough.set()
        mover.join()


def _pace(minutes: int) -> int:
    """Chunks a second that end all tasks in these minutes and half of one more."""
    return (CHUNKS - ENDED) // (minutes * 60 + 30)


if __name__ == "__main__":
    main()
