"""All results of a job as one file, asked for and awaited."""

from __future__ import annotations

from typing import Final
from uuid import uuid4

from shoal.client.api import Api, segment
from shoal.client.effects import Flow, Pause
from shoal.client.errors import ExportFailed, WaitTimeout
from shoal.client.models import Json

_FIRST_LOOK: Final = 0.25
_LONGEST_LOOK: Final = 5.0


def exported(api: Api, job_id: str, timeout: float | None) -> Flow[Json]:
    """An export of a job's results once it is written; raise WaitTimeout, or ExportFailed."""
    path, pause = f"jobs/{segment(job_id)}/exports", _FIRST_LOOK
    answer = yield from api.call("POST", path, headers={"Idempotency-Key": uuid4().hex})
    export = dict(answer.json)
    until = None if timeout is None else api.now() + timeout
    while export["status"] == "RUNNING":
        if until is not None and api.now() >= until:
            raise WaitTimeout(f"{export['id']} is not written in {timeout:g} s; it goes on")
        yield Pause(pause)
        pause = min(2 * pause, _LONGEST_LOOK)
        export = dict((yield from api.read(f"{path}/{segment(export['id'])}")))
    if export["status"] != "DONE":
        raise ExportFailed(f"{export['id']} of {job_id}: {export['error'] or export['status']}")
    return export
