"""From a report to those who listen: how long a delta takes, to one subscriber and to a hundred.

Chunks of a job are reported one by one, at moments that keep no step with the platform's second.
A delay runs from the report's answer to the first delta that counts its tasks.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import uuid4

from websockets.asyncio.client import ClientConnection, connect

from bench.tables import markdown, show
from tests.support.platform import Platform, running_platform, running_workers
from tests.support.worker_calls import WorkerCalls, completed_outcomes

PAGE: Final = Path(__file__).with_name("live.md")
CHUNK: Final = 10
REPORTS: Final = 60
CROWDS: Final = (1, 100)
BETWEEN: Final = (1.5, 3.0)
"""Seconds: beyond the one delta a second that a job has, so that no report waits for another's."""
LATEST: Final = 30.0


def main() -> None:
    """Print the table."""
    with running_platform(lease_seconds=600, wait_seconds=600) as platform:
        with running_workers(platform, 1):
            pass  # it registers the types of tasks, and leaves the work to this bench
        rows = [asyncio.run(_crowd(platform, size)) for size in CROWDS]
    columns = ("subscribers of the job", "p50", "p99", "the last of them, p50", "p99", "never")
    show(f"Seconds from a report to its subscribers, {REPORTS} reports", columns, rows)
    PAGE.write_text(_page(columns, rows))


def _page(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return f"""# From a report to those who listen

`python -m bench live`: seconds from the answer to a worker's report to the delta that counts its
tasks, at every subscriber of the job, over {REPORTS} reports on a twin. Changes are gathered for a
second before they are sent, so one second is waiting by design.

{markdown(columns, rows)}

The emulator, its functions and the subscribers share the cores of one machine (load average
{os.getloadavg()[1]:.1f} meanwhile).
"""


async def _crowd(platform: Platform, size: int) -> tuple[Any, ...]:
    job_id = platform.submit(task_type="noop", count=CHUNK * (REPORTS + 2), chunk_size=CHUNK)
    calls = WorkerCalls(platform)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(_connected(platform)) for _ in range(size)]
        for socket in sockets:
            await socket.send(json.dumps({"action": "subscribe", "job": job_id}))
        heard = [_Heard(socket) for socket in sockets]
        ears = [asyncio.create_task(each.listen()) for each in heard]
        await asyncio.to_thread(_report, calls, job_id, 0)  # warms what it goes through
        await _all_have(heard, CHUNK)
        delays: list[list[float]] = []
        for number in range(1, REPORTS + 1):
            await asyncio.sleep(random.uniform(*BETWEEN))  # noqa: S311 - no secret
            at_once = await asyncio.to_thread(_report, calls, job_id, number)
            done = CHUNK * (number + 1)
            await _all_have(heard, done)
            delays.append([each.when[done] - at_once for each in heard if done in each.when])
        for ear in ears:
            ear.cancel()
    platform.users.post(f"/jobs/{job_id}/cancel").raise_for_status()
    each = [seconds for report in delays for seconds in report]
    last = [max(report) for report in delays if len(report) == size]
    lost = size * REPORTS - len(each)
    return size, *_cuts(each), *_cuts(last), lost


def _connected(platform: Platform) -> connect:
    ticket = platform.users.post("/live-tickets").raise_for_status().json()
    return connect(f"{ticket['url']}?ticket={ticket['ticket']}", open_timeout=60)


class _Heard:
    """The times at which a subscriber first saw each number of completed tasks."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.when: dict[int, float] = {}
        self.news = asyncio.Event()

    async def listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if message["type"] == "delta":
                self.when.setdefault(message["counts"]["completed"], time.perf_counter())
                self.news.set()


async def _all_have(heard: list[_Heard], done: int) -> None:
    """Wait until all have received it, or until the deadline."""
    until = time.perf_counter() + LATEST
    for each in heard:
        while done not in each.when and time.perf_counter() < until:
            each.news.clear()
            try:
                await asyncio.wait_for(each.news.wait(), until - time.perf_counter())
            except TimeoutError:
                break


def _report(calls: WorkerCalls, job_id: str, chunk: int) -> float:
    """Lease a chunk and report it complete; the moment at which that was answered."""
    place = {"job_id": job_id, "chunk": chunk}
    lease = _lease(calls, place)
    entry = {
        **place,
        "epoch": lease["epoch"],
        "token": lease["token"],
        "report": 1,
        "final": True,
        "outcomes": completed_outcomes(lease["tasks"]),
    }
    answer = calls.post("reports", {"worker": "bench", "reports": [entry]}).raise_for_status()
    moment = time.perf_counter()
    (said,) = answer.json()["reports"]
    if said["decision"] != "accepted":
        raise SystemExit(f"the report of chunk {chunk} was {said['decision']}")
    return moment


def _lease(calls: WorkerCalls, place: dict[str, Any]) -> Any:
    """A lease of a chunk, once it is made."""
    for _ in range(300):
        request = {"worker": "bench", "request_id": uuid4().hex, "tokens": True}
        asked = {**request, "chunks": [place]}
        (lease,) = calls.post("leases", asked).raise_for_status().json()["leases"]
        if lease["decision"] == "granted":
            return lease
        time.sleep(0.1)
    raise SystemExit(f"{place} is {lease['decision']}")


def _cuts(seconds: list[float]) -> tuple[str, str]:
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49]:.2f}", f"{cuts[98]:.2f}"
