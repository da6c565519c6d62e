"""Outcomes of container tasks."""

from __future__ import annotations

import pytest

from shoal import NonRetryable
from tasks import container_run
from tasks.container_run import PollingSchedule
from tests.unit.worker.container_attempts import (
    PATIENT,
    Attempt,
    each_poll,
    no_change,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import FakeKubernetes, Status


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ""),
        ("done", "done"),
        ('{"rows": 3}', {"rows": 3}),
        ("[1]", "[1]"),
        ('{"rows": NaN}', '{"rows": NaN}'),
        ('{"rows": ', '{"rows": '),
    ],
)
def test_success_returns_the_termination_message(
    fake_kubernetes: FakeKubernetes, text: str, message: object
) -> None:
    name = Attempt().name
    each_poll(
        fake_kubernetes,
        lambda: fake_kubernetes.run(name),
        lambda: fake_kubernetes.succeed(name, text),
    )

    result = outcome_of(Attempt())

    assert (result.exit_code, result.message) == (0, message)


def test_failure_contains_exit_code_reason_and_message(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 3, message="no such key")

    with pytest.raises(container_run.ContainerFailed) as failure:
        outcome_of(Attempt())

    assert str(failure.value) == "exit code 3 (Error): no such key"


def test_failure_names_an_out_of_memory_kill(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 137, reason="OOMKilled")

    with pytest.raises(container_run.ContainerFailed, match=r"exit code 137 \(OOMKilled\)"):
        outcome_of(Attempt())


def test_failure_prints_the_end_of_the_log(
    fake_kubernetes: FakeKubernetes, capsys: pytest.CaptureFixture[str]
) -> None:
    log = "".join(f"line {number:04} {'x' * 100}\n" for number in range(1_000))
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 1, log=log)

    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt())

    assert capsys.readouterr().err == log[-8_192:]


def test_failure_is_reported_without_a_readable_log(
    fake_kubernetes: FakeKubernetes,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(
        container_run,
        "SCHEDULE",
        PollingSchedule(first_delay=0.001, max_delay=0.004, cleanup_timeout=0.05),
    )
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 1, log="lost")
    fake_kubernetes.faults["get pods/log"].extend([Status(500)] * 10_000)

    with pytest.raises(container_run.ContainerFailed, match="exit code 1"):
        outcome_of(Attempt())

    assert "cannot read the log" in capsys.readouterr().err


def test_lost_pod_is_a_retryable_failure(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.lose_node

    with pytest.raises(container_run.ContainerFailed, match="the pod was deleted"):
        outcome_of(Attempt())


def test_image_that_cannot_be_pulled_fails_permanently(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.hold_up(
        name, "ImagePullBackOff", "not found"
    )

    with pytest.raises(container_run.CannotStart, match=r"ImagePullBackOff.*tools/a:1.*not found"):
        outcome_of(Attempt())

    assert issubclass(container_run.CannotStart, NonRetryable)
    assert not fake_kubernetes.jobs


def test_slow_image_pull_is_awaited(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_run, "SCHEDULE", PATIENT)
    name = Attempt().name
    each_poll(
        fake_kubernetes,
        *[lambda: fake_kubernetes.hold_up(name, "ErrImagePull")] * 5,
        lambda: fake_kubernetes.succeed(name),
    )

    assert outcome_of(Attempt()).exit_code == 0


def test_pod_without_capacity_waits(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_poll(
        fake_kubernetes,
        *[lambda: fake_kubernetes.pend(name)] * 5,
        lambda: fake_kubernetes.succeed(name),
    )

    assert outcome_of(Attempt()).exit_code == 0


def test_deadline_exceeded_is_a_timeout(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.exceed_deadline

    with pytest.raises(container_run.ContainerTimeout, match="DeadlineExceeded"):
        outcome_of(Attempt())


def test_job_that_times_out_is_deleted_and_its_log_printed(
    fake_kubernetes: FakeKubernetes, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(name: str) -> None:
        fake_kubernetes.run(name)
        fake_kubernetes.logs[f"{name}-x7k2p"] = b"still at it\n"

    fake_kubernetes.on_made = start

    with pytest.raises(container_run.ContainerTimeout, match="exceeded the timeout"):
        outcome_of(Attempt(remaining=1.5))

    assert capsys.readouterr().err == "still at it\n"
    assert not fake_kubernetes.jobs


def test_deleted_job_is_a_retryable_failure(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_poll(fake_kubernetes, lambda: fake_kubernetes.run(name), fake_kubernetes.jobs.clear)

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())


def test_pod_of_a_running_job_is_not_requested(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    fake_kubernetes.on_made = fake_kubernetes.run
    each_poll(fake_kubernetes, *[no_change] * 5, lambda: fake_kubernetes.succeed(name))

    outcome_of(Attempt())

    assert fake_kubernetes.requests.count("list pods") == 1  # for the termination message
