"""Rules for the manifests of workers that no schema covers. A rule yields its violations."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

from eks.addresses import UNSET
from shoal.settings import WorkerSettings
from tests.architecture.manifests import Manifest, Manifests, selects

METADATA = ipaddress.ip_address("169.254.169.254")
AGENT = ipaddress.ip_address("169.254.170.23")
LAST_REPORTS = 10
TEMPORARY = "/tmp"  # noqa: S108 - inside the pod
SPOT_NOTICE = 120
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "projected", "secret"}
RIGHTS = {
    "jobs": {"create", "delete", "get", "list", "patch"},
    "pods": {"list"},
    "pods/log": {"get"},
}
METRICS = {
    "shoal_tasks_total": {"type", "outcome"},
    "shoal_task_seconds_bucket": {"type", "le"},
    "shoal_slots": {"state"},
    "shoal_lease_age_seconds": set[str](),
    "shoal_task_retries_total": {"type"},
    "shoal_stale_reports_total": set[str](),
    "shoal_queue_wait_seconds_bucket": {"le"},
}
SCRAPED = {"namespace", "pod"}
"""Labels that Prometheus adds."""


def namespaces_demand_restricted_pods(all_: Manifests) -> Iterator[str]:
    for namespace in all_.of("Namespace"):
        label = "pod-security.kubernetes.io/enforce"
        if namespace["metadata"]["labels"].get(label) != "restricted":
            yield f"{namespace['metadata']['name']} admits any pod"


def pods_are_restricted(all_: Manifests) -> Iterator[str]:
    pod = all_.pod()["spec"]
    context = pod["securityContext"]
    for host in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(host):
            yield host
    if context.get("runAsNonRoot") is not True or context.get("runAsUser", 0) <= 10_000:
        yield "may run as root or as a user of the node"
    if context.get("seccompProfile", {}).get("type") not in {"RuntimeDefault", "Localhost"}:
        yield "has no seccomp profile"
    for volume in pod["volumes"]:
        if not set(volume) - {"name"} <= VOLUMES:
            yield f"volume {volume['name']} mounts the node"


def containers_are_restricted(all_: Manifests) -> Iterator[str]:
    pod = all_.pod()["spec"]
    for container in (*pod["containers"], *pod.get("initContainers", [])):
        own = container.get("securityContext", {})
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']} may escalate privileges"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{container['name']} has capabilities"
        if own.get("readOnlyRootFilesystem") is not True:
            yield f"{container['name']} has a writable root file system"
        if own.get("runAsUser", pod["securityContext"]["runAsUser"]) <= 10_000:
            yield f"{container['name']} overrides the user"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{container['name']} uses a port of the node"


def selectors_match_their_pods(all_: Manifests) -> Iterator[str]:
    labels = all_.pod()["metadata"]["labels"]
    workload = all_.workload()
    meant = [
        ("PodDisruptionBudget", each["spec"]["selector"]) for each in all_.of("PodDisruptionBudget")
    ]
    meant += [("PodMonitor", each["spec"]["selector"]) for each in all_.of("PodMonitor")]
    meant += [
        ("NetworkPolicy", all_.one("NetworkPolicy", "workers")["spec"]["podSelector"]),
        *(
            ("spread", each["labelSelector"])
            for each in all_.pod()["spec"].get("topologySpreadConstraints", [])
        ),
    ]
    if workload["kind"] == "Deployment":
        meant.append(("Deployment", workload["spec"]["selector"]))
    for what, selector in meant:
        if not selector.get("matchLabels") or not selects(selector, labels):
            yield f"{what} does not select the workers"


def ports_agree(all_: Manifests) -> Iterator[str]:
    container = all_.container()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    named = {
        probe: container[probe]["httpGet"]["port"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    for monitor in all_.of("PodMonitor"):
        for end in monitor["spec"]["podMetricsEndpoints"]:
            named["PodMonitor"] = end["port"]
    for rule in all_.one("NetworkPolicy", "workers")["spec"]["ingress"]:
        for port in rule["ports"]:
            named["NetworkPolicy"] = port["port"]
    for where, name in named.items():
        if name not in ports:
            yield f"{where} uses port {name}, which the container does not have"
    if [all_.settings()["SHOAL_HEALTH_PORT"]] != [str(port) for port in ports.values()]:
        yield "the worker uses another port"


def probes_use_paths_of_the_worker(all_: Manifests) -> Iterator[str]:
    container = all_.container()
    scaled = {
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    }
    for probe, path in scaled:
        if container[probe]["httpGet"]["path"] != path:
            yield f"{probe} requests {container[probe]['httpGet']['path']}"


def references_exist(all_: Manifests) -> Iterator[str]:
    there = {
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"])
        for each in all_.all
    }
    for reference in _references(all_):
        if reference not in there:
            yield f"{reference} does not exist"
    volumes = {each["name"] for each in all_.pod()["spec"]["volumes"]}
    for mount in all_.container()["volumeMounts"]:
        if mount["name"] not in volumes:
            yield f"volume {mount['name']} does not exist"


def _references(all_: Manifests) -> Iterator[tuple[str, str | None, str]]:
    pod = all_.pod()["spec"]
    settings = all_.settings()
    yield "ServiceAccount", "shoal", pod["serviceAccountName"]
    yield "ConfigMap", "shoal", all_.container()["envFrom"][0]["configMapRef"]["name"]
    tasks = settings["SHOAL_CONTAINER_NAMESPACE"]
    yield "Namespace", None, tasks
    yield "ServiceAccount", tasks, settings["SHOAL_CONTAINER_SERVICE_ACCOUNT"]
    for binding in all_.of("RoleBinding"):
        yield "Role", binding["metadata"]["namespace"], binding["roleRef"]["name"]
        for subject in binding["subjects"]:
            yield subject["kind"], subject["namespace"], subject["name"]
    for scaled in all_.of("ScaledObject"):
        yield scaled["spec"]["scaleTargetRef"]["kind"], "shoal", "shoal-worker"
        for trigger in scaled["spec"]["triggers"]:
            yield "TriggerAuthentication", "shoal", trigger["authenticationRef"]["name"]
    for pool in all_.of("NodePool"):
        yield "NodeClass", None, pool["spec"]["template"]["spec"]["nodeClassRef"]["name"]


def workers_use_their_node_pool(all_: Manifests) -> Iterator[str]:
    pod = all_.pod()["spec"]
    for pool in all_.of("NodePool"):
        template = pool["spec"]["template"]
        if not pod.get("nodeSelector") or not (
            pod["nodeSelector"].items() <= template["metadata"]["labels"].items()
        ):
            yield "the node selector of the workers does not match"
        tolerated = [{**each} for each in pod.get("tolerations", [])]
        for taint in template["spec"]["taints"]:
            if {**taint, "operator": "Equal"} not in tolerated:
                yield f"the workers do not tolerate {taint['key']}"
        kinds = {each["key"]: each["values"] for each in template["spec"]["requirements"]}
        if set(kinds["karpenter.sh/capacity-type"]) != {"spot", "on-demand"}:
            yield "there is only one capacity type"


def workers_may_only_run_container_tasks(all_: Manifests) -> Iterator[str]:
    for wide in all_.of("ClusterRole", "ClusterRoleBinding"):
        yield f"{wide['kind']} {wide['metadata']['name']}"
    for role in all_.of("Role", "RoleBinding"):
        if role["metadata"]["namespace"] != "shoal-tasks":
            yield f"{role['kind']} in {role['metadata']['namespace']}"
    rights = {
        resource: set(rule["verbs"])
        for role in all_.of("Role")
        for rule in role["rules"]
        for resource in rule["resources"]
    }
    if rights != RIGHTS:
        yield f"the permissions are {rights}"
    if all_.one("ServiceAccount", "shoal-task").get("automountServiceAccountToken") is not False:
        yield "container tasks have a token"


def drain_fits_the_termination_grace_period(all_: Manifests) -> Iterator[str]:
    drain = float(all_.settings()["SHOAL_GRACE_SECONDS"]) + LAST_REPORTS
    grace = all_.pod()["spec"]["terminationGracePeriodSeconds"]
    if not drain + 10 <= grace < SPOT_NOTICE:
        yield f"{grace} s for a drain of {drain} s"


def network_is_denied_by_default(all_: Manifests) -> Iterator[str]:
    for namespace in all_.of("Namespace"):
        name = namespace["metadata"]["name"]
        shut = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        if shut not in [each["spec"] for each in _policies(all_, name)]:
            yield f"{name} is open by default"
        for policy in _policies(all_, name):
            yield from (f"{name}: {fault}" for fault in _leaks(policy, agent=name == "shoal"))


def _policies(all_: Manifests, namespace: str) -> list[Manifest]:
    return [each for each in all_.of("NetworkPolicy") if each["metadata"]["namespace"] == namespace]


def _leaks(policy: Manifest, *, agent: bool) -> Iterator[str]:
    for rule in policy["spec"].get("egress", []):
        if not rule.get("to") or not rule.get("ports"):
            yield "a rule allows all egress"
        ports = {port.get("port") for port in rule.get("ports", [])}
        if not ports <= {53, 80, 443, 6443}:
            yield f"ports {ports}"
        for block in (peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer):
            if _reaches(block, METADATA):
                yield "the metadata service of the node is reachable"
            if _reaches(block, AGENT) and not agent:
                yield "tasks can request the credentials of the workers"
            if 80 in ports and block["cidr"] != f"{AGENT}/32":
                yield "port 80 is only for the agent"


def _reaches(block: Manifest, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address in ipaddress.ip_network(block["cidr"]) and not any(
        address in ipaddress.ip_network(shut) for shut in block.get("except", [])
    )


def scaling_uses_the_sum_of_the_queues(all_: Manifests) -> Iterator[str]:
    for scaled in all_.of("ScaledObject"):
        spec = scaled["spec"]
        triggers = spec["triggers"]
        modifiers = spec["advanced"]["scalingModifiers"]
        if set(modifiers["formula"].split(" + ")) != {each["name"] for each in triggers}:
            yield "the formula omits a queue"
        urls = {each["metadata"]["queueURLFromEnv"] for each in triggers}
        if urls != {name for name in all_.settings() if name.startswith("SHOAL_QUEUE_")}:
            yield "a queue has no trigger"
        if any(each["metadata"].get("scaleOnInFlight") != "true" for each in triggers):
            yield "chunks in flight are not counted"
        if modifiers["target"] != all_.container()["resources"]["limits"]["cpu"]:
            yield "the target differs from the slots of a pod"
        if "replicas" in all_.workload()["spec"]:
            yield "a deploy resets the replicas of KEDA"


def settings_are_valid(all_: Manifests) -> Iterator[str]:
    environment = {**all_.settings(), "SHOAL_TASKS": "tasks", "SHOAL_SLOTS": "2"}
    settings = WorkerSettings.from_environment(environment)
    if set(settings.queue_urls) != {"high", "normal", "low"}:
        yield f"queues {set(settings.queue_urls)}"
    slots = [each for each in all_.container()["env"] if each["name"] == "SHOAL_SLOTS"]
    source: Any = slots and slots[0].get("valueFrom", {}).get("resourceFieldRef", {})
    if not source or source.get("resource") != "limits.cpu":
        yield "the slots depend on the CPUs of the node"


def temporary_directory_is_writable(all_: Manifests) -> Iterator[str]:
    volumes = {each["name"]: each for each in all_.pod()["spec"]["volumes"]}
    mounts = {each["mountPath"]: each["name"] for each in all_.container()["volumeMounts"]}
    if "emptyDir" not in volumes.get(mounts.get(TEMPORARY, ""), {}):
        yield "the temporary directory is read-only"


def dashboard_queries_existing_metrics(all_: Manifests) -> Iterator[str]:
    for board in all_.of("ConfigMap"):
        text = board["data"].get("shoal.json", "")
        for expression in re.findall(r'"expr": "((?:[^"\\]|\\.)*)"', text):
            names = re.findall(r"shoal_\w+", expression)
            labels = {
                label
                for by in re.findall(r"by \(([^)]*)\)", expression)
                for label in by.split(", ")
            }
            for name in names:
                if not labels <= METRICS.get(name, set()) | SCRAPED or name not in METRICS:
                    yield f"{name} by {labels}"


def placeholders_are_replaced(all_: Manifests) -> Iterator[str]:
    if UNSET in str(all_.all):
        yield "a placeholder was not replaced"
    if not re.search(r"@sha256:[0-9a-f]{64}$", all_.container()["image"]):
        yield "the image has no digest"


ALWAYS = (
    namespaces_demand_restricted_pods,
    pods_are_restricted,
    containers_are_restricted,
    selectors_match_their_pods,
    ports_agree,
    probes_use_paths_of_the_worker,
    references_exist,
    workers_use_their_node_pool,
    workers_may_only_run_container_tasks,
    drain_fits_the_termination_grace_period,
    network_is_denied_by_default,
    scaling_uses_the_sum_of_the_queues,
    settings_are_valid,
    temporary_directory_is_writable,
    dashboard_queries_existing_metrics,
)
DEPLOYED = (*ALWAYS, placeholders_are_replaced)
