"""No address of the IANA special-purpose registries is public, except those of the whole internet.

https://www.iana.org/assignments/iana-ipv4-special-registry
https://www.iana.org/assignments/iana-ipv6-special-registry
"""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from shoal.domain import addresses
from tasks import network

# Each block that is not globally reachable, that leads to other addresses, or that is not unicast.
REFUSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.170/31",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",  # IPv4-compatible, deprecated
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",  # site-local, deprecated
    "ff00::/8",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.31.196.1",  # AS112
    "223.255.255.255",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450::1",
)
CHECKS = (addresses.is_public, network.is_public)


@pytest.mark.parametrize("is_public", CHECKS)
@pytest.mark.parametrize("block", REFUSED)
def test_special_block_is_not_public(block: str, is_public: Callable[[str], bool]) -> None:
    found = ip_network(block)
    middle = found.network_address + found.num_addresses // 2
    samples = (found.network_address, middle, found.broadcast_address)

    assert [str(each) for each in samples if is_public(str(each))] == []


@pytest.mark.parametrize("is_public", CHECKS)
@pytest.mark.parametrize("address", PUBLIC)
def test_address_of_the_internet_is_public(address: str, is_public: Callable[[str], bool]) -> None:
    assert is_public(address)
