"""Chapters of steps. A step calls one function, and holds its answer and its effects.

`record` records a chapter once. The tests play it against every later release.
"""

import base64
import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from tests.compat import canonical
from tests.compat.environment import EPOCH, Environment, Facts, State

type Json = Any

FIXTURES: Final = Path(__file__).parent / "fixtures"
HTTP: Final = frozenset(("api", "callbacks"))
SCOPES: Final = "shoal/jobs:read shoal/jobs:write shoal/admin"
USER: Final[Mapping[str, str]] = {
    "sub": "0000",
    "client_id": "console",
    "username": "ada",
    "cognito:groups": "[tenant:default admins]",
    "scope": SCOPES,
}
"""The claims behind `claims: default` in a recorded request, as API Gateway passes them."""
LAST_ETAG: Final = "the ETag of the answer before"
"""A placeholder in recorded requests: a tag is opaque, and differs between releases."""


@dataclass(frozen=True)
class Step:
    """One call of a function, with its answer and its effects.

    The `event` of an HTTP function is a short form of an API Gateway event: `method`, `path`,
    `query`, `headers`, `claims`, and either a `body` or the `length` of an arbitrary one. `before`
    has rows and objects that other programs wrote before the step, and `after` those that the step
    wrote. None marks a deletion.
    """

    name: str
    function: str
    event: Json = field(default_factory=dict)
    at: float = 0.0
    facts: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    answer: Json = None
    after: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    sent: list[Json] = field(default_factory=list)
    metrics: list[Json] = field(default_factory=list)

    def recorded(self) -> dict[str, Json]:
        """Returns the form that a fixture has, without empty fields."""
        return {name: value for name, value in asdict(self).items() if value not in ({}, [], None)}


@dataclass(frozen=True)
class Result:
    """The answer and the effects of a played step."""

    answer: Json
    after: Mapping[str, Mapping[str, Json]]
    sent: list[Json]
    metrics: list[Json]


class Player:
    """Plays steps. Keeps the executions that were started, and how they ended."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._executions = dict[str, Json]()
        self._etag = ""
        self.state: State = {}
        self.clear()

    def clear(self) -> None:
        """Empties the tables and the buckets."""
        self._executions.clear()
        self._environment.clear()
        self.state = {}

    def put(self, wanted: State) -> None:
        """Makes the rows and objects equal to these."""
        for place, keys in difference(self.state, wanted).items():
            for key, want in keys.items():
                self._environment.put(place, key, want)
        self.state = {place: dict(held) for place, held in wanted.items()}

    def remember(self, step: Step) -> None:
        """Keeps the executions of a step without playing it."""
        self._remember(step.sent)
        self._executions |= step.facts.get("executions", {})

    def play(self, step: Step) -> Result:
        """Plays a step over the current rows."""
        if step.before:
            self.put(changed(self.state, step.before))
        self._executions |= step.facts.get("executions", {})
        now, facts = EPOCH + step.at, Facts(**step.facts)
        with self._environment.within(step.name, now, facts, self._executions) as effects:
            answer = call(step.function, self._tagged(step.event))
        found: State = {}
        for place, key in effects.written:
            found.setdefault(place, {})[key] = self._environment.get(place, key)
        state = changed(self.state, found)
        after = difference(self.state, state)
        self.state = state
        self._remember(effects.sent)
        if "ETag" in (headers := (answer or {}).get("headers", {})):
            self._etag, headers["ETag"] = headers["ETag"], "opaque"
        return Result(*map(canonical.unsigned, (answer, after, effects.sent, effects.metrics)))

    def _tagged(self, event: Json) -> Json:
        return json.loads(json.dumps(event).replace(LAST_ETAG, self._etag.replace('"', r"\"")))

    def _remember(self, sent: list[Json]) -> None:
        for each in sent:
            if each.get("call") == "StartExecution":
                self._executions.setdefault(each["name"], {})


def call(function: str, event: Json) -> Json:
    """Calls a function as AWS does. Returns its answer, or the name of the exception it raised."""
    handler = importlib.import_module(f"handlers.{function}").handler
    given = api_gateway_event(event) if function in HTTP else event
    try:
        answer = handler(json.loads(json.dumps(given)), None)
    except Exception as error:  # noqa: BLE001 - state machines retry by its name
        return {"raised": type(error).__name__}
    if function not in HTTP:
        return answer
    content = answer["body"].encode()
    if answer["isBase64Encoded"]:
        content = base64.b64decode(content)
    return {
        "status": answer["statusCode"],
        "headers": dict(sorted(answer["headers"].items())),
        "body": canonical.body(content),
    }


def api_gateway_event(short: Mapping[str, Json]) -> Json:
    """Returns an event in the payload format 2.0 of API Gateway."""
    method, path, query = short["method"], short["path"], short.get("query", "")
    body = "x" * short["length"] if "length" in short else short.get("body")
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    parameters = {name: ",".join(values) for name, values in parse_qs(query).items()}
    context: dict[str, Json] = {
        "stage": "$default",
        "requestId": "request-1",
        "http": {"method": method, "path": path},
    }
    if "claims" in short:
        claims = USER if short["claims"] == "default" else short["claims"]
        context["authorizer"] = {"jwt": {"claims": claims}}
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": short.get("headers", {}),
        "requestContext": context,
        "isBase64Encoded": False,
        **({} if text is None else {"body": text}),
        **({"queryStringParameters": parameters} if parameters else {}),
    }


def difference(before: State, now: State) -> dict[str, dict[str, Json]]:
    """Returns the changed rows and objects; None marks a deletion."""
    found = dict[str, dict[str, Json]]()
    for place in sorted({*before, *now}):
        old, new = before.get(place, {}), now.get(place, {})
        keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        if keys:
            found[place] = {key: new.get(key) for key in keys}
    return found


def changed(state: Mapping[str, Mapping[str, Json]], by: Mapping[str, Mapping[str, Json]]) -> State:
    """Applies such a difference to a state."""
    found = {place: dict(held) for place, held in state.items()}
    for place, keys in by.items():
        held = found.setdefault(place, {})
        for key, value in keys.items():
            held.pop(key, None)
            if value is not None:
                held[key] = value
    return found


# Recorded chapters.


def releases() -> list[Path]:
    """Returns the directories of the recorded releases, oldest first."""
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def chapters(release: Path) -> Iterator[str]:
    """Returns the names of the chapters of a release."""
    return (path.stem for path in sorted((release / "chapters").glob("*.json")))


def read(release: Path, name: str) -> list[Step]:
    """Reads the steps of a recorded chapter."""
    found = json.loads((release / "chapters" / f"{name}.json").read_text())
    return [Step(**step) for step in found]
