"""Runs one job on the twin, with a progress bar."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from local.application import ROOT
from local.emulator import TwinError
from local.recount import Recount
from local.twin import Twin

_POLL_SECONDS: Final = 0.5
_REGISTRATION_SECONDS: Final = 60.0
_ENDED: Final = frozenset(("COMPLETED", "FAILED", "CANCELLED"))

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FinishedJob:
    """A job that ended, and the seconds from its submission until a poll returned its end."""

    job: Json
    seconds: float


def run(
    twin: Twin, spec: Mapping[str, Any], supervise: Callable[[], None], console: Console
) -> FinishedJob:
    """Submits a job and polls it until its end. Calls `supervise` at each poll."""
    with twin.api_client() as client:
        _await_type(client, spec["task_type"], supervise)
        begun = time.monotonic()
        job = body_of(client.post("jobs", json=dict(spec)))
        job = _watched(client, job, supervise, console)
        return FinishedJob(job, time.monotonic() - begun)


def recounted(twin: Twin, job_id: str) -> Recount:
    """Recounts the tasks of a job from its rows and outcomes."""
    result = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "local.recount", job_id],
        cwd=ROOT,
        env=twin.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise TwinError(f"the recount failed: {result.stderr.strip()[-1000:]}")
    return Recount(**json.loads(result.stdout))


def body_of(response: httpx.Response) -> Json:
    """Returns the body of a response. Raises TwinError if the request failed."""
    if not response.is_success:
        raise TwinError(
            f"{response.request.url.path} answered {response.status_code}: {response.text}"
        )
    body: Json = response.json()
    return body


def _await_type(client: httpx.Client, name: str, supervise: Callable[[], None]) -> None:
    deadline = time.monotonic() + _REGISTRATION_SECONDS
    while time.monotonic() < deadline:
        supervise()
        found = body_of(client.get("task-types"))
        if any(each["name"] == name for each in found["items"]):
            return
        time.sleep(_POLL_SECONDS)
    raise TwinError(f"no worker offers the task type {name!r}; see the logs of the workers")


def _watched(
    client: httpx.Client, job: Json, supervise: Callable[[], None], console: Console
) -> Json:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    console.print(job["id"])
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(job["status"], total=job["task_count"], note="")
        while job["status"] not in _ENDED:
            time.sleep(_POLL_SECONDS)
            supervise()
            job = body_of(client.get(f"jobs/{job['id']}"))
            counts = job["counts"]
            progress.update(
                bar,
                description=job["status"],
                completed=counts["completed"] + counts["failed"] + counts["cancelled"],
                note=f"{counts['failed']} failed, {counts['retrying']} retrying",
            )
    return job
