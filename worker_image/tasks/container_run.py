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
from tasks.cluster import (
    Cluster,
    ClusterUnreachable,
    JobChanged,
    JobExists,
    KubernetesJob,
    Pod,
    Refused,
)
from tasks.container_job import ADOPTER, SETTLED, ContainerSpec, job_manifest, task_labels

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
class PollingSchedule:
    """Seconds: pauses between looks, patience with what cannot start, time kept to take leave."""

    first_delay: float = 0.2
    max_delay: float = 3.0
    growth: float = 1.5
    start_timeout: float = 60.0
    cleanup_timeout: float = 5.0
    max_refusals: int = 5

    def delays(self) -> Iterator[float]:
        """Ever longer, up to the longest."""
        delay = self.first_delay
        while True:
            yield delay
            delay = min(self.max_delay, delay * self.growth)


SCHEDULE: Final = PollingSchedule()


class ContainerRun:
    """One run of one attempt under one epoch."""

    def __init__(
        self, cluster: Cluster, spec: ContainerSpec, ctx: Context, schedule: PollingSchedule
    ) -> None:
        self._cluster = cluster
        self._spec = spec
        self._ctx = ctx
        self._schedule = schedule
        self._labels = task_labels(ctx)
        self._known: str | None = None
        """The Job that this run made or adopted."""

    async def message(self) -> str:
        """Run the container and give its termination message; raise what it failed of."""
        remaining = self._ctx.remaining
        # The worker kills what is late: time to read the tail and to delete the Job is kept.
        kept = min(self._schedule.cleanup_timeout, remaining / 10)
        try:
            async with asyncio.timeout(remaining - kept) as time:
                job = await self._claim_job()
                return await self._result_of(await self._wait_for_end(job))
        except TimeoutError:
            if not time.expired():  # the container's own deadline, told by Kubernetes
                raise
            await self._clean_up(tail=True)
            raise ContainerTimeout(f"the container took over {remaining - kept:.0f} s") from None
        except asyncio.CancelledError:
            if self._ctx.cancelled:
                await self._clean_up(tail=False)
            raise

    # To get a Job.

    async def _claim_job(self) -> KubernetesJob:
        """The Job of this attempt, adopted or made, once no other Job of the task runs."""
        created = False
        while True:
            jobs = await self._call(lambda: self._cluster.jobs(self._labels))
            own = self._job_to_resume(jobs)
            if any(job.adopter > self._ctx.epoch for job in jobs):
                await self._delete_all(jobs)  # mine too, if it was made too late
                raise Superseded(f"a newer epoch than {self._ctx.epoch} has the task")
            for other in jobs:
                if other.end is None and other is not own:
                    await self._delete_and_wait(other)
            if own is None and created:
                raise ContainerGone("the Job was deleted as soon as it was made")
            if own is None:
                with contextlib.suppress(JobExists):  # a duplicate, or an answer that was lost
                    # Left under way, it could make a Job after all were deleted.
                    await self._call(self._create, uninterrupted=True)
                created = True  # look again: a ghost may have come in between
            elif own.adopter == self._ctx.epoch:
                self._known = own.name
                return own
            else:
                with contextlib.suppress(JobChanged):
                    await self._call(partial(self._adopt, own))

    def _job_to_resume(self, jobs: list[KubernetesJob]) -> KubernetesJob | None:
        """The Job to go on with: that of this epoch, else the latest of this attempt.

        Attempts are counted anew when a user retries a failed job, so a failure that was handed
        over belongs to the run before. A success that was not heard of counts for ever.
        """
        own = [
            job
            for job in jobs
            if job.epoch == self._ctx.epoch
            or (
                job.epoch < self._ctx.epoch
                and job.attempt == self._ctx.attempt
                and not job.deleting
                and not (job.end == "Failed" and job.settled)
            )
        ]
        return max(own, key=lambda job: job.epoch, default=None)

    def _create(self) -> None:
        service_account = self._cluster.config.service_account
        self._cluster.create(job_manifest(self._spec, self._ctx, service_account))

    def _adopt(self, job: KubernetesJob) -> None:
        self._cluster.annotate(job, ADOPTER, str(self._ctx.epoch))

    # To watch it.

    async def _wait_for_end(self, job: KubernetesJob) -> KubernetesJob:
        """The Job once it is over; raise CannotStart if it has no prospect of starting."""
        clock = asyncio.get_running_loop().time
        delays, stuck_since = self._schedule.delays(), None
        while True:
            current = await self._call(lambda: self._cluster.job(job.name))
            if current is None or current.uid != job.uid:
                raise ContainerGone("the Job was deleted while it ran")
            if current.adopter > self._ctx.epoch:
                raise Superseded(f"epoch {current.adopter} has adopted the Job")
            if current.end is not None:
                return current
            pod = None if current.ready else await self._call(lambda: self._cluster.pod(job))
            if pod is None or pod.waiting not in _CANNOT_START:
                stuck_since = None
            elif clock() - (stuck_since := stuck_since or clock()) >= self._schedule.start_timeout:
                await self._delete(job.name)
                raise CannotStart(_cannot_start_message(self._spec.image, pod))
            await asyncio.sleep(next(delays))

    async def _result_of(self, job: KubernetesJob) -> str:
        """The termination message of a success; raise what the Job failed of."""
        pod = await self._call(lambda: self._cluster.pod(job))
        if job.end == "Complete":
            return pod.message if pod else ""
        if pod is not None:
            await self._print_tail(pod)
        await self._mark_settled(job.name)
        if job.reason == _DEADLINE:
            raise ContainerTimeout(f"{_DEADLINE}: {job.message}")
        raise ContainerFailed(_failure_message(job, pod))

    async def _mark_settled(self, name: str) -> None:
        """Note that this failure is handed over."""
        while True:
            job = await self._call(lambda: self._cluster.job(name))
            if job is None or job.settled:
                return
            with contextlib.suppress(JobChanged):
                await self._call(
                    partial(self._cluster.annotate, job, SETTLED, str(self._ctx.epoch))
                )
                return

    async def _print_tail(self, pod: Pod) -> None:
        """Print the end of what the container printed, so that it becomes the failure's tail."""
        try:
            async with asyncio.timeout(self._schedule.cleanup_timeout):
                tail = await self._call(lambda: self._cluster.tail(pod))
        except (TimeoutError, Refused) as error:  # its node may be gone: the outcome counts
            tail = f"(what the container printed cannot be read: {error or 'no answer'})"
        sys.stderr.write(tail if tail.endswith("\n") or not tail else f"{tail}\n")

    # To take leave.

    async def _clean_up(self, *, tail: bool) -> None:
        """Delete what runs for the task unless a newer epoch has it, in the little time left."""
        try:
            async with asyncio.timeout(self._schedule.cleanup_timeout):
                jobs = await self._call(lambda: self._cluster.jobs(self._labels))
                job = next((job for job in jobs if tail and job.name == self._known), None)
                pod = await self._call(lambda: self._cluster.pod(job)) if job else None
                if pod is not None:
                    await self._print_tail(pod)
                await self._delete_all(jobs)
        except (TimeoutError, Refused, Superseded) as error:
            sys.stderr.write(f"the Job may run until its deadline: {error or 'no answer'}\n")

    async def _delete_all(self, jobs: list[KubernetesJob]) -> None:
        for job in jobs:
            if job.end is None and job.adopter <= self._ctx.epoch:
                await self._delete(job.name)

    async def _delete_and_wait(self, job: KubernetesJob) -> None:
        """Delete a Job and wait until its pod is gone too."""
        await self._delete(job.name)
        delays = self._schedule.delays()
        while True:
            if await self._call(lambda: self._cluster.job(job.name)) is None:
                return
            await asyncio.sleep(next(delays))

    async def _delete(self, name: str) -> None:
        """Have the Job deleted, whatever it turns into, but not if a newer epoch adopts it."""
        while True:
            job = await self._call(lambda: self._cluster.job(name))
            if job is None or job.deleting:
                return
            if job.adopter > self._ctx.epoch:
                raise Superseded(f"epoch {job.adopter} has adopted the Job")
            with contextlib.suppress(JobChanged):
                await self._call(partial(self._cluster.delete, job))

    # To ask.

    async def _call[T](self, call: Callable[[], T], *, uninterrupted: bool = False) -> T:
        """Have a thread make the call, again while the cluster does not answer.

        A cluster that refuses is asked some more times: it does so while it starts. `through` is
        for a call that must not be left under way.
        """
        delays, refusals = self._schedule.delays(), 0
        while True:
            try:
                return await (_uninterrupted(call) if uninterrupted else asyncio.to_thread(call))
            except ClusterUnreachable as error:
                retry_after = error.retry_after
            except Refused:
                retry_after = 0.0
                refusals += 1
                if refusals == self._schedule.max_refusals:
                    raise
            await asyncio.sleep(max(next(delays), retry_after))


async def _uninterrupted[T](call: Callable[[], T]) -> T:
    """The call in a thread, waited for even when the task is cancelled meanwhile."""
    calling = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.gather(calling, return_exceptions=True)
        raise


def _cannot_start_message(image: str, pod: Pod) -> str:
    return f"{pod.waiting}: the container of image {image} does not start: {pod.message[:_MESSAGE]}"


def _failure_message(job: KubernetesJob, pod: Pod | None) -> str:
    if pod is None:
        return f"{job.reason}: its pod is gone. {job.message}"[:_MESSAGE]
    if pod.exit_code is None:
        return f"{pod.reason or job.reason}: the pod was lost. {pod.message or job.message}"
    reason = f" ({pod.reason})" if pod.reason else ""
    message = f": {pod.message[:_MESSAGE]}" if pod.message else ""
    return f"exit code {pod.exit_code}{reason}{message}"
