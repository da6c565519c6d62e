"""Clients of the API's own handler, over ports in memory."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from handlers import api
from shoal import bootstrap
from shoal.client import AsyncShoal, Shoal
from tests.unit.handlers.edge import World, content, event, new_world

type Answering = Callable[[httpx.Request], httpx.Response]


def answered(request: httpx.Request) -> httpx.Response:
    """What API Gateway would do with the request."""
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
def connected() -> Callable[..., Shoal]:
    """Makes clients; what lies between them and the API may misbehave."""

    def connect(between: Answering = answered) -> Shoal:
        http = httpx.Client(transport=httpx.MockTransport(between))
        return Shoal("http://api.test", "token", http=http)

    return connect


@pytest.fixture
def shoal(connected: Callable[..., Shoal]) -> Iterator[Shoal]:
    with connected() as client:
        yield client


@pytest.fixture
def async_shoal() -> AsyncShoal:
    async def answer(request: httpx.Request) -> httpx.Response:
        return answered(request)

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return AsyncShoal("http://api.test", "token", http=http)
