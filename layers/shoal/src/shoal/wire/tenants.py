"""What administrators and the API say to each other: machines, tenants, limits."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

type ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,128}$")]
type TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class MachineSetting(_Request):
    """Which tenant a client works for."""

    tenant: TenantName


class MachineBody(_Answer):
    """A client that signs in for itself."""

    client_id: str
    tenant: str


class MachinePageBody(_Answer):
    """Some of them, by client."""

    items: Sequence[MachineBody]
    next_token: str | None
