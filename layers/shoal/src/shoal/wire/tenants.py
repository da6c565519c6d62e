"""Bodies for administrators: API clients, tenants, limits."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StringConstraints

from shoal.wire.bodies import RequestBody, ResponseBody

type ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@-]{1,128}$")]
type TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]


class LimitsSetting(RequestBody):
    """The limits of a tenant; omitted or null fields take the deployment's default."""

    open_jobs: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    queued_tasks: Annotated[int, Field(ge=0, le=10**12)] | None = None
    submit_rate: Annotated[float, Field(ge=0.001, le=1_000)] | None = None
    submit_burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    retention_days: Annotated[int, Field(ge=1, le=3_650)] | None = None


class LimitsBody(ResponseBody):
    """Limits: open jobs, tasks of open jobs, submits per second and at once, retention in days."""

    open_jobs: int
    queued_tasks: int
    submit_rate: float
    submit_burst: int
    retention_days: int


class UsageBody(ResponseBody):
    """The usage of a tenant."""

    open_jobs: int
    queued_tasks: int


class TenantBody(ResponseBody):
    """A tenant: its effective limits, its own limits, and its usage."""

    tenant: str
    limits: LimitsBody
    own: Sequence[str]
    usage: UsageBody


class TenantPageBody(ResponseBody):
    """A page of tenants, by name."""

    items: Sequence[TenantBody]
    next_token: str | None


class MachineSetting(RequestBody):
    """The tenant of an API client."""

    tenant: TenantName


class MachineBody(ResponseBody):
    """An API client."""

    client_id: str
    tenant: str


class MachinePageBody(ResponseBody):
    """A page of API clients, by client id."""

    items: Sequence[MachineBody]
    next_token: str | None
