"""A job as it moves: heard over a WebSocket, and looked at by `GET` where none can be had.

The rules of docs/reference/live.md, "Miss nothing", are kept here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from shoal.client.api import Api, segment
from shoal.client.effects import Dial, Flow, HangUp, Hear, Pause, Say
from shoal.client.errors import ApiError, Unreachable, WaitTimeout
from shoal.client.models import JobState, counts_of

_NOT_MODIFIED: Final = 304
_FIRST_LOOK: Final = 0.25
_LONGEST_LOOK: Final = 2.0
_DIALS_AFTER: Final = 3
"""Looks. A job that ends at once is not worth a connection."""
_DIALS_FOR: Final = 10.0
_DEAF: Final = 60.0
"""Seconds of looking only, after a line could not be had."""
_LONGEST_SILENCE: Final = 60.0
"""A delta may be lost, and none follows that which ended the job: so one looks now and then."""


@dataclass(slots=True)
class Watch:
    """A job each time that it changes. Looks that find nothing new cost a 304."""

    api: Api
    job_id: str
    _told: JobState | None = None
    _etag: str | None = None
    _pause: float = 0.0
    _looks: int = 0
    _line: object | None = None
    _unsure: bool = True
    """Whether something may have been missed, so that the job has to be looked at."""
    _deaf_until: float = 0.0

    def changed(self, until: float | None = None) -> Flow[JobState | None]:
        """The job once it differs from what was last told; None if it does not in time."""
        while True:
            if self._line is None or self._unsure:
                state = yield from self._looked(until)
            else:
                state = yield from self._heard(self._line, until)
            if state is not None and state != self._told:
                self._told = state
                return state
            if self._left(until) <= 0:
                return None

    def ended(self) -> Flow[None]:
        """Give up the line."""
        line, self._line = self._line, None
        if line is not None:
            yield HangUp(line)

    def _left(self, until: float | None) -> float:
        return float("inf") if until is None else max(0.0, until - self.api.now())

    # Looking

    def _looked(self, until: float | None) -> Flow[JobState | None]:
        if self._line is None and self._is_worth_a_line(until):
            self._line = yield from self._subscribed(min(_DIALS_FOR, self._left(until)))
        if self._line is None and self._pause:
            yield Pause(min(self._pause, self._left(until)))
        headers = {"If-None-Match": self._etag} if self._etag else {}
        answer = yield from self.api.call("GET", f"jobs/{segment(self.job_id)}", headers=headers)
        self._looks += 1
        self._unsure = False
        if answer.status == _NOT_MODIFIED:
            self._pause = min(_LONGEST_LOOK, self._pause * 1.5)
            return None
        self._etag = answer.headers.get("etag")
        self._pause = _FIRST_LOOK
        return JobState.of(answer.json)

    # Hearing

    def _is_worth_a_line(self, until: float | None) -> bool:
        now = self.api.now()
        going_on = self._told is not None and not self._told.ended
        return (
            going_on
            and self._looks >= _DIALS_AFTER
            and now >= self._deaf_until
            and self._left(until) > _LONGEST_LOOK
        )

    def _subscribed(self, seconds: float) -> Flow[object | None]:
        """A line on which the job's changes are told from now on; None if there is none."""
        line: object | None = None
        try:
            answer = yield from self.api.call("POST", "live-tickets")
            ticket = answer.json
            line = yield Dial(f"{ticket['url']}?ticket={ticket['ticket']}", seconds)
            yield Say(line, json.dumps({"action": "subscribe", "job": self.job_id}))
            until = self.api.now() + seconds
            while (kind := (yield from _message(line, self._left(until))).get("type")) == "delta":
                pass
            if kind == "subscribed":
                return line
        except (ApiError, Unreachable):
            pass
        if line is not None:
            yield HangUp(line)
        self._deaf_until = self.api.now() + _DEAF
        return None

    def _heard(self, line: object, until: float | None) -> Flow[JobState | None]:
        seconds = min(_LONGEST_SILENCE, self._left(until))
        try:
            message = yield from _message(line, seconds)
            if not message and seconds == _LONGEST_SILENCE:
                yield Say(line, json.dumps({"action": "ping"}))
                self._unsure = True
        except Unreachable:
            self._line = None
            return None
        known = self._told
        if known is None or message.get("type") != "delta" or message["version"] <= known.version:
            return None
        previous = message["previous"]
        after = _after(known, message)
        if previous is None or previous > known.version or after.ended:
            self._unsure = True
            return None
        return after


def waited(api: Api, job_id: str, timeout: float | None) -> Flow[JobState]:
    """The job once it has ended; raise WaitTimeout if it has not in so many seconds."""
    watch = Watch(api, job_id)
    until = None if timeout is None else api.now() + timeout
    while True:
        job = yield from watch.changed(until)
        if job is not None and job.ended:
            yield from watch.ended()
            return job
        if until is not None and api.now() >= until:
            yield from watch.ended()
            raise WaitTimeout(f"{job_id} has not ended in {timeout:g} s; it goes on")


def _message(line: object, seconds: float) -> Flow[Mapping[str, Any]]:
    """The next message, or none at all."""
    text = yield Hear(line, seconds)
    return {} if text is None else json.loads(text)


def _after(job: JobState, delta: Mapping[str, Any]) -> JobState:
    """The job as a delta tells it: what a delta does not have is as it was."""
    news = {name: delta[name] for name in ("status", "paused", "counts", "version")}
    return replace(
        job,
        status=delta["status"],
        paused=delta["paused"],
        counts=counts_of(delta["counts"]),
        version=delta["version"],
        raw={**job.raw, **news},
    )
