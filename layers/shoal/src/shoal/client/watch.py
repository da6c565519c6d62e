"""Watch a job: receive its changes over a WebSocket, or poll it where no WebSocket is available.

This module follows docs/reference/live.md, "Avoid gaps".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from shoal.client.api import Api, path_segment
from shoal.client.effects import CloseSocket, Flow, OpenSocket, ReceiveText, SendText, Sleep
from shoal.client.errors import ApiError, Unreachable, WaitTimeout
from shoal.client.models import Counts, JobState

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0
_POLLS_BEFORE_CONNECTING: Final = 3
"""A job that ends at once is not worth a connection."""
_CONNECT_TIMEOUT: Final = 10.0
_RECONNECT_AFTER: Final = 60.0
"""Seconds of polling alone after a connection failed."""
_LONGEST_SILENCE: Final = 60.0
"""Seconds without a message before a poll: a lost last delta is followed by no other."""


@dataclass(slots=True)
class Watch:
    """A job and its changes. A poll that finds no change costs a 304 response."""

    api: Api
    job_id: str
    _last: JobState | None = None
    _etag: str | None = None
    _pause: float = 0.0
    _polls: int = 0
    _socket: object | None = None
    _stale: bool = True
    """Whether a change may have been missed, so that the job has to be polled."""
    _connects_from: float = 0.0

    def next_state(self, deadline: float | None = None) -> Flow[JobState | None]:
        """Return the job once it has changed; None if it has not by the deadline."""
        while True:
            if self._socket is None or self._stale:
                state = yield from self._poll(deadline)
            else:
                state = yield from self._receive(self._socket, deadline)
            if state is not None and state != self._last:
                self._last = state
                return state
            if self._remaining(deadline) <= 0:
                return None

    def close(self) -> Flow[None]:
        """Close the WebSocket, if one is open."""
        socket, self._socket = self._socket, None
        if socket is not None:
            yield CloseSocket(socket)

    def _remaining(self, deadline: float | None) -> float:
        return float("inf") if deadline is None else max(0.0, deadline - self.api.now())

    # Polling

    def _poll(self, deadline: float | None) -> Flow[JobState | None]:
        if self._socket is None and self._should_connect(deadline):
            self._socket = yield from self._connect(
                min(_CONNECT_TIMEOUT, self._remaining(deadline))
            )
        if self._socket is None and self._pause:
            yield Sleep(min(self._pause, self._remaining(deadline)))
        headers = {"If-None-Match": self._etag} if self._etag else {}
        path = f"jobs/{path_segment(self.job_id)}"
        response = yield from self.api.call("GET", path, headers=headers)
        self._polls += 1
        self._stale = False
        if response.status == HTTPStatus.NOT_MODIFIED:
            self._pause = min(_LONGEST_PAUSE, self._pause * 1.5)
            return None
        self._etag = response.headers.get("etag")
        self._pause = _FIRST_PAUSE
        return JobState.of(response.json)

    # Receiving

    def _should_connect(self, deadline: float | None) -> bool:
        now = self.api.now()
        in_progress = self._last is not None and not self._last.ended
        return (
            in_progress
            and self._polls >= _POLLS_BEFORE_CONNECTING
            and now >= self._connects_from
            and self._remaining(deadline) > _LONGEST_PAUSE
        )

    def _connect(self, timeout: float) -> Flow[object | None]:
        """Return a WebSocket that is subscribed to the job; None if that fails."""
        socket: object | None = None
        try:
            response = yield from self.api.call("POST", "live-tickets")
            ticket = response.json
            socket = yield OpenSocket(f"{ticket['url']}?ticket={ticket['ticket']}", timeout)
            yield SendText(socket, json.dumps({"action": "subscribe", "job": self.job_id}))
            deadline = self.api.now() + timeout
            while True:
                message = yield from _next_message(socket, self._remaining(deadline))
                if message.get("type") != "delta":
                    break
            if message.get("type") == "subscribed":
                return socket
        except (ApiError, Unreachable):
            pass
        if socket is not None:
            yield CloseSocket(socket)
        self._connects_from = self.api.now() + _RECONNECT_AFTER
        return None

    def _receive(self, socket: object, deadline: float | None) -> Flow[JobState | None]:
        timeout = min(_LONGEST_SILENCE, self._remaining(deadline))
        try:
            message = yield from _next_message(socket, timeout)
            if not message and timeout == _LONGEST_SILENCE:
                yield SendText(socket, json.dumps({"action": "ping"}))
                self._stale = True
        except Unreachable:
            self._socket = None
            return None
        last = self._last
        if last is None or message.get("type") != "delta" or message["version"] <= last.version:
            return None
        previous = message["previous"]
        state = _with_delta(last, message)
        if previous is None or previous > last.version or state.ended:
            self._stale = True
            return None
        return state


def wait_until_ended(api: Api, job_id: str, timeout: float | None) -> Flow[JobState]:
    """Return the job once it has ended; raise WaitTimeout after the timeout."""
    watch = Watch(api, job_id)
    deadline = None if timeout is None else api.now() + timeout
    while True:
        job = yield from watch.next_state(deadline)
        if job is not None and job.ended:
            yield from watch.close()
            return job
        if timeout is not None and deadline is not None and api.now() >= deadline:
            yield from watch.close()
            raise wait_timeout(job_id, timeout)


def wait_timeout(any_id: str, timeout: float) -> WaitTimeout:
    """Return the error for something that did not end within the timeout."""
    return WaitTimeout(f"{any_id} did not end within {timeout:g} s; it continues to run")


def _next_message(socket: object, timeout: float) -> Flow[Mapping[str, Any]]:
    """Return the next message; an empty mapping if none arrives within the timeout."""
    text = yield ReceiveText(socket, timeout)
    return {} if text is None else json.loads(text)


def _with_delta(job: JobState, delta: Mapping[str, Any]) -> JobState:
    """Return the job with the fields of a delta; all other fields keep their values."""
    changes = {name: delta[name] for name in ("status", "paused", "counts", "version")}
    return replace(
        job,
        status=delta["status"],
        paused=delta["paused"],
        counts=Counts.of(delta["counts"]),
        version=delta["version"],
        raw={**job.raw, **changes},
    )
