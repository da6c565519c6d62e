"""The Jobs that container tasks create."""

from __future__ import annotations

import re
from typing import Any

import pytest

from shoal.sdk import InvalidInput
from tasks import container
from tests.unit.worker.container_attempts import (
    JOB,
    Attempt,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import FakeKubernetes


def test_job_contains_the_input_of_the_task(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.succeed
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

    job = fake_kubernetes.jobs[attempt.name]
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


def test_default_job_uses_the_entry_point_of_the_image_and_a_read_only_root() -> None:
    pod = Attempt().manifest()["spec"]["template"]["spec"]

    main = pod["containers"][0]
    assert not {"command", "args"} & main.keys()
    assert main["securityContext"]["readOnlyRootFilesystem"] is True
    assert main["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108 - in the container
    assert pod["volumes"][0]["emptyDir"] == {"sizeLimit": "1Gi"}


def test_task_variables_override_user_variables(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.succeed
    attempt = Attempt(attempt=2)

    outcome_of(attempt, env={"SHOAL_TASK_ID": "another", "OWN": "1"})

    main = fake_kubernetes.jobs[attempt.name]["spec"]["template"]["spec"]["containers"][0]
    assert {each["name"]: each["value"] for each in main["env"]} == {
        "OWN": "1",
        "SHOAL_JOB_ID": JOB,
        "SHOAL_TASK_INDEX": "7",
        "SHOAL_TASK_ID": f"{JOB}.7",
        "SHOAL_ATTEMPT": "2",
        "SHOAL_IDEMPOTENCY_KEY": f"{JOB}.7",
    }


def test_namespace_and_service_account_come_from_the_deployment(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOAL_CONTAINER_NAMESPACE", "batch")
    monkeypatch.setenv("SHOAL_CONTAINER_SERVICE_ACCOUNT", "runner")
    fake_kubernetes.namespace = "batch"
    fake_kubernetes.on_made = fake_kubernetes.succeed

    outcome_of(Attempt())

    job = fake_kubernetes.jobs[Attempt().name]
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "runner"


def test_longest_job_name_leaves_space_for_the_pod_suffix() -> None:
    name = Attempt(index=999_999, epoch=9_999_999_999).name

    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 63 - len("-x7k2p")


def test_job_names_are_unique_per_task_and_epoch() -> None:
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
def test_valid_images_are_accepted(image: str) -> None:
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
def test_invalid_inputs_are_rejected(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        container.arguments(given, None)
