"""The two ways to carry out a flow: each does what it yields by httpx, websockets and a sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from shoal.client.effects import Answer, Dial, Effect, Flow, HangUp, Hear, Pause, Request, Say
from shoal.client.errors import Unreachable

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection as AsyncClientConnection
    from websockets.sync.client import ClientConnection

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_CLOSES_IN: Final = 1.0
_UNHEARD: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Wire:
    """Carries flows out, one step after the other."""

    def __init__(self, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(timeout=_TIMEOUT)
        self._lines: dict[object, ExitStack] = {}

    def run[T](self, flow: Flow[T]) -> T:
        """What the flow comes to."""
        step = _Step(flow)
        while not step.done:
            try:
                outcome = self._outcome(step.effect)
            except Unreachable as error:
                step.throw(error)
            else:
                step.send(outcome)
        return step.value

    def close(self) -> None:
        """Close its connections."""
        for line in list(self._lines):
            self._lines.pop(line).close()
        self._http.close()

    def _outcome(self, effect: Effect) -> object:
        match effect:
            case Request():
                try:
                    return _answer(self._http.send(_request(self._http, effect)))
                except httpx.TransportError as error:
                    raise _unreachable(effect, error) from error
            case Pause(seconds):
                time.sleep(seconds)
                return None
            case _:
                with _lost():
                    return self._on_a_line(effect)

    def _on_a_line(self, effect: Dial | Say | Hear | HangUp) -> object:
        from websockets.sync.client import connect  # noqa: PLC0415 - loaded on first use

        if isinstance(effect, Dial):
            kept = ExitStack()
            dialled = kept.enter_context(
                connect(effect.url, open_timeout=effect.seconds, close_timeout=_CLOSES_IN)
            )
            self._lines[dialled] = kept
            return dialled
        line = cast("ClientConnection", effect.line)
        match effect:
            case Say():
                line.send(effect.text)
            case Hear():
                try:
                    return line.recv(effect.seconds)
                except TimeoutError:
                    return None
            case HangUp():
                self._lines.pop(line).close()
        return None


class AsyncWire:
    """Carries flows out on the running loop."""

    def __init__(self, http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)
        self._lines: dict[object, AsyncExitStack] = {}

    async def run[T](self, flow: Flow[T]) -> T:
        """What the flow comes to."""
        step = _Step(flow)
        while not step.done:
            try:
                outcome = await self._outcome(step.effect)
            except Unreachable as error:
                step.throw(error)
            else:
                step.send(outcome)
        return step.value

    async def close(self) -> None:
        """Close its connections."""
        for line in list(self._lines):
            await self._lines.pop(line).aclose()
        await self._http.aclose()

    async def _outcome(self, effect: Effect) -> object:
        match effect:
            case Request():
                try:
                    return _answer(await self._http.send(_request(self._http, effect)))
                except httpx.TransportError as error:
                    raise _unreachable(effect, error) from error
            case Pause(seconds):
                await asyncio.sleep(seconds)
                return None
            case _:
                with _lost():
                    return await self._on_a_line(effect)

    async def _on_a_line(self, effect: Dial | Say | Hear | HangUp) -> object:
        from websockets.asyncio.client import connect  # noqa: PLC0415 - loaded on first use

        if isinstance(effect, Dial):
            kept = AsyncExitStack()
            dialled = await kept.enter_async_context(
                connect(effect.url, open_timeout=effect.seconds, close_timeout=_CLOSES_IN)
            )
            self._lines[dialled] = kept
            return dialled
        line = cast("AsyncClientConnection", effect.line)
        match effect:
            case Say():
                await line.send(effect.text)
            case Hear():
                try:
                    async with asyncio.timeout(effect.seconds):
                        return await line.recv()
                except TimeoutError:
                    return None
            case HangUp():
                await self._lines.pop(line).aclose()
        return None


@contextmanager
def _lost() -> Iterator[None]:
    """Whatever goes wrong with a line, by one name."""
    from websockets.exceptions import WebSocketException  # noqa: PLC0415 - loaded on first use

    try:
        yield
    except (OSError, WebSocketException) as error:
        raise Unreachable(f"no live connection: {error or type(error).__name__}") from error


class _Step[T]:
    """Where a flow is: at an effect, or done with a value."""

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


def _request(http: httpx.Client | httpx.AsyncClient, request: Request) -> httpx.Request:
    return http.build_request(
        request.method,
        request.url,
        params=dict(request.params) or None,
        headers=dict(request.headers),
        content=request.content,
    )


def _answer(answer: httpx.Response) -> Answer:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status_code, headers, answer.content)


def _unreachable(request: Request, error: httpx.TransportError) -> Unreachable:
    host = httpx.URL(request.url).copy_with(path="/", query=None)
    why = str(error) or type(error).__name__
    return Unreachable(f"{host} does not answer: {why}", sent=not isinstance(error, _UNHEARD))
