"""The workers' stack fits the application's stack and the manifests that go into its cluster."""

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


def test_each_parameter_has_a_default_is_an_output_of_the_application_or_is_yours() -> None:
    outputs = read_template()["Outputs"]
    needed = {name for name, each in TEMPLATE["Parameters"].items() if "Default" not in each}

    assert needed - YOURS == set(parameters({name: name for name in outputs}))


def test_no_account_region_or_partition_is_literal() -> None:
    assert re.findall(r"arn:aws:", TEXT) == []
    assert re.findall(r"\b\d{12}\b", TEXT) == []
    assert re.findall(r"\b[a-z]{2}-(?:east|west|central|south|north)[a-z]*-\d\b", TEXT) == []
    assert re.findall(r"(?:Resource|Principal): \"?\*", TEXT) == []


def test_auto_mode_is_on_as_a_whole() -> None:
    assert CLUSTER["ComputeConfig"]["Enabled"]
    assert CLUSTER["KubernetesNetworkConfig"]["ElasticLoadBalancing"]["Enabled"]
    assert CLUSTER["StorageConfig"]["BlockStorage"]["Enabled"]


def test_pods_may_ask_for_names_where_the_cluster_answers() -> None:
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


def test_the_manifests_are_checked_against_the_version_of_the_cluster() -> None:
    assert TEMPLATE["Parameters"]["KubernetesVersion"]["Default"] == KUBERNETES


@pytest.mark.parametrize(
    ("identity", "namespace", "account"),
    [("WorkerIdentity", "shoal", "shoal-worker"), ("ScalerIdentity", "keda", "keda-operator")],
)
def test_a_role_goes_to_one_service_account(identity: str, namespace: str, account: str) -> None:
    association = RESOURCES[identity]["Properties"]

    assert (association["Namespace"], association["ServiceAccount"]) == (namespace, account)


def test_the_worker_s_role_goes_to_the_account_that_worker_pods_use() -> None:
    pod = base("workers.yaml")[0]["spec"]["template"]["spec"]

    assert pod["serviceAccountName"] == RESOURCES["WorkerIdentity"]["Properties"]["ServiceAccount"]


def test_keda_counts_messages_of_three_queues_and_no_more() -> None:
    (policy,) = RESOURCES["ScalerRole"]["Properties"]["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]

    assert statement["Action"] == "sqs:GetQueueAttributes"
    urls = re.findall(r"Queue\w+Url", str(statement["Resource"]))
    assert urls == ["QueueHighUrl", "QueueNormalUrl", "QueueLowUrl"]


def test_images_are_scanned_and_keep_their_names() -> None:
    repository = RESOURCES["Repository"]["Properties"]

    assert repository["ImageScanningConfiguration"]["ScanOnPush"]
    assert repository["ImageTagMutability"] == "IMMUTABLE"


def test_keda_is_installed_by_version() -> None:
    assert re.fullmatch(r"https://\S+/v(\d+\.\d+\.\d+)/keda-\1\.yaml", KEDA)
