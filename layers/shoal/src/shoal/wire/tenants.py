"""What administrators and the API say to each other: machines, tenants, limits."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from shoal.wire.bodies import RequestBody, ResponseBody

type ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,128}$")]
type TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class LimitsSetting(RequestBody):
    """The limits of a tenant; for what is left out, or null, the deployment's hold."""

    open_jobs: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    queued_tasks: Annotated[int, Field(ge=0, le=10**12)] | None = None
    submit_rate: Annotated[float, Field(ge=0.001, le=1_000)] | None = None
    submit_burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3_650)] | None = None


class LimitsBody(ResponseBody):
    """Jobs open at once, tasks of open jobs, jobs a second and at once, days that rows stay."""

    open_jobs: int
    queued_tasks: int
    submit_rate: float
    submit_burst: int
    retention_days: int


class UsageBody(ResponseBody):
    """What a tenant has open."""

    open_jobs: int
    queued_tasks: int


class TenantBody(ResponseBody):
    """A tenant: the limits that hold for it, which of them are its own, and what it has open."""

    tenant: str
    limits: LimitsBody
    own: Sequence[str]
    usage: UsageBody


class TenantPageBody(ResponseBody):
    """Some of them, by name."""

    items: Sequence[TenantBody]
    next_token: str | None


class MachineSetting(RequestBody):
    """Which tenant a client works for."""

    tenant: TenantName


class MachineBody(ResponseBody):
    """A client that signs in for itself."""

    client_id: str
    tenant: str


class MachinePageBody(ResponseBody):
    """Some of them, by client."""

    items: Sequence[MachineBody]
    next_token: str | None
