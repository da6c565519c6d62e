"""Derives the caller (tenant, name, scopes) from the verified claims of a token."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from shoal.domain.errors import NoTenant

SERVER: Final = "shoal/"
"""The prefix of scopes in a token: the identifier of the pool's resource server."""
ADMINS: Final = "admins"
"""The group whose users may use the scope `admin`. Any user can request the scopes of a client."""
_GROUP: Final = "tenant:"
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


class Scope(StrEnum):
    """The scopes of a token."""

    READ = "jobs:read"
    WRITE = "jobs:write"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user or API client that signed in, with access to the resources of its tenant."""

    tenant: str
    name: str
    scopes: frozenset[str]


class Claims(NamedTuple):
    """The claims of a verified token. `machine` is the API client, if an API client signed in."""

    name: str
    machine: str | None
    groups: tuple[str, ...]
    scopes: frozenset[str]

    @staticmethod
    def of(claims: Mapping[str, Any]) -> Claims:
        """Return the claims of an access token; the subject of an API client is the client."""
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
        """Return the tenant of the user; raise NoTenant if there is none or several."""
        return tenant_of(self.groups)


def tenant_of(groups: Iterable[str]) -> str:
    """`tenant:acme` → `acme`."""
    named = {each.removeprefix(_GROUP) for each in groups if each.startswith(_GROUP)}
    if not named:
        raise NoTenant("you belong to no group tenant:*; ask an administrator to add you to one")
    if len(named) > 1:
        raise NoTenant("you belong to several groups tenant:*; a user can act for only one tenant")
    (tenant,) = named
    if not is_tenant(tenant):
        raise NoTenant("your group tenant:* contains an invalid tenant name")
    return tenant


def is_tenant(name: str) -> bool:
    """Return whether the text is a valid tenant name. Names are used in keys and paths."""
    return _TENANT.fullmatch(name) is not None


def _listed(claim: object) -> tuple[str, ...]:
    """Return the items of a list, of `a b`, or of API Gateway's form of a list, `[a b]`."""
    if isinstance(claim, str):
        return tuple(claim.removeprefix("[").removesuffix("]").split())
    return tuple(map(str, claim)) if isinstance(claim, list | tuple) else ()
