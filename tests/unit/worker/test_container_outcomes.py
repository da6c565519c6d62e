"""What comes of container tasks."""

from __future__ import annotations

import pytest

from shoal import NonRetryable
from tasks import container_run
from tasks.container_run import PollingSchedule
from tests.unit.worker.container_attempts import (
    PATIENT,
    Attempt,
    each_look,
    nothing,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import FakeKubernetes, Status


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", ""),
        ("done", "done"),
        ('{"rows": 3}', {"rows": 3}),
        ("[1]", "[1]"),
        ('{"rows": NaN}', '{"rows": NaN}'),
        ('{"rows": ', '{"rows": '),
    ],
)
def test_a_success_gives_its_termination_message(
    fake_kubernetes: FakeKubernetes, said: str, told: object
) -> None:
    name = Attempt().name
    each_look(
        fake_kubernetes,
        lambda: fake_kubernetes.run(name),
        lambda: fake_kubernetes.succeed(name, said),
    )

    result = outcome_of(Attempt())

    assert (result.exit_code, result.message) == (0, told)


def test_a_failure_names_exit_code_reason_and_message(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 3, message="no such key")

    with pytest.raises(container_run.ContainerFailed) as failure:
        outcome_of(Attempt())

    assert str(failure.value) == "exit code 3 (Error): no such key"


def test_running_out_of_memory_is_named(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 137, reason="OOMKilled")

    with pytest.raises(container_run.ContainerFailed, match=r"exit code 137 \(OOMKilled\)"):
        outcome_of(Attempt())


def test_the_end_of_the_output_is_printed_with_a_failure(
    fake_kubernetes: FakeKubernetes, capsys: pytest.CaptureFixture[str]
) -> None:
    log = "".join(f"line {number:04} {'x' * 100}\n" for number in range(1_000))
    fake_kubernetes.on_made = lambda name: fake_kubernetes.fail(name, 1, log=log)

    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt())

    assert capsys.readouterr().err == log[-8_192:]


def test_a_failure_is_told_even_if_its_output_cannot_be_read(
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


def test_a_pod_that_is_lost_is_a_failure_that_may_be_retried(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.lose_node

    with pytest.raises(container_run.ContainerFailed, match="the pod was deleted"):
        outcome_of(Attempt())


def test_an_image_that_cannot_be_pulled_fails_for_good(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = lambda name: fake_kubernetes.hold_up(
        name, "ImagePullBackOff", "not found"
    )

    with pytest.raises(container_run.CannotStart, match=r"ImagePullBackOff.*tools/a:1.*not found"):
        outcome_of(Attempt())

    assert issubclass(container_run.CannotStart, NonRetryable)
    assert not fake_kubernetes.jobs


def test_an_image_that_is_slow_to_pull_is_waited_for(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_run, "SCHEDULE", PATIENT)
    name = Attempt().name
    each_look(
        fake_kubernetes,
        *[lambda: fake_kubernetes.hold_up(name, "ErrImagePull")] * 5,
        lambda: fake_kubernetes.succeed(name),
    )

    assert outcome_of(Attempt()).exit_code == 0


def test_a_pod_for_which_there_is_no_room_waits(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_look(
        fake_kubernetes,
        *[lambda: fake_kubernetes.pend(name)] * 5,
        lambda: fake_kubernetes.succeed(name),
    )

    assert outcome_of(Attempt()).exit_code == 0


def test_the_deadline_that_kubernetes_keeps_is_a_timeout(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.exceed_deadline

    with pytest.raises(container_run.ContainerTimeout, match="DeadlineExceeded"):
        outcome_of(Attempt())


def test_what_takes_too_long_is_deleted_and_shows_its_output(
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


def test_a_job_that_somebody_deletes_may_be_retried(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    each_look(fake_kubernetes, lambda: fake_kubernetes.run(name), fake_kubernetes.jobs.clear)

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())


def test_the_pod_of_a_job_that_runs_is_not_asked_for(fake_kubernetes: FakeKubernetes) -> None:
    name = Attempt().name
    fake_kubernetes.on_made = fake_kubernetes.run
    each_look(fake_kubernetes, *[nothing] * 5, lambda: fake_kubernetes.succeed(name))

    outcome_of(Attempt())

    assert fake_kubernetes.asked.count("list pods") == 1  # for the message, at the end
