"""Who asks, and for which tenant."""

from dataclasses import dataclass

from shoal.domain.errors import MachineNotFound, NoTenant
from shoal.domain.identity import Caller, Claims
from shoal.ports.machines import MachineStore


@dataclass(frozen=True, slots=True)
class Authentication:
    """Knows users by their group, and machines by what an administrator said of them."""

    machines: MachineStore

    def caller(self, claims: Claims) -> Caller:
        """Who brought this token; raise NoTenant if it belongs to no tenant, or to several."""
        tenant = claims.tenant if claims.machine is None else self._of_machine(claims.machine)
        return Caller(tenant, claims.name, claims.scopes)

    def _of_machine(self, client: str) -> str:
        tenant = self.machines.tenant_of(client)
        if tenant is None:
            raise NoTenant("this client is not registered for a tenant; ask an administrator")
        return tenant

    def remove_machine(self, client: str) -> None:
        """Its tokens open nothing from now on; raise MachineNotFound if they never did."""
        if not self.machines.remove(client):
            raise MachineNotFound(client)
