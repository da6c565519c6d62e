"""The permissions of a worker for container tasks: those that its requests need, and no others."""

from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes import client, config

from tasks.cluster import Cluster, ClusterConfig, KubernetesJob, Refused
from tests.unit.worker.container_attempts import verbs_of_the_guide, verbs_of_the_manifests
from tests.unit.worker.fake_kubernetes import FakeKubernetes

MANIFEST = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "a", "labels": {"shoal/job": "a"}, "annotations": {}},
    "spec": {
        "template": {
            "metadata": {"labels": {}},
            "spec": {
                "automountServiceAccountToken": False,
                "enableServiceLinks": False,
                "restartPolicy": "Never",
                "volumes": [],
                "securityContext": {
                    "runAsNonRoot": True,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "task",
                        "image": "a",
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                    }
                ],
            },
        }
    },
}


def connected(api: FakeKubernetes, folder: Path) -> Cluster:
    settings = client.Configuration()
    config.load_kube_config(str(api.kubeconfig(folder)), client_configuration=settings)
    settings.retries = False
    return Cluster(ClusterConfig("shoal-tasks", "shoal-task", None), client.ApiClient(settings))


def requested(api: FakeKubernetes, cluster: Cluster) -> set[str]:
    """Use each method of Cluster once. Returns the requests, as "verb resource"."""

    def job() -> KubernetesJob:
        found = cluster.job("a")
        assert found is not None
        return found

    def tail() -> None:
        api.fail("a", 1, log="log")
        pod = cluster.pod(job())
        assert pod is not None
        assert cluster.tail(pod) == "log"

    calls: dict[str, Callable[[], object]] = {
        "create": lambda: cluster.create(MANIFEST),
        "jobs": lambda: cluster.jobs({}),
        "job": job,
        "annotate": lambda: cluster.annotate(job(), "shoal/adopter", "2"),
        "pod": lambda: cluster.pod(job()),
        "tail": tail,
        "delete": lambda: cluster.delete(job()),
    }
    methods = {name for name in vars(Cluster) if not name.startswith("_")} - {"connect"}
    assert set(calls) == methods, "add a call of each new method"
    for call in calls.values():
        call()
    return set(api.requests)


def test_deployed_role_has_the_permissions_that_the_requests_need(tmp_path: Path) -> None:
    with FakeKubernetes(role=None) as api:
        needed = requested(api, connected(api, tmp_path))

    assert verbs_of_the_manifests() == needed
    assert verbs_of_the_guide() == needed


@pytest.mark.parametrize("missing", sorted(verbs_of_the_manifests()))
def test_each_permission_is_needed(missing: str, tmp_path: Path) -> None:
    with FakeKubernetes(role=verbs_of_the_manifests() - {missing}) as api:
        with pytest.raises(Refused):
            requested(api, connected(api, tmp_path))
        assert api.requests[-1] == missing
