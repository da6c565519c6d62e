"""Container tasks with a faulty or missing API server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shoal import NonRetryable
from tasks import cluster, container_run
from tasks.container_run import PollingSchedule
from tests.unit.worker.container_attempts import (
    QUICK,
    Attempt,
    each_poll,
    no_change,
    outcome_of,
)
from tests.unit.worker.fake_kubernetes import DROP, HANG, LOSE, FakeKubernetes, Fault, Status


@pytest.mark.parametrize("fault", [DROP, LOSE, *map(Status, (408, 429, 500, 502, 503, 504))])
@pytest.mark.parametrize(
    "api_call", ["create jobs", "get jobs", "list jobs", "list pods", "patch jobs", "get pods/log"]
)
def test_api_server_faults_are_retried(
    fake_kubernetes: FakeKubernetes, api_call: str, fault: Fault, capsys: pytest.CaptureFixture[str]
) -> None:
    name = Attempt().name
    fake_kubernetes.faults[api_call].extend([fault] * (QUICK.max_refusals + 1))
    each_poll(fake_kubernetes, *[no_change] * 4, lambda: fake_kubernetes.fail(name, 9, log="why\n"))

    with pytest.raises(container_run.ContainerFailed, match="exit code 9"):
        outcome_of(Attempt())

    assert capsys.readouterr().err == "why\n"
    assert fake_kubernetes.made == [name]
    assert fake_kubernetes.requests.count(api_call) > 1


def test_lost_response_creates_no_second_job(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.succeed
    fake_kubernetes.faults["create jobs"].append(LOSE)

    assert outcome_of(Attempt()).exit_code == 0
    assert fake_kubernetes.made == [Attempt().name]
    assert fake_kubernetes.requests.count("create jobs") == 2


def test_call_to_a_hanging_server_is_retried(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_TIMEOUTS", (5.0, 0.3))
    fake_kubernetes.on_made = fake_kubernetes.succeed
    fake_kubernetes.faults["create jobs"].append(HANG)

    assert outcome_of(Attempt()).exit_code == 0
    assert fake_kubernetes.requests.count("create jobs") > 1


def test_quota_conflict_is_retried(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.on_made = fake_kubernetes.succeed
    fake_kubernetes.faults["create jobs"].append(Status(409, "Conflict"))

    assert outcome_of(Attempt()).exit_code == 0


def test_retry_after_of_the_server_is_used(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.faults["get jobs"].append(Status(429, "TooManyRequests", retry_after="7"))
    here = cluster.Cluster.connect(cluster.ClusterConfig.from_environment())

    with pytest.raises(cluster.ClusterUnreachable) as unreachable:
        here.job("any")

    assert unreachable.value.retry_after == 7.0


def test_rejections_during_cluster_start_are_retried(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.on_made = fake_kubernetes.succeed
    fake_kubernetes.faults["create jobs"].extend([Status(401), Status(403)])

    assert outcome_of(Attempt()).exit_code == 0


def test_missing_role_is_a_retryable_error(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.role = {"list jobs"}

    with pytest.raises(cluster.Refused, match="status 403: message: Forbidden"):
        outcome_of(Attempt())


def test_missing_namespace_is_named(fake_kubernetes: FakeKubernetes) -> None:
    fake_kubernetes.namespace = "elsewhere"

    with pytest.raises(cluster.Refused, match="NotFound"):
        outcome_of(Attempt())


def test_invalid_job_fails_permanently(
    fake_kubernetes: FakeKubernetes,
) -> None:
    fake_kubernetes.faults["create jobs"].append(Status(422, "Invalid"))

    with pytest.raises(NonRetryable, match="rejected the Job"):
        outcome_of(Attempt())


def test_unavailable_api_server_is_a_timeout(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        container_run,
        "SCHEDULE",
        PollingSchedule(first_delay=0.001, max_delay=0.004, cleanup_timeout=0.05),
    )
    fake_kubernetes.faults["list jobs"].extend([DROP] * 10_000)

    with pytest.raises(container_run.ContainerTimeout):
        outcome_of(Attempt(remaining=0.2))


# Workers without a cluster.


def test_container_without_a_cluster_fails_with_a_clear_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(cluster.NoCluster, match="worker that runs in a Kubernetes cluster"):
        outcome_of(Attempt())


def test_invalid_kubeconfig_fails_with_a_clear_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))

    with pytest.raises(cluster.NoCluster):
        outcome_of(Attempt())


def test_container_without_the_client_fails_with_a_clear_message(
    fake_kubernetes: FakeKubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)

    with pytest.raises(cluster.NoCluster, match="the extra `container`"):
        outcome_of(Attempt())

    assert not fake_kubernetes.requests


def test_offering_containers_does_not_import_the_client() -> None:
    code = (
        "import sys, tasks\ntasks.container.schema\n"
        "sys.exit('kubernetes' in sys.modules or 'urllib3' in sys.modules)"
    )
    path = {"PYTHONPATH": ":".join(sys.path)}

    done = subprocess.run([sys.executable, "-c", code], check=False, env=path)  # noqa: S603 - our own code

    assert done.returncode == 0
