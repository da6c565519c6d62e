"""Network addresses that webhooks may use: only those of the public internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shoal.domain.errors import InvalidRequest

LOOPBACK: Final = "127.0.0.1"
_LONGEST: Final = 2_048
_GLOBAL: Final = IPv6Network("2000::/3")
"""The allocated IPv6 range. Addresses outside of it can map to private IPv4 addresses."""


def is_public(address: str) -> bool:
    """Returns whether the text is a public IP address; False if it is not an address."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        tunnelled = (found.sixtofour, *(found.teredo or ()))
        inner = [each for each in tunnelled if each is not None]
        return found in _GLOBAL and found.is_global and all(map(_open, inner))
    return _open(found)


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


def _open(address: IPv4Address) -> bool:
    return address.is_global and not address.is_multicast


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _invalid(detail: str) -> InvalidRequest:
    return InvalidRequest(f"url {detail}", [("url", detail)])
