"""The watch list, when functions die and sweeps run between any two calls of ports."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from shoal.domain.ids import keyed_job_id
from shoal.domain.job import Repeat, Spec
from shoal.ports.workflow import ExecutionStatus
from tests.unit.service.service_harness import TENANT, ServiceHarness

CALLS = 9
"""More calls than a submit or a retry makes."""


class Died(BaseException):
    """The function was killed."""


class CallCounter:
    """Lets another actor run before one call of a port, and kills the function after one."""

    def __init__(self, between: Callable[[], object], at: int, death: int) -> None:
        self._between = between
        self._at = at
        self._death = death
        self.calls = 0

    def around(self, port: Any) -> Any:
        return _Counted(self, port)

    def make(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls == self._at:
            self._between()
        answer = call()
        if self.calls == self._death:
            raise Died
        return answer


class _Counted:
    def __init__(self, counter: CallCounter, port: Any) -> None:
        self._counter = counter
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return lambda *args, **named: self._counter.make(lambda: method(*args, **named))


ID = keyed_job_id(TENANT, "key")


def begin(
    harness: ServiceHarness, between: Callable[[], object], at: int, death: int
) -> Callable[[], object]:
    """Return a submit whose ports let others run before call `at`, and which dies after `death`."""
    submission = harness.submission
    counter = CallCounter(between, at, death)
    ports = {name: counter.around(getattr(submission, name)) for name in ("jobs", "workflow")}
    tenants = counter.around(submission.admission.tenants)
    interrupted = replace(
        submission, **ports, admission=replace(submission.admission, tenants=tenants)
    )
    return lambda: interrupted.submit(
        TENANT, Spec(task_type="noop", source=Repeat(3)), key="key", fingerprint="body"
    )


def retry(
    harness: ServiceHarness, between: Callable[[], object], at: int, death: int
) -> Callable[[], object]:
    """Return a retry of the job, interrupted like a submit."""
    counter = CallCounter(between, at, death)
    control = replace(
        harness.job_control,
        jobs=counter.around(harness.jobs),
        workflow=counter.around(harness.workflow),
    )
    return lambda: control.retry(TENANT, ID)


def run(call: Callable[[], object]) -> None:
    with suppress(Died):
        call()


def interleavings() -> list[tuple[int, int]]:
    return [(at, death) for at in range(1, CALLS) for death in range(at, CALLS)]


def assert_watched_if_live(harness: ServiceHarness) -> None:
    job = harness.jobs.get(ID)
    live = job is not None and job.live
    assert not live or harness.jobs.watches(ID)
    assert harness.tenants.get(TENANT).open_jobs == harness.jobs.watches(ID)


def failed() -> ServiceHarness:
    """A job that ended FAILED, like its execution, and is still watched."""
    harness = ServiceHarness()
    harness.submit(key="key")
    harness.begin()
    harness.drain(lambda _: True)
    harness.end(1, ExecutionStatus.FAILED)
    return harness


@pytest.mark.parametrize(("at", "death"), interleavings())
def test_submitted_job_is_watched_if_a_sweep_runs_and_the_submit_dies(at: int, death: int) -> None:
    harness = ServiceHarness()

    run(begin(harness, harness.sweep.run, at, death))

    assert_watched_if_live(harness)


@pytest.mark.parametrize(("at", "death"), interleavings())
def test_retried_job_is_watched_if_a_sweep_runs_and_the_retry_dies(at: int, death: int) -> None:
    harness = failed()

    run(retry(harness, harness.sweep.run, at, death))

    assert_watched_if_live(harness)


@pytest.mark.parametrize("at", range(1, CALLS))
@pytest.mark.parametrize("death", [1, 2, 9])
def test_job_is_watched_if_it_is_retried_while_the_sweep_recovers_it(at: int, death: int) -> None:
    """The sweep read the job as closed; the retry may die after its write."""
    harness = failed()

    def retried() -> None:
        run(retry(harness, lambda: None, 0, death))

    counter = CallCounter(retried, at, CALLS)
    recovery = replace(
        harness.recovery,
        jobs=counter.around(harness.jobs),
        workflow=counter.around(harness.workflow),
    )
    recovery.recover(ID)

    assert_watched_if_live(harness)


def test_late_removal_of_a_line_does_not_remove_the_line_of_a_retry() -> None:
    harness = failed()
    line = harness.jobs.watch_line(ID)
    assert line is not None
    harness.recovery.recover(ID)
    harness.job_control.retry(TENANT, ID)

    late = harness.jobs.stop_watching(line)

    assert not late
    assert_watched_if_live(harness)
