"""Tenants, for administrators of the deployment: whose machines are."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from handlers import log
from handlers.asking import ADMIN, NextToken, caller, new_router, request_id
from handlers.tokens import text_start, token
from shoal import bootstrap
from shoal.wire.tenants import ClientId, MachineBody, MachinePageBody, MachineSetting

router = new_router()

PageLimit = Annotated[int, Query(ge=1, le=100)]
Client = Annotated[ClientId, Path()]


@router.get("/api/v1/machines", operation_id="listMachines", tags=["tenants"], security=ADMIN)
def list_machines(limit: PageLimit = 50, next_token: NextToken = None) -> MachinePageBody:
    """List the clients that sign in for themselves, each with its tenant."""
    page = bootstrap.tenancy().machines.page(
        limit=limit, start=text_start(next_token, ["machines"])
    )
    return MachinePageBody(
        items=[MachineBody(client_id=client, tenant=tenant) for client, tenant in page.machines],
        next_token=token(page.next_key, ["machines"]),
    )


@router.put(
    "/api/v1/machines/<client_id>", operation_id="setMachine", tags=["tenants"], security=ADMIN
)
def set_machine(client_id: Client, body: MachineSetting) -> MachineBody:
    """Let a client work for a tenant, and for no other any more."""
    bootstrap.tenancy().machines.put(client_id, body.tenant)
    _say("a machine was let in", client=client_id, of=body.tenant)
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
    bootstrap.tenancy().remove_machine(client_id)
    _say("a machine was shut out", client=client_id)
    return Response(HTTPStatus.NO_CONTENT.value)


def _say(what: str, **about: str) -> None:
    log.say(what, by=caller(router).name, request_id=request_id(router), **about)
