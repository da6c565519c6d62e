"""A task that waits, and may fetch a URL of a host that the deployment allows.

A task's input comes from users, so the fetch must not become a way into the network of the workers:
it is off unless SHOAL_IO_HOSTS names hosts; a name is resolved once, every address of it must be
public, and the connection goes to the address that was looked at; no redirect is followed; size and
time are capped.
"""

from __future__ import annotations

import asyncio
import os
import socket
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Annotated, Final

import httpx
from pydantic import Field

from shoal import NonRetryable, task

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_BYTES: Final = 1024 * 1024
MAX_SECONDS: Final = 10.0
_PORTS: Final = {"http": 80, "https": 443}
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


@task
async def io(
    delay: Annotated[float, Field(ge=0, le=3_600)] = 0.1, url: str | None = None
) -> dict[str, int | float]:
    """Wait `delay` seconds without using the processor; fetch `url` if one is given."""
    await asyncio.sleep(delay)
    if url is None:
        return {"delay": delay}
    named = os.environ.get("SHOAL_IO_HOSTS", "")  # noqa: TID251 - a task has no settings of ours
    hosts = {host.strip().lower() for host in named.split(",") if host.strip()}
    return {"delay": delay} | await fetch(url, hosts)


async def fetch(url: str, hosts: Collection[str]) -> dict[str, int]:
    """GET the URL; raise NonRetryable if it is not allowed or what comes is not."""
    target = _allowed(url, hosts)
    try:
        async with asyncio.timeout(MAX_SECONDS):
            address = await _public_address(target.host, _PORTS[target.scheme])
            return await _get(target, address)
    except TimeoutError as error:
        raise NonRetryable(f"{target.host} took over {MAX_SECONDS:g} s") from error


def _allowed(url: str, hosts: Collection[str]) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise NonRetryable("not a URL") from error
    if target.scheme not in _PORTS or target.userinfo:
        raise NonRetryable("only plain http and https URLs are fetched")
    if target.port not in {None, _PORTS[target.scheme]}:
        raise NonRetryable("only the usual ports are fetched from")
    if target.host.lower() not in hosts:
        raise NonRetryable(f"host {target.host!r} is not among the allowed hosts")
    return target


async def _public_address(host: str, port: int) -> str:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(sockaddr[0]) for *_, sockaddr in found]
    if not addresses or not all(map(is_public, addresses)):
        raise NonRetryable(f"host {host!r} has an address that is not public")
    return addresses[0]


def is_public(text: str) -> bool:
    """Whether the address lies in the public internet, not through a translation either."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in _TRANSLATED
    ):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def _get(target: httpx.URL, address: str) -> dict[str, int]:
    """GET from the address, but ask for, and with TLS insist on, the host."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=MAX_SECONDS) as client,
        client.stream(
            "GET",
            target.copy_with(host=address),
            headers={"Host": target.host, "Accept-Encoding": "identity"},
            extensions={"sni_hostname": target.host},
            follow_redirects=False,
        ) as answer,
    ):
        if answer.is_redirect:
            raise NonRetryable(f"{target.host} redirects, which is not followed")
        size = 0
        async for some in answer.aiter_raw():
            size += len(some)
            if size > MAX_BYTES:
                raise NonRetryable(f"{target.host} sent more than {MAX_BYTES} bytes")
        return {"status": answer.status_code, "bytes": size}
