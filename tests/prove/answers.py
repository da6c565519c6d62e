"""The laws for answers to workers: what they promise has been done when they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shoal.domain.tally import address
from tests.model.invariants import is_repeated
from tests.prove.faults import Fault
from tests.prove.trace import shown

if TYPE_CHECKING:
    from tests.prove.world import World

_LOSSES: Final = frozenset(
    (Fault.MESSAGE_LOST, Fault.QUEUE_WIPED, Fault.RECEIVES_EXHAUSTED, Fault.SQS_LOST)
)
"""Faults that take a message away before its worker gets the answer."""


class Answers:
    """Compares each answer with the rows, the tallies and the queue at its arrival."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._check = world.laws.check

    def told(self, noun: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """A worker got an answer."""
        if noun == "leases":
            for lease in answer["leases"]:
                self._leased(asked["worker"], asked["request_id"], lease)
        elif noun == "reports":
            for report, told in zip(asked["reports"], answer["reports"], strict=True):
                if told["decision"] == "accepted" and report["final"]:
                    self._ended(report["job_id"], report["chunk"])

    def _leased(self, worker: str, request: str, lease: Mapping[str, Any]) -> None:
        job_id, number, decision = lease["job_id"], lease["chunk"], lease["decision"]
        row = self._world.chunks.row(job_id, number)
        if row is None:
            return
        if decision == "held":
            now, held = self._world.simulation.now, row.lease
            mine = is_repeated(row, worker, request) and held is not None and now < held.until
            self._check("a repeated lease request gets its grant again", not mine, shown(row))
        if decision == "done":
            self._tallied(job_id, number)
        if decision == "cancelled":
            self._woken(job_id)

    def _tallied(self, job_id: str, number: int) -> None:
        """A chunk that is answered `done` is in its tally."""
        job, row = self._world.jobs.row(job_id), self._world.chunks.row(job_id, number)
        if job is None or row is None or not row.finished or not job.live:
            return
        tally, slot = address(number, job.chunks)
        entry = self._world.jobs.entries(job_id, tally).get(slot)
        ended = entry is not None and entry.ended(row.generation)
        self._check("a chunk that is answered done is tallied", ended, f"{entry} {shown(row)}")

    def _woken(self, job_id: str) -> None:
        """An answer that a closed job is cancelled has woken its execution."""
        job, now = self._world.jobs.row(job_id), self._world.simulation.now
        if job is None or job.live or job.token is None or job.finished_at is None:
            return
        if now - job.finished_at > 60.0:
            waits = self._world.workflow.waits_with(job.token)
            self._check("an answer `cancelled` wakes the execution", not waits, shown(job))

    def _ended(self, job_id: str, number: int) -> None:
        """A chunk whose final report was accepted has a message if tasks are left."""
        world = self._world
        job, row = world.jobs.row(job_id), world.chunks.row(job_id, number)
        if job is None or row is None or job.stopping or job.paused:
            return
        if world.faults.met.keys() & _LOSSES or row.generation != job.generation:
            return
        if row.finished or row.lease is not None:
            return
        sent = world.queue.body(job_id, number) in {each.body for each in world.queue.letters}
        self._check("a chunk that is handed back has a message", sent, shown(row))
