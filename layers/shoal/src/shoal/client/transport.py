"""The two ways to carry out a flow: each sends what it yields by httpx, and sleeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Any, Final

import httpx

from shoal.client.errors import Unreachable
from shoal.client.flow import Answer, Effect, Flow, Pause, Request

_TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
_UNHEARD: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Wire:
    """Carries flows out, one step after the other."""

    def __init__(self, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(timeout=_TIMEOUT)

    def run[T](self, flow: Flow[T]) -> T:
        """What the flow comes to."""
        step = _Step(flow)
        while not step.done:
            effect = step.effect
            if isinstance(effect, Pause):
                time.sleep(effect.seconds)
                step.send(None)
                continue
            try:
                answer = self._http.send(_request(self._http, effect))
            except httpx.TransportError as error:
                step.throw(_unreachable(effect, error))
            else:
                step.send(_answer(answer))
        return step.value

    def close(self) -> None:
        """Close its connections."""
        self._http.close()


class AsyncWire:
    """Carries flows out on the running loop."""

    def __init__(self, http: httpx.AsyncClient | None = None) -> None:
        self._http = http or httpx.AsyncClient(timeout=_TIMEOUT)

    async def run[T](self, flow: Flow[T]) -> T:
        """What the flow comes to."""
        step = _Step(flow)
        while not step.done:
            effect = step.effect
            if isinstance(effect, Pause):
                await asyncio.sleep(effect.seconds)
                step.send(None)
                continue
            try:
                answer = await self._http.send(_request(self._http, effect))
            except httpx.TransportError as error:
                step.throw(_unreachable(effect, error))
            else:
                step.send(_answer(answer))
        return step.value

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()


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
