"""What each operation asks of the API, and how it reads the answers; without any I/O.

An operation is a generator: it yields a Call and is sent its Reply, or yields a Pause and is sent
nothing. The synchronous and the asynchronous client run the same operations.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from shoal.client.errors import ProblemError, ServerError, TooManyRequests, Unreachable, problem_of
from shoal.wire.jobs import (
    MAX_INPUTS_BYTES,
    ArtifactsBody,
    JobBody,
    JobPageBody,
    ResultBody,
    ResultPageBody,
    TaskBody,
    TaskPageBody,
    TaskTypeBody,
    TaskTypesBody,
    UploadBody,
)

type JSON = Mapping[str, Any]
type Query = Mapping[str, str | int | Sequence[str] | None]

JOBS_A_PAGE: Final = 100
TASKS_A_PAGE: Final = 1_000
ATTEMPTS: Final = 6
"""Of one call, for a transient fault: about half a minute in all, if the API says nothing else."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 20.0
_TRANSIENT: Final = frozenset({429, 500, 502, 503, 504})
_OK: Final = range(200, 300)
_NOT_MODIFIED: Final = 304


class Call(NamedTuple):
    """A request. A `path` that is a whole URL is not the API's, and is sent no token.

    `file` is the body where that may be large; else `body` goes as JSON.
    """

    method: str
    path: str
    query: Mapping[str, str] = {}
    body: Any = None
    headers: Mapping[str, str] = {}
    file: Path | None = None


class Pause(NamedTuple):
    """A time to wait."""

    seconds: float


class Reply(NamedTuple):
    """An answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Page[T](NamedTuple):
    """Some items, and the token of the next page (None at the end)."""

    items: Sequence[T]
    next_token: str | None


class Look(NamedTuple):
    """A job as it now is, or None if it is still as at the last look; and the tag of this look."""

    job: JobBody | None
    etag: str


type Flow[T] = Generator[Call | Pause, Reply | None, T]


def answered(call: Call) -> Flow[Reply]:
    """The answer, after retries of what is transient; raise ProblemError or Unreachable.

    Every call may be sent again: what would do something twice carries an idempotency key.
    """
    for attempt in range(1, ATTEMPTS + 1):
        wanted: float | None = None
        try:
            reply = yield call
            assert reply is not None  # noqa: S101 - whoever runs flows answers calls
            if reply.status in _OK or reply.status == _NOT_MODIFIED:
                return reply
            wanted = _retry_after(reply)
            error: ProblemError | Unreachable = problem_of(reply.status, reply.body, wanted)
        except Unreachable as unreachable:
            error = unreachable
        transient = isinstance(error, (Unreachable, TooManyRequests, ServerError))
        if isinstance(error, ProblemError) and error.status not in _TRANSIENT:
            transient = False
        if not transient or attempt == ATTEMPTS or (wanted or 0.0) > _LONGEST_PAUSE:
            raise error
        yield Pause(_pause(attempt, wanted))
    raise AssertionError("unreachable")  # pragma: no cover - the loop returns or raises


def _pause(attempt: int, wanted: float | None) -> float:
    """Seconds before the next attempt: what the API asks for and some jitter, or a growing one."""
    longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
    return (wanted or 0.0) + random.uniform(0.0, longest)  # noqa: S311 - jitter is no secret


def _retry_after(reply: Reply) -> float | None:
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _got[M: BaseModel](model: type[M], call: Call) -> Flow[M]:
    reply = yield from answered(call)
    return model.model_validate_json(reply.body)


def _query(given: Query) -> dict[str, str]:
    """Lists are joined by commas; what is not given is left out."""
    return {
        name: value if isinstance(value, str) else _joined(value)
        for name, value in given.items()
        if value is not None and value != ()
    }


def _joined(value: int | Sequence[str]) -> str:
    return str(value) if isinstance(value, int) else ",".join(value)


# Jobs


def submit(body: JSON, key: str | None) -> Flow[JobBody]:
    """Submit; one key is one job however often it is sent."""
    headers = {"Idempotency-Key": key or uuid.uuid4().hex}
    return (yield from _got(JobBody, Call("POST", "/api/v1/jobs", body=body, headers=headers)))


def upload(lines: Path) -> Flow[str]:
    """Send a file of JSON Lines; the URI to submit with."""
    place = yield from _got(UploadBody, Call("POST", "/api/v1/inputs"))
    call = Call("PUT", place.upload_url, headers=place.upload_headers, file=lines)
    try:
        yield from answered(call)
    except ProblemError as problem:
        # The store takes an object once: on a second attempt it is there already.
        if problem.status != 412:  # noqa: PLR2004 - Precondition Failed
            raise
    return place.inputs_uri


def job(job_id: str) -> Flow[JobBody]:
    """One job."""
    return (yield from _got(JobBody, Call("GET", f"/api/v1/jobs/{job_id}")))


def look(job_id: str, etag: str) -> Flow[Look]:
    """The job if it is not as it was at the look with this tag."""
    headers = {"If-None-Match": etag} if etag else {}
    reply = yield from answered(Call("GET", f"/api/v1/jobs/{job_id}", headers=headers))
    if reply.status == _NOT_MODIFIED:
        return Look(None, etag)
    return Look(JobBody.model_validate_json(reply.body), reply.headers.get("etag", ""))


def jobs(filters: Query, limit: int, token: str | None) -> Flow[Page[JobBody]]:
    """A page of jobs, newest first."""
    query = _query({**filters, "limit": limit, "next_token": token})
    page = yield from _got(JobPageBody, Call("GET", "/api/v1/jobs", query))
    return Page(page.items, page.next_token)


def steer(job_id: str, verb: str, body: JSON | None = None) -> Flow[JobBody]:
    """Cancel, pause, resume or retry; the job as it then is."""
    return (yield from _got(JobBody, Call("POST", f"/api/v1/jobs/{job_id}/{verb}", body=body)))


# Tasks


def tasks(job_id: str, filters: Query, limit: int, token: str | None) -> Flow[Page[TaskBody]]:
    """A page of a job's tasks, by index."""
    query = _query({**filters, "limit": limit, "next_token": token})
    page = yield from _got(TaskPageBody, Call("GET", f"/api/v1/jobs/{job_id}/tasks", query))
    return Page(page.items, page.next_token)


def results(job_id: str, limit: int, token: str | None) -> Flow[Page[ResultBody]]:
    """A page of what completed tasks returned, by index."""
    query = _query({"limit": limit, "next_token": token})
    page = yield from _got(ResultPageBody, Call("GET", f"/api/v1/jobs/{job_id}/results", query))
    return Page(page.items, page.next_token)


def task(task_id: str) -> Flow[TaskBody]:
    """One task."""
    return (yield from _got(TaskBody, Call("GET", f"/api/v1/tasks/{task_id}")))


def artifacts(task_id: str) -> Flow[ArtifactsBody]:
    """The files that a task stored."""
    return (yield from _got(ArtifactsBody, Call("GET", f"/api/v1/tasks/{task_id}/artifacts")))


def task_types() -> Flow[Sequence[TaskTypeBody]]:
    """What workers offer."""
    return (yield from _got(TaskTypesBody, Call("GET", "/api/v1/task-types"))).items


# Inputs


def travels(lines: Iterable[bytes], limit: int = MAX_INPUTS_BYTES) -> tuple[list[bytes], bool]:
    """Lines up to what a request may carry, and whether that was all.

    The brackets and commas of the list that they become count too.
    """
    kept: list[bytes] = []
    size = 2
    for line in lines:
        size += len(line) + 1
        kept.append(line)
        if size > limit:
            return kept, False
    return kept, True


def encoded(inputs: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Each input as a line of JSON, without its end."""
    for each in inputs:
        yield json.dumps(each, separators=(",", ":"), allow_nan=False).encode()
