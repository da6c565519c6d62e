"""API Gateway: requests of users and workers to the two functions behind it, and their faults."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from shoal.adapters.http import PostResponse
from shoal.wire.worker import RemoteUnavailable
from tests.prove.faults import Fault, Faults
from tests.prove.functions import Invocation, Lambda
from tests.prove.laws import Laws
from tests.prove.simulation import Simulation
from tests.prove.trace import Trace

URL: Final = "https://api.sim"
_TIMEOUT: Final = 30.0
_CLIENT_TIMEOUT: Final = 35.0
_LATENCY: Final = 0.01
_LEFT_RUNNING: Final = 0.5
"""The share of lost answers whose function does not stay behind."""
_OK: Final = 200
_ID: Final = re.compile(r"(job|bulk|exp|wh)_[0-9A-Z]{26}(\.\d+)?")


class Answer(NamedTuple):
    """An HTTP answer; `body` is parsed."""

    status: int
    body: Any
    headers: Mapping[str, str]


class NoAnswer(Exception):  # noqa: N818
    """The connection broke, or nothing came in time."""


def _epochs(body: Any) -> dict[tuple[str, int], int]:
    """The epochs under which a worker reports or renews, by job and chunk."""
    leases = [*body.get("reports", ()), *body.get("leases", ())]
    return {(each["job_id"], each["chunk"]): each["epoch"] for each in leases}


class Gateway:
    """The HTTP API."""

    def __init__(
        self,
        simulation: Simulation,
        faults: Faults,
        functions: Lambda,
        trace: Trace,
        laws: Laws,
    ) -> None:
        self._laws = laws
        self._simulation = simulation
        self._faults = faults
        self._functions = functions
        self._trace = trace
        self._ids = itertools.count(1)
        self.told: Callable[[str, Any, Any], None] = lambda _noun, _asked, _answer: None
        """Gets each request and answer of a worker."""

    def request(
        self,
        function: str,
        method: str,
        path: str,
        *,
        body: str | None,
        headers: Mapping[str, str],
        claims: Mapping[str, str] | None = None,
        forged: bool = False,
    ) -> tuple[int, str, Mapping[str, str]]:
        """Send a request and wait; NoAnswer if nothing came back."""
        simulation, actor = self._simulation, self._simulation.current
        assert actor is not None
        simulation.sleep(_LATENCY)
        what = f"{method} {path}"
        if self._faults.strikes(Fault.API_REFUSED, actor.name):
            self._trace.add(simulation.now, actor.name, what, fault="503 of API Gateway")
            return 503, "{}", {}
        if self._faults.strikes(Fault.API_REQUEST_LOST, actor.name):
            self._trace.add(simulation.now, actor.name, what, fault="request lost")
            simulation.sleep(self._faults.between(actor.name, 0.1, _CLIENT_TIMEOUT))
            raise NoAnswer(what)
        event = self._event(method, path, body, headers, claims)
        invocation = self._functions.invoke(function, event, path.rpartition("/")[2][:12])
        invocation.process.forged = forged
        if function == "Callbacks" and body is not None and not forged:
            invocation.process.epochs = _epochs(json.loads(body))
        elif method != "GET" and (job := _ID.search(path)) is not None:
            self._laws.requests[job[0].partition(".")[0]] += 1
        lost, ended = self._awaited(invocation, function, actor.name)
        if lost:
            self._trace.add(simulation.now, actor.name, what, fault="answer lost")
            raise NoAnswer(what)
        if not ended:
            return 504, "{}", {}
        if invocation.crashed or invocation.error is not None:
            return 500, "{}", {}
        answer = invocation.answer
        return answer["statusCode"], answer["body"], answer["headers"]

    def _awaited(self, invocation: Invocation, function: str, who: str) -> tuple[bool, bool]:
        """Wait for an answer; whether it is lost, and whether the function has ended.

        A function whose answer is lost can keep running for long, and so can one that stalls.
        """
        faults, patience = self._faults, _TIMEOUT
        lost = faults.strikes(Fault.API_ANSWER_LOST, who)
        if lost:
            patience = faults.between(who, 0.02, _CLIENT_TIMEOUT)
            if faults.between(who, 0.0, 1.0) > _LEFT_RUNNING:
                self._functions.freeze(invocation, function, _TIMEOUT, who)
        elif invocation.stalls() and faults.between(who, 0.0, 1.0) > _LEFT_RUNNING:
            lost, patience = True, faults.between(who, 0.1, 5.0)
        return lost, invocation.wait(patience)

    def _event(
        self,
        method: str,
        path: str,
        body: str | None,
        headers: Mapping[str, str],
        claims: Mapping[str, str] | None,
    ) -> dict[str, Any]:
        context: dict[str, Any] = {
            "requestId": f"request-{next(self._ids)}",
            "stage": "$default",
            "http": {
                "method": method,
                "path": path,
                "sourceIp": "10.0.0.1",
                "protocol": "HTTP/1.1",
            },
        }
        if claims is not None:
            context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
        return {
            "version": "2.0",
            "routeKey": f"{method} {path}",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {name.lower(): value for name, value in headers.items()},
            "requestContext": context,
            "body": body,
            "isBase64Encoded": False,
        }

    def worker_post(self, url: str, headers: dict[str, str], body: bytes) -> PostResponse:
        """A call of a worker."""
        path = urlsplit(url).path
        if path.endswith("/heartbeats"):
            self._note_named(json.loads(body))
        try:
            status, text, told = self.request(
                "Callbacks", "POST", path, body=body.decode(), headers=headers
            )
        except NoAnswer as error:
            raise RemoteUnavailable(f"no answer: {error}") from error
        if status == _OK:
            self.told(path.rpartition("/")[2], json.loads(body), json.loads(text))
            self._told(path.rpartition("/")[2], json.loads(body), json.loads(text))
        retry_after = told.get("Retry-After")
        return PostResponse(
            status, text.encode(), None if retry_after is None else float(retry_after)
        )

    def _note_named(self, asked: Any) -> None:
        for beat in asked["leases"]:
            if beat.get("index") is not None:
                self._laws.task_named(beat["job_id"], beat["index"], beat["epoch"])

    def _told(self, noun: str, asked: Any, answer: Any) -> None:
        """Pass the answers to a worker on to the laws."""
        hear = {
            "leases": self._told_leases,
            "reports": self._told_reports,
            "heartbeats": self._told_heartbeats,
        }.get(noun)
        if hear is not None:
            hear(asked, answer)

    def _told_leases(self, _asked: Any, answer: Any) -> None:
        for lease in answer["leases"]:
            isolated = ", isolated" if lease.get("isolated") else ""
            self._laws.branches[f"lease: {lease['decision']}{isolated}"] += 1
            if lease["decision"] == "granted":
                self._laws.leased(lease["job_id"], lease["chunk"], lease["epoch"])

    def _told_reports(self, asked: Any, answer: Any) -> None:
        for report, told in zip(asked["reports"], answer["reports"], strict=True):
            final = "final" if report["final"] else "partial"
            self._laws.branches[f"report: {told['decision']}, {final}"] += 1
            if told["decision"] == "accepted":
                for outcome in report["outcomes"]:
                    if outcome["outcome"] == "completed":
                        self._laws.reported(report["job_id"], outcome["index"])

    def _told_heartbeats(self, _asked: Any, answer: Any) -> None:
        for lease in answer["leases"]:
            self._laws.branches[f"heartbeat: {lease['decision']}"] += 1
            if lease.get("directive"):
                self._laws.branches[f"heartbeat: directive {lease['directive']}"] += 1

    def user_request(
        self,
        claims: Mapping[str, str],
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
    ) -> Answer:
        """A call of a user; NoAnswer if nothing came back."""
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        text = None if body is None else json.dumps(body)
        status, answer, told = self.request(
            "Api", method, path, body=text, headers=headers, claims=claims
        )
        self._laws.branches[f"{method} {_ID.sub('{id}', path)}: {status}"] += 1
        parsed = json.loads(answer) if answer[:1] in {"{", "["} else answer or None
        return Answer(status, parsed, told)
