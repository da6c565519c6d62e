"""Who asks something of the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a machine that signed in; what it sees and changes is its tenant's."""

    tenant: str
    name: str
    scopes: frozenset[str]
