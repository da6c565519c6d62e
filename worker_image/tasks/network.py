"""A task that waits and optionally fetches a URL of an allowed host.

Inputs come from users, so the fetch must not give access to the network of the workers. It is
disabled unless SHOAL_IO_HOSTS lists hosts. A host name is resolved once, all its addresses must be
public, and the connection uses the checked address. Redirects are not followed. Size and time are
limited.
"""

from __future__ import annotations

import asyncio
import os
import socket
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Annotated, Final

import httpx
from pydantic import Field

from shoal import NonRetryable, task

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_BYTES: Final = 1024 * 1024
MAX_SECONDS: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}
_GLOBAL: Final = IPv6Network("2000::/3")
"""The allocated IPv6 range. Addresses outside of it can map to private IPv4 addresses."""
_SPECIAL: Final = (
    ip_network("192.88.99.0/24"),  # relays of 6to4
    ip_network("2001::/23"),  # protocols of the IETF, such as Teredo and ORCHID
    ip_network("2002::/16"),  # 6to4
    ip_network("3fff::/20"),  # documentation
)
"""Special blocks that `ipaddress` takes for global, and tunnels to any IPv4 address."""


@task
async def io(
    delay: Annotated[float, Field(ge=0, le=3_600)] = 0.1, url: str | None = None
) -> dict[str, int | float]:
    """Wait `delay` seconds without using CPU. Then fetch `url`, if it is set."""
    await asyncio.sleep(delay)
    if url is None:
        return {"delay": delay}
    named = os.environ.get("SHOAL_IO_HOSTS", "")  # noqa: TID251 - tasks cannot use shoal.settings
    hosts = {host.strip().lower() for host in named.split(",") if host.strip()}
    return {"delay": delay} | await fetch(url, hosts)


async def fetch(url: str, hosts: Collection[str]) -> dict[str, int]:
    """Fetches a URL. Raises NonRetryable if the URL or the response violates a rule."""
    target = _allowed(url, hosts)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            address = await _public_address(target.host, _PORTS[target.scheme])
            return await _get(target, address)
    except TimeoutError as error:
        raise NonRetryable(f"{target.host} exceeded the timeout of {MAX_SECONDS:g} s") from error


def _allowed(url: str, hosts: Collection[str]) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NonRetryable("invalid URL") from error
    if target.scheme not in _PORTS or target.userinfo:
        raise NonRetryable("the URL must have the scheme http or https and no credentials")
    if target.port not in {None, _PORTS[target.scheme]}:
        raise NonRetryable("the URL must use the default port of its scheme")
    if target.host.lower() not in hosts:
        raise NonRetryable(f"host {target.host!r} is not allowed: SHOAL_IO_HOSTS does not list it")
    return target


async def _public_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not addresses or not all(map(is_public, addresses)):
        raise NonRetryable(f"host {host!r} resolves to an address that is not public")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, also after a translation of IPv6."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address not in _GLOBAL:
        return False
    if any(address in block for block in _SPECIAL):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _get(target: httpx.URL, address: str) -> dict[str, int]:
    """Fetches from the address, with the host name in the request and in the TLS handshake."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=MAX_SECONDS) as client,
        client.stream(
            "GET",
            target.copy_with(host=address),
            headers={"Host": target.host, "Accept-Encoding": "identity"},
            extensions={"sni_hostname": target.host},
            follow_redirects=False,
        ) as response,
    ):
        if response.is_redirect:
            raise NonRetryable(f"{target.host} responded with a redirect, which is not followed")
        size = 0
        async for data in response.aiter_raw():
            size += len(data)
            if size > MAX_BYTES:
                raise NonRetryable(f"{target.host} sent more than {MAX_BYTES} bytes")
        return {"status": response.status_code, "bytes": size}
