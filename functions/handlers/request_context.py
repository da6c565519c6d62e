"""Provides what routes share: the caller, the required scope, and parameters of lists."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import BaseRouter, Router
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.params import Header, Query

from handlers import gateway
from shoal import bootstrap
from shoal.domain.counts import TaskStatus
from shoal.domain.errors import MissingScope
from shoal.domain.identity import Caller, Claims, Scope
from shoal.domain.job import JobStatus

NextToken = Annotated[str | None, Query(max_length=2_048)]
IdempotencyKey = Annotated[
    str | None, Header(alias="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,255}$")
]
PageLimit = Annotated[int, Query(ge=1, le=100)]
TaskLimit = Annotated[int, Query(ge=1, le=1_000)]

type Security = Sequence[Mapping[str, Sequence[str]]]

PUBLIC: Final[list[dict[str, list[str]]]] = [{}]
"""The `security` of a route without authentication."""
READ_ONLY: Final = [{"user": [str(Scope.READ)]}]
"""The `security` of a POST that changes nothing."""
ADMIN: Final = [{"user": [str(Scope.ADMIN)]}]
"""The `security` of a route for administrators of the deployment."""


def new_router() -> Router:
    """Return a router for one kind of resource; `handlers.api` includes it."""
    return Router()  # type: ignore[no-untyped-call]


def required_scope(method: str, security: Security | None) -> Scope | None:
    """Return the scope that a route requires, from its `security`.

    By default, GET requires the read scope, and other methods require the write scope.
    """
    if security is None:
        return Scope.READ if method.upper() == "GET" else Scope.WRITE
    scopes = [scope for each in security for scope in each.get("user", ())]
    return Scope(scopes[0]) if scopes else None


def authenticate(
    resolver: APIGatewayHttpResolver, next_middleware: NextMiddleware
) -> Response[Any]:
    """Identify the caller, and reject tokens without the route's scope."""
    scope = required_scope(resolver.current_event.http_method, resolver.context["_route"].security)
    if scope is not None:
        found = bootstrap.authentication().caller(
            Claims.of(gateway.claims(resolver.current_event.raw_event))
        )
        if scope not in found.scopes:
            raise MissingScope(scope)
        resolver.context["caller"] = found
    return next_middleware(resolver)


def caller(router: BaseRouter) -> Caller:
    """Return the caller, which is identified only by the verified claims of the request."""
    found: Caller = router.context["caller"]
    return found


def distinct[S: (JobStatus, TaskStatus)](statuses: Sequence[S] | None) -> list[S]:
    """Return the statuses of a filter without duplicates."""
    return sorted(set(statuses or ()))


def etag_matches(tag: str, router: BaseRouter) -> bool:
    """Return whether the client has the version with this ETag."""
    known = router.current_event.headers.get("if-none-match", "")
    mine = tag.removeprefix("W/")
    return mine in {each.strip().removeprefix("W/") for each in known.split(",")}


def request_id(router: BaseRouter) -> str:
    """Return the id that API Gateway assigned to the request."""
    return gateway.request_id(router.current_event.raw_event)
