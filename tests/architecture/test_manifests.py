"""Rendered manifests of workers follow the rules, and planted faults break the rules."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from eks.render import DEPLOYED, LOCAL, kustomize, main
from tests.architecture import manifest_rules as rules
from tests.architecture.manifests import Manifests

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / ".tools" / "eks" / "bin" / "python"
REMOVED = object()
type Rule = Callable[[Manifests], Iterator[str]]
type Way = Sequence[str | int]

POD: Way = ("spec", "template", "spec")
CONTAINER: Way = (*POD, "containers", 0)
WORKER = ("Deployment", "shoal-worker")
POLICY = ("NetworkPolicy", "workers")
SCALED = ("ScaledObject", "shoal-worker")
POOL = ("NodePool", "shoal-workers")
TRIGGER: Way = ("spec", "triggers", 2)

PLANTED: list[tuple[Rule, tuple[str, str], Way, Any]] = [
    (
        rules.namespaces_demand_restricted_pods,
        ("Namespace", "shoal"),
        ("metadata", "labels", "pod-security.kubernetes.io/enforce"),
        "baseline",
    ),
    (rules.pods_are_restricted, WORKER, (*POD, "hostNetwork"), True),
    (rules.pods_are_restricted, WORKER, (*POD, "securityContext", "runAsUser"), 1000),
    (rules.pods_are_restricted, WORKER, (*POD, "securityContext", "runAsNonRoot"), REMOVED),
    (rules.pods_are_restricted, WORKER, (*POD, "securityContext", "seccompProfile"), REMOVED),
    (rules.pods_are_restricted, WORKER, (*POD, "volumes", 0, "hostPath"), {"path": "/"}),
    *(
        (rules.containers_are_restricted, WORKER, (*CONTAINER, "securityContext", name), value)
        for name, value in [
            ("privileged", True),
            ("allowPrivilegeEscalation", REMOVED),
            ("capabilities", {"drop": ["ALL"], "add": ["SYS_ADMIN"]}),
            ("readOnlyRootFilesystem", False),
            ("runAsUser", 0),
        ]
    ),
    *(
        (rules.selectors_match_their_pods, who, (*way, "app.kubernetes.io/name"), "shoal-workers")
        for who, way in [
            (WORKER, ("spec", "template", "metadata", "labels")),
            (WORKER, ("spec", "selector", "matchLabels")),
            (("PodDisruptionBudget", "shoal-worker"), ("spec", "selector", "matchLabels")),
            (("PodMonitor", "shoal-worker"), ("spec", "selector", "matchLabels")),
            (POLICY, ("spec", "podSelector", "matchLabels")),
        ]
    ),
    (rules.ports_agree, WORKER, (*CONTAINER, "ports", 0, "name"), "web"),
    (rules.ports_agree, WORKER, (*CONTAINER, "ports", 0, "containerPort"), 8081),
    (rules.ports_agree, WORKER, (*CONTAINER, "readinessProbe", "httpGet", "port"), "ready"),
    (
        rules.ports_agree,
        ("PodMonitor", "shoal-worker"),
        ("spec", "podMetricsEndpoints", 0, "port"),
        "metrics",
    ),
    (rules.ports_agree, POLICY, ("spec", "ingress", 0, "ports", 0, "port"), "metrics"),
    (
        rules.probes_use_paths_of_the_worker,
        WORKER,
        (*CONTAINER, "livenessProbe", "httpGet", "path"),
        "/readyz",
    ),
    (rules.references_exist, WORKER, (*POD, "serviceAccountName"), "worker"),
    (rules.references_exist, WORKER, (*CONTAINER, "volumeMounts", 0, "name"), "temp"),
    (
        rules.references_exist,
        ("RoleBinding", "shoal-container-tasks"),
        ("roleRef", "name"),
        "edit",
    ),
    (rules.references_exist, SCALED, (*TRIGGER, "authenticationRef", "name"), "queues"),
    (rules.references_exist, POOL, (*POD, "nodeClassRef", "name"), "default"),
    (rules.workers_use_their_node_pool, WORKER, (*POD, "nodeSelector"), {"shoal/nodes": "other"}),
    (rules.workers_use_their_node_pool, WORKER, (*POD, "tolerations"), []),
    (rules.workers_use_their_node_pool, POOL, (*POD, "requirements", 0, "values"), ["spot"]),
    (
        rules.workers_may_only_run_container_tasks,
        ("Role", "shoal-container-tasks"),
        ("rules", 1, "verbs"),
        ["get", "list", "delete"],
    ),
    (
        rules.workers_may_only_run_container_tasks,
        ("Role", "shoal-container-tasks"),
        ("metadata", "namespace"),
        "shoal",
    ),
    (
        rules.workers_may_only_run_container_tasks,
        ("Role", "shoal-container-tasks"),
        ("kind",),
        "ClusterRole",
    ),
    (
        rules.drain_fits_the_termination_grace_period,
        WORKER,
        (*POD, "terminationGracePeriodSeconds"),
        30,
    ),
    (
        rules.drain_fits_the_termination_grace_period,
        WORKER,
        (*POD, "terminationGracePeriodSeconds"),
        300,
    ),
    (
        rules.network_is_denied_by_default,
        ("NetworkPolicy", "nothing"),
        ("spec", "policyTypes"),
        ["Ingress"],
    ),
    (
        rules.network_is_denied_by_default,
        POLICY,
        ("spec", "egress", 2, "to", 0, "ipBlock", "except"),
        [],
    ),
    (rules.network_is_denied_by_default, POLICY, ("spec", "egress", 2, "ports"), []),
    (rules.network_is_denied_by_default, POLICY, ("spec", "egress", 2, "ports", 0, "port"), 22),
    (
        rules.network_is_denied_by_default,
        POLICY,
        ("spec", "egress", 1, "to", 0, "ipBlock", "cidr"),
        "169.254.0.0/16",
    ),
    (
        rules.network_is_denied_by_default,
        ("NetworkPolicy", "tasks"),
        ("spec", "egress", 1, "to", 0, "ipBlock", "except"),
        ["169.254.169.254/32"],
    ),
    (
        rules.scaling_uses_the_sum_of_the_queues,
        SCALED,
        ("spec", "advanced", "scalingModifiers", "formula"),
        "high + normal",
    ),
    (
        rules.scaling_uses_the_sum_of_the_queues,
        SCALED,
        ("spec", "advanced", "scalingModifiers", "target"),
        "20",
    ),
    (
        rules.scaling_uses_the_sum_of_the_queues,
        SCALED,
        (*TRIGGER, "metadata", "scaleOnInFlight"),
        "false",
    ),
    (
        rules.scaling_uses_the_sum_of_the_queues,
        SCALED,
        (*TRIGGER, "metadata", "queueURLFromEnv"),
        "SHOAL_QUEUE_HIGH_URL",
    ),
    (rules.scaling_uses_the_sum_of_the_queues, WORKER, ("spec", "replicas"), 3),
    (rules.settings_are_valid, WORKER, (*CONTAINER, "env"), []),
    (rules.temporary_directory_is_writable, WORKER, (*CONTAINER, "volumeMounts"), []),
    (
        rules.dashboard_queries_existing_metrics,
        ("ConfigMap", "shoal-dashboard"),
        ("data", "shoal.json"),
        '{"expr": "sum by (outcome) (shoal_slots)"}',
    ),
    (rules.placeholders_are_replaced, WORKER, (*CONTAINER, "image"), "shoal-worker:latest"),
    (rules.placeholders_are_replaced, SCALED, (*TRIGGER, "metadata", "awsRegion"), "set-by-deploy"),
]


KEPT = [
    *((overlay, rule) for overlay in DEPLOYED for rule in rules.DEPLOYED),
    # In a local cluster, a Secret has the remaining settings, and the image is local.
    *((overlay, rule) for overlay in LOCAL for rule in rules.ALWAYS),
]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    main(folder)
    return folder


@pytest.fixture(scope="module")
def overlays(rendered: Path) -> Mapping[str, Manifests]:
    names = (*DEPLOYED, *LOCAL)
    return {name: Manifests.read((rendered / f"{name}.yaml").read_text()) for name in names}


def plant(manifests: Manifests, who: tuple[str, str], way: Way, value: Any) -> Manifests:
    planted = manifests.copy()
    place: Any = planted.one(*who)
    for step in way[:-1]:
        place = place[step]
    if value is REMOVED:
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return planted


@pytest.mark.parametrize(("overlay", "rule"), KEPT)
def test_overlay_follows_the_rule(
    overlays: Mapping[str, Manifests], overlay: str, rule: Rule
) -> None:
    assert list(rule(overlays[overlay])) == []


@pytest.mark.parametrize(("rule", "who", "way", "value"), PLANTED)
def test_planted_fault_breaks_its_rule(
    overlays: Mapping[str, Manifests], rule: Rule, who: tuple[str, str], way: Way, value: Any
) -> None:
    planted = plant(overlays["prod"], who, way, value)

    assert list(rule(planted))


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, *_ in PLANTED} == set(rules.DEPLOYED)


def test_prod_keeps_three_workers_and_dev_none(overlays: Mapping[str, Manifests]) -> None:
    least = {
        stage: overlays[stage].one(*SCALED)["spec"]["minReplicaCount"] for stage in ("dev", "prod")
    }

    assert least == {"dev": 0, "prod": 3}
    base = yaml.safe_load((ROOT / "eks/base/workers.yaml").read_text().split("---")[0])
    assert base["spec"]["replicas"] == 3


def test_job_uses_the_pod_template_of_the_deployment(
    overlays: Mapping[str, Manifests],
) -> None:
    job = overlays["job"].copy().pod()["spec"]
    deployment = overlays["prod"].copy().pod()["spec"]

    assert job["containers"][0].pop("args") == ["worker", "run", "--until-empty"]
    assert job.pop("restartPolicy") == "OnFailure"
    assert deployment["containers"][0].pop("args") == ["worker", "run"]
    assert deployment.pop("topologySpreadConstraints")
    for pod in (job, deployment):  # its name contains a hash of the settings, which differ by stage
        pod["containers"][0]["envFrom"][0]["configMapRef"]["name"] = ""
    assert job == deployment


def test_deployment_does_not_select_the_pods_of_the_job(
    overlays: Mapping[str, Manifests],
) -> None:
    selector = overlays["prod"].workload()["spec"]["selector"]["matchLabels"]

    assert not selector.items() <= overlays["job"].pod()["metadata"]["labels"].items()


@pytest.mark.parametrize("overlay", ["prod", "job"])
def test_component_of_task_users_adds_only_what_it_needs(
    overlays: Mapping[str, Manifests], tmp_path: Path, overlay: str
) -> None:
    components = [os.path.relpath(ROOT / "eks/components/task-users", tmp_path)]
    resources = [os.path.relpath(ROOT / "eks/overlays" / overlay, tmp_path)]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": resources,
        "components": components,
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    manifests = Manifests.read(kustomize(tmp_path))

    context = manifests.container()["securityContext"]
    assert context["capabilities"] == {"drop": ["ALL"], "add": ["KILL", "SETGID", "SETUID"]}
    assert context["allowPrivilegeEscalation"] is False
    assert manifests.pod()["spec"]["securityContext"]["runAsUser"] == 0
    assert manifests.settings()["SHOAL_TASK_UIDS"] == "20000-20099"
    assert manifests.settings().keys() - overlays[overlay].settings().keys() == {"SHOAL_TASK_UIDS"}
    (workers,) = (each for each in manifests.of("Namespace") if each["metadata"]["name"] == "shoal")
    assert workers["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "baseline"
    for rule in (
        rules.references_exist,
        rules.settings_are_valid,
        rules.network_is_denied_by_default,
    ):
        assert [*rule(manifests)] == []


# The schemas


def check(manifests: Manifests, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "planted.yaml"
    file.write_text(yaml.safe_dump_all(manifests.all))
    return subprocess.run(  # noqa: S603 - our own command
        [CHECKER, "-m", "eks.check", file], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_planted_fault_breaks_its_schema(overlays: Mapping[str, Manifests], tmp_path: Path) -> None:
    faults: dict[tuple[str, str], tuple[Way, Any]] = {
        WORKER: ((*CONTAINER, "readOnlyRootFileSystem"), True),
        POLICY: (("spec", "egres"), []),
        SCALED: (("spec", "minReplicas"), 0),
        ("TriggerAuthentication", "shoal-queues"): (("spec", "podIdentity", "provider"), "amazon"),
        ("PodMonitor", "shoal-worker"): (("spec", "podMetricsEndpoints", 0, "pth"), "/"),
        POOL: ((*POD, "nodeClassRef", "apiVersion"), "v1"),
        ("NodeClass", "shoal-workers"): (("spec", "networkPolicy"), "Deny"),
        ("PodDisruptionBudget", "shoal-worker"): (("kind",), "PodDisruptionBudgets"),
    }
    planted = overlays["prod"]
    for who, (way, value) in faults.items():
        planted = plant(planted, who, way, value)

    result = check(planted, tmp_path)

    assert result.returncode == 1
    found = set(re.findall(r"yaml: (\w+) ", result.stdout))
    assert found == {kind for kind, _ in faults} - {"PodDisruptionBudget"} | {
        "PodDisruptionBudgets"
    }


def test_check_without_manifests_fails(tmp_path: Path) -> None:
    assert check(Manifests([]), tmp_path).returncode == 1
