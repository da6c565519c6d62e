"""Tenants, for administrators of the deployment: their limits, and whose machines are."""

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
    """List the tenants that ever submitted a job or were given limits."""
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
    """The limits of a tenant, and what it has open."""
    return _body(bootstrap.admission().tenants.get(tenant))


@router.put(
    "/api/v1/tenants/<tenant>/limits", operation_id="setLimits", tags=["tenants"], security=ADMIN
)
def set_limits(tenant: Name, body: LimitsSetting) -> TenantBody:
    """Give a tenant limits of its own; for what is left out the deployment's hold."""
    own = body.model_dump(exclude_none=True)
    answer = _body(bootstrap.admission().set_limits(tenant, own))
    _log("limits were set", of=tenant, own=str(own))
    return answer


@router.get("/api/v1/machines", operation_id="listMachines", tags=["tenants"], security=ADMIN)
def list_machines(limit: PageLimit = 50, next_token: NextToken = None) -> MachinePageBody:
    """List the clients that sign in for themselves, each with its tenant."""
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
    """Let a client work for a tenant, and for no other any more."""
    bootstrap.authentication().machines.put(client_id, body.tenant)
    _log("a machine was let in", client=client_id, of=body.tenant)
    return MachineBody(client_id=client_id, tenant=body.tenant)


@router.delete(
    "/api/v1/machines/<client_id>",
    operation_id="removeMachine",
    tags=["tenants"],
    security=ADMIN,
    status_code=HTTPStatus.NO_CONTENT,
)
def remove_machine(client_id: Client) -> Response[None]:
    """Let a client work for nobody: its tokens open nothing from now on."""
    bootstrap.authentication().remove_machine(client_id)
    _log("a machine was shut out", client=client_id)
    return Response(HTTPStatus.NO_CONTENT.value)


def _body(tenant: Tenant) -> TenantBody:
    return TenantBody(
        tenant=tenant.name,
        limits=LimitsBody(**asdict(bootstrap.admission().limits(tenant))),
        own=sorted(tenant.own),
        usage=UsageBody(open_jobs=tenant.open_jobs, queued_tasks=tenant.queued_tasks),
    )


def _log(what: str, **about: str) -> None:
    log.info(what, by=caller(router).name, request_id=request_id(router), **about)
