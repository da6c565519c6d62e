"""The life of a container task: one Job found or made, watched to its end, told as an outcome.

One Job an epoch, because its name holds the epoch and Kubernetes refuses a second of that name. One
Job at a time, because whoever starts looks first at all Jobs of its task:

- of this attempt and an older epoch: its worker died, so the Job is adopted and not started again;
- of another attempt, still running: deleted, and gone before anything is started;
- of a newer epoch, or adopted by one: this run is the ghost. It touches nothing and ends.

And it looks again once it has started its own, since two may have looked at the same time.

Each adoption notes its epoch on the Job, and every deletion is conditional on the version of the
Job that was read: only the latest adopter can delete it.

When the task is cancelled its Jobs are deleted if `ctx.cancelled` says so, and left alone if the
coroutine is merely interrupted. Should a worker that has lost its lease, or leaves, look cancelled
too, then a Job that nobody has adopted yet is deleted, and the next epoch starts another. That is
the cheaper mistake: the attempt is run again, as at-least-once allows, never twice at a time; the
other way round the container of a cancelled job would go on until its deadline.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from shoal import Context, NonRetryable
from tasks.cluster import AlreadyThere, Changed, Cluster, Job, Pod, Refused, Unreachable
from tasks.container_job import ADOPTER, SETTLED, Asked, job_manifest, task_labels

_CANNOT_START: Final = {
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ImageInspectError"),
    *("ErrImageNeverPull", "RegistryUnavailable", "SignatureValidationFailed"),
    *("CreateContainerConfigError", "CreateContainerError"),
}
_DEADLINE: Final = "DeadlineExceeded"
_MESSAGE: Final = 1_000


class ContainerFailed(RuntimeError):  # noqa: N818 - the tree reads as nouns
    """The container ended with an exit code that is not 0, or its pod was lost."""


class ContainerTimeout(TimeoutError):  # noqa: N818
    """The container did not end in the time of its attempt."""


class ContainerGone(RuntimeError):  # noqa: N818
    """The Job was deleted by somebody else, and with it how it ended."""


class CannotStart(NonRetryable):
    """The image cannot be pulled or the container not be made, and another try would not help."""


class Superseded(RuntimeError):  # noqa: N818
    """A newer epoch has the task; nobody waits for what this run says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: pauses between looks, patience with what cannot start, time kept to take leave."""

    first: float = 0.2
    most: float = 3.0
    growth: float = 1.5
    start: float = 60.0
    leave: float = 5.0
    refusals: int = 5

    def pauses(self) -> Iterator[float]:
        """Ever longer, up to the longest."""
        pause = self.first
        while True:
            yield pause
            pause = min(self.most, pause * self.growth)


PACE: Final = Pace()


class Run:
    """One run of one attempt under one epoch."""

    def __init__(self, cluster: Cluster, asked: Asked, ctx: Context, pace: Pace) -> None:
        self._cluster = cluster
        self._asked = asked
        self._ctx = ctx
        self._pace = pace
        self._labels = task_labels(ctx)
        self._known: str | None = None
        """The Job that this run made or adopted."""

    async def message(self) -> str:
        """Run the container and give its termination message; raise what it failed of."""
        remaining = self._ctx.remaining
        # The worker kills what is late: time to read the tail and to delete the Job is kept.
        kept = min(self._pace.leave, remaining / 10)
        try:
            async with asyncio.timeout(remaining - kept) as time:
                job = await self._claimed()
                return await self._settled(await self._ended(job))
        except TimeoutError:
            if not time.expired():  # the container's own deadline, told by Kubernetes
                raise
            await self._leave(tail=True)
            raise ContainerTimeout(f"the container took over {remaining - kept:.0f} s") from None
        except asyncio.CancelledError:
            if self._ctx.cancelled:
                await self._leave(tail=False)
            raise

    # To get a Job.

    async def _claimed(self) -> Job:
        """The Job of this attempt, adopted or made, once no other Job of the task runs."""
        made = False
        while True:
            found = await self._ask(lambda: self._cluster.jobs(self._labels))
            mine = self._adoptable(found)
            if any(job.adopter > self._ctx.epoch for job in found):
                await self._delete_all(found)  # mine too, if it was made too late
                raise Superseded(f"a newer epoch than {self._ctx.epoch} has the task")
            for other in found:
                if other.end is None and other is not mine:
                    await self._remove(other)
            if mine is None and made:
                raise ContainerGone("the Job was deleted as soon as it was made")
            if mine is None:
                with contextlib.suppress(AlreadyThere):  # a duplicate, or an answer that was lost
                    # Left under way, it could make a Job after all were deleted.
                    await self._ask(self._create, through=True)
                made = True  # look again: a ghost may have come in between
            elif mine.adopter == self._ctx.epoch:
                self._known = mine.name
                return mine
            else:
                with contextlib.suppress(Changed):
                    await self._ask(partial(self._adopt, mine))

    def _adoptable(self, found: list[Job]) -> Job | None:
        """The Job to go on with: that of this epoch, else the latest of this attempt.

        Attempts are counted anew when a user retries a failed job, so a failure that was handed
        over belongs to the run before. A success that was not heard of counts for ever.
        """
        mine = [
            job
            for job in found
            if job.epoch == self._ctx.epoch
            or (
                job.epoch < self._ctx.epoch
                and job.attempt == self._ctx.attempt
                and not job.leaving
                and not (job.end == "Failed" and job.settled)
            )
        ]
        return max(mine, key=lambda job: job.epoch, default=None)

    def _create(self) -> None:
        service_account = self._cluster.place.service_account
        self._cluster.create(job_manifest(self._asked, self._ctx, service_account))

    def _adopt(self, job: Job) -> None:
        self._cluster.annotate(job, ADOPTER, str(self._ctx.epoch))

    # To watch it.

    async def _ended(self, job: Job) -> Job:
        """The Job once it is over; raise CannotStart if it has no prospect of starting."""
        clock = asyncio.get_running_loop().time
        pauses, stuck_since = self._pace.pauses(), None
        while True:
            seen = await self._ask(lambda: self._cluster.job(job.name))
            if seen is None or seen.uid != job.uid:
                raise ContainerGone("the Job was deleted while it ran")
            if seen.adopter > self._ctx.epoch:
                raise Superseded(f"epoch {seen.adopter} has adopted the Job")
            if seen.end is not None:
                return seen
            pod = None if seen.ready else await self._ask(lambda: self._cluster.pod(job))
            if pod is None or pod.waiting not in _CANNOT_START:
                stuck_since = None
            elif clock() - (stuck_since := stuck_since or clock()) >= self._pace.start:
                await self._delete(job.name)
                raise CannotStart(_cannot_start(self._asked.image, pod))
            await asyncio.sleep(next(pauses))

    async def _settled(self, job: Job) -> str:
        """The termination message of a success; raise what the Job failed of."""
        pod = await self._ask(lambda: self._cluster.pod(job))
        if job.end == "Complete":
            return pod.message if pod else ""
        if pod is not None:
            await self._show_tail(pod)
        await self._settle(job.name)
        if job.reason == _DEADLINE:
            raise ContainerTimeout(f"{_DEADLINE}: {job.message}")
        raise ContainerFailed(_failure(job, pod))

    async def _settle(self, name: str) -> None:
        """Note that this failure is handed over."""
        while True:
            job = await self._ask(lambda: self._cluster.job(name))
            if job is None or job.settled:
                return
            with contextlib.suppress(Changed):
                await self._ask(partial(self._cluster.annotate, job, SETTLED, str(self._ctx.epoch)))
                return

    async def _show_tail(self, pod: Pod) -> None:
        """Print the end of what the container printed, so that it becomes the failure's tail."""
        try:
            async with asyncio.timeout(self._pace.leave):
                tail = await self._ask(lambda: self._cluster.tail(pod))
        except (TimeoutError, Refused) as error:  # its node may be gone: the outcome counts
            tail = f"(what the container printed cannot be read: {error or 'no answer'})"
        sys.stderr.write(tail if tail.endswith("\n") or not tail else f"{tail}\n")

    # To take leave.

    async def _leave(self, *, tail: bool) -> None:
        """Delete what runs for the task unless a newer epoch has it, in the little time left."""
        try:
            async with asyncio.timeout(self._pace.leave):
                found = await self._ask(lambda: self._cluster.jobs(self._labels))
                known = next((job for job in found if tail and job.name == self._known), None)
                pod = await self._ask(lambda: self._cluster.pod(known)) if known else None
                if pod is not None:
                    await self._show_tail(pod)
                await self._delete_all(found)
        except (TimeoutError, Refused, Superseded) as error:
            sys.stderr.write(f"the Job may run until its deadline: {error or 'no answer'}\n")

    async def _delete_all(self, found: list[Job]) -> None:
        for job in found:
            if job.end is None and job.adopter <= self._ctx.epoch:
                await self._delete(job.name)

    async def _remove(self, job: Job) -> None:
        """Delete a Job and wait until its pod is gone too."""
        await self._delete(job.name)
        pauses = self._pace.pauses()
        while True:
            if await self._ask(lambda: self._cluster.job(job.name)) is None:
                return
            await asyncio.sleep(next(pauses))

    async def _delete(self, name: str) -> None:
        """Have the Job deleted, whatever it turns into, but not if a newer epoch adopts it."""
        while True:
            job = await self._ask(lambda: self._cluster.job(name))
            if job is None or job.leaving:
                return
            if job.adopter > self._ctx.epoch:
                raise Superseded(f"epoch {job.adopter} has adopted the Job")
            with contextlib.suppress(Changed):
                await self._ask(partial(self._cluster.delete, job))

    # To ask.

    async def _ask[T](self, call: Callable[[], T], *, through: bool = False) -> T:
        """Have a thread make the call, again while the cluster does not answer.

        A cluster that refuses is asked some more times: it does so while it starts. `through` is
        for a call that must not be left under way.
        """
        pauses, refused = self._pace.pauses(), 0
        while True:
            try:
                return await (_through(call) if through else asyncio.to_thread(call))
            except Unreachable as error:
                after = error.after
            except Refused:
                after = 0.0
                refused += 1
                if refused == self._pace.refusals:
                    raise
            await asyncio.sleep(max(next(pauses), after))


async def _through[T](call: Callable[[], T]) -> T:
    """The call in a thread, waited for even when the task is cancelled meanwhile."""
    calling = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.gather(calling, return_exceptions=True)
        raise


def _cannot_start(image: str, pod: Pod) -> str:
    return f"{pod.waiting}: the container of image {image} does not start: {pod.message[:_MESSAGE]}"


def _failure(job: Job, pod: Pod | None) -> str:
    if pod is None:
        return f"{job.reason}: its pod is gone. {job.message}"[:_MESSAGE]
    if pod.exit_code is None:
        return f"{pod.reason or job.reason}: the pod was lost. {pod.message or job.message}"
    reason = f" ({pod.reason})" if pod.reason else ""
    said = f": {pod.message[:_MESSAGE]}" if pod.message else ""
    return f"exit code {pod.exit_code}{reason}{said}"
