"""Output: data on stdout in the requested format, messages on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from shoal.cli.parsing import UsageError

type Row = Mapping[str, Any]


class OutputFormat(StrEnum):
    """The formats of `--output`."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    JSONL = "jsonl"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table, as paths of fields. `wide` adds the columns of `more`."""

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
TASK_TYPES = Columns(
    "name", ("name", "timeout", "mean_seconds", "description"), ("image", "schema")
)
REASONS = Columns("code", ("code", "sentence"), ("facts",))
EVENTS = Columns("id", ("at", "who", "action", "job_id"), ("detail", "id"))
DEAD_LETTERS = Columns(
    "job_id",
    ("job_id", "cause", "count", "receives", "last_at"),
    ("first_at", "sentence", "examples"),
)
BULK_ACTIONS = Columns(
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
FAILURES = Columns(
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


def print_message(text: str) -> None:
    """Print a message for the user to stderr."""
    print(printable(text), file=sys.stderr, flush=True)  # noqa: T201 - the purpose of this module


@contextmanager
def stdout_to(path: Path | None) -> Iterator[None]:
    """Redirect stdout to a file, if one is given; raise UsageError if it cannot be written."""
    if path is None:
        yield
        return
    try:
        file = path.open("w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {path}: {error.strerror}") from error
    with file, redirect_stdout(file):
        yield


def print_rows(rows: Iterable[Row], form: OutputFormat, columns: Columns | None = None) -> None:
    """Print rows. JSON prints one array; JSON Lines prints each row as it arrives."""
    if form is OutputFormat.JSONL:
        for row in rows:
            _print(json.dumps(row))
    elif form is OutputFormat.NAME and columns is not None:
        for row in rows:
            _print(_cell(row, columns.name))
    elif form is OutputFormat.JSON:
        _print(json.dumps([*rows], indent=2))
    else:
        _print_table([*rows], columns, wide=form is OutputFormat.WIDE)


def print_row(row: Row, form: OutputFormat, columns: Columns | None = None) -> None:
    """Print one row. A table has one line for each field."""
    if form is OutputFormat.JSON:
        _print(json.dumps(row, indent=2))
    elif form in (OutputFormat.JSONL, OutputFormat.NAME):
        print_rows([row], form, columns)
    else:
        names = [*columns.few, *columns.more] if columns else [*row]
        width = max(map(len, names), default=0)
        for name in names:
            _print(f"{name:<{width}}  {_cell(row, name)}")


def printable(text: str) -> str:
    """Replace control characters: text of other users must not control the terminal."""
    return "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text)


def _print_table(rows: Sequence[Row], columns: Columns | None, *, wide: bool) -> None:
    names = [*columns.few, *(columns.more if wide else ())] if columns else [*(rows or [{}])[0]]
    lines = [[_title(name) for name in names]]
    lines += [[_cell(row, name).replace("\n", " ") for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)]
        _print("  ".join(cells).rstrip())


def _title(name: str) -> str:
    return name.rpartition(".")[2].replace("_", " ").upper()


def _cell(row: Row, path: str) -> str:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if value is None:
        return "-"
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _print(text: str) -> None:
    print(text)  # noqa: T201 - the purpose of this module
