"""The check that a request names the address of the twin and comes from the console or no page.

Each server listens on loopback. Nevertheless, every web page that the user opens can send requests
to it. The browser names the page in `Origin`. A page whose own name resolves to 127.0.0.1 (DNS
rebinding) has no foreign `Origin`, but it has a foreign `Host`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Final

NAMES: Final = ("localhost", "127.0.0.1")
CONTAINER_HOST: Final = "host.docker.internal"
"""The name of this machine in the containers of SAM, whose requests are all signed."""
_HTTP: Final = 80


def origins(port: int) -> tuple[str, ...]:
    """Returns the origins of a server on this port of loopback."""
    return tuple(f"http://{host}" for host in hosts(port))


def hosts(port: int, names: Collection[str] = NAMES) -> tuple[str, ...]:
    """Returns the values of `Host` for a server on this port."""
    return tuple(name if port == _HTTP else f"{name}:{port}" for name in names)


@dataclass(frozen=True, slots=True)
class Callers:
    """The values of `Host` and `Origin` that a server accepts."""

    hosts: frozenset[str]
    origins: frozenset[str]

    @classmethod
    def of(cls, port: int, allowed: Collection[str]) -> Callers:
        """Returns the callers of a server on this port, from pages of the allowed origins."""
        return cls(frozenset(hosts(port)), frozenset(allowed))

    def refusal(self, host: str | None, origin: str | None) -> str | None:
        """Returns why the request is refused, or None. Only browsers send an origin."""
        if host is None or host.lower() not in self.hosts:
            return "foreign Host: use the address of the twin"
        if origin is not None and origin not in self.origins:
            return "foreign Origin: only pages of the console may call the twin"
        return None


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers 403 to requests of other callers."""

    callers: Callers

    def parse_request(self) -> bool:
        """Parses the request. Returns False if it has been answered."""
        if not super().parse_request():
            return False
        refusal = self.callers.refusal(self.headers.get("Host"), self.headers.get("Origin"))
        if refusal:
            self.send_error(403, refusal)
        return refusal is None

    def log_message(self, *_: object) -> None:
        """Does not log requests."""
