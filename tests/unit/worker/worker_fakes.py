"""An API and queues in memory for tests of the worker. They follow the protocol."""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shoal.wire.worker import (
    PROTOCOL,
    TOKEN_PROTOCOL,
    ArtifactAnswer,
    ArtifactRequest,
    Beat,
    BeatDecision,
    Effect,
    EffectAnswer,
    EffectRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    Lease,
    LeaseAnswer,
    LeaseRequest,
    PartAnswer,
    PartRequest,
    ReceivedMessage,
    RegistrationAnswer,
    RejectedType,
    Report,
    ReportAnswer,
    ReportDecision,
    ReportRequest,
    WorkerRegistration,
)

JOB = "job_" + "0" * 26
DEADLINE = 15.0


class FakeMessageSource:
    """Queues that hide received messages until `come_back`."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.visible: dict[str, deque[ReceivedMessage]] = {
            q: deque() for q in ("high", "normal", "low")
        }
        self.in_flight: dict[str, ReceivedMessage] = {}
        self.hidden: list[tuple[str, float]] = []
        self.deleted: list[str] = []
        self.limits: list[int] = []
        self.waits: list[float] = []
        self.counted = 0
        self.faults: deque[Exception] = deque()
        self._numbers = itertools.count()

    def send(self, body: str, queue: str = "normal", sent_at: float | None = None) -> str:
        with self.changed:
            receipt = f"r{next(self._numbers)}"
            self.visible[queue].append(ReceivedMessage(queue, receipt, body, sent_at))
            self.changed.notify_all()
            return receipt

    def send_chunk(self, chunk: int, queue: str = "normal") -> str:
        return self.send(f'{{"job":"{JOB}","chunk":{chunk}}}', queue)

    def receive(
        self, queue: str, *, limit: int, wait: float, visibility: float
    ) -> Sequence[ReceivedMessage]:
        del visibility
        with self.changed:
            if self.faults:
                raise self.faults.popleft()
            self.limits.append(limit)
            self.waits.append(wait)
            self.changed.notify_all()
            ready = self.visible[queue]
            self.changed.wait_for(lambda: ready, min(wait, 0.1))
            got = [ready.popleft() for _ in range(min(limit, len(ready)))]
            self.in_flight |= {each.receipt: each for each in got}
            return got

    def delete(self, deliveries: Sequence[ReceivedMessage]) -> None:
        with self.changed:
            for each in deliveries:
                self.in_flight.pop(each.receipt, None)
                self.deleted.append(each.receipt)
            self.changed.notify_all()

    def hide(self, deliveries: Sequence[ReceivedMessage], seconds: float) -> None:
        with self.changed:
            self.hidden += [(each.receipt, seconds) for each in deliveries]
            self.changed.notify_all()

    def message_count(self, queue: str) -> int:
        with self.changed:
            self.counted += 1
            self.changed.notify_all()
            in_flight = sum(each.queue == queue for each in self.in_flight.values())
            return len(self.visible[queue]) + in_flight

    def come_back(self, receipt: str) -> None:
        """Makes a hidden message visible again."""
        with self.changed:
            delivery = self.in_flight.pop(receipt)
            self.visible[delivery.queue].append(delivery)
            self.changed.notify_all()

    def wait_for(self, holds: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, DEADLINE), "deadline passed"


def token_of(chunk: int, epoch: int) -> str:
    """Returns the token of a lease."""
    return f"token-of-chunk-{chunk}-at-epoch-{epoch}"


@dataclass
class FakeChunk:
    """The state of a chunk in the API."""

    task_type: str
    inputs: Sequence[Mapping[str, Any]]
    timeout: float | None = 30.0
    isolated: bool = False
    first: int = 0
    epoch: int = 0
    refusal: Lease | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def grant(self, chunk: int, *, tokens: bool | None = True) -> Lease:
        if self.refusal is not None:
            return self.refusal
        self.epoch += 1
        given: dict[str, Any] = {
            "job_id": JOB,
            "chunk": chunk,
            "decision": "granted",
            "epoch": self.epoch,
            "token": token_of(chunk, self.epoch) if tokens else None,
            "task_type": self.task_type,
            "timeout": self.timeout,
            "isolated": self.isolated,
            "tasks": [
                {"index": self.first + i, "attempt": 1, "input": dict(each)}
                for i, each in enumerate(self.inputs)
            ],
        }
        return Lease.model_validate(given | dict(self.extra))


class FakeCallbacks:
    """Grants its chunks, and accepts every report by default. Each request must have its token."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.chunks: dict[int, FakeChunk] = {}
        self.registered: list[WorkerRegistration] = []
        self.rejected: list[RejectedType] = []
        self.lease_requests: list[LeaseRequest] = []
        self.heartbeats: list[HeartbeatRequest] = []
        self.reports: list[Report] = []
        self.report_sizes: list[int] = []
        self.report_requests: list[ReportRequest] = []
        self.uploads: list[tuple[str, bytes]] = []
        self.downloads: dict[str, bytes] = {}
        self.part_requests: list[PartRequest] = []
        self.effect_requests: list[EffectRequest] = []
        self.effects: dict[tuple[int, str], Effect] = {}
        self.faults: dict[str, deque[Exception]] = {}
        self.failures: dict[str, dict[int, Exception]] = {}
        """Calls that always fail if they contain a chunk, by call and chunk."""
        self.protocol = PROTOCOL
        self.report_decision: Callable[[Report], str] = lambda _: "accepted"
        self.beat_decision: Callable[[int], dict[str, Any]] = lambda _: {"decision": "extended"}

    def _called(self, what: str, chunks: Iterable[int] = ()) -> None:
        faults = self.faults.get(what)
        self.changed.notify_all()
        if faults:
            raise faults.popleft()
        failures = self.failures.get(what, {})
        for chunk in chunks:
            if chunk in failures:
                raise failures[chunk]

    def _check_token(
        self, *requests: Beat | Report | PartRequest | EffectRequest | ArtifactRequest
    ) -> None:
        tokens = self.protocol >= TOKEN_PROTOCOL
        for each in requests:
            assert each.token == (token_of(each.chunk, each.epoch) if tokens else None)

    def register(self, request: WorkerRegistration) -> RegistrationAnswer:
        with self.changed:
            self._called("register")
            self.registered.append(request)
            return RegistrationAnswer(
                worker=request.worker,
                registered=len(request.task_types) - len(self.rejected),
                rejected=self.rejected,
                protocol=self.protocol,
            )

    def lease(self, request: LeaseRequest) -> LeaseAnswer:
        with self.changed:
            self.lease_requests.append(request)
            self._called("lease", [each.chunk for each in request.chunks])
            return LeaseAnswer(
                leases=[
                    self.chunks[each.chunk].grant(each.chunk, tokens=request.tokens)
                    for each in request.chunks
                ]
            )

    def heartbeat(self, request: HeartbeatRequest) -> HeartbeatAnswer:
        with self.changed:
            self._check_token(*request.leases)
            self.heartbeats.append(request)
            self._called("heartbeat", [each.chunk for each in request.leases])
            return HeartbeatAnswer(
                leases=[
                    BeatDecision.model_validate(
                        {"job_id": JOB, "chunk": beat.chunk} | self.beat_decision(beat.chunk)
                    )
                    for beat in request.leases
                ]
            )

    def report(self, body: bytes) -> ReportAnswer:
        request = ReportRequest.model_validate_json(body)
        with self.changed:
            self._check_token(*request.reports)
            self.report_requests.append(request)
            self._called("report", [each.chunk for each in request.reports])
            self.reports += request.reports
            self.report_sizes.append(len(request.reports))
            return ReportAnswer(
                reports=[
                    ReportDecision.model_validate(
                        {
                            "job_id": JOB,
                            "chunk": each.chunk,
                            "decision": self.report_decision(each),
                        }
                    )
                    for each in request.reports
                ],
            )

    def part(self, request: PartRequest) -> PartAnswer:
        with self.changed:
            self._check_token(request)
            self._called("part")
            self.part_requests.append(request)
            return PartAnswer(url="https://put.invalid/1", key=f"outcomes/{request.report}")

    def upload(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        del headers
        with self.changed:
            self._called("upload")
            self.uploads.append((url, body))

    def download(self, url: str, headers: Mapping[str, str]) -> bytes:
        del headers
        with self.changed:
            self._called("download")
            return self.downloads[url]

    def effect(self, request: EffectRequest) -> EffectAnswer:
        with self.changed:
            self._check_token(request)
            self.effect_requests.append(request)
            self._called("effect")
            place = request.index, request.key
            if request.effect is not None:
                self.effects.setdefault(place, request.effect)
            return EffectAnswer(effect=self.effects.get(place))

    def artifact(self, request: ArtifactRequest) -> ArtifactAnswer:
        with self.changed:
            self._check_token(request)
            self._called("artifact")
            return ArtifactAnswer(url=None, uri=f"s3://results/{request.name}")

    def wait_for(self, holds: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(holds, DEADLINE), "deadline passed"

    def outcomes(self, chunk: int) -> dict[int, Any]:
        """Returns outcomes by index, and checks that each was reported once."""
        found: dict[int, Any] = {}
        for report in self.reports:
            if report.chunk == chunk:
                for outcome in report.outcomes:
                    assert outcome.index not in found, "reported twice"
                    found[outcome.index] = outcome
        return found

    def final(self, chunk: int) -> bool:
        return any(report.chunk == chunk and report.final for report in self.reports)


class FakeClock:
    """The clock of the machine plus an offset."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead
