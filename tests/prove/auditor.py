"""The bounds of docs/explanation/delivery.md, checked every half minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from shoal.ports.workflow import ExecutionStatus
from tests.prove.trace import shown

if TYPE_CHECKING:
    from tests.prove.world import World

type Key = tuple[object, ...]

_EVERY: Final = 30.0
_RESEND_LEASES: Final = 5
"""Leases until a lost message is sent again; the number doubles with each."""
_PASSES: Final = 3
"""Passes of the monitor until it sends a message again that is old enough."""
_MARKED_SECONDS: Final = 120.0
"""The time for which an open job may be missing on the watch list: its retry is not answered."""
_SWEEP_SECONDS: Final = 120.0
"""The time that a sweep takes, and the start of an execution."""


class Auditor:
    """Remembers since when a job lacks something that the platform has to replace."""

    def __init__(self, world: World, *, lease: float, wait: float, sweep: float) -> None:
        self._world = world
        self._lease = lease
        self._wait = wait
        self._sweep = sweep
        self._since: dict[Key, float] = {}
        self._broken: set[Key] = set()
        """What was reported."""
        self._letters: set[str] = set()

    def forget(self) -> None:
        """Reset all times, because much time has passed at once."""
        self._since.clear()

    def serve(self) -> None:
        """Check the bounds until the end of the run."""
        while True:
            self._world.simulation.sleep(_EVERY)
            self._audit()

    def _audit(self) -> None:
        world = self._world
        self._letters = {letter.body for letter in world.queue.letters}
        lacking = [
            key
            for job in world.jobs.rows
            if job.live and job.id not in world.jobs.unreadable
            for key in self._lacking(job)
        ]
        self._since = {key: at for key, at in self._since.items() if key in lacking}

    def _lacking(self, job: Job) -> Iterator[Key]:
        """Everything that the job lacks; each is checked against its bound."""
        world = self._world
        if not world.jobs.watches(job.id):
            key: Key = ("watch", job.id, job.generation)
            self._check(key, _MARKED_SECONDS, "an open job stays on the watch list", shown(job))
            yield key
        if not world.laws.calm or self._is_stuck():
            return
        if not self._runs(job):
            key, most = ("execution", job.id, job.generation), self._sweep + _SWEEP_SECONDS
            self._check(key, most, "a sweep starts the next execution in time", shown(job))
            yield key
            return  # the execution sends lost messages again
        for chunk in self._waiting(job):
            if world.queue.body(job.id, chunk.number) in self._letters:
                continue
            key = ("message", job.id, chunk.number, chunk.epoch, chunk.sends)
            most = _RESEND_LEASES * self._lease * 2.0 ** (chunk.sends - 1)
            if world.laws.resumed.get(job.id, 0.0) > world.laws.calm_at:
                most = 0.0
            most += _PASSES * self._wait + _EVERY
            how = f"{shown(job)} {shown(chunk)} sent {chunk.sends} times"
            self._check(key, most, "a lost message is sent again in time", how)
            yield key

    def _check(self, key: Key, most: float, law: str, how: str) -> None:
        now = self._world.simulation.now
        since = self._since.setdefault(key, now)
        holds = now - since <= most or key in self._broken
        self._world.laws.check(law, holds, f"{now - since:.0f} s: {how}")
        if not holds:
            self._broken.add(key)

    def _is_stuck(self) -> bool:
        """Whether a function that stalled or froze while there were faults still runs."""
        running = [actor for each in self._world.functions.running for actor in each.process.actors]
        return any(actor.began_at < self._world.laws.calm_at for actor in running)

    def _runs(self, job: Job) -> bool:
        prefix = f"{job.id}-{job.generation}-"
        return any(
            name.startswith(prefix) and run.status is ExecutionStatus.RUNNING
            for name, run in self._world.workflow.runs.items()
        )

    def _waiting(self, job: Job) -> Iterator[Chunk]:
        """The chunks that only wait for a message: it was sent in this generation."""
        if job.paused or job.ending is not None or job.enqueued_at is None:
            return
        now = self._world.simulation.now
        sent = self._world.queue.sent
        for chunk in self._world.chunks.of(job.id):
            if (
                chunk.generation == job.generation
                and not chunk.finished
                and chunk.due_at(now) <= now
                and sent.get((job.id, chunk.number), 0) == job.generation
            ):
                yield chunk
