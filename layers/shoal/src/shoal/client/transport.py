"""Run flows: perform each effect, send its result into the flow, and return the flow's result.

The two transports are written by hand because their libraries differ: `websockets` takes a receive
timeout only in its synchronous half, and the asynchronous half has to be cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from shoal.client.effects import (
    CloseSocket,
    Effect,
    Flow,
    HttpRequest,
    HttpResponse,
    OpenSocket,
    ReceiveText,
    SendText,
    Sleep,
)
from shoal.client.errors import Unreachable

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection as AsyncClientConnection
    from websockets.sync.client import ClientConnection

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_CLOSE_TIMEOUT: Final = 1.0
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Transport:
    """Runs flows, one effect at a time."""

    def __init__(self, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        self._sockets: dict[object, ExitStack] = {}

    def run[T](self, flow: Flow[T]) -> T:
        """Run a flow and return its result."""
        step = _Step(flow)
        while not step.done:
            try:
                result = self._perform(step.effect)
            except Unreachable as error:
                step.throw(error)
            else:
                step.send(result)
        return step.value

    def close(self) -> None:
        """Close all connections."""
        for socket in list(self._sockets):
            self._sockets.pop(socket).close()
        self._http.close()

    def _perform(self, effect: Effect) -> object:
        match effect:
            case HttpRequest():
                try:
                    return _response(self._http.send(_request(self._http, effect)))
                except httpx.TransportError as error:
                    raise _unreachable(effect, error) from error
            case Sleep(seconds):
                time.sleep(seconds)
                return None
            case _:
                with _socket_errors():
                    return self._perform_on_socket(effect)

    def _perform_on_socket(
        self, effect: OpenSocket | SendText | ReceiveText | CloseSocket
    ) -> object:
        from websockets.sync.client import connect  # noqa: PLC0415 - loaded on first use

        if isinstance(effect, OpenSocket):
            stack = ExitStack()
            opened = stack.enter_context(
                connect(effect.url, open_timeout=effect.timeout, close_timeout=_CLOSE_TIMEOUT)
            )
            self._sockets[opened] = stack
            return opened
        socket = cast("ClientConnection", effect.socket)
        match effect:
            case SendText():
                socket.send(effect.text)
            case ReceiveText():
                try:
                    return socket.recv(effect.timeout)
                except TimeoutError:
                    return None
            case CloseSocket():
                self._sockets.pop(socket).close()
        return None


class AsyncTransport:
    """Runs flows on the running event loop."""

    def __init__(self, http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        self._sockets: dict[object, AsyncExitStack] = {}

    async def run[T](self, flow: Flow[T]) -> T:
        """Run a flow and return its result."""
        step = _Step(flow)
        while not step.done:
            try:
                result = await self._perform(step.effect)
            except Unreachable as error:
                step.throw(error)
            else:
                step.send(result)
        return step.value

    async def close(self) -> None:
        """Close all connections."""
        for socket in list(self._sockets):
            await self._sockets.pop(socket).aclose()
        await self._http.aclose()

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case HttpRequest():
                try:
                    return _response(await self._http.send(_request(self._http, effect)))
                except httpx.TransportError as error:
                    raise _unreachable(effect, error) from error
            case Sleep(seconds):
                await asyncio.sleep(seconds)
                return None
            case _:
                with _socket_errors():
                    return await self._perform_on_socket(effect)

    async def _perform_on_socket(
        self, effect: OpenSocket | SendText | ReceiveText | CloseSocket
    ) -> object:
        from websockets.asyncio.client import connect  # noqa: PLC0415 - loaded on first use

        if isinstance(effect, OpenSocket):
            stack = AsyncExitStack()
            opened = await stack.enter_async_context(
                connect(effect.url, open_timeout=effect.timeout, close_timeout=_CLOSE_TIMEOUT)
            )
            self._sockets[opened] = stack
            return opened
        socket = cast("AsyncClientConnection", effect.socket)
        match effect:
            case SendText():
                await socket.send(effect.text)
            case ReceiveText():
                try:
                    async with asyncio.timeout(effect.timeout):
                        return await socket.recv()
                except TimeoutError:
                    return None
            case CloseSocket():
                await self._sockets.pop(socket).aclose()
        return None


@contextmanager
def _socket_errors() -> Iterator[None]:
    """Raise Unreachable for every error of a WebSocket."""
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 - loaded on first use

    try:
        yield
    except (OSError, WebSocketException) as error:
        raise Unreachable(f"WebSocket failed: {error or type(error).__name__}") from error


class _Step[T]:
    """The position of a flow: at an effect, or done with a value."""

    effect: Effect
    value: T

    def __init__(self, flow: Generator[Effect, Any, T]) -> None:
        self._flow = flow
        self.done = False
        self.send(None)

    def send(self, value: object) -> None:
        try:
            self.effect = self._flow.send(value)
        except StopIteration as end:
            self.done, self.value = True, end.value

    def throw(self, error: Exception) -> None:
        try:
            self.effect = self._flow.throw(error)
        except StopIteration as end:
            self.done, self.value = True, end.value


def _request(http: httpx.Client | httpx.AsyncClient, request: HttpRequest) -> httpx.Request:
    return http.build_request(
        request.method,
        request.url,
        params=dict(request.params) or None,
        headers=dict(request.headers),
        content=request.content,
    )


def _response(response: httpx.Response) -> HttpResponse:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return HttpResponse(response.status_code, headers, response.content)


def _unreachable(request: HttpRequest, error: httpx.TransportError) -> Unreachable:
    host = httpx.URL(request.url).copy_with(path="/", query=None)
    reason = str(error) or type(error).__name__
    return Unreachable(f"no response from {host}: {reason}", sent=not isinstance(error, _NOT_SENT))
