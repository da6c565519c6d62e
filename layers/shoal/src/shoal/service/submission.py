"""Submits and clones jobs.

Protocol step 1 in docs/explanation/architecture.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from shoal.domain import ids, sizing
from shoal.domain.errors import (
    IdempotencyConflict,
    IllegalMove,
    InputsNotFound,
    InvalidRequest,
    LimitReached,
    UnknownTaskType,
)
from shoal.domain.grid import Grid, Json
from shoal.domain.job import DAY, LONGEST_LIFE, Job, Lines, Repeat, Spec
from shoal.domain.limits import Limits
from shoal.ports.blobs import BlobStore, UploadLink
from shoal.ports.clock import Clock, Entropy
from shoal.ports.jobs import JobStore
from shoal.ports.task_types import TaskType, TypeRegistry
from shoal.ports.workflow import Workflow
from shoal.service.admission import Admission
from shoal.service.input_validation import input_checker
from shoal.service.job_access import owned_job

UPLOAD_SECONDS = 3_600
MAX_PROBLEMS = 20
_SUFFIX = ".jsonl"
DEFAULT_TIMEOUT = 300.0
"""Seconds per attempt, if neither the user nor the task type sets a timeout."""


class Submitted(NamedTuple):
    """The job, and whether an earlier request with the same key submitted it."""

    job: Job
    replayed: bool


class Upload(NamedTuple):
    """A link to upload inputs, its expiry, and the URI to submit them with."""

    uri: str
    link: UploadLink
    expires_at: float


@dataclass(frozen=True, slots=True)
class Submission:
    """The submission of jobs."""

    jobs: JobStore
    types: TypeRegistry
    blobs: BlobStore
    workflow: Workflow
    clock: Clock
    entropy: Entropy
    admission: Admission

    def submit(
        self,
        tenant: str,
        spec: Spec,
        *,
        inputs: Sequence[Mapping[str, Json]] | None = None,
        inputs_uri: str | None = None,
        key: str | None,
        fingerprint: str,
        trace: str = "",
    ) -> Submitted:
        """Write the job and start its execution, once per idempotency key.

        `inputs` or `inputs_uri` replace the spec's source. `fingerprint` is a hash of the request's
        body: the same key with another fingerprint raises IdempotencyConflict. A rejected request
        stores nothing, whether it is invalid or raises LimitReached.
        """
        now = self.clock.now()
        job_id = (
            ids.new_job_id(now, self.entropy.bytes())
            if key is None
            else ids.keyed_job_id(tenant, key)
        )
        before = self.jobs.get(job_id) if key is not None else None
        if before is not None:
            return self._replay(before, fingerprint)
        spec = self._checked(tenant, spec, inputs, inputs_uri)
        tasks = len(inputs) if inputs is not None else _count(spec)
        draft = Job(
            id=job_id,
            tenant=tenant,
            spec=spec,
            fingerprint=fingerprint,
            created_at=now,
            trace=trace,
            task_count=tasks,
        )
        self.jobs.check_size(draft)

        def job_under(limits: Limits) -> Job:
            stored = spec
            if inputs is not None:
                stored = replace(spec, source=self._store(job_id, fingerprint, inputs))
            retention = limits.retention_days * DAY
            expires_at = int(now) + LONGEST_LIFE + retention
            return replace(draft, spec=stored, expires_at=expires_at, retention=retention)

        try:
            job = self.admission.admit(tenant, tasks or 1, job_under)
        except LimitReached:
            before = self.jobs.get(job_id)
            if before is not None:  # a concurrent equal request took the last place
                return self._replay(before, fingerprint)
            raise
        if job is None:
            before = self.jobs.get(job_id)
            if before is None:
                raise IllegalMove("the job with this Idempotency-Key has expired; use another key")
            return self._replay(before, fingerprint)
        self.workflow.start(job_id, job.generation, 1)
        return Submitted(job, replayed=False)

    def clone(
        self,
        tenant: str,
        job_id: str,
        changes: Mapping[str, Any],
        *,
        key: str | None,
        fingerprint: str,
        trace: str = "",
    ) -> Submitted:
        """Submit a copy of a job with changes to its spec, as `submit` does.

        PlanTasks copies the stored inputs; raises IllegalMove if they have expired. The copy has a
        deadline only if the changes contain one.
        """
        job = owned_job(self.jobs, tenant, job_id)
        source = job.spec.source
        if isinstance(source, Lines):
            source = replace(source, count=job.task_count)
        spec = replace(job.spec, source=source, deadline=None)
        spec = replace(spec, **changes)
        return self.submit(tenant, spec, key=key, fingerprint=fingerprint, trace=trace)

    def upload(self, tenant: str, size: int | None = None) -> Upload:
        """Create a link to upload inputs: of exactly `size` bytes, if it is given."""
        now = self.clock.now()
        name = ids.new_job_id(now, self.entropy.bytes()).removeprefix("job_")
        key = f"{_upload_prefix(tenant)}{name}{_SUFFIX}"
        link = self.blobs.upload_link(key, seconds=UPLOAD_SECONDS, size=size)
        return Upload(self.blobs.uri(key), link, now + UPLOAD_SECONDS)

    def _replay(self, job: Job, fingerprint: str) -> Submitted:
        if job.fingerprint != fingerprint:
            raise IdempotencyConflict
        if job.deleted_at is not None:
            raise IllegalMove("the job with this Idempotency-Key has been deleted")
        if job.live:
            self.workflow.start(job.id, job.generation, 1)
        return Submitted(job, replayed=True)

    def _checked(
        self,
        tenant: str,
        spec: Spec,
        inputs: Sequence[Mapping[str, Json]] | None,
        inputs_uri: str | None,
    ) -> Spec:
        task_type = self.types.get(spec.task_type)
        if task_type is None:
            raise UnknownTaskType(spec.task_type)
        if spec.deadline is not None and spec.deadline <= self.clock.now():
            raise _invalid("deadline", "must be in the future")
        spec = replace(
            spec,
            timeout=spec.timeout or task_type.timeout or DEFAULT_TIMEOUT,
            retry=spec.retry or task_type.retry,
        )
        if inputs_uri is not None:
            return replace(spec, source=Lines(self._uploaded(tenant, inputs_uri)))
        if isinstance(spec.source, Lines) and spec.source.key:  # PlanTasks validates its lines
            if self.blobs.size(spec.source.key) is None:
                raise IllegalMove("the inputs of the job have expired")
            return spec
        count = len(inputs) if inputs is not None else _count(spec)
        _check_size(spec, count or 0)
        samples = enumerate(inputs) if inputs is not None else _samples(spec)
        _check_inputs(task_type, spec, samples)
        return spec

    def _uploaded(self, tenant: str, uri: str) -> str:
        key = self.blobs.key_of(uri)
        if key is None or not _is_upload(key, tenant):
            raise _invalid("inputs_uri", "must be a URI from POST /api/v1/inputs")
        size = self.blobs.size(key)
        if size is None:
            raise InputsNotFound(uri)
        if not 0 < size <= sizing.MAX_INPUT_BYTES:
            problem = f"refers to {size} bytes; must be 1 to {sizing.MAX_INPUT_BYTES} bytes"
            raise _invalid("inputs_uri", problem)
        return key

    def _store(self, job_id: str, fingerprint: str, inputs: Sequence[Mapping[str, Json]]) -> Lines:
        lines = "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in inputs)
        key = f"inputs/{job_id}/{fingerprint}.jsonl"
        self.blobs.put(key, lines.encode())
        return Lines(key, len(inputs))


def fingerprint(body: Json) -> str:
    """Return a hash that is the same for equal JSON, whatever the order of its fields."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _upload_prefix(tenant: str) -> str:
    return f"uploads/{tenant}/"


def _is_upload(key: str, tenant: str) -> bool:
    """Return whether the key came from `Submission.upload`: no other name, no subdirectory."""
    prefix = _upload_prefix(tenant)
    name = key.removeprefix(prefix).removesuffix(_SUFFIX)
    return key == f"{prefix}{name}{_SUFFIX}" and ids.is_job_id(f"job_{name}")


def _count(spec: Spec) -> int | None:
    source = spec.source
    return source.size if isinstance(source, Grid) else source.count


def _invalid(field: str, message: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {message}", [(field, message)])


def _field(spec: Spec) -> str:
    return {Repeat: "count", Grid: "grid", Lines: "inputs"}[type(spec.source)]


def _check_size(spec: Spec, count: int) -> None:
    if not 1 <= count <= sizing.MAX_TASKS:
        raise _invalid(_field(spec), f"defines {count} tasks; must be 1 to {sizing.MAX_TASKS}")
    least = sizing.smallest_size(count)
    if spec.chunk_size != "auto" and spec.chunk_size < least:
        raise _invalid("chunk_size", f"must be at least {least} for {count} tasks")


def _samples(spec: Spec) -> Iterator[tuple[int, Mapping[str, Json]]]:
    """Yield inputs with every value of every axis; for a range, only its first and last value."""
    source = spec.source
    if not isinstance(source, Grid):
        yield 0, {}
        return
    corner = source.cell(0)
    yield 0, corner
    for name, values in source.axes.items():
        ends = (values[0], values[-1]) if isinstance(values, range) else values
        yield from ((0, {**corner, name: value}) for value in ends)


def _check_inputs(
    task_type: TaskType, spec: Spec, samples: Iterator[tuple[int, Mapping[str, Json]]]
) -> None:
    check, field = input_checker(task_type.schema), _field(spec)
    problems = []
    for index, own in samples:
        mismatch = check({**spec.params, **own})
        if mismatch is not None:
            where = f"inputs[{index}]" if field == "inputs" else "params"
            problems.append((where, str(mismatch)))
            if len(problems) == MAX_PROBLEMS:
                break
    if problems:
        raise InvalidRequest(f"invalid input for task type {task_type.name!r}", problems)
