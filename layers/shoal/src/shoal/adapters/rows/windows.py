"""Windows in the jobs table, in the row `{job}#cursor#{generation}`.

n   next chunk to claim       w   width
b   ended chunks with a note  s   claim that is being sent: first chunk, end

Rows of earlier releases have only `n`.
"""

from __future__ import annotations

from collections.abc import Mapping

from shoal.adapters.rows.attributes import Row, Value, int_of, number, text
from shoal.domain.job import Job
from shoal.domain.window import Window


def cursor_id(job: str, generation: int) -> str:
    """Return the key of the window's row of a generation."""
    return f"{job}#cursor#{generation}"


def window_row(job: Job, window: Window) -> Row:
    """Return the row of the window of the job's generation."""
    row: dict[str, Value] = {
        "id": text(cursor_id(job.id, job.generation)),
        "n": number(window.next),
        "w": number(window.width),
        "expires_at": number(job.expires_at),
    }
    if window.back is not None:
        row["b"] = number(window.back)
    if window.sending is not None:
        row["s"] = {"L": [number(place) for place in window.sending]}
    return row


def window_of(row: Row, width: int) -> Window:
    """Return the window of a row; `width` is that of a row which has none."""
    return Window(
        next=int_of(row, "n"),
        back=int_of(row, "b") if "b" in row else None,
        width=int_of(row, "w") if "w" in row else width,
        sending=_sending(row),
    )


def stands(before: Window | None) -> tuple[str, Mapping[str, Value]]:
    """Return the condition that the row holds this window, and the values of the condition."""
    if before is None:
        return "attribute_not_exists(id)", {}
    conditions, values = ["n = :n"], {":n": number(before.next)}
    if before.back is None:
        conditions.append("attribute_not_exists(b)")
    else:
        conditions.append("b = :b AND w = :w")
        values |= {":b": number(before.back), ":w": number(before.width)}
    if before.sending is None:
        conditions.append("attribute_not_exists(s)")
    else:
        conditions.append("s = :s")
        values[":s"] = {"L": [number(place) for place in before.sending]}
    return " AND ".join(conditions), values


def _sending(row: Row) -> tuple[int, int] | None:
    if "s" not in row:
        return None
    first, end = row["s"]["L"]
    return int(first["N"]), int(end["N"])
