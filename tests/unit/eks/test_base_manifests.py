"""The manifests of eks/base limit the pods of container tasks."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

BASE = Path(__file__).parents[3] / "eks" / "base"
NOT_PUBLIC = (
    "0.0.0.0",  # noqa: S104 - must be refused
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "169.254.169.254",
    "169.254.170.23",
    "172.16.0.1",
    "172.20.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2001::1",
    "2002:a00:1::",
    "fc00::1",
    "fd00:ec2::23",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)
PUBLIC = ("1.1.1.1", "52.218.0.1", "172.15.255.255", "172.32.0.1", "2600:1f00::1")


def manifests(file: str, kind: str) -> dict[str, Any]:
    found = yaml.safe_load_all((BASE / file).read_text())
    return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}


def blocks(policy: dict[str, Any], port: int) -> Iterator[dict[str, Any]]:
    """Yields the address blocks that the policy allows on a TCP port."""
    for rule in policy["spec"]["egress"]:
        if any(each["protocol"] == "TCP" and each["port"] == port for each in rule["ports"]):
            yield from (each["ipBlock"] for each in rule["to"] if "ipBlock" in each)


def allows(policy: dict[str, Any], address: str, port: int) -> bool:
    found = ip_address(address)
    return any(
        found in ip_network(block["cidr"])
        and not any(found in ip_network(each) for each in block.get("except", ()))
        for block in blocks(policy, port)
    )


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_container_task_cannot_reach_a_private_address(address: str) -> None:
    assert not allows(manifests("network.yaml", "NetworkPolicy")["tasks"], address, 443)


@pytest.mark.parametrize("address", PUBLIC)
def test_container_task_reaches_the_internet(address: str) -> None:
    assert allows(manifests("network.yaml", "NetworkPolicy")["tasks"], address, 443)


def test_only_the_ports_of_dns_and_https_are_open_to_container_tasks() -> None:
    policy = manifests("network.yaml", "NetworkPolicy")["tasks"]

    ports = {each["port"] for rule in policy["spec"]["egress"] for each in rule["ports"]}

    assert ports == {53, 443}


def test_exceptions_are_inside_their_block() -> None:
    for policy in manifests("network.yaml", "NetworkPolicy").values():
        for block in blocks(policy, 443) if "egress" in policy["spec"] else ():
            outer: Any = ip_network(block["cidr"])
            assert all(ip_network(each).subnet_of(outer) for each in block.get("except", ()))


def test_namespace_of_container_tasks_has_a_quota() -> None:
    quota = manifests("quota.yaml", "ResourceQuota")["tasks"]

    assert quota["metadata"]["namespace"] == "shoal-tasks"
    limited = {"pods", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
    assert limited <= set(quota["spec"]["hard"])
    assert "quota.yaml" in yaml.safe_load((BASE / "kustomization.yaml").read_text())["resources"]
