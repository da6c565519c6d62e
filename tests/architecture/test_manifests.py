"""The workers' manifests as a deploy renders them: they keep their rules, and faults break them."""

import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from eks.render import DEPLOYED, LOCAL, main
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
        (rules.selectors_mean_their_pods, who, (*way, "app.kubernetes.io/name"), "shoal-workers")
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
        rules.probes_ask_what_workers_answer,
        WORKER,
        (*CONTAINER, "livenessProbe", "httpGet", "path"),
        "/readyz",
    ),
    (rules.what_is_named_is_there, WORKER, (*POD, "serviceAccountName"), "worker"),
    (rules.what_is_named_is_there, WORKER, (*CONTAINER, "volumeMounts", 0, "name"), "temp"),
    (
        rules.what_is_named_is_there,
        ("RoleBinding", "shoal-container-tasks"),
        ("roleRef", "name"),
        "edit",
    ),
    (rules.what_is_named_is_there, SCALED, (*TRIGGER, "authenticationRef", "name"), "queues"),
    (rules.what_is_named_is_there, POOL, (*POD, "nodeClassRef", "name"), "default"),
    (rules.workers_have_their_nodes, WORKER, (*POD, "nodeSelector"), {"shoal/nodes": "other"}),
    (rules.workers_have_their_nodes, WORKER, (*POD, "tolerations"), []),
    (rules.workers_have_their_nodes, POOL, (*POD, "requirements", 0, "values"), ["spot"]),
    (
        rules.workers_may_run_container_tasks_and_no_more,
        ("Role", "shoal-container-tasks"),
        ("rules", 1, "verbs"),
        ["get", "list", "delete"],
    ),
    (
        rules.workers_may_run_container_tasks_and_no_more,
        ("Role", "shoal-container-tasks"),
        ("metadata", "namespace"),
        "shoal",
    ),
    (
        rules.workers_may_run_container_tasks_and_no_more,
        ("Role", "shoal-container-tasks"),
        ("kind",),
        "ClusterRole",
    ),
    (rules.a_drain_fits_the_grace, WORKER, (*POD, "terminationGracePeriodSeconds"), 30),
    (rules.a_drain_fits_the_grace, WORKER, (*POD, "terminationGracePeriodSeconds"), 300),
    (rules.networks_are_shut, ("NetworkPolicy", "nothing"), ("spec", "policyTypes"), ["Ingress"]),
    (rules.networks_are_shut, POLICY, ("spec", "egress", 2, "to", 0, "ipBlock", "except"), []),
    (rules.networks_are_shut, POLICY, ("spec", "egress", 2, "ports"), []),
    (rules.networks_are_shut, POLICY, ("spec", "egress", 2, "ports", 0, "port"), 22),
    (
        rules.networks_are_shut,
        POLICY,
        ("spec", "egress", 1, "to", 0, "ipBlock", "cidr"),
        "169.254.0.0/16",
    ),
    (
        rules.networks_are_shut,
        ("NetworkPolicy", "tasks"),
        ("spec", "egress", 1, "to", 0, "ipBlock", "except"),
        ["169.254.169.254/32"],
    ),
    (
        rules.the_sum_of_the_queues_decides,
        SCALED,
        ("spec", "advanced", "scalingModifiers", "formula"),
        "high + normal",
    ),
    (
        rules.the_sum_of_the_queues_decides,
        SCALED,
        ("spec", "advanced", "scalingModifiers", "target"),
        "20",
    ),
    (
        rules.the_sum_of_the_queues_decides,
        SCALED,
        (*TRIGGER, "metadata", "scaleOnInFlight"),
        "false",
    ),
    (
        rules.the_sum_of_the_queues_decides,
        SCALED,
        (*TRIGGER, "metadata", "queueURLFromEnv"),
        "SHOAL_QUEUE_HIGH_URL",
    ),
    (rules.the_sum_of_the_queues_decides, WORKER, ("spec", "replicas"), 3),
    (rules.settings_make_a_worker, WORKER, (*CONTAINER, "env"), []),
    (rules.the_temporary_folder_can_be_written, WORKER, (*CONTAINER, "volumeMounts"), []),
    (
        rules.the_dashboard_asks_for_metrics_that_are,
        ("ConfigMap", "shoal-dashboard"),
        ("data", "shoal.json"),
        '{"expr": "sum by (outcome) (shoal_slots)"}',
    ),
    (rules.nothing_is_left_to_say, WORKER, (*CONTAINER, "image"), "shoal-worker:latest"),
    (rules.nothing_is_left_to_say, SCALED, (*TRIGGER, "metadata", "awsRegion"), "set-by-deploy"),
]


KEPT = [
    *((overlay, rule) for overlay in DEPLOYED for rule in rules.DEPLOYED),
    # Of a cluster on one's own machine a Secret says the rest, and the image is that machine's.
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
def test_an_overlay_keeps_the_rule(
    overlays: Mapping[str, Manifests], overlay: str, rule: Rule
) -> None:
    assert list(rule(overlays[overlay])) == []


@pytest.mark.parametrize(("rule", "who", "way", "value"), PLANTED)
def test_a_planted_fault_breaks_its_rule(
    overlays: Mapping[str, Manifests], rule: Rule, who: tuple[str, str], way: Way, value: Any
) -> None:
    planted = plant(overlays["prod"], who, way, value)

    assert list(rule(planted))


def test_every_rule_has_been_seen_to_break() -> None:
    assert {rule for rule, *_ in PLANTED} == set(rules.DEPLOYED)


def test_prod_has_three_workers_ready_and_dev_none(overlays: Mapping[str, Manifests]) -> None:
    least = {
        stage: overlays[stage].one(*SCALED)["spec"]["minReplicaCount"] for stage in ("dev", "prod")
    }

    assert least == {"dev": 0, "prod": 3}
    base = yaml.safe_load((ROOT / "eks/base/workers.yaml").read_text().split("---")[0])
    assert base["spec"]["replicas"] == 3


def test_the_job_runs_the_pod_of_the_deployment_until_the_queues_are_empty(
    overlays: Mapping[str, Manifests],
) -> None:
    job = overlays["job"].copy().pod()["spec"]
    deployment = overlays["prod"].copy().pod()["spec"]

    assert job["containers"][0].pop("args") == ["worker", "run", "--until-empty"]
    assert job.pop("restartPolicy") == "OnFailure"
    assert deployment["containers"][0].pop("args") == ["worker", "run"]
    assert deployment.pop("topologySpreadConstraints")
    for pod in (job, deployment):  # its name is a hash of settings, in which stages differ
        pod["containers"][0]["envFrom"][0]["configMapRef"]["name"] = ""
    assert job == deployment


def test_the_deployment_does_not_take_the_pods_of_the_job_for_its_own(
    overlays: Mapping[str, Manifests],
) -> None:
    selector = overlays["prod"].workload()["spec"]["selector"]["matchLabels"]

    assert not selector.items() <= overlays["job"].pod()["metadata"]["labels"].items()


# The schemas


def check(manifests: Manifests, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "planted.yaml"
    file.write_text(yaml.safe_dump_all(manifests.all))
    return subprocess.run(  # noqa: S603 - our own command
        [CHECKER, "-m", "eks.check", file], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_a_planted_fault_breaks_its_schema(
    overlays: Mapping[str, Manifests], tmp_path: Path
) -> None:
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


def test_a_check_of_nothing_fails(tmp_path: Path) -> None:
    assert check(Manifests([]), tmp_path).returncode == 1
