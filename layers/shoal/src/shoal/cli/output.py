"""Data on stdout, in the form that was asked for; words on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from shoal.cli.parsing import NotUnderstood

type Row = Mapping[str, Any]


class Form(StrEnum):
    """How data is shown."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which fields a table shows, by path; `wide` shows the further ones too."""

    name: str
    few: Sequence[str]
    more: Sequence[str] = ()


JOBS = Columns(
    "id",
    ("id", "status", "task_type", "task_count", "counts.completed", "counts.failed", "created_at"),
    ("name", "counts.running", "counts.retrying", "priority", "finished_at", "reason", "tags"),
)
TASKS = Columns(
    "id",
    ("id", "status", "attempts", "duration", "error.type"),
    ("worker", "started_at", "finished_at", "error.message", "input"),
)
ATTEMPTS = Columns(
    "attempt",
    ("attempt", "outcome", "worker", "epoch", "started_at", "duration", "error.type"),
    ("generation", "finished_at", "progress", "lease_until", "crashes", "error.message"),
)
RESULTS = Columns("index", ("index", "result"), ("missing",))
TYPES = Columns("name", ("name", "timeout", "mean_seconds", "description"), ("image", "schema"))

REASONS = Columns("code", ("code", "sentence"), ("facts",))
EVENTS = Columns("id", ("at", "who", "action", "job_id"), ("detail", "id"))
DEAD_LETTERS = Columns(
    "job_id",
    ("job_id", "cause", "count", "receives", "last_at"),
    ("first_at", "sentence", "examples"),
)
BULK = Columns(
    "id",
    ("id", "action", "status", "done", "refused", "by", "created_at"),
    ("filter", "dry_run", "finished_at", "reason"),
)
WEBHOOKS = Columns(
    "id", ("id", "url", "events", "enabled"), ("description", "failing_since", "disabled_reason")
)
DELIVERIES = Columns(
    "event_id",
    ("at", "event_type", "attempt", "status_code", "error", "next_attempt_at"),
    ("event_id", "duration"),
)
CAUSES = Columns(
    "cause",
    ("cause", "count", "error_type", "message"),
    ("task_type", "examples"),
)
WORKERS = Columns(
    "name",
    ("name", "state", "slots", "version", "last_seen_at"),
    ("host", "image", "queues", "task_types", "started_at", "silent_since"),
)
QUEUES = Columns("priority", ("priority", "waiting", "in_flight", "delayed", "oldest_age"))


def say(text: str) -> None:
    """Words for a person."""
    print(plain(text), file=sys.stderr, flush=True)  # noqa: T201 - what this module is for


@contextmanager
def into(path: Path | None) -> Iterator[None]:
    """Let what is shown go to a file; raise NotUnderstood if that cannot be written."""
    if path is None:
        yield
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise NotUnderstood(f"{path} cannot be written: {error.strerror}") from error
    with file, redirect_stdout(file):
        yield


def show(rows: Iterable[Row], form: Form, columns: Columns | None = None) -> None:
    """Several things; JSON is one list, JSON Lines come out as they come in."""
    if form is Form.JSONL:
        for row in rows:
            _put(json.dumps(row))
    elif form is Form.NAME and columns is not None:
        for row in rows:
            _put(_cell(row, columns.name))
    elif form is Form.JSON:
        _put(json.dumps([*rows], indent=2))
    else:
        _table([*rows], columns, wide=form is Form.WIDE)


def show_one(row: Row, form: Form, columns: Columns | None = None) -> None:
    """One thing; as a table, a field a line."""
    if form is Form.JSON:
        _put(json.dumps(row, indent=2))
    elif form in (Form.JSONL, Form.NAME):
        show([row], form, columns)
    else:
        names = [*columns.few, *columns.more] if columns else [*row]
        width = max(map(len, names), default=0)
        for name in names:
            _put(f"{name:<{width}}  {_cell(row, name)}")


def plain(text: str) -> str:
    """The text without what would steer a terminal: others may have written it."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def _table(rows: Sequence[Row], columns: Columns | None, *, wide: bool) -> None:
    names = [*columns.few, *(columns.more if wide else ())] if columns else [*(rows or [{}])[0]]
    lines = [[_title(name) for name in names]]
    lines += [[_cell(row, name).replace("\n", " ") for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)]
        _put("  ".join(cells).rstrip())


def _title(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ").upper()


def _cell(row: Row, path: str) -> str:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return "-"
    return plain(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _put(text: str) -> None:
    print(text)  # noqa: T201 - what this module is for
