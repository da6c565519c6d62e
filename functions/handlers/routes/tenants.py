"""Routes for administrators of the deployment: limits of tenants, and API clients."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from handlers import log
from handlers.page_tokens import next_page_token, text_start
from handlers.request_context import ADMIN, NextToken, PageLimit, caller, new_router, request_id
from shoal import bootstrap
from shoal.domain.limits import Tenant
from shoal.wire.tenants import (
    ClientId,
    LimitsBody,
    LimitsSetting,
    MachineBody,
    MachinePageBody,
    MachineSetting,
    TenantBody,
    TenantName,
    TenantPageBody,
    UsageBody,
)

router = new_router()

Client = Annotated[ClientId, Path()]
Name = Annotated[TenantName, Path()]


@router.get("/api/v1/tenants", operation_id="listTenants", tags=["tenants"], security=ADMIN)
def list_tenants(limit: PageLimit = 50, next_token: NextToken = None) -> TenantPageBody:
    """List the tenants that have submitted a job or have their own limits."""
    page = bootstrap.admission().tenants.page(
        limit=limit, start=text_start(next_token, ["tenants"])
    )
    return TenantPageBody(
        items=[*map(_body, page.tenants)], next_token=next_page_token(page.next_key, ["tenants"])
    )


@router.get(
    "/api/v1/tenants/<tenant>/limits", operation_id="getLimits", tags=["tenants"], security=ADMIN
)
def get_limits(tenant: Name) -> TenantBody:
    """Get the limits and the usage of a tenant."""
    return _body(bootstrap.admission().tenants.get(tenant))


@router.put(
    "/api/v1/tenants/<tenant>/limits", operation_id="setLimits", tags=["tenants"], security=ADMIN
)
def set_limits(tenant: Name, body: LimitsSetting) -> TenantBody:
    """Replace the limits of a tenant. The deployment's defaults apply to omitted limits."""
    own = body.model_dump(exclude_none=True)
    answer = _body(bootstrap.admission().set_limits(tenant, own))
    _log("limits set", of=tenant, own=str(own))
    return answer


@router.get("/api/v1/machines", operation_id="listMachines", tags=["tenants"], security=ADMIN)
def list_machines(limit: PageLimit = 50, next_token: NextToken = None) -> MachinePageBody:
    """List the API clients with their tenants."""
    page = bootstrap.authentication().machines.page(
        limit=limit, start=text_start(next_token, ["machines"])
    )
    return MachinePageBody(
        items=[MachineBody(client_id=client, tenant=tenant) for client, tenant in page.machines],
        next_token=next_page_token(page.next_key, ["machines"]),
    )


@router.put(
    "/api/v1/machines/<client_id>", operation_id="setMachine", tags=["tenants"], security=ADMIN
)
def set_machine(client_id: Client, body: MachineSetting) -> MachineBody:
    """Register an API client for a tenant. It replaces the client's previous tenant."""
    bootstrap.authentication().machines.put(client_id, body.tenant)
    _log("API client added", client=client_id, of=body.tenant)
    return MachineBody(client_id=client_id, tenant=body.tenant)


@router.delete(
    "/api/v1/machines/<client_id>",
    operation_id="removeMachine",
    tags=["tenants"],
    security=ADMIN,
    status_code=HTTPStatus.NO_CONTENT,
)
def remove_machine(client_id: Client) -> Response[None]:
    """Remove an API client. Its tokens are rejected from now on."""
    bootstrap.authentication().remove_machine(client_id)
    _log("API client removed", client=client_id)
    return Response(HTTPStatus.NO_CONTENT.value)


def _body(tenant: Tenant) -> TenantBody:
    return TenantBody(
        tenant=tenant.name,
        limits=LimitsBody(**asdict(bootstrap.admission().limits(tenant))),
        own=sorted(tenant.own),
        usage=UsageBody(open_jobs=tenant.open_jobs, queued_tasks=tenant.queued_tasks),
    )


def _log(message: str, **about: str) -> None:
    log.info(message, by=caller(router).name, request_id=request_id(router), **about)
