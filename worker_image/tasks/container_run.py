"""Runs a container task: finds or creates its Job, waits for the end and returns the outcome.

There is one Job per epoch, because its name contains the epoch and Kubernetes rejects a second Job
of that name. There is one running Job per task, because a run first lists all Jobs of its task:

- A Job of this attempt and an older epoch: its worker died, so the run adopts the Job.
- A running Job of another attempt: the run deletes it and waits until its pod has ended.
- A Job of a newer epoch, or adopted by one: this run is stale. It changes nothing and ends.

A run lists the Jobs again after it has created its own, because two runs may start concurrently.

An adoption stores its epoch on the Job, and every deletion is conditional on the version of the Job
that was read, so only the latest adopter can delete a Job.

When the coroutine is cancelled, the run deletes its Jobs only if `ctx.cancelled` is set. A worker
that lost its lease or shuts down may set it too. In this case the run may delete a Job that has not
been adopted yet, and the next epoch creates another: the attempt runs again, which at-least-once
allows, but never twice at a time. The alternative is worse: the container of a cancelled job would
keep running until its deadline.
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
    """The container exited with a code other than 0, or its pod was lost."""


class ContainerTimeout(TimeoutError):  # noqa: N818
    """The container exceeded the timeout of its attempt."""


class ContainerGone(RuntimeError):  # noqa: N818
    """The Job was deleted by another client, so its outcome is unknown."""


class CannotStart(NonRetryable):
    """The image cannot be pulled or the container cannot be created. A retry would not help."""


class Superseded(RuntimeError):  # noqa: N818
    """A newer epoch has the task, so the outcome of this run is ignored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollingSchedule:
    """Polling delays and timeouts in seconds.

    `start_timeout` is the time for a container that cannot start, `cleanup_timeout` the time
    reserved for the cleanup.
    """

    first_delay: float = 0.2
    max_delay: float = 3.0
    growth: float = 1.5
    start_timeout: float = 60.0
    cleanup_timeout: float = 5.0
    max_refusals: int = 5

    def delays(self) -> Iterator[float]:
        """Yields growing delays, up to `max_delay`."""
        delay = self.first_delay
        while True:
            yield delay
            delay = min(self.max_delay, delay * self.growth)


SCHEDULE: Final = PollingSchedule()


class ContainerRun:
    """One run of an attempt under one epoch."""

    def __init__(
        self, cluster: Cluster, spec: ContainerSpec, ctx: Context, schedule: PollingSchedule
    ) -> None:
        self._cluster = cluster
        self._spec = spec
        self._ctx = ctx
        self._schedule = schedule
        self._labels = task_labels(ctx)
        self._job_name: str | None = None
        """The name of the Job that this run created or adopted."""

    async def message(self) -> str:
        """Runs the container and returns its termination message. Raises on a failure."""
        remaining = self._ctx.remaining
        # The worker kills the task at its deadline, so reserve time to read the log and clean up.
        reserved = min(self._schedule.cleanup_timeout, remaining / 10)
        try:
            async with asyncio.timeout(remaining - reserved) as time:
                job = await self._claim_job()
                return await self._result_of(await self._wait_for_end(job))
        except TimeoutError:
            if not time.expired():  # Kubernetes reported the deadline of the Job
                raise
            await self._clean_up(tail=True)
            raise ContainerTimeout(
                f"the container exceeded the timeout of {remaining - reserved:.0f} s"
            ) from None
        except asyncio.CancelledError:
            if self._ctx.cancelled:
                await self._clean_up(tail=False)
            raise

    # Claiming a Job.

    async def _claim_job(self) -> KubernetesJob:
        """Adopts or creates the Job of this attempt, and waits until no other Job is running."""
        created = False
        while True:
            jobs = await self._call(lambda: self._cluster.jobs(self._labels))
            own = self._job_to_resume(jobs)
            if any(job.adopter > self._ctx.epoch for job in jobs):
                await self._delete_all(jobs)  # including our own, if it was created too late
                raise Superseded(f"a newer epoch than {self._ctx.epoch} has the task")
            for other in jobs:
                if other.end is None and other is not own:
                    await self._delete_and_wait(other)
            if own is None and created:
                raise ContainerGone("the Job was deleted right after its creation")
            if own is None:
                with contextlib.suppress(JobExists):  # a duplicate run, or a lost response
                    # An abandoned call could create a Job after the cleanup.
                    await self._call(self._create, uninterrupted=True)
                created = True  # list again: a stale run may have created a Job concurrently
            elif own.adopter == self._ctx.epoch:
                self._job_name = own.name
                return own
            else:
                with contextlib.suppress(JobChanged):
                    await self._call(partial(self._adopt, own))

    def _job_to_resume(self, jobs: list[KubernetesJob]) -> KubernetesJob | None:
        """Returns the Job of this epoch, or else the latest Job of this attempt.

        Attempts restart at 1 when a user retries a failed job, so a failure that was reported
        belongs to an earlier generation. An unreported success remains valid.
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

    # Watching a Job.

    async def _wait_for_end(self, job: KubernetesJob) -> KubernetesJob:
        """Waits for the end of the Job. Raises CannotStart if its container cannot start."""
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
        """Returns the termination message of a completed Job. Raises the error of a failed one."""
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
        """Annotates that the failure of the Job is reported."""
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
        """Prints the end of the container's log, which becomes the tail of the failure."""
        try:
            async with asyncio.timeout(self._schedule.cleanup_timeout):
                tail = await self._call(lambda: self._cluster.tail(pod))
        except (TimeoutError, Refused) as error:  # for example, the node was terminated
            tail = f"(cannot read the log of the container: {error or 'timeout'})"
        sys.stderr.write(tail if tail.endswith("\n") or not tail else f"{tail}\n")

    # Cleaning up.

    async def _clean_up(self, *, tail: bool) -> None:
        """Deletes the running Jobs of the task, unless a newer epoch has adopted them."""
        try:
            async with asyncio.timeout(self._schedule.cleanup_timeout):
                jobs = await self._call(lambda: self._cluster.jobs(self._labels))
                job = next((job for job in jobs if tail and job.name == self._job_name), None)
                pod = await self._call(lambda: self._cluster.pod(job)) if job else None
                if pod is not None:
                    await self._print_tail(pod)
                await self._delete_all(jobs)
        except (TimeoutError, Refused, Superseded) as error:
            sys.stderr.write(
                f"cannot delete the Job; it may run until its deadline: {error or 'timeout'}\n"
            )

    async def _delete_all(self, jobs: list[KubernetesJob]) -> None:
        for job in jobs:
            if job.end is None and job.adopter <= self._ctx.epoch:
                await self._delete(job.name)

    async def _delete_and_wait(self, job: KubernetesJob) -> None:
        """Deletes a Job and waits until its pod is deleted."""
        await self._delete(job.name)
        delays = self._schedule.delays()
        while True:
            if await self._call(lambda: self._cluster.job(job.name)) is None:
                return
            await asyncio.sleep(next(delays))

    async def _delete(self, name: str) -> None:
        """Deletes a Job, even if it changes meanwhile. Raises Superseded if it was adopted."""
        while True:
            job = await self._call(lambda: self._cluster.job(name))
            if job is None or job.deleting:
                return
            if job.adopter > self._ctx.epoch:
                raise Superseded(f"epoch {job.adopter} has adopted the Job")
            with contextlib.suppress(JobChanged):
                await self._call(partial(self._cluster.delete, job))

    # Calling the API server.

    async def _call[T](self, call: Callable[[], T], *, uninterrupted: bool = False) -> T:
        """Calls in a thread, and retries while the cluster does not respond.

        It also retries rejections a few times, because a cluster rejects calls during its start.
        With `uninterrupted`, a cancel waits for the end of the call.
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
    """Calls in a thread, and waits for the end of the call even if the task is cancelled."""
    calling = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(calling)
    except asyncio.CancelledError:
        await asyncio.gather(calling, return_exceptions=True)
        raise


def _cannot_start_message(image: str, pod: Pod) -> str:
    return f"{pod.waiting}: cannot start the container of image {image}: {pod.message[:_MESSAGE]}"


def _failure_message(job: KubernetesJob, pod: Pod | None) -> str:
    if pod is None:
        return f"{job.reason}: the pod was deleted. {job.message}"[:_MESSAGE]
    if pod.exit_code is None:
        return f"{pod.reason or job.reason}: the pod was lost. {pod.message or job.message}"
    reason = f" ({pod.reason})" if pod.reason else ""
    message = f": {pod.message[:_MESSAGE]}" if pod.message else ""
    return f"exit code {pod.exit_code}{reason}{message}"
