"""Container tasks, through the official client, against a Kubernetes API that keeps state."""

from __future__ import annotations

import asyncio
import random
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from shoal import Context, NonRetryable
from shoal.sdk import InvalidInput
from tasks import cluster, container, container_run
from tasks.container import ContainerResult
from tasks.container_job import Asked, job_manifest, job_name
from tasks.container_run import Pace
from tests.unit.worker.kubernetes_stand_in import DROP, HANG, LOSE, Fault, StandIn, Status

JOB = "job_01J9ZK3V5W7X8Y9Z0A1B2C3D4E"
GUIDE = Path(__file__).parents[3] / "docs/how-to/container-tasks.md"
QUICK = Pace(first=0.001, most=0.004, start=0.0, leave=10.0)
PATIENT = Pace(first=0.001, most=0.004, start=3_600.0, leave=10.0)


@dataclass
class Attempt:
    """What a container task reads of its context."""

    epoch: int = 1
    attempt: int = 1
    index: int = 7
    remaining: float = 60.0
    cancelled: bool = False
    job_id: str = JOB

    @property
    def task_id(self) -> str:
        return f"{self.job_id}.{self.index}"

    @property
    def name(self) -> str:
        return job_name(cast("Context", self))

    def manifest(self) -> dict[str, Any]:
        asked = Asked(image="tools/a:1", env={}, cpu="1", memory="1Gi", user=None, read_only=True)
        return job_manifest(asked, cast("Context", self), "shoal-task")

    async def run(self, **given: Any) -> ContainerResult:
        """Run the task as a worker does."""
        arguments = container.arguments({"image": "tools/a:1"} | given, cast("Context", self))
        return await container(**arguments)

    async def run_until_cancelled(self, stand_in: StandIn, when: str, *, flag: bool = True) -> None:
        """Run it, cancelled by the worker just before a request."""
        loop, running = asyncio.get_running_loop(), asyncio.ensure_future(self.run())

        def cancel() -> None:
            self.cancelled = flag
            loop.call_soon_threadsafe(running.cancel)

        stand_in.before[when].append(cancel)
        with pytest.raises(asyncio.CancelledError):
            await running


def outcome_of(attempt: Attempt, **given: Any) -> ContainerResult:
    return asyncio.run(attempt.run(**given))


def verbs_of_the_guide() -> set[str]:
    block = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)[0]
    role = next(each for each in yaml.safe_load_all(block) if each["kind"] == "Role")
    return {
        f"{verb} {resource}"
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A cluster in which the worker may do what the guide says, and no more."""
    monkeypatch.delenv("SHOAL_CONTAINER_NAMESPACE", raising=False)
    monkeypatch.delenv("SHOAL_CONTAINER_SERVICE_ACCOUNT", raising=False)
    monkeypatch.setattr(container_run, "PACE", QUICK)
    with StandIn(role=verbs_of_the_guide()) as here:
        monkeypatch.setenv("KUBECONFIG", str(here.kubeconfig(tmp_path)))
        yield here


def each_look(stand_in: StandIn, *steps: Callable[[], None]) -> None:
    """Have the steps happen, one before each look at the Job."""
    stand_in.before["get jobs"].extend(steps)


def nothing() -> None:
    """The world stays as it is."""


# What is asked of Kubernetes.


def test_a_job_asks_for_what_the_task_was_given(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.succeed
    attempt = Attempt(epoch=3, attempt=2)

    outcome_of(
        attempt,
        command=["resize"],
        args=["--key", "a"],
        env={"LEVEL": "9"},
        cpu="2",
        memory="4Gi",
        user=1000,
        read_only=False,
    )

    job = stand_in.jobs[attempt.name]
    pod = job["spec"]["template"]["spec"]
    main = pod["containers"][0]
    assert job["metadata"]["namespace"] == "shoal-tasks"
    assert job["metadata"]["labels"] == {
        "shoal/job": JOB,
        "shoal/index": "7",
        "shoal/attempt": "2",
        "shoal/epoch": "3",
        "app.kubernetes.io/managed-by": "shoal",
    }
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["activeDeadlineSeconds"] == 60
    assert job["spec"]["ttlSecondsAfterFinished"] == 3_600
    assert pod["restartPolicy"] == "Never"
    assert pod["serviceAccountName"] == "shoal-task"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsUser"] == 1000
    assert (main["image"], main["command"], main["args"]) == (
        "tools/a:1",
        ["resize"],
        ["--key", "a"],
    )
    assert main["resources"]["requests"] == main["resources"]["limits"]
    assert main["resources"]["limits"] == {"cpu": "2", "memory": "4Gi"}
    assert main["securityContext"]["readOnlyRootFilesystem"] is False
    assert main["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_an_image_keeps_its_own_command_and_may_write_to_tmp_alone() -> None:
    pod = Attempt().manifest()["spec"]["template"]["spec"]

    main = pod["containers"][0]
    assert not {"command", "args"} & main.keys()
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert main["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - in the container
    assert pod["volumes"][0]["emptyDir"] == {"sizeLimit": "1Gi"}


def test_the_container_learns_its_task_and_users_cannot_forge_it(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.succeed
    attempt = Attempt(attempt=2)

    outcome_of(attempt, env={"SHOAL_TASK_ID": "another", "OWN": "1"})

    main = stand_in.jobs[attempt.name]["spec"]["template"]["spec"]["containers"][0]
    assert {each["name"]: each["value"] for each in main["env"]} == {
        "OWN": "1",
        "SHOAL_JOB_ID": JOB,
        "SHOAL_TASK_INDEX": "7",
        "SHOAL_TASK_ID": f"{JOB}.7",
        "SHOAL_ATTEMPT": "2",
        "SHOAL_IDEMPOTENCY_KEY": f"{JOB}.7",
    }


def test_namespace_and_service_account_are_the_deployments(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_CONTAINER_NAMESPACE", "batch")
    monkeypatch.setenv("SHOAL_CONTAINER_SERVICE_ACCOUNT", "runner")
    stand_in.namespace = "batch"
    stand_in.on_made = stand_in.succeed

    outcome_of(Attempt())

    job = stand_in.jobs[Attempt().name]
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "runner"


def test_the_longest_name_is_a_dns_label_with_room_for_the_pods_suffix() -> None:
    name = Attempt(index=999_999, epoch=9_999_999_999).name

    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63 - len("-x7k2p")


def test_each_task_and_each_epoch_has_a_name_of_its_own() -> None:
    attempts = [Attempt(index=index, epoch=epoch) for index in (1, 11) for epoch in (1, 11)]

    assert len({attempt.name for attempt in attempts}) == 4


@pytest.mark.parametrize(
    "image",
    [
        *("alpine", "alpine:3.22", "team/tool", "host.test:5000/a/b-c__d:v1.0"),
        f"host.test/a@sha256:{'0' * 64}",
        f"host.test/a:1@sha256:{'0' * 64}",
    ],
)
def test_images_that_are_accepted(image: str) -> None:
    assert container.arguments({"image": image}, None)["image"] == image


@pytest.mark.parametrize(
    "given",
    [
        *({}, {"image": ""}, {"image": "Alpine"}, {"image": "a b"}, {"image": "a:1\n"}),
        *({"image": "a@sha256:12"}, {"image": "-a"}, {"image": "a" * 600}),
        *({"image": "a", "env": {name: "x"}} for name in ("", "1A", "A-B", "A=B", "A" * 200)),
        *({"image": "a", "cpu": cpu} for cpu in ("", "0m", "-1", "1.2345", "lots", "1e3")),
        *({"image": "a", "memory": size} for size in ("", "0Mi", "512", "512M", "1.5Gi")),
        *({"image": "a", "user": user} for user in (0, -1, "root")),
        *({"image": "a", "command": command} for command in ("sh", ["x"] * 300, [1])),
        {"image": "a", "privileged": True},
    ],
)
def test_inputs_that_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        container.arguments(given, None)


# Outcomes.


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
    stand_in: StandIn, said: str, told: object
) -> None:
    name = Attempt().name
    each_look(stand_in, lambda: stand_in.run(name), lambda: stand_in.succeed(name, said))

    result = outcome_of(Attempt())

    assert (result.exit_code, result.message) == (0, told)


def test_a_failure_names_exit_code_reason_and_message(stand_in: StandIn) -> None:
    stand_in.on_made = lambda name: stand_in.fail(name, 3, message="no such key")

    with pytest.raises(container_run.ContainerFailed) as failure:
        outcome_of(Attempt())

    assert str(failure.value) == "exit code 3 (Error): no such key"


def test_running_out_of_memory_is_named(stand_in: StandIn) -> None:
    stand_in.on_made = lambda name: stand_in.fail(name, 137, reason="OOMKilled")

    with pytest.raises(container_run.ContainerFailed, match=r"exit code 137 \(OOMKilled\)"):
        outcome_of(Attempt())


def test_the_end_of_the_output_is_printed_with_a_failure(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    log = "".join(f"line {number:04} {'x' * 100}\n" for number in range(1_000))
    stand_in.on_made = lambda name: stand_in.fail(name, 1, log=log)

    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt())

    assert capsys.readouterr().err == log[-8_192:]


def test_a_failure_is_told_even_if_its_output_cannot_be_read(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(container_run, "PACE", Pace(first=0.001, most=0.004, leave=0.05))
    stand_in.on_made = lambda name: stand_in.fail(name, 1, log="lost")
    stand_in.faults["get pods/log"].extend([Status(500)] * 10_000)

    with pytest.raises(container_run.ContainerFailed, match="exit code 1"):
        outcome_of(Attempt())

    assert "cannot be read" in capsys.readouterr().err


def test_a_pod_that_is_lost_is_a_failure_that_may_be_retried(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.lose_node

    with pytest.raises(container_run.ContainerFailed, match="its pod is gone"):
        outcome_of(Attempt())


def test_an_image_that_cannot_be_pulled_fails_for_good(stand_in: StandIn) -> None:
    stand_in.on_made = lambda name: stand_in.hold_up(name, "ImagePullBackOff", "not found")

    with pytest.raises(container_run.CannotStart, match=r"ImagePullBackOff.*tools/a:1.*not found"):
        outcome_of(Attempt())

    assert issubclass(container_run.CannotStart, NonRetryable)
    assert not stand_in.jobs


def test_an_image_that_is_slow_to_pull_is_waited_for(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_run, "PACE", PATIENT)
    name = Attempt().name
    each_look(
        stand_in,
        *[lambda: stand_in.hold_up(name, "ErrImagePull")] * 5,
        lambda: stand_in.succeed(name),
    )

    assert outcome_of(Attempt()).exit_code == 0


def test_a_pod_for_which_there_is_no_room_waits(stand_in: StandIn) -> None:
    name = Attempt().name
    each_look(stand_in, *[lambda: stand_in.pend(name)] * 5, lambda: stand_in.succeed(name))

    assert outcome_of(Attempt()).exit_code == 0


def test_the_deadline_that_kubernetes_keeps_is_a_timeout(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.exceed_deadline

    with pytest.raises(container_run.ContainerTimeout, match="DeadlineExceeded"):
        outcome_of(Attempt())


def test_what_takes_too_long_is_deleted_and_shows_its_output(
    stand_in: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(name: str) -> None:
        stand_in.run(name)
        stand_in.logs[f"{name}-x7k2p"] = b"still at it\n"

    stand_in.on_made = start

    with pytest.raises(container_run.ContainerTimeout, match="took over"):
        outcome_of(Attempt(remaining=1.5))

    assert capsys.readouterr().err == "still at it\n"
    assert not stand_in.jobs


def test_a_job_that_somebody_deletes_may_be_retried(stand_in: StandIn) -> None:
    name = Attempt().name
    each_look(stand_in, lambda: stand_in.run(name), stand_in.jobs.clear)

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())


def test_the_pod_of_a_job_that_runs_is_not_asked_for(stand_in: StandIn) -> None:
    name = Attempt().name
    stand_in.on_made = stand_in.run
    each_look(stand_in, *[nothing] * 5, lambda: stand_in.succeed(name))

    outcome_of(Attempt())

    assert stand_in.asked.count("list pods") == 1  # for the message, at the end


# Cancel.


def test_cancel_deletes_the_job(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert len(stand_in.made) == 1
    assert not stand_in.jobs
    assert not stand_in.pods


def test_an_interruption_that_is_no_cancel_leaves_the_job(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs", flag=False))

    assert stand_in.running == [Attempt().name]


def test_a_job_that_is_just_being_made_is_deleted_too(stand_in: StandIn) -> None:
    attempt, overtaken = Attempt(), threading.Event()
    stand_in.before["list jobs"].extend([nothing, overtaken.set])

    async def cancelled_on_the_way() -> None:
        loop, running = asyncio.get_running_loop(), asyncio.ensure_future(attempt.run())

        def cancel() -> None:
            attempt.cancelled = True
            loop.call_soon_threadsafe(running.cancel)
            overtaken.wait(0.3)  # nobody should look for the Job before it is made

        stand_in.on_the_way["create jobs"] = cancel
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancelled_on_the_way())

    assert stand_in.made == [attempt.name]
    assert not stand_in.jobs


def test_cancel_deletes_a_job_that_changes_meanwhile(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    stand_in.before["delete jobs"].append(lambda: stand_in.touch(Attempt().name))

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert not stand_in.jobs


def test_a_ghost_that_is_cancelled_leaves_what_a_newer_epoch_adopted(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    ghost = Attempt(epoch=1)
    adopted = {"shoal/adopted-by-epoch": "2"}
    stand_in.before["delete jobs"].append(lambda: stand_in.touch(ghost.name, **adopted))

    asyncio.run(ghost.run_until_cancelled(stand_in, "get jobs"))

    assert stand_in.running == [ghost.name]


def test_cancel_gives_up_in_time_when_the_cluster_does_not_answer(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(container_run, "PACE", Pace(first=0.001, most=0.004, leave=0.05))
    stand_in.on_made = stand_in.run
    stand_in.faults["delete jobs"].extend([DROP] * 10_000)

    asyncio.run(Attempt().run_until_cancelled(stand_in, "get jobs"))

    assert "until its deadline" in capsys.readouterr().err


# Adoption.


def test_a_worker_that_starts_anew_adopts_the_job_and_starts_no_second(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.run
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    asyncio.run(first.run_until_cancelled(stand_in, "get jobs", flag=False))
    each_look(stand_in, lambda: stand_in.succeed(first.name, "of the first"))

    result = outcome_of(second)

    assert result.message == "of the first"
    assert stand_in.made == [first.name]


def test_a_job_that_ended_while_no_worker_looked_is_adopted(stand_in: StandIn) -> None:
    stand_in.make(Attempt(epoch=1).manifest())
    stand_in.fail(Attempt(epoch=1).name, 4)

    with pytest.raises(container_run.ContainerFailed, match="exit code 4"):
        outcome_of(Attempt(epoch=2))

    assert len(stand_in.made) == 1


def test_a_failure_that_was_handed_over_stands_for_no_later_run(stand_in: StandIn) -> None:
    stand_in.on_made = lambda name: stand_in.fail(name, 4)
    with pytest.raises(container_run.ContainerFailed):
        outcome_of(Attempt(epoch=1))
    stand_in.on_made = stand_in.succeed

    result = outcome_of(Attempt(epoch=2))  # attempt 1 again: a user retried the job

    assert result.exit_code == 0
    assert stand_in.made == [Attempt(epoch=1).name, Attempt(epoch=2).name]


def test_an_earlier_attempt_is_gone_before_the_next_starts(stand_in: StandIn) -> None:
    first, second = Attempt(epoch=1, attempt=1), Attempt(epoch=2, attempt=2)
    stand_in.make(first.manifest())
    stand_in.run(first.name)
    stand_in.lingering = True
    there_at_start: list[bool] = []
    looks: list[Callable[[], None]] = [nothing] * 5
    each_look(stand_in, *looks, lambda: stand_in.bury(first.name))
    stand_in.before["create jobs"].append(
        lambda: there_at_start.append(first.name in stand_in.jobs)
    )
    stand_in.on_made = stand_in.succeed

    outcome_of(second)

    assert there_at_start == [False]
    assert stand_in.made == [first.name, second.name]


def test_a_job_that_is_being_deleted_is_not_adopted(stand_in: StandIn) -> None:
    first, second = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.make(first.manifest())
    stand_in.run(first.name)
    stand_in.lingering = True
    stand_in.delete(first.name)
    each_look(stand_in, nothing, nothing, lambda: stand_in.bury(first.name))
    stand_in.on_made = stand_in.succeed

    outcome_of(second)

    assert stand_in.made == [first.name, second.name]


def test_other_tasks_are_left_alone(stand_in: StandIn) -> None:
    other = Attempt(index=77)
    stand_in.make(other.manifest())
    stand_in.on_made = stand_in.succeed

    outcome_of(Attempt(epoch=2))

    assert stand_in.running == [other.name]


def test_a_ghost_starts_nothing(stand_in: StandIn) -> None:
    stand_in.make(Attempt(epoch=2).manifest())

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=1))

    assert stand_in.running == [Attempt(epoch=2).name]


def test_a_ghost_that_starts_at_the_same_time_withdraws_its_job(stand_in: StandIn) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.before["create jobs"].append(lambda: stand_in.make(newer.manifest()))

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert stand_in.running == [newer.name]


def test_the_newer_epoch_deletes_what_a_ghost_starts_at_the_same_time(stand_in: StandIn) -> None:
    ghost, newer = Attempt(epoch=1), Attempt(epoch=2)
    stand_in.before["create jobs"].append(lambda: stand_in.make(ghost.manifest()))
    each_look(stand_in, nothing, nothing, lambda: stand_in.succeed(newer.name))

    assert outcome_of(newer).exit_code == 0
    assert list(stand_in.jobs) == [newer.name]


def test_a_ghost_lets_go_of_a_job_that_is_adopted(stand_in: StandIn) -> None:
    ghost = Attempt(epoch=1)
    stand_in.on_made = stand_in.run
    each_look(stand_in, lambda: stand_in.touch(ghost.name, **{"shoal/adopted-by-epoch": "2"}))

    with pytest.raises(container_run.Superseded):
        outcome_of(ghost)

    assert stand_in.running == [ghost.name]


def test_of_two_that_adopt_at_once_the_newer_wins(stand_in: StandIn) -> None:
    first = Attempt(epoch=1)
    stand_in.make(first.manifest())
    adopted = {"shoal/adopted-by-epoch": "3"}
    stand_in.before["patch jobs"].append(lambda: stand_in.touch(first.name, **adopted))

    with pytest.raises(container_run.Superseded):
        outcome_of(Attempt(epoch=2))

    assert stand_in.jobs[first.name]["metadata"]["annotations"] == adopted


# Duplicates.


def test_two_deliveries_at_once_make_one_job(stand_in: StandIn) -> None:
    name = Attempt().name
    each_look(stand_in, *[nothing] * 6, lambda: stand_in.succeed(name, "once"))

    async def twice() -> list[ContainerResult]:
        return await asyncio.gather(*(Attempt().run() for _ in range(2)))

    results = asyncio.run(twice())

    assert [result.message for result in results] == ["once", "once"]
    assert stand_in.made == [name]


def test_a_duplicate_that_saw_nothing_adopts_what_was_made_meanwhile(stand_in: StandIn) -> None:
    attempt = Attempt()

    def already() -> None:
        stand_in.make(attempt.manifest())
        stand_in.succeed(attempt.name, "of the other")

    stand_in.before["create jobs"].append(already)

    assert outcome_of(attempt).message == "of the other"
    assert stand_in.made == [attempt.name]


def test_a_job_that_was_made_and_deleted_is_not_made_again(stand_in: StandIn) -> None:
    stand_in.before["list jobs"].extend([nothing, stand_in.jobs.clear])

    with pytest.raises(container_run.ContainerGone):
        outcome_of(Attempt())

    assert len(stand_in.made) == 1


@pytest.mark.parametrize("seed", range(20))
def test_whatever_goes_wrong_there_are_never_two_jobs_of_one_epoch(
    stand_in: StandIn, seed: int
) -> None:
    draw = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    stand_in.on_made = stand_in.run
    faults: list[Fault | None] = [DROP, LOSE, Status(500), Status(429), Status(503)]
    for asked in ("create jobs", "get jobs", "list jobs", "patch jobs", "delete jobs"):
        chosen = [draw.choice(faults) for _ in range(draw.randrange(5))]
        stand_in.faults[asked].extend(cast("list[Fault]", chosen))

    async def three_workers() -> list[ContainerResult | BaseException]:
        first = [asyncio.ensure_future(Attempt(epoch=1).run()) for _ in range(2)]
        moment = ["list jobs", "create jobs", "get jobs"][seed % 3]
        dead = asyncio.Event()
        loop = asyncio.get_running_loop()

        def die() -> None:
            loop.call_soon_threadsafe(dead.set)

        stand_in.before[moment].append(die)
        await dead.wait()
        first[0].cancel()
        steps = [nothing] * 10
        each_look(stand_in, *steps, stand_in.succeed_all)
        second = [asyncio.ensure_future(Attempt(epoch=2).run()) for _ in range(2)]
        return await asyncio.gather(*second, *first, return_exceptions=True)

    outcomes = asyncio.run(three_workers())

    assert all(isinstance(each, ContainerResult) for each in outcomes[:2]), outcomes
    assert stand_in.made.count(Attempt(epoch=2).name) <= 1
    # Who lost the lease can still make its Job between its look and its call; it is withdrawn then.
    assert stand_in.made.count(Attempt(epoch=1).name) <= 2
    assert not stand_in.running


# Faults of the API server.


@pytest.mark.parametrize("fault", [DROP, LOSE, *map(Status, (408, 429, 500, 502, 503, 504))])
@pytest.mark.parametrize(
    "asked", ["create jobs", "get jobs", "list jobs", "list pods", "patch jobs", "get pods/log"]
)
def test_a_fault_of_the_api_server_is_outlived(
    stand_in: StandIn, asked: str, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    name = Attempt().name
    stand_in.faults[asked].extend([fault] * (QUICK.refusals + 1))
    each_look(stand_in, *[nothing] * 4, lambda: stand_in.fail(name, 9, log="why\n"))

    with pytest.raises(container_run.ContainerFailed, match="exit code 9"):
        outcome_of(Attempt())

    assert capsys.readouterr().err == "why\n"
    assert stand_in.made == [name]
    assert stand_in.asked.count(asked) > 1


def test_an_answer_that_was_lost_makes_no_second_job(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.succeed
    stand_in.faults["create jobs"].append(LOSE)

    assert outcome_of(Attempt()).exit_code == 0
    assert stand_in.made == [Attempt().name]
    assert stand_in.asked.count("create jobs") == 2


def test_a_server_that_hangs_is_asked_again(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_SECONDS", (5.0, 0.3))
    stand_in.on_made = stand_in.succeed
    stand_in.faults["create jobs"].append(HANG)

    assert outcome_of(Attempt()).exit_code == 0
    assert stand_in.asked.count("create jobs") > 1


def test_a_quota_that_the_server_races_for_is_asked_again(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.succeed
    stand_in.faults["create jobs"].append(Status(409, "Conflict"))

    assert outcome_of(Attempt()).exit_code == 0


def test_the_server_says_when_to_ask_again(stand_in: StandIn) -> None:
    stand_in.faults["get jobs"].append(Status(429, "TooManyRequests", retry_after="7"))
    here = cluster.Cluster.at(cluster.Place.from_environment())

    with pytest.raises(cluster.Unreachable) as unreachable:
        here.job("any")

    assert unreachable.value.after == 7.0


def test_a_cluster_that_refuses_while_it_starts_is_asked_again(stand_in: StandIn) -> None:
    stand_in.on_made = stand_in.succeed
    stand_in.faults["create jobs"].extend([Status(401), Status(403)])

    assert outcome_of(Attempt()).exit_code == 0


def test_a_role_that_is_missing_is_told_and_may_be_mended(stand_in: StandIn) -> None:
    stand_in.role = {"list jobs"}

    with pytest.raises(cluster.Refused, match=r"refuses \(403\): told: Forbidden"):
        outcome_of(Attempt())


def test_a_namespace_that_is_missing_is_told(stand_in: StandIn) -> None:
    stand_in.namespace = "elsewhere"

    with pytest.raises(cluster.Refused, match="NotFound"):
        outcome_of(Attempt())


def test_a_job_that_the_cluster_does_not_accept_fails_for_good(stand_in: StandIn) -> None:
    stand_in.faults["create jobs"].append(Status(422, "Invalid"))

    with pytest.raises(NonRetryable, match="does not accept the Job"):
        outcome_of(Attempt())


def test_an_api_server_that_stays_away_is_a_timeout(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_run, "PACE", Pace(first=0.001, most=0.004, leave=0.05))
    stand_in.faults["list jobs"].extend([DROP] * 10_000)

    with pytest.raises(container_run.ContainerTimeout):
        outcome_of(Attempt(remaining=0.2))


# Workers without a cluster.


def test_without_a_cluster_a_container_fails_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(cluster.NoCluster, match="worker that runs in a Kubernetes cluster"):
        outcome_of(Attempt())


def test_a_kubeconfig_that_is_wrong_fails_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))

    with pytest.raises(cluster.NoCluster):
        outcome_of(Attempt())


def test_without_the_client_a_container_fails_with_a_sentence(
    stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)

    with pytest.raises(cluster.NoCluster, match="the extra `container`"):
        outcome_of(Attempt())

    assert not stand_in.asked


def test_offering_containers_does_not_import_the_client() -> None:
    code = (
        "import sys, tasks; tasks.container.schema;"
        "sys.exit('kubernetes' in sys.modules or 'urllib3' in sys.modules)"
    )
    path = {"PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run([sys.executable, "-c", code], check=False, env=path)  # noqa: S603 - our own code

    assert done.returncode == 0
