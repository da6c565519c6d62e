"""From the verified claims of a token to who asks: a tenant, a name, scopes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shoal.domain.errors import NoTenant

SERVER: Final = "shoal/"
"""What scopes begin with in a token: the identifier of the pool's resource server."""
ADMINS: Final = "admins"
"""The group whose users may use the scope `admin`: scopes are a client's, and anybody's to ask."""
_GROUP: Final = "tenant:"
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class Scope(StrEnum):
    """What a token allows."""

    READ = "jobs:read"
    WRITE = "jobs:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a machine that signed in; what it sees and changes is its tenant's."""

    tenant: str
    name: str
    scopes: frozenset[str]


class Claims(NamedTuple):
    """What a verified token says. `machine` is the client that signed in for itself, if one did."""

    name: str
    machine: str | None
    groups: tuple[str, ...]
    scopes: frozenset[str]

    @staticmethod
    def of(claims: Mapping[str, Any]) -> Claims:
        """Those of an access token; one that a client got for itself has it as its subject."""
        subject, client = str(claims.get("sub", "")), str(claims.get("client_id", ""))
        machine = client if client and client == subject else None
        groups = _listed(claims.get("cognito:groups", ()))
        scopes = {
            scope.removeprefix(SERVER)
            for scope in _listed(claims.get("scope", ()))
            if scope.startswith(SERVER)
        }
        if machine is None and ADMINS not in groups:
            scopes.discard(Scope.ADMIN)
        name = machine or str(claims.get("username") or subject)
        return Claims(name, machine, groups, frozenset(scopes))

    @property
    def tenant(self) -> str:
        """The user's one tenant; raise NoTenant if there is none, or several."""
        return tenant_of(self.groups)


def tenant_of(groups: Iterable[str]) -> str:
    """`tenant:acme` → `acme`."""
    named = {each.removeprefix(_GROUP) for each in groups if each.startswith(_GROUP)}
    if not named:
        raise NoTenant("you are in no group tenant:*; ask an administrator for one")
    if len(named) > 1:
        raise NoTenant("you are in several groups tenant:*; one sign-in works for one tenant")
    (tenant,) = named
    if not is_tenant(tenant):
        raise NoTenant("the name in your group tenant:* is not one that a tenant can have")
    return tenant


def is_tenant(name: str) -> bool:
    """Whether it can be a tenant's name: it becomes a part of keys and paths."""
    return _TENANT.fullmatch(name) is not None


def _listed(claim: object) -> tuple[str, ...]:
    """A list, `a b`, or what API Gateway makes of a list, `[a b]`."""
    if isinstance(claim, str):
        return tuple(claim.removeprefix("[").removesuffix("]").split())
    return tuple(map(str, claim)) if isinstance(claim, list | tuple) else ()
