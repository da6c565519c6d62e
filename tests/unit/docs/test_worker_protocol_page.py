"""Tests that the page on the worker protocol agrees with the code."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from handlers import callbacks, problems
from shoal.domain import input_schema, retry, sizing
from shoal.domain.chunk import CRASHES_TO_FAIL, LONGEST_PAUSE
from shoal.ports.effects import MAX_EFFECT_BYTES
from shoal.service import artifacts, inputs, leasing, submission
from shoal.settings import WorkerSettings
from shoal.wire import worker as wire
from shoal.wire.problems import Problem
from shoal.worker import (
    circuit_breaker,
    heartbeat,
    outcome,
    worker_context,
)

PAGE = (Path(__file__).parents[3] / "docs/reference/worker-protocol.md").read_text()
WORDS = " ".join(PAGE.split())
EXAMPLES = re.findall(r"^( *)```json (\w+) (\w+)\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)
MODELS: Mapping[str, type[BaseModel]] = {
    name: found
    for name, found in {**vars(wire), "Problem": Problem}.items()
    if isinstance(found, type) and issubclass(found, BaseModel)
}
SPELLED = {3: "third"}


def section(title: str) -> str:
    return re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def first_column(title: str) -> set[str]:
    """Return the code words in the first column of a section's tables, without headers."""
    rows = re.findall(r"^\| `([^`]+)` \|.*\n(?!\|--)", section(title), re.MULTILINE)
    return set(rows)


def decisions(model: type[BaseModel]) -> set[str]:
    return set(get_args(model.model_fields["decision"].annotation))


def unknown(given: Any, understood: Any, place: str = "") -> Iterator[str]:
    """Yield the places where an example has a field that its model does not read."""
    if isinstance(given, dict) and isinstance(understood, dict):
        for name, value in given.items():
            if name in understood:
                yield from unknown(value, understood[name], f"{place}.{name}")
            else:
                yield f"{place}.{name}"
    elif isinstance(given, list):
        for one, other in zip(given, understood, strict=True):
            yield from unknown(one, other, f"{place}[]")


def test_every_call_has_its_request_and_response_on_the_page() -> None:
    shown = {(kind, model) for _, kind, model, _ in EXAMPLES}

    for noun in ("Registration", "Lease", "Heartbeat", "Report", "Part", "Effect", "Artifact"):
        request = "WorkerRegistration" if noun == "Registration" else f"{noun}Request"
        assert {("request", request), ("answer", f"{noun}Answer")} <= shown


@pytest.mark.parametrize(("_indent", "kind", "model", "text"), EXAMPLES)
def test_an_example_has_only_known_fields(_indent: str, kind: str, model: str, text: str) -> None:
    understood = MODELS[model].model_validate_json(text)

    assert kind in {"request", "answer", "message", "part", "problem"}
    dumped = understood.model_dump(mode="json", by_alias=True)
    assert list(unknown(json.loads(text), dumped)) == []


def test_the_paths_are_those_of_the_routes() -> None:
    assert {f"POST {path}" for path in first_column("Calls")} == set(callbacks.ROUTES)


def test_every_decision_has_its_row() -> None:
    assert first_column("Lease") == decisions(wire.Lease)
    assert first_column("Heartbeats") == decisions(wire.BeatDecision)
    assert first_column("Reports") == decisions(wire.ReportDecision)


def test_every_status_has_its_row() -> None:
    rows = {int(each) for each in re.findall(r"^\| (\d{3}) \|", section("Errors"), re.MULTILINE)}
    answered = {status.value for status in problems.STATUS.values()} - {
        401,
        415,
        429,
    }  # only on the users' routes

    assert {each for each in answered if each < 500} <= rows


def test_the_variables_agree_with_the_worker() -> None:
    named = set(re.findall(r"`((?:SHOAL|AWS)_[A-Z_]+)`", section("Configuration")))
    told = dict.fromkeys(named, "1") | {"SHOAL_TASKS": "tasks"}

    settings = WorkerSettings.from_environment(told)

    assert settings.api_url == settings.region == "1"
    assert dict(settings.queue_urls) == {"high": "1", "normal": "1", "low": "1"}
    assert settings.lease_seconds == 1.0
    assert WorkerSettings.from_environment({**told, "SHOAL_LEASE_SECONDS": ""}).lease_seconds == 60


@pytest.mark.parametrize(
    "sentence",
    [
        f"1 to {sizing.MAX_CHUNK} of them",
        f"above 0, at most {wire.MAX_TIMEOUT:,.0f}.",
        f"Without either it is {submission.DEFAULT_TIMEOUT:.0f}",
        f"At most {input_schema.MAX_BYTES:,} bytes",
        f"Ask for 1 to {wire.MAX_BATCH} chunks",
        f"rounded up, at most {retry.LONGEST_DELAY:,.0f}",
        f"1 to {wire.MAX_BEATS} in a call",
        f"`POST /api/v1/reports`, 1 to {wire.MAX_BATCH} in a call",
        f"Outcomes, at most {sizing.MAX_CHUNK} in a report",
        f"`duration`, 0 to {10 * wire.MAX_TIMEOUT:,.0f} seconds",
        f"at most {outcome.MAX_RESULT:,} bytes of JSON",
        f"`error.message`: at most {wire.MAX_MESSAGE:,} characters",
        f"`error.tail`: at most {wire.MAX_TAIL:,}",
        f"exceeds {wire.MAX_INLINE_BYTES:,} bytes",
        f"in bytes, at most {wire.MAX_PART_BYTES:,}",
        f"without a signature, within {leasing.UPLOAD_SECONDS // 60} minutes",
        f"signature, within {artifacts.LINK_SECONDS // 60} minutes. The `url`",
        f"`key`, 1 to {wire.MAX_EFFECT_KEY} characters",
        f"any JSON of up to {MAX_EFFECT_BYTES:,} bytes",
        f"`size` in bytes, at most {wire.MAX_ARTIFACT_BYTES:,}, gives",
        f"in seconds, up to {retry.LONGEST_DELAY:,.0f}: it takes",
        f"received {heartbeat.MAX_MESSAGE_AGE / 3600:.0f} hours ago",
        f"`timeout` is therefore at most {wire.MAX_TIMEOUT:,.0f} seconds",
        f"At the {SPELLED[CRASHES_TO_FAIL]} crash in a row",
        f"at most {LONGEST_PAUSE:.0f} seconds",
        f"that the worker offers, at most {wire.MAX_TYPES};",
        f"has a `protocol` of {wire.PROTOCOL} or more",
        f"must then have at least {wire.MIN_SECRET} characters",
        (
            f"up to {circuit_breaker.FIRST_DELAY} s,"
            f" doubled at each attempt up to {circuit_breaker.MAX_DELAY:.0f} s"
        ),
        f"as {' : '.join(map(str, worker_context.WEIGHTS.values()))}",
    ],
)
def test_figures_agree_with_the_code(sentence: str) -> None:
    assert sentence in WORDS


def test_a_link_to_inputs_is_valid_for_an_hour() -> None:
    assert inputs.LINK_SECONDS == 3_600
    assert "without a signature, within an hour" in WORDS


@pytest.mark.parametrize(
    ("phrase", "name", "longest"),
    [
        ("`[A-Za-z0-9._:-]`, 1 to 128 characters", "worker", 128),
        ("`[A-Za-z0-9_-]`, 8 to 64 characters", "request_id", 64),
        ("`[A-Za-z][A-Za-z0-9_.-]*`, at most 100 characters", "type", 100),
    ],
)
def test_the_lengths_of_names_agree_with_the_code(phrase: str, name: str, longest: int) -> None:
    def accepted(length: int) -> bool:
        names = {"worker": "w", "request_id": "r" * 8, "type": "t", name: "x" * length}
        offer = {"name": names["type"], "schema": {}}
        wanted = {"job_id": f"job_{'0' * 26}", "chunk": 0}
        asked = {"worker": names["worker"], "request_id": names["request_id"], "chunks": [wanted]}
        try:
            wire.WorkerRegistration.model_validate({"worker": "w", "task_types": [offer]})
            wire.LeaseRequest.model_validate(asked)
        except ValueError:
            return False
        return True

    assert phrase in WORDS
    assert (accepted(longest), accepted(longest + 1)) == (True, False)
