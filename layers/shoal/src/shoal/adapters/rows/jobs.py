"""A job's row in the jobs table.

`spec` and `state` are JSON, because DynamoDB never evaluates them; a long `spec` is compressed.
Only job rows have `tenant`, `tenant_status` and `place`, the keys of the two indexes. The row of a
deleted job has no `place`, so it is in no index.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from shoal.adapters.rows.attributes import (
    Row,
    Value,
    float_of,
    int_of,
    number,
    row_size,
    text,
)
from shoal.adapters.rows.decompression import decompressed
from shoal.adapters.rows.later_versions import known_fields, member, unknown_fields
from shoal.adapters.rows.runs import pack_spans, unpack_spans
from shoal.domain.canary import Canary, CanaryVerdict
from shoal.domain.counts import Counts
from shoal.domain.errors import InvalidRequest
from shoal.domain.grid import Grid
from shoal.domain.job import Job, JobStatus, Lines, Priority, Repeat, Source, Spec
from shoal.domain.job_filter import Tag
from shoal.domain.page_key import place
from shoal.domain.retry import RetryPolicy
from shoal.domain.selection import Discard, Selection

_LONG: Final = 1_024
_LONGEST: Final = 300_000
"""Maximum bytes of a packed spec; DynamoDB's limit for the whole row is 400 KB."""
_MOST_SPEC_BYTES: Final = 8_000_000
"""Bytes of a decompressed specification; a request has at most 1.2 MB."""
MOST_AT_REQUEST: Final = 340_000
"""Most bytes of a job's row after a user's request. Other changes, such as the reason, the outcomes
of generations and the token, add at most 60,000 bytes, so that none of them is ever refused."""


def tenant_status(tenant: str, status: JobStatus) -> str:
    """Return the index key of a tenant's jobs of a status."""
    return f"{tenant}#{status}"


def tag_mark(tag: Tag) -> str:
    """Return a short hash of a tag, or of its key, for the index; hashes can collide."""
    text = json.dumps([each for each in tag if each is not None])
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def job_row(job: Job) -> Row:
    """Return the row of a job; raise InvalidRequest if it is too large for a row."""
    return {
        **job.unknown.get("row", {}),
        "id": text(job.id),
        "tenant": text(job.tenant),
        "created_at": number(job.created_at),
        "tenant_status": text(tenant_status(job.tenant, job.status)),
        **({"place": text(place(job))} if job.deleted_at is None else {}),
        **_found_by(job.spec),
        "v": number(job.version),
        "expires_at": number(job.expires_at),
        **({"waited_at": number(job.waited_at)} if job.waited_at else {}),
        "spec": _packed_spec(job.spec, job.unknown.get("spec", {})),
        "state": text(_dump(_state(job))),
    }


def check_size(job: Job) -> None:
    """Raise InvalidRequest if a request would make the row so large that a later change fails."""
    size = row_size(job_row(job))
    if size > MOST_AT_REQUEST:
        raise InvalidRequest(
            "the grid, params, tags, selected indices and discards of the job are too large: they "
            f"need {size:,} bytes together, of at most {MOST_AT_REQUEST:,}"
        )


def job_of(row: Row) -> Job:
    """Return the job of a row."""
    state = json.loads(row["state"]["S"])
    counts = state["counts"]
    chosen = state.get("selection")
    spec = _unpacked(row["spec"])
    unknown = {
        "row": unknown_fields(row, _ATTRIBUTES),
        "state": unknown_fields(state, Job.__slots__),
        "spec": unknown_fields(spec, Spec.__slots__) | _unknown_source(spec["source"]),
    }
    return Job(
        **known_fields(Job, state)
        | {
            "unknown": {name: each for name, each in unknown.items() if each},
            "id": row["id"]["S"],
            "tenant": row["tenant"]["S"],
            "created_at": float_of(row, "created_at"),
            "expires_at": int_of(row, "expires_at"),
            "waited_at": float_of(row, "waited_at"),
            "version": int_of(row, "v"),
            "spec": _spec(spec),
            "status": member(JobStatus, state["status"]),
            "ending": state["ending"] and member(JobStatus, state["ending"]),
            "counts": None if counts is None else Counts(*counts),
            "selection": None if chosen is None else _selection(chosen),
            "canary": _canary(state.get("canary")),
            "discards": tuple(
                Discard(
                    **known_fields(Discard, each) | {"selection": _selection(each["selection"])}
                )
                for each in state.get("discards", ())
            ),
            "outcomes": {
                int(g): member(JobStatus, status) for g, status in state["outcomes"].items()
            },
        }
    )


def _found_by(spec: Spec) -> Row:
    """Return the index attributes of a spec."""
    tags = [Tag(*each) for each in spec.tags.items()]
    marks = {tag_mark(each) for tag in tags for each in (tag, Tag(tag.key))}
    found: dict[str, Value] = {"task_type": text(spec.task_type)}
    if spec.name:
        found["name"] = text(spec.name)
    if marks:
        found["marks"] = {"SS": sorted(marks)}
    return found


_OUTSIDE = frozenset(
    ("id", "tenant", "created_at", "expires_at", "waited_at", "version", "spec", "unknown")
)
_ATTRIBUTES: Final = frozenset(
    (
        *("id", "tenant", "created_at", "tenant_status", "place", "task_type", "name", "marks"),
        *("v", "expires_at", "waited_at", "spec", "state"),
    )
)


def _state(job: Job) -> Mapping[str, Any]:
    state = {name: getattr(job, name) for name in job.__slots__ if name not in _OUTSIDE}
    chosen = job.selection
    canary = job.canary
    return {
        **job.unknown.get("state", {}),
        **state,
        "canary": canary and asdict(canary) | {"chosen": _packed_selection(canary.chosen)},
        "selection": None if chosen is None else _packed_selection(chosen),
        "discards": [
            {
                "selection": _packed_selection(each.selection),
                "reason": each.reason,
                "who": each.who,
                "at": each.at,
            }
            for each in job.discards
        ],
    }


def _packed_selection(selection: Selection) -> Mapping[str, Any]:
    runs = selection.runs
    return {
        "cause": selection.cause,
        "runs": None if runs is None else pack_spans(runs),
        "skip": pack_spans(selection.skip),
    }


def _selection(packed: Mapping[str, Any]) -> Selection:
    runs = packed["runs"]
    return Selection(
        packed["cause"],
        None if runs is None else unpack_spans(runs),
        unpack_spans(packed["skip"]),
    )


def _canary(packed: Mapping[str, Any] | None) -> Canary | None:
    if packed is None:
        return None
    verdict = packed["verdict"]
    fields = {
        **known_fields(Canary, packed),
        "chosen": _selection(packed["chosen"]),
        "verdict": None if verdict is None else member(CanaryVerdict, verdict),
    }
    return Canary(**fields)


def _packed_spec(spec: Spec, unknown: Mapping[str, Any]) -> Value:
    names = (name for name in spec.__slots__ if name not in {"source", "retry"})
    fields = {name: getattr(spec, name) for name in names}
    retry = None if spec.retry is None else asdict(spec.retry)
    known = {**fields, "source": _packed_source(spec.source), "retry": retry}
    packed = _dump({**known, **unknown})
    if len(packed) <= _LONG:
        return text(packed)
    compressed = zlib.compress(packed.encode())
    if len(compressed) > _LONGEST:
        raise InvalidRequest("the grid, params and tags of this job are too large")
    return {"B": compressed}


def _unpacked(packed: Value) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(
        packed["S"] if "S" in packed else decompressed(packed["B"], most=_MOST_SPEC_BYTES)
    )
    return fields


def _spec(fields: Mapping[str, Any]) -> Spec:
    retry = fields["retry"]
    return Spec(
        **known_fields(Spec, fields)
        | {
            "source": _source(fields["source"]),
            "priority": member(Priority, fields["priority"]),
            "retry": retry
            and RetryPolicy(
                **known_fields(RetryPolicy, retry)
                | {"non_retryable": tuple(retry["non_retryable"])}
            ),
        }
    )


def _packed_source(source: Source) -> Mapping[str, Any]:
    match source:
        case Repeat(count):
            return {"count": count}
        case Lines(key, count):
            return {"lines": key, "count": count}
        case Grid(axes):
            return {
                "grid": {
                    name: {"range": [values.start, values.stop, values.step]}
                    if isinstance(values, range)
                    else list(values)
                    for name, values in axes.items()
                }
            }


def _source(packed: Mapping[str, Any]) -> Source:
    if "lines" in packed:
        return Lines(packed["lines"], packed["count"])
    if _unknown_source(packed):
        return Lines("")
    if "count" in packed:
        return Repeat(packed["count"])
    axes = packed["grid"].items()
    return Grid(
        {name: range(*axis["range"]) if isinstance(axis, dict) else axis for name, axis in axes}
    )


def _unknown_source(packed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the source of a spec, to keep it, if its kind is unknown."""
    known = "lines" in packed or "grid" in packed or packed.keys() == {"count"}
    return {} if known else {"source": packed}


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))
