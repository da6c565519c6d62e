"""Only the worker that got a lease can act under it.

The attacker has the credentials of a worker and knows everything but the token: the name of the
other worker, the job, the chunk, the epoch, and the tokens of other leases.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from shoal.adapters.memory.effects import MemoryEffectStore
from shoal.domain.chunk import Chunk, Granted, Holder
from shoal.domain.lease_token import has_hash, hash_of, lease_token
from shoal.domain.outcome import OutcomeReport, PartKey
from shoal.service.lease_answers import LeaseRenewal
from shoal.service.task_lease import LeasedTask
from shoal.wire import worker as wire
from tests.unit.handlers.http_calls import (
    ApiResponse,
    Json,
    World,
    call,
    callback,
    lease,
    outcome,
    report,
    start,
    submit,
)

OPENAPI: Final = json.loads((Path(__file__).parents[2] / "docs/openapi.json").read_text())
LENGTH: Final = 60.0
VICTIM: Final = "w-1"
REQUEST: Final = "a-request-id-that-only-w-1-knows"


class Target(NamedTuple):
    """A lease of another worker, and tokens of other leases."""

    granted: Json
    tokens: Mapping[str, str | None]

    def place(self, token: str | None) -> Json:
        place = {name: self.granted[name] for name in ("job_id", "chunk", "epoch")}
        return place if token is None else {**place, "token": token}


@pytest.fixture
def target(world: World) -> Target:
    """Return the lease of chunk 0 at epoch 2, after one that lapsed at epoch 1."""
    job = submit(count=4, chunk_size=2)
    start(job)
    previous = lease(job, 0, request=f"{REQUEST}-0", tokens=True)
    world.clock.advance(LENGTH + 1)
    granted = lease(job, 0, request=f"{REQUEST}-1", tokens=True)
    other = lease(job, 1, request=f"{REQUEST}-2", tokens=True)
    assert (previous["epoch"], granted["epoch"]) == (1, 2)
    return Target(
        granted,
        {
            "right": granted["token"],
            "none": None,
            "wrong": "0" * 64,
            "the token of the previous epoch": previous["token"],
            "the token of another chunk": other["token"],
            "the request id": f"{REQUEST}-1",
        },
    )


def _report(place: Json, **fields: Json) -> Json:
    outcomes = [outcome(0, result="forged"), outcome(1, result="forged")]
    each = {**place, "report": 1, "final": True, "outcomes": outcomes, **fields}
    return {"worker": VICTIM, "reports": [each], "per_chunk": True}


def _beat(place: Json, **fields: Json) -> Json:
    return {"worker": VICTIM, "leases": [place | fields], "per_chunk": True}


def _of_task(place: Json, **fields: Json) -> Json:
    return {"worker": VICTIM, **place, "index": 0, **fields}


type Request = Callable[[Json], Json]

UNDER_A_LEASE: Final[Mapping[str, Mapping[str, Request]]] = {
    "reports": {
        "final": _report,
        "partial": lambda place: _report(place, final=False),
        "hands back": lambda place: _report(place, outcomes=[]),
        "with a part": lambda place: _report(place, part={"key": _key(place)}),
    },
    "heartbeats": {"renews": _beat, "names": lambda place: _beat(place, index=1, progress=0.5)},
    "parts": {"uploads": lambda place: {"worker": VICTIM, **place, "report": 1, "size": 300_000}},
    "effects": {
        "reads": lambda place: _of_task(place, key="charge"),
        "stores": lambda place: _of_task(place, key="charge", effect={"value": "forged"}),
    },
    "artifacts": {
        "uploads": lambda place: _of_task(place, name="plot.png", size=9),
        "downloads": lambda place: _of_task(place, name="plot.png"),
    },
}
"""Requests of each route for workers that act under a lease."""
WITHOUT_A_LEASE: Final = {"leases", "workers"}
"""Routes for workers that do not act under a lease."""
MATRIX: Final = [(noun, kind) for noun, requests in UNDER_A_LEASE.items() for kind in requests]
REFUSED: Final = (
    "none",
    "wrong",
    "the token of the previous epoch",
    "the token of another chunk",
    "the request id",
)


def _key(place: Json) -> str:
    return f"outcomes/{place['job_id']}/{place['chunk']}/{place['epoch']}.1"


def _stored(world: World) -> Json:
    assert isinstance(world.effects, MemoryEffectStore)
    stores = (world.jobs, world.chunks, world.queue, world.workflow, world.blobs, world.effects)
    return [each.snapshot() for each in stores]


def _routes_of_workers() -> Iterator[tuple[str, Json]]:
    """Return the routes for workers in the contract, each with the schema of its request."""
    for path, operations in OPENAPI["paths"].items():
        for operation in operations.values():
            if operation.get("security") == [{"worker": []}]:
                body = operation["requestBody"]["content"]["application/json"]["schema"]
                yield path.removeprefix("/api/v1/"), _named(body)


def _named(schema: Json) -> Json:
    return OPENAPI["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _fields(schema: Json) -> set[str]:
    """Return the fields of a request, and of the items of its lists."""
    found = set(schema["properties"])
    for each in schema["properties"].values():
        if "$ref" in each.get("items", {}):
            found |= _fields(_named(each["items"]))
    return found


def test_the_matrix_has_each_route_for_workers() -> None:
    assert {noun for noun, _ in _routes_of_workers()} == {*UNDER_A_LEASE} | WITHOUT_A_LEASE


def test_each_request_under_a_lease_takes_a_token() -> None:
    takes = {noun for noun, schema in _routes_of_workers() if "token" in _fields(schema)}
    fenced = {noun for noun, schema in _routes_of_workers() if "epoch" in _fields(schema)}

    assert takes == fenced == {*UNDER_A_LEASE}


@pytest.mark.parametrize("token", REFUSED)
@pytest.mark.parametrize(("noun", "kind"), MATRIX)
def test_a_request_without_the_token_of_the_lease_is_refused(
    world: World, target: Target, noun: str, kind: str, token: str
) -> None:
    if kind == "with a part":
        world.chunks.uploads.put(_key(target.granted), b"[]")
    request = UNDER_A_LEASE[noun][kind]
    before = _stored(world)

    answer = callback(noun, request(target.place(target.tokens[token])))

    _assert_refused(answer)
    assert _stored(world) == before
    own = callback(noun, request(target.place(target.tokens["right"])))
    assert own.status == 200, own.text
    assert _decision(own) in {None, "accepted", "extended"}


@pytest.mark.parametrize(("noun", "kind"), MATRIX)
def test_a_refusal_does_not_show_whether_there_is_a_lease(
    target: Target, noun: str, kind: str
) -> None:
    """The answer is the same for a lease of another worker and for an unknown epoch."""
    request = UNDER_A_LEASE[noun][kind]
    nobody = {**target.place(target.tokens["wrong"]), "epoch": 9}

    forged = callback(noun, request(target.place(target.tokens["wrong"])))
    unknown = callback(noun, request(nobody))

    assert (forged.status, _without_epoch(forged)) == (unknown.status, _without_epoch(unknown))


@pytest.mark.parametrize("token", REFUSED)
def test_a_final_report_is_repeated_only_with_the_token(
    world: World, target: Target, token: str
) -> None:
    """A repeated report sends the message of the rest again, so it needs the token too."""
    request = UNDER_A_LEASE["reports"]["hands back"]
    callback("reports", request(target.place(target.tokens["right"])))
    before = _stored(world)

    forged = callback("reports", request(target.place(target.tokens[token])))

    assert _decision(forged) == "stale"
    assert _stored(world) == before
    own = callback("reports", request(target.place(target.tokens["right"])))
    assert _decision(own) == "accepted"


def test_one_forged_request_of_a_batch_does_not_stop_the_others(target: Target) -> None:
    (other,) = [
        {"job_id": target.granted["job_id"], "chunk": 1, "epoch": 1, "token": token}
        for token in [target.tokens["the token of another chunk"]]
    ]
    forged = target.place(target.tokens["wrong"])
    fields = {"report": 1, "final": True, "outcomes": []}

    beats = callback("heartbeats", {"worker": VICTIM, "leases": [forged, other]})
    reports = callback("reports", {"worker": VICTIM, "reports": [forged | fields, other | fields]})

    assert [each["decision"] for each in beats.json["leases"]] == ["stale", "extended"]
    assert [each["decision"] for each in reports.json["reports"]] == ["stale", "accepted"]


def test_a_repeated_lease_request_gets_the_same_token(target: Target) -> None:
    job = target.granted["job_id"]

    again = lease(job, 0, request=f"{REQUEST}-1", tokens=True)
    guessed = lease(job, 0, request=f"{REQUEST}-9", tokens=True)

    assert again == target.granted
    assert guessed["decision"] == "held"
    assert "token" not in guessed


def test_a_repeat_of_a_lease_that_lapsed_gets_another_token(world: World, target: Target) -> None:
    world.clock.advance(LENGTH + 1)

    again = lease(target.granted["job_id"], 0, request=f"{REQUEST}-1", tokens=True)

    assert again["epoch"] == 3
    assert again["token"] != target.granted["token"]


def test_no_row_has_the_token_or_the_id_that_it_follows_from(world: World, target: Target) -> None:
    row = world.chunks.get(target.granted["job_id"], 0)

    assert row is not None
    assert row.lease is not None
    stored = repr([getattr(row, name) for name in Chunk.__dataclass_fields__])
    assert REQUEST not in stored
    assert target.granted["token"] not in stored
    assert row.token_hash == hash_of(target.granted["token"])


def test_a_short_request_id_is_rejected_with_tokens() -> None:
    chunks = [{"job_id": "job_" + "0" * 26, "chunk": 0}]
    request = {"worker": VICTIM, "request_id": "x" * 21, "chunks": chunks}

    assert callback("leases", {**request, "tokens": True}).status == 422
    assert callback("leases", request).status == 200


# The demand follows from the row.


def test_a_worker_of_an_earlier_release_needs_no_token(world: World) -> None:
    job = submit(count=1)
    start(job)

    granted = lease(job)

    assert "token" not in granted
    assert report(granted, [outcome(0)]) == "accepted"
    assert world.metrics


def test_a_request_for_a_lease_without_tokens_does_not_open_a_lease_that_has_one(
    world: World, target: Target
) -> None:
    job = target.granted["job_id"]
    before = _stored(world)

    answer = lease(job, 0, request="a-request-without-tokens")

    assert answer["decision"] == "held"
    assert _stored(world) == before


def test_a_lease_of_a_person_is_closed_to_workers(world: World) -> None:
    job = submit(count=2, chunk_size=2)
    start(job)
    taken = call("POST", f"/tasks/{job}.0/running", {"worker": VICTIM})
    assert taken.status == 200, taken.text
    place = {"job_id": job, "chunk": 0, "epoch": 1}
    before = _stored(world)

    for noun, kind in MATRIX:
        for token in ({}, {"token": lease_token(f"task:{VICTIM}", job, 0, 1)}, {"token": "0" * 64}):
            _assert_refused(callback(noun, UNDER_A_LEASE[noun][kind]({**place, **token})))

    assert _stored(world) == before
    done = call("POST", f"/tasks/{job}.0/complete", {"worker": VICTIM, "result": 1})
    assert done.status == 200, done.text


@pytest.mark.parametrize(("noun", "kind"), MATRIX)
def test_an_epoch_that_was_never_granted_is_closed_to_workers(
    world: World, noun: str, kind: str
) -> None:
    """A retry raises the epoch before any worker has the chunk."""
    job = submit(count=2, chunk_size=2)
    start(job)
    granted = lease(job, request=REQUEST, tokens=True)
    error = {"type": "Boom", "message": "", "retryable": False}
    failed = [outcome(0, error=error), outcome(1, error=error)]
    assert report(granted, failed, token=granted["token"]) == "accepted"
    assert call("POST", f"/jobs/{job}/retry").status == 202
    start(job, generation=2)
    before = _stored(world)

    _assert_refused(
        callback(noun, UNDER_A_LEASE[noun][kind]({"job_id": job, "chunk": 0, "epoch": 2}))
    )

    assert _stored(world) == before


# Where the token must not appear.


def test_no_answer_to_a_user_has_the_token(world: World, target: Target) -> None:
    job, token = target.granted["job_id"], target.granted["token"]
    callback("workers", {"worker": VICTIM, "task_types": [{"name": "noop", "schema": {}}]})
    of_job = ("", "/tasks", "/why", "/events", "/map", "/failures", "/dead-letters")
    paths = [f"/jobs/{job}{path}" for path in of_job]
    paths += [f"/tasks/{job}.0{path}" for path in ("", "/attempts", "/why")]
    paths += ["/jobs", "/workers", "/queues", "/events", "/task-types"]

    answers = {path: call("GET", path) for path in paths}

    assert {path: each.status for path, each in answers.items()} == dict.fromkeys(paths, 200)
    assert not [path for path, each in answers.items() if token in each.text]
    assert not [path for path, each in answers.items() if REQUEST in each.text]
    assert world.clock


def test_no_log_has_the_token(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    for noun, kind in MATRIX:
        for token in target.tokens.values():
            callback(noun, UNDER_A_LEASE[noun][kind](target.place(token)))
    callback("heartbeats", {"worker": VICTIM, "leases": [target.place("x" * 129)]})

    said = "".join(capsys.readouterr())

    assert "stale report refused" in said
    assert not [token for token in target.tokens.values() if token and token in said]


SHOWN_NOWHERE: Final = "a-token-that-must-not-be-shown"
PLACE: Final = {"job_id": "job_" + "0" * 26, "chunk": 0, "epoch": 1, "token": SHOWN_NOWHERE}
SHOWN: Final = {
    "grant": Granted(Chunk.new("job", 0, first=0, size=1, now=0.0), token=SHOWN_NOWHERE),
    "report": OutcomeReport(PartKey("job", 0, 1, 1), final=True, outcomes=[], token=SHOWN_NOWHERE),
    "renewal": LeaseRenewal("job", 0, 1, None, SHOWN_NOWHERE),
    "task": LeasedTask("w-1", "job", 0, 1, 0, SHOWN_NOWHERE),
    "encoded report": wire.EncodedReport(
        "job", 0, 1, 1, final=True, outcomes=[], token=SHOWN_NOWHERE
    ),
    "beat": wire.Beat.model_validate(PLACE),
    "heartbeats": wire.HeartbeatRequest.model_validate({"worker": "w", "leases": [PLACE]}),
    "sent report": wire.Report.model_validate({**PLACE, "report": 1, "final": True}),
    "part": wire.PartRequest.model_validate({"worker": "w", **PLACE, "report": 1, "size": 1}),
    "effect": wire.EffectRequest.model_validate({"worker": "w", **PLACE, "index": 0, "key": "k"}),
    "artifact": wire.ArtifactRequest.model_validate(
        {"worker": "w", **PLACE, "index": 0, "name": "a"}
    ),
    "lease": wire.Lease.model_validate({**PLACE, "decision": "held"}),
    "request": wire.LeaseRequest.model_validate(
        {
            "worker": "w",
            "request_id": SHOWN_NOWHERE,
            "chunks": [{"job_id": PLACE["job_id"], "chunk": 0}],
        }
    ),
}


@pytest.mark.parametrize("what", SHOWN)
def test_no_representation_has_the_token(what: str) -> None:
    assert SHOWN_NOWHERE not in repr(SHOWN[what])
    assert SHOWN_NOWHERE not in str(SHOWN[what])


def test_the_error_of_an_invalid_grant_does_not_have_the_token() -> None:
    with pytest.raises(ValueError, match="a grant must have") as raised:
        wire.Lease.model_validate({**PLACE, "decision": "granted"})

    assert SHOWN_NOWHERE not in str(raised.value)


# The token itself.


def test_a_token_has_256_bits_and_depends_on_all_that_it_is_for() -> None:
    token = lease_token(REQUEST, "job", 0, 1)
    others = [
        lease_token(f"{REQUEST}x", "job", 0, 1),
        lease_token(REQUEST, "jobs", 0, 1),
        lease_token(REQUEST, "job", 1, 1),
        lease_token(REQUEST, "job", 0, 2),
        lease_token(REQUEST, "job", 1, 0),
    ]

    assert re.fullmatch("[0-9a-f]{64}", token)
    assert len({token, *others}) == len(others) + 1


def test_only_the_token_has_its_hash() -> None:
    token = lease_token(REQUEST, "job", 0, 1)

    assert has_hash(token, hash_of(token))
    assert not has_hash(token[:-1], hash_of(token))
    assert not has_hash(None, hash_of(token))
    assert not has_hash(None, b"")
    assert not has_hash("", b"")
    assert not has_hash(token, None)


def test_a_grant_to_a_worker_of_this_release_has_a_token() -> None:
    chunk = Chunk.new("job", 0, first=0, size=1, now=0.0)

    grants = {holder: chunk.grant("w-1", REQUEST, 0.0, LENGTH, holder) for holder in Holder}

    assert all(isinstance(each, Granted) for each in grants.values())
    tokens = {holder: getattr(each, "token", None) for holder, each in grants.items()}
    assert {holder for holder, token in tokens.items() if token} == {Holder.WORKER}


def _assert_refused(answer: ApiResponse) -> None:
    decision = _decision(answer)
    assert (answer.status, decision) in {(200, "stale"), (409, None)}, answer.text


def _decision(answer: ApiResponse) -> str | None:
    decided = answer.json.get("reports") or answer.json.get("leases")
    return decided[0]["decision"] if decided else None


def _without_epoch(answer: ApiResponse) -> str:
    return re.sub(r"epoch \d+", "epoch", answer.text)
