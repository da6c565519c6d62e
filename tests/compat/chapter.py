"""A chapter: steps that follow each other. A step calls one function and records what came of it.

A chapter is recorded once, by `record`, and played against every later release, by `play`.
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
from tests.compat.world import EPOCH, Facts, State, Surroundings

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
"""The claims that recorded requests call `default`, as API Gateway hands them on."""
LAST_ETAG: Final = "the ETag of the answer before"
"""Stands for it in a recorded request: a tag is opaque, and is another one in each release."""


@dataclass(frozen=True)
class Step:
    """One call of a function, and all that came of it.

    `event` of an HTTP function is short for one of API Gateway: `method`, `path`, `query`,
    `headers`, `claims` and `body`, or the `length` of a body of no matter what. `before` has rows
    and objects that others wrote before the step, `after` what the step itself wrote, None for what
    it deleted.
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
        """As a file has it: what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value not in ({}, [], None)}


@dataclass(frozen=True)
class Came:
    """What came of a step when it was played."""

    answer: Json
    after: Mapping[str, Mapping[str, Json]]
    sent: list[Json]
    metrics: list[Json]


class Stage:
    """Where steps are played: remembers which executions were started, and how they ended."""

    def __init__(self, world: Surroundings) -> None:
        self._world = world
        self._executions = dict[str, Json]()
        self._etag = ""
        self.state: State = {}
        self.clear()

    def clear(self) -> None:
        """Begin again with empty tables and buckets."""
        self._executions.clear()
        self._world.clear()
        self.state = {}

    def put(self, wanted: State) -> None:
        """Make rows and objects exactly these."""
        for place, keys in difference(self.state, wanted).items():
            for key, want in keys.items():
                self._world.put(place, key, want)
        self.state = {place: dict(held) for place, held in wanted.items()}

    def know(self, step: Step) -> None:
        """Remember the executions of a step that is not played."""
        self._remember(step.sent)
        self._executions |= step.facts.get("executions", {})

    def play(self, step: Step) -> Came:
        """Play a step over the rows that are there now."""
        if step.before:
            self.put(changed(self.state, step.before))
        self._executions |= step.facts.get("executions", {})
        now, facts = EPOCH + step.at, Facts(**step.facts)
        with self._world.within(step.name, now, facts, self._executions) as effects:
            answer = call(step.function, self._tagged(step.event))
        found: State = {}
        for place, key in effects.written:
            found.setdefault(place, {})[key] = self._world.get(place, key)
        state = changed(self.state, found)
        after = difference(self.state, state)
        self.state = state
        self._remember(effects.sent)
        if "ETag" in (headers := (answer or {}).get("headers", {})):
            self._etag, headers["ETag"] = headers["ETag"], "opaque"
        return Came(*map(canonical.unsigned, (answer, after, effects.sent, effects.metrics)))

    def _tagged(self, event: Json) -> Json:
        return json.loads(json.dumps(event).replace(LAST_ETAG, self._etag.replace('"', r"\"")))

    def _remember(self, sent: list[Json]) -> None:
        for each in sent:
            if each.get("call") == "StartExecution":
                self._executions.setdefault(each["name"], {})


def call(function: str, event: Json) -> Json:
    """Call a function as AWS does; what it answers, or the name of the error that it raised."""
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
    """An event of API Gateway's payload format 2.0."""
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
    """What is new or other by place and key; None for what is gone."""
    found = dict[str, dict[str, Json]]()
    for place in sorted({*before, *now}):
        old, new = before.get(place, {}), now.get(place, {})
        keys = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
        if keys:
            found[place] = {key: new.get(key) for key in keys}
    return found


def changed(state: Mapping[str, Mapping[str, Json]], by: Mapping[str, Mapping[str, Json]]) -> State:
    """A state after such a difference."""
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
    """The folders of recorded releases, oldest first."""
    return sorted(path for path in FIXTURES.iterdir() if path.is_dir())


def chapters(release: Path) -> Iterator[str]:
    """The names of a release's chapters."""
    return (path.stem for path in sorted((release / "chapters").glob("*.json")))


def read(release: Path, name: str) -> list[Step]:
    """The steps of a recorded chapter."""
    found = json.loads((release / "chapters" / f"{name}.json").read_text())
    return [Step(**step) for step in found]
