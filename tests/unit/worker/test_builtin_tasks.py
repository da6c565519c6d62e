"""The task types of the worker image."""

import asyncio
import zlib
from typing import Any

import httpx
import numpy as np
import pytest

from shoal import NonRetryable
from shoal.sdk import InvalidInput, discover
from tasks import cpu, io, matrix, network, noop


def test_all_built_in_tasks_are_discovered() -> None:
    assert discover(["tasks"]).keys() == {"noop", "cpu", "io", "matrix", "container"}


def test_noop_returns_its_input() -> None:
    assert noop(a=1) == {"a": 1}


@pytest.mark.parametrize(
    ("n", "primes"), [(0, 0), (2, 0), (3, 1), (10, 4), (100_000, 9_592), (1_000_000, 78_498)]
)
def test_cpu_counts_primes(n: int, primes: int) -> None:
    assert cpu(n=n) == {"n": n, "primes": primes}


def test_matrix_checksum_matches_the_exact_product() -> None:
    draw = np.random.default_rng(5)
    left, right = (draw.integers(0, 10, (16, 16)) for _ in range(2))
    exact = zlib.crc32((left @ right).astype("<f8").tobytes())

    assert matrix(size=16, seed=5)["checksum"] == exact


@pytest.mark.parametrize("given", [{"size": 0}, {"size": 10_000}, {"seed": -1}])
def test_matrix_rejects_sizes_out_of_range(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        matrix.arguments(given, None)


def test_io_waits() -> None:
    assert asyncio.run(io(delay=0.01)) == {"delay": 0.01}


def test_io_rejects_urls_without_allowed_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOAL_IO_HOSTS", raising=False)

    with pytest.raises(NonRetryable, match="allowed"):
        asyncio.run(io(delay=0, url="https://example.com/"))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://host.test/",
        "http://user@host.test/",
        "http://host.test:8080/",
        "https://host.test:80/",
        "http://host.test.evil.test/",
        "http://other.test/",
        "http://[::1",
    ],
)
def test_forbidden_urls_are_rejected(url: str) -> None:
    with pytest.raises(NonRetryable):
        asyncio.run(network.fetch(url, {"host.test"}))


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "fe80::1", "fd00:ec2::254", "::"),  # noqa: S104
        *("::ffff:8.8.8.8", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::"),
    ],
)
def test_private_addresses_are_not_public(address: str) -> None:
    assert not network.is_public(address)


def test_host_with_a_private_address_is_rejected() -> None:
    with pytest.raises(NonRetryable, match="not public"):
        asyncio.run(network.fetch("http://localhost/", {"localhost"}))


class Server:
    """A server on loopback with the same response to each request."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []

    async def fetch(self) -> dict[str, int]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            place = httpx.URL(f"http://host.test:{port}/path")
            return await network._get(place, "127.0.0.1")  # noqa: SLF001


def answer_of(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nLocation: http://x/\r\n\r\n"
    return head.encode() + body


def test_request_to_the_address_names_the_host() -> None:
    server = Server(answer_of(b"hello"))

    assert asyncio.run(server.fetch()) == {"status": 200, "bytes": 5}
    assert b"Host: host.test" in server.requests[0]


def test_redirect_is_not_followed() -> None:
    with pytest.raises(NonRetryable, match="redirect"):
        asyncio.run(Server(answer_of(b"", "302 Found")).fetch())


def test_large_body_is_rejected() -> None:
    with pytest.raises(NonRetryable, match="more than"):
        asyncio.run(Server(answer_of(b"x" * (network.MAX_BYTES + 1))).fetch())


def test_slow_host_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_host: str, _port: int) -> str:
        await asyncio.sleep(60)
        return ""

    monkeypatch.setattr(network, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(network, "_public_address", never)

    with pytest.raises(NonRetryable, match="exceeded the timeout"):
        asyncio.run(network.fetch("http://host.test/", {"host.test"}))
