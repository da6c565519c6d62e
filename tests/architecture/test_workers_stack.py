"""The workers' stack matches the application's stack and the manifests."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from eks import KUBERNETES
from eks.addresses import parameters
from eks.deploy import KEDA
from local.application import read_template

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "eks" / "template.yaml").read_text()
TEMPLATE = read_template("eks/template.yaml")
RESOURCES: Mapping[str, Any] = TEMPLATE["Resources"]
CLUSTER: Mapping[str, Any] = RESOURCES["Cluster"]["Properties"]
YOURS = {"SubnetIds", "ApiCidrs"}


def base(file: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((ROOT / "eks" / "base" / file).read_text()))


def test_each_parameter_has_a_known_source() -> None:
    outputs = read_template()["Outputs"]
    needed = {name for name, each in TEMPLATE["Parameters"].items() if "Default" not in each}

    assert needed - YOURS == set(parameters({name: name for name in outputs}))


def test_no_account_region_or_partition_is_literal() -> None:
    assert re.findall(r"arn:aws:", TEXT) == []
    assert re.findall(r"\b\d{12}\b", TEXT) == []
    assert re.findall(r"\b[a-z]{2}-(?:east|west|central|south|north)[a-z]*-\d\b", TEXT) == []
    assert re.findall(r"(?:Resource|Principal): \"?\*", TEXT) == []


def test_all_parts_of_auto_mode_are_enabled() -> None:
    assert CLUSTER["ComputeConfig"]["Enabled"]
    assert CLUSTER["KubernetesNetworkConfig"]["ElasticLoadBalancing"]["Enabled"]
    assert CLUSTER["StorageConfig"]["BlockStorage"]["Enabled"]


def test_network_policy_allows_dns_at_the_cluster_address() -> None:
    services = ipaddress.ip_network(CLUSTER["KubernetesNetworkConfig"]["ServiceIpv4Cidr"])
    asked = {
        peer["ipBlock"]["cidr"]
        for policy in base("network.yaml")
        for rule in policy["spec"].get("egress", [])
        if {"protocol": "UDP", "port": 53} in rule["ports"]
        for peer in rule["to"]
        if "ipBlock" in peer
    }

    assert asked == {f"{services[10]}/32"}
    assert CLUSTER["KubernetesNetworkConfig"]["IpFamily"] == "ipv4"


def test_manifests_are_checked_against_the_cluster_version() -> None:
    assert TEMPLATE["Parameters"]["KubernetesVersion"]["Default"] == KUBERNETES


@pytest.mark.parametrize(
    ("identity", "namespace", "account"),
    [("WorkerIdentity", "shoal", "shoal-worker"), ("ScalerIdentity", "keda", "keda-operator")],
)
def test_each_role_has_one_service_account(identity: str, namespace: str, account: str) -> None:
    association = RESOURCES[identity]["Properties"]

    assert (association["Namespace"], association["ServiceAccount"]) == (namespace, account)


def test_worker_role_belongs_to_the_service_account_of_the_pods() -> None:
    pod = base("workers.yaml")[0]["spec"]["template"]["spec"]

    assert pod["serviceAccountName"] == RESOURCES["WorkerIdentity"]["Properties"]["ServiceAccount"]


def test_keda_can_only_count_messages_of_the_three_queues() -> None:
    (policy,) = RESOURCES["ScalerRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Action"] == "sqs:GetQueueAttributes"
    urls = re.findall(r"Queue\w+Url", str(statement["Resource"]))
    assert urls == ["QueueHighUrl", "QueueNormalUrl", "QueueLowUrl"]


def test_images_are_scanned_and_tags_are_immutable() -> None:
    repository = RESOURCES["Repository"]["Properties"]

    assert repository["ImageScanningConfiguration"]["ScanOnPush"]
    assert repository["ImageTagMutability"] == "IMMUTABLE"


def test_keda_version_is_pinned() -> None:
    assert re.fullmatch(r"https://\S+/v(\d+\.\d+\.\d+)/keda-\1\.yaml", KEDA)
