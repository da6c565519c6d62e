"""Checks writes, states and states at rest.

Invariants 1 to 9 of docs/explanation/architecture.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.counts import Counts
from shoal.domain.job import Job, JobStatus
from shoal.domain.lease_token import hash_of, lease_token
from shoal.domain.outcome import Outcome, PartKey
from shoal.domain.tally import Entry, Sum, address, members
from shoal.domain.watch_line import WatchLine
from shoal.domain.window import Window
from tests.support.job_workflow import State as Step

TERMINAL = "CFX"
_STOPPING = (Step.PLAN, Step.MONITOR, Step.FAIL)
"""Steps that can end a job early; their first argument is the generation."""


class Violation(NamedTuple):
    """An invariant that is violated, and the details."""

    invariant: str
    detail: str


def check_row_write(old: Chunk, new: Chunk, by: Any) -> Violation | None:
    """One write of a chunk's row; `by` is the use-case that made it."""
    if new.epoch < old.epoch or new.generation < old.generation or new.version <= old.version:
        return Violation("epoch, generation and version only grow", f"{old} → {new}")
    if new.expires_at != old.expires_at:
        return Violation("nothing moves the expiry of a row", f"{old} → {new}")
    if by.name in ("report", "heartbeat"):
        lease = by.args[0]
        if (lease.epoch, lease.generation) != (old.epoch, old.generation):
            return Violation("a write with an old epoch changes nothing", f"{lease} wrote {new}")
    granted = _check_grant(old, new, by.args) if by.name == "lease" else None
    return granted or _check_statuses(old, new, by)


def _check_statuses(old: Chunk, new: Chunk, by: Any) -> Violation | None:
    cancelled = new.statuses.count("X") > old.statuses.count("X")
    if cancelled and by.name in _STOPPING and by.args[0] < new.generation:
        return Violation("a seal ends no task of a later generation", f"{by} wrote {new}")
    if by.name == "lease":
        broken = _check_grant(old, new, by.args)
        if broken is not None:
            return broken
    if new.generation == old.generation:
        for before, after in zip(old.statuses, new.statuses, strict=True):
            if before in TERMINAL and after != before:
                return Violation("a terminal status stays", f"{old.statuses} → {new.statuses}")
    elif any(a == "C" and b != "C" for a, b in zip(old.statuses, new.statuses, strict=True)):
        return Violation("completed tasks stay completed", f"{old.statuses} → {new.statuses}")
    for letter, attempts in zip(new.statuses, new.attempts, strict=True):
        if attempts == 0 and letter in "CFR":
            return Violation("no task ends that never ran", f"{new.statuses} {new.attempts}")
    return None


def is_repeated(chunk: Chunk, worker: str, request: str) -> bool:
    """Return whether this request of this worker has the lease of the chunk."""
    token = lease_token(request, chunk.job, chunk.number, chunk.epoch)
    held = chunk.lease is not None and chunk.lease.worker == worker
    return held and chunk.token_hash == hash_of(token)


def _check_grant(old: Chunk, new: Chunk, asked: Sequence[Any]) -> Violation | None:
    """A crash has evidence, and a grant that its own request repeats counts nothing."""
    counts = [(row.crashes, row.lapses) for row in (old, new)]
    told = f"{old} → {new}"
    if is_repeated(old, asked[0], asked[1]) and counts[0] != counts[1]:
        return Violation("a repeated grant counts nothing", told)
    acknowledged = old.current_task is not None or old.reported > 0
    if new.crashes > old.crashes and not acknowledged:
        return Violation("a crash has evidence", told)
    for offset, (before, after) in enumerate(zip(old.statuses, new.statuses, strict=True)):
        named = old.current_task is not None and old.current_task.task == old.first + offset
        if after == "F" != before and not (acknowledged and named):
            return Violation("a task fails only if it was named", told)
    return None


def check_job_write(old: Job, new: Job) -> Violation | None:
    """One write of the job's row."""
    if new.generation < old.generation:
        return Violation("the generation of a job only grows", f"{old} → {new}")
    if new.expires_at != old.expires_at:
        return Violation("nothing moves the expiry of a row", f"{old} → {new}")
    if new.generation == old.generation and not old.live:
        ended = (old.status, old.counts, old.outcomes)
        if (new.status, new.counts, new.outcomes) != ended:
            return Violation("a closed generation stays as it is", f"{old.status} → {new.status}")
    canary = old.canary
    if (
        canary is not None
        and new.generation > canary.generation == old.generation
        and old.live
        and (new.canary is None or new.canary.verdict != "passed")
    ):
        return Violation("a canary that failed ends the retry", f"{new.canary}")
    return _check_end(old, new)


def _check_end(old: Job, new: Job) -> Violation | None:
    resumed = new.paused or not new.live or new.resumed_at > old.resumed_at
    if old.paused and not resumed:
        return Violation("only a resume or the end of a job ends its pause", f"{old} → {new}")
    judged = new.canary if old.live and not new.live else None
    if judged and judged.more and (judged.generation, judged.verdict) == (new.generation, "passed"):
        return Violation("a canary that passes is followed by the rest", f"{judged}")
    for generation, status in old.outcomes.items():
        if new.outcomes.get(generation) != status:
            return Violation("outcomes stay", f"generation {generation} was {status}")
    return None


def check_window_write(
    old: Window | None, new: Window | None, generation: int, after: Any
) -> Violation | None:
    """One write of a window; `after` has the job and the rows after it."""
    job: Job = after.job
    if new is None or job.generation != generation:
        return None
    if new.width != job.width:
        return Violation("a window is as wide as max_parallelism", f"{new} of {job.width}")
    if old is not None and new.next <= old.next:
        return None
    out = [
        number
        for number, row in enumerate(after.rows[: new.next])
        if row is None or row.generation != generation or not row.finished
    ]
    if len(out) > job.width:
        return Violation(
            "the number of chunks that are out is at most max_parallelism", f"{out} in {new}"
        )
    return None


def check_attempts(row: Chunk, most: int) -> Violation | None:
    """No attempt beyond what the job's policy allows."""
    if max(row.attempts) > most:
        return Violation("attempts stay within max_attempts", f"{row.attempts} of {most}")
    return None


def check_parts(row: Chunk, parts: Mapping[PartKey, Sequence[Outcome]]) -> Violation | None:
    """Every terminal task has an accepted outcome of its status, and each attempt has one."""
    for offset, letter in enumerate(row.statuses):
        outcomes = [
            outcome
            for key in row.history_of(offset)
            for outcome in parts.get(key, ())
            if outcome.index == row.first + offset
        ]
        attempts = [outcome.attempt for outcome in outcomes]
        if row.generation == 1 and len(set(attempts)) < len(attempts):
            return Violation("an attempt has one outcome", f"task {offset} has {outcomes}")
        if letter in "CF" and (
            not outcomes
            or outcomes[-1].attempt != row.attempts[offset]
            or (outcomes[-1].error is None) != (letter == "C")
        ):
            return Violation("a task ends with its accepted outcome", f"{letter} {outcomes}")
    return None


def check_tallies(
    rows: Sequence[Chunk | None],
    tallies: Mapping[int, Mapping[int, Entry]],
    sums: Mapping[int, Mapping[int, Sum]],
) -> Violation | None:
    """Entries and sums are copies of rows, maybe older, never newer."""
    chunks = len(rows)
    for number, row in enumerate(rows):
        tally, slot = address(number, chunks)
        entry = tallies.get(tally, {}).get(slot)
        if entry is None:
            continue
        if row is None or entry.version > row.version:
            return Violation("no entry is ahead of its row", f"{entry} of {row}")
        if entry.version == row.version and entry != Entry.of(row):
            return Violation("an entry equals its row", f"{entry} of {row}")
    for generation, known in sums.items():
        for tally, each in known.items():
            broken = _check_sum(each, generation, [rows[i] for i in members(tally, chunks)])
            if broken is not None:
                return broken
    return None


def _check_sum(each: Sum, generation: int, rows: Sequence[Chunk | None]) -> Violation | None:
    if any(row is not None and row.generation > generation for row in rows):
        return None  # its rows have been reset since
    counts = [row.counts for row in rows if row is not None and row.generation == generation]
    if Counts.total([Counts(), *counts]) != each.counts:
        return Violation("sums equal rows", f"{each} of {rows}")
    return None


def check_job(job: Job | None, rows: Sequence[Chunk | None]) -> Violation | None:
    """A job is COMPLETED only when its tasks are."""
    if job is None or job.status is not JobStatus.COMPLETED:
        return None
    counts = Counts.total([Counts(), *(row.counts for row in rows if row is not None)])
    unended = counts.completed + counts.failed < (job.task_count or 0)
    if unended or counts.failed > (job.spec.max_failed or 0):
        return Violation("COMPLETED means that all tasks ended well", f"{counts}")
    return None


def check_line(job: Job | None, line: WatchLine | None) -> Violation | None:
    """A job that is live is on the watch list, under the version that made it live."""
    if job is not None and job.live:
        if line is None:
            return Violation("a live job is watched", f"{job.status} {job.generation}")
        if line.job_version is None or line.job_version > job.version:
            return Violation("a line has a version of its job", f"{line} of {job.version}")
    return None


def check_rest(
    job: Job,
    rows: Sequence[Chunk | None],
    tallies: Mapping[int, Mapping[int, Entry]],
) -> Violation | None:
    """At rest, the closed job, its tallies and its rows agree."""
    known = [row for row in rows if row is not None and row.generation == job.generation]
    kept = sum(row.counts.completed for row in rows if row is not None and row not in known)
    counts = Counts.total([Counts(completed=kept), *(row.counts for row in known)])
    missing = (job.task_count or 0) - sum(counts)
    recount = counts._replace(pending=counts.pending + missing).after_close()
    if job.counts != recount:
        return Violation("the closed job's counts equal its rows", f"{job.counts}, rows {recount}")
    for row in known:
        tally, slot = address(row.number, len(rows))
        entry = tallies.get(tally, {}).get(slot)
        outcomes = Counts() if entry is None or entry.generation != job.generation else entry.counts
        if outcomes[3:] != row.counts[3:]:
            return Violation("at rest tallies equal rows", f"{entry} of {row}")
    return None
