"""Clients that call the API's handler in this process, over in-memory adapters."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from handlers import api
from shoal import bootstrap
from shoal.client import AsyncShoal, Shoal
from tests.unit.handlers.http_calls import World, content, event, new_world

type Server = Callable[[httpx.Request], httpx.Response]


def serve(request: httpx.Request) -> httpx.Response:
    """Pass the request to the handler as API Gateway would."""
    answer = api.handler(
        event(
            request.method,
            request.url.path,
            request.content.decode() or None,
            query=request.url.query.decode(),
            headers=dict(request.headers),
        ),
        None,
    )
    return httpx.Response(answer["statusCode"], headers=answer["headers"], content=content(answer))


@pytest.fixture(autouse=True)
def world() -> World:
    made = new_world()
    bootstrap.use(made)
    return made


@pytest.fixture
def connect() -> Callable[..., Shoal]:
    """Create clients of the API, or of a server that may misbehave."""

    def client(server: Server = serve) -> Shoal:
        http = httpx.Client(transport=httpx.MockTransport(server))
        return Shoal("http://api.test", "token", http=http)

    return client


@pytest.fixture
def shoal(connect: Callable[..., Shoal]) -> Iterator[Shoal]:
    with connect() as client:
        yield client


@pytest.fixture
def async_shoal() -> AsyncShoal:
    async def answer(request: httpx.Request) -> httpx.Response:
        return serve(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return AsyncShoal("http://api.test", "token", http=http)
