"""A chunk's row in the tasks table. Attributes are short because every update is billed on the row.

id   job#number               e   epoch              t   not before
g   generation                v   version            m   message sent at
f   first index               l   lease              n   messages sent
s   statuses, run lengths     h   current task       p   parts
a   attempts, run lengths     r   last report        b   bytes of its inputs
x   successor                 c   crashes            k   the task that crashed
u   leases not acknowledged   w   pause after them   expires_at
q   epoch and token hash

`q` has the epoch, because an earlier version of the code grants an epoch without a change of `q`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.adapters.rows.later_versions import unknown_fields
from shoal.adapters.rows.runs import (
    pack_letters,
    pack_numbers,
    pack_spans,
    unpack_letters,
    unpack_numbers,
    unpack_spans,
)
from shoal.domain.chunk import Chunk, CurrentTask, Lease, Part, Span
from shoal.ports.chunks import ChunkStatuses

_ATTRIBUTES: Final = frozenset(("id", "expires_at", *"gfsaxevlqhrcktumwnpb"))


def chunk_id(job: str, number: int) -> str:
    """Return the key of a chunk's row."""
    return f"{job}#{number}"


def chunk_row(chunk: Chunk) -> Row:
    """Return the row of a chunk; zero and empty values are omitted."""
    row: dict[str, Value] = {
        **chunk.unknown,
        "id": text(chunk_id(chunk.job, chunk.number)),
        "g": number(chunk.generation),
        "f": number(chunk.first),
        "s": text(pack_letters(chunk.statuses)),
        "a": text(pack_numbers(chunk.attempts)),
        "e": number(chunk.epoch),
        "v": number(chunk.version),
        "m": number(chunk.sent_at),
        "n": number(chunk.sends),
    }
    counters = {"r": chunk.reported, "c": chunk.crashes, "t": chunk.not_before}
    counters |= {"u": chunk.lapses, "w": chunk.pause, "expires_at": chunk.expires_at}
    row |= {name: number(value) for name, value in counters.items() if value}
    if chunk.lease is not None:
        worker, request, until = chunk.lease
        row["l"] = {"L": [text(worker), text(request), number(until)]}
    if chunk.token_hash is not None:
        row["q"] = {"L": [number(chunk.epoch), {"B": chunk.token_hash}]}
    if chunk.current_task is not None:
        index, progress = chunk.current_task
        said = {"NULL": True} if progress is None else number(progress)
        row["h"] = {"L": [number(index), said]}
    if chunk.parts:
        row["p"] = text(";".join(map(_packed_part, chunk.parts)))
    if chunk.span is not None:
        row["b"] = {"L": [number(place) for place in chunk.span]}
    if chunk.crashed is not None:
        row["k"] = number(chunk.crashed)
    if chunk.successor is not None:
        row["x"] = number(chunk.successor)
    return row


def chunk_of(row: Row) -> Chunk:
    """Return the chunk of a row."""
    job, _, place = row["id"]["S"].rpartition("#")
    parts = text_of(row, "p")
    return Chunk(
        job=job,
        number=int(place),
        generation=int_of(row, "g"),
        first=int_of(row, "f"),
        statuses=unpack_letters(text_of(row, "s")),
        attempts=unpack_numbers(text_of(row, "a")),
        epoch=int_of(row, "e"),
        version=int_of(row, "v"),
        lease=_lease(row),
        token_hash=_token_hash(row),
        current_task=_hand(row),
        reported=int_of(row, "r"),
        crashes=int_of(row, "c"),
        crashed=int_of(row, "k") if "k" in row else None,
        lapses=int_of(row, "u"),
        pause=float_of(row, "w"),
        not_before=float_of(row, "t"),
        sent_at=float_of(row, "m"),
        sends=int_of(row, "n"),
        parts=tuple(map(_part, parts.split(";"))) if parts else (),
        span=Span(*(int(place["N"]) for place in row["b"]["L"][:2])) if "b" in row else None,
        successor=int_of(row, "x") if "x" in row else None,
        expires_at=int_of(row, "expires_at"),
        unknown=unknown_fields(row, _ATTRIBUTES),
    )


def follows(chunk: Chunk) -> tuple[str, Mapping[str, Value]]:
    """Return the condition that a row is the chunk's previous version, and its values."""
    values = {":v": number(chunk.version - 1), ":g": number(chunk.generation)}
    return "v = :v AND g <= :g", values


STATUS_ATTRIBUTES: Final = "id, g, s"
"""The attributes that `statuses_of` reads."""


def statuses_of(row: Row) -> ChunkStatuses:
    """Return the statuses of the tasks of a row."""
    return ChunkStatuses(int_of(row, "g"), unpack_letters(text_of(row, "s")))


def _lease(row: Row) -> Lease | None:
    if "l" not in row:
        return None
    worker, request, until = row["l"]["L"][:3]
    return Lease(worker["S"], request["S"], float(until["N"]))


def _token_hash(row: Row) -> bytes | None:
    if "q" not in row:
        return None
    epoch, hashed = row["q"]["L"][:2]
    return hashed["B"] if int(epoch["N"]) == int_of(row, "e") else None


def _hand(row: Row) -> CurrentTask | None:
    if "h" not in row:
        return None
    index, progress = row["h"]["L"][:2]
    return CurrentTask(int(index["N"]), float(progress["N"]) if "N" in progress else None)


def _packed_part(part: Part) -> str:
    return f"{part.epoch}.{part.report}:{pack_spans(part.runs)}"


def _part(packed: str) -> Part:
    name, _, runs = packed.partition(":")
    epoch, _, report = name.partition(".")
    return Part(int(epoch), int(report), unpack_spans(runs))
