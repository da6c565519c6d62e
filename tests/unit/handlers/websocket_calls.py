"""Opens connections as API Gateway does: the authorizer first, then the handler of `$connect`."""

from http import HTTPStatus
from typing import Any

from handlers import live, live_authorizer
from tests.unit.handlers.http_calls import call, user

type Json = Any

PLACE = "arn:aws:execute-api:eu-central-1:123456789012:api/live/$connect"


def ticket(tenant: str = "default") -> str:
    answer = call("POST", "/live-tickets", claims=user(tenant))
    assert answer.status == 201, answer.text
    return str(answer.json["ticket"])


def websocket_event(route: str, connection: str, **more: Json) -> Json:
    about = {"routeKey": route, "connectionId": connection} | more.pop("about", {})
    return {"requestContext": about, **more}


def authorized(query: Json) -> Json:
    """Return the context of the authorizer, or None if it denies the connection."""
    answer = live_authorizer.handler({"methodArn": PLACE, "queryStringParameters": query}, None)
    (statement,) = answer["policyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("execute-api:Invoke", PLACE)
    if statement["Effect"] != "Allow":
        assert answer["context"] == {}
        return None
    # API Gateway passes the values of the context as text, with the principal.
    texts = {name: str(value) for name, value in answer["context"].items()}
    return texts | {"principalId": answer["principalId"]}


def handshake(query: Json, connection: str = "c") -> int:
    if not (query or {}).get("ticket"):
        return HTTPStatus.UNAUTHORIZED  # the identity source is missing
    verified = authorized(query)
    if verified is None:
        return HTTPStatus.FORBIDDEN
    event = websocket_event("$connect", connection, about={"authorizer": verified})
    return int(live.handler(event, None)["statusCode"])
