"""Determines the caller of a request and its tenant."""

from dataclasses import dataclass
from typing import Final

from shoal.domain.errors import MachineNotFound, NoTenant
from shoal.domain.identity import Caller, Claims
from shoal.domain.job import DAY
from shoal.ports.clock import Clock
from shoal.ports.machines import MachineStore

REMEMBERED_SECONDS: Final = DAY
"""How long a repeated removal is answered as the first."""


@dataclass(frozen=True, slots=True)
class Authentication:
    """Identifies users by their group and API clients by their registration."""

    machines: MachineStore
    clock: Clock

    def caller(self, claims: Claims) -> Caller:
        """Return the caller of a verified token; raise NoTenant unless it has one tenant."""
        tenant = claims.tenant if claims.machine is None else self._of_machine(claims.machine)
        return Caller(tenant, claims.name, claims.scopes)

    def _of_machine(self, client: str) -> str:
        tenant = self.machines.tenant_of(client)
        if tenant is None:
            raise NoTenant("this client is not registered for a tenant; ask an administrator")
        return tenant

    def remove_machine(self, client: str) -> None:
        """Remove an API client; its tokens are then rejected.

        Raises MachineNotFound unless it is assigned or was removed in the last day.
        """
        until = int(self.clock.now()) + REMEMBERED_SECONDS
        if not self.machines.remove(client, remembered_until=until):
            raise MachineNotFound(client)
