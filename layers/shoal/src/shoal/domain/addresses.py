"""Network addresses that webhooks may use: only those of the public internet."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shoal.domain.errors import InvalidRequest

LOOPBACK: Final = "127.0.0.1"
_LONGEST: Final = 2_048
_GLOBAL: Final = IPv6Network("2000::/3")
"""The allocated IPv6 range. Addresses outside of it can map to private IPv4 addresses."""
_SPECIAL: Final = (
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("2001::/23"),  # protocols of the IETF, such as Teredo and ORCHID
    ip_network("2002::/16"),  # 6to4
    ip_network("3fff::/20"),  # documentation
)
"""Special blocks that `ipaddress` takes for global, and tunnels to any IPv4 address."""


def is_public(address: str) -> bool:
    """Returns whether the text is a public IP address; False if it is not an address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found not in _GLOBAL:
        return False
    special = any(found in block for block in _SPECIAL)
    return found.is_global and not found.is_multicast and not special


def checked_url(url: str, *, local: bool) -> SplitResult:
    """Return the parts of a webhook's URL; raise InvalidRequest if it is not allowed.

    With `local`, plain HTTP to 127.0.0.1 is allowed. Host names are resolved and checked when the
    webhook is called.
    """
    parts = _split(url)
    host = parts.hostname
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise _invalid("must name a host, and no user and no fragment")
    if local and parts.scheme == "http" and host == LOOPBACK:
        return parts
    if parts.scheme != "https":
        raise _invalid("must begin with https://")
    if _is_number(host) and not is_public(host):
        raise _invalid("must not name an address that is not public")
    return parts


def _split(url: str) -> SplitResult:
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid(f"must be up to {_LONGEST} printable ASCII characters")
    try:
        parts = urlsplit(url)
        usable = parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise _invalid("is not a URL")
    return parts


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _invalid(detail: str) -> InvalidRequest:
    return InvalidRequest(f"url {detail}", [("url", detail)])
