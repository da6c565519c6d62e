"""Export all results of a job to one file, as a flow."""

from __future__ import annotations

from typing import Final

from shoal.client.api import Api, path_segment
from shoal.client.effects import Flow, Sleep
from shoal.client.errors import ExportFailed, WaitTimeout
from shoal.client.models import Json

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0


def export_results(api: Api, job_id: str, timeout: float | None) -> Flow[Json]:
    """Export a job's results and return the finished export; raise WaitTimeout or ExportFailed."""
    path, pause = f"jobs/{path_segment(job_id)}/exports", _FIRST_PAUSE
    export = yield from api.create(path, None, None)
    deadline = None if timeout is None else api.now() + timeout
    while export["status"] == "RUNNING":
        if deadline is not None and api.now() >= deadline:
            raise WaitTimeout(
                f"export {export['id']} did not end within {timeout:g} s; it continues to run"
            )
        yield Sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
        export = yield from api.read(f"{path}/{path_segment(export['id'])}")
    if export["status"] != "DONE":
        reason = export["error"] or export["status"]
        raise ExportFailed(f"export {export['id']} of {job_id} failed: {reason}")
    return dict(export)
