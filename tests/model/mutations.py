"""Mutations of the real code that the model check must find.

Each mutation replaces functions by name: usually a small predicate, otherwise a method that gets a
variant around the original. A rewording of the code breaks no mutation. A rename shows at once,
because the name no longer exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from shoal.domain import chunk as chunk_module
from shoal.domain.canary import Canary
from shoal.domain.chunk import Chunk, Granted
from shoal.domain.counts import Counts, TaskStatus
from shoal.domain.job import LONGEST_LIFE, Job, JobStatus
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.watch_line import WatchLine
from shoal.domain.window import Window
from shoal.ports.chunks import ChunkStore
from shoal.ports.queues import Message
from shoal.ports.windows import WindowStore
from shoal.service import job_updates, reconciliation, termination
from shoal.service.completion import Completion
from shoal.service.flow_control import FlowControl
from shoal.service.job_control import JobControl
from shoal.service.lease_answers import LeaseRefused
from shoal.service.leasing import Leasing
from shoal.service.planning import Planning
from shoal.service.recovery import Recovery
from shoal.service.sweep import Sweep
from tests.model.scenarios import CANCELLED, DONE, FAILED, Faults, Scenario
from tests.support.job_workflow import State as Step

type Function = Callable[..., Any]


@dataclass(frozen=True)
class Replacement:
    """A function of a class or a module, by name, and its replacement.

    `variant` gets the original and returns the replacement.
    """

    owner: Any
    name: str
    variant: Callable[[Any], Any]


@dataclass(frozen=True)
class Mutation:
    """Replacements that remove one rule of the design, and the invariant that this violates."""

    name: str
    replacements: Sequence[Replacement]
    scenario: Scenario
    invariant: str


@contextmanager
def applied(replacements: Sequence[Replacement]) -> Iterator[None]:
    """Replaces the functions for as long as the context lasts."""
    with ExitStack() as stack:
        for each in replacements:
            original = getattr(each.owner, each.name)
            stack.enter_context(patch.object(each.owner, each.name, each.variant(original)))
        yield


def _instead(owner: Any, name: str, function: Any) -> Replacement:
    """A replacement that does not need the original."""
    return Replacement(owner, name, lambda _original: function)


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Does nothing."""


def _never(*_args: Any) -> bool:
    return False


def _always(*_args: Any) -> bool:
    return True


# Replacements that take more than a line.


def _add_to_sum(self: Completion, job: Job, generation: int, tally: Tally) -> None:
    each = tally.sum(generation, job.chunks)
    if each is None:
        return
    known = self.jobs.sums(job.id, generation).get(tally.number)
    if known is not None:
        counts = Counts.total([known.counts, each.counts])
        each = Sum(known.versions + each.versions, counts)
    sums = self.jobs.set_sum(job.id, generation, tally.number, each, expires_at=job.expires_at)
    self.close_complete(job, generation, sums)


def _follow_up_unless_repeated(self: Leasing, job: Job, folded: Any) -> None:
    self.completion.settle(job, folded.chunk)
    if not folded.again:
        self._send_rest(job, folded.chunk)


def _undo_refused_grant(answer: Function) -> Function:
    def variant(self: Leasing, job: Job | None, grant: Any) -> Any:
        answered = answer(self, job, grant)
        if isinstance(grant, Granted) and isinstance(answered, LeaseRefused):
            row = self.chunks.get(grant.chunk.job, grant.chunk.number)
            if row is not None and row.epoch == grant.chunk.epoch:
                pending = TaskStatus.PENDING.letter * row.size
                self.chunks.put(replace(row, statuses=pending, lease=None, version=row.version + 1))
        return answered

    return variant


def _count_every_grant(grant: Function) -> Function:
    running = TaskStatus.RUNNING.letter

    def variant(self: Chunk, *args: Any) -> Any:
        granted = grant(self, *args)
        if not isinstance(granted, Granted) or granted.again:
            return granted
        after = granted.chunk
        tasks = zip(after.attempts, self.statuses, after.statuses, strict=True)
        attempts = tuple(n + (old == new == running) for n, old, new in tasks)
        return replace(granted, chunk=replace(after, attempts=attempts))

    return variant


def _count_own_repeats(grant: Function) -> Function:
    def variant(self: Chunk, worker: str, request: str, now: float, *rest: Any) -> Any:
        lapsed = self.lease is not None and not self.leased(now)
        repeated = lapsed and self.leased_to(worker, request)
        counted = self._after_lapse(rest[0]) if repeated else self
        return grant(counted, worker, request, now, *rest)

    return variant


def _fail_instead_of_sending(self: Recovery, job: Job, chunk: Chunk) -> None:
    failed = "".join("F" if letter in "PRT" else letter for letter in chunk.statuses)
    chunk = replace(chunk, statuses=failed, lease=None, version=chunk.version + 1)
    self.chunks.put(chunk)
    self.completion.settle(job, chunk)


def _keep_epoch(reset: Function) -> Function:
    def variant(self: Chunk, *args: Any, **kwargs: Any) -> Any:
        again = reset(self, *args, **kwargs)
        return replace(again, epoch=self.epoch, token_hash=self.token_hash)

    return variant


def _send_before_resuming(resume: Function) -> Function:
    def variant(self: JobControl, tenant: str, job_id: str) -> Job:
        job = self.jobs.get(job_id)
        assert job is not None
        for chunk in self.flow_control.chunks.get_many(job_id, range(job.chunks)):
            message = Message(job_id, chunk.number)
            self.flow_control.queue.send(job.spec.priority, [message], tenant=tenant)
        resumed: Job = resume(self, tenant, job_id)
        return resumed

    return variant


def _current_as_if_not_paused(current: Function) -> Function:
    def variant(self: Planning, job_id: str, generation: int) -> Job | None:
        job = current(self, job_id, generation)
        return None if job is None else replace(job, paused=False)

    return variant


def _close_as_failed(self: Recovery, job: Job, _number: int) -> None:
    self.completion.close(
        job.id, job.generation, JobStatus.FAILED, "its execution died", counts=Counts(), moves=0
    )


_read_before_grant: dict[str, Job] = {}
"""Jobs as the latest request for leases read them before it wrote its grants."""


def _remember_job(grant: Function) -> Function:
    def variant(self: Leasing, job: Job | None, chunk: Chunk | None, *args: Any) -> Any:
        if job is not None:
            _read_before_grant[job.id] = job
        return grant(self, job, chunk, *args)

    return variant


def _answer_by_remembered_job(answer: Function) -> Function:
    def variant(self: Leasing, job: Job | None, grant: Any) -> Any:
        if isinstance(grant, Granted):
            job = _read_before_grant[grant.chunk.job]
        return answer(self, job, grant)

    return variant


class _ClaimBeforeNote:
    """Writes the window first and the notes of the chunks after it."""

    def __init__(self, windows: WindowStore, chunks: ChunkStore) -> None:
        self._windows = windows
        self._chunks = chunks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._windows, name)

    def note(self, job: Job, chunks: Sequence[Chunk], before: Any, after: Any) -> None:
        self._windows.put(job, before, after)
        for chunk in chunks:
            self._chunks.put(chunk)


def _note_in_two_writes(chunk_ended: Function) -> Function:
    def variant(self: FlowControl, job: Job, chunk: Chunk) -> Any:
        windows: Any = _ClaimBeforeNote(self.windows, self.chunks)
        return chunk_ended(replace(self, windows=windows), job, chunk)

    return variant


def _open_unconditionally(self: FlowControl, job: Job) -> Window:
    window = self.windows.get(job)
    if window is None:
        window = Window.opened(job.width, job.chunks)
        self.windows.put(job, None, window)
    return window


def _forget_before_sending(self: FlowControl, job: Job, sending: tuple[int, int]) -> None:
    window = self.windows.get(job)
    assert window is not None
    self.windows.put(job, window, window.sent())
    messages = [Message(job.id, number) for number in range(*sending)]
    self.queue.send(job.spec.priority, messages, tenant=job.tenant)


def _reset_completed_too(after_reset: Function) -> Function:
    pending, completed = TaskStatus.PENDING.letter, TaskStatus.COMPLETED.letter

    def variant(letter: str, chosen: bool | None) -> Any:  # noqa: FBT001 - as the original
        return after_reset(pending if letter == completed else letter, chosen)

    return variant


def _unless_tolerated(continued: Function) -> Function:
    def variant(self: Job, before: Job) -> Job | None:
        tolerated = self.counts is not None and self.counts.failed <= (self.spec.max_failed or 0)
        again: Job | None = None if tolerated else continued(self, before)
        return again

    return variant


def _renewed(retry: Function) -> Function:
    def variant(self: Job, now: float, **chosen: Any) -> Job:
        again: Job = retry(self, now, **chosen)
        return replace(again, expires_at=self.expires_at + LONGEST_LIFE)

    return variant


def _let_go_of_the_current_line(self: Recovery, line: WatchLine | None) -> None:
    current = None if line is None else self.jobs.watch_line(line.job_id)
    if current is not None:
        self.jobs.stop_watching(current)


def _numbered_from_one(of: Function) -> Any:
    return staticmethod(lambda job: of(job)._replace(job_version=1))


def _without_cancelled(verdict: Function) -> Function:
    return lambda self, counts: verdict(self, counts._replace(cancelled=0))


# Some rules have two defences. A mutation of such a rule takes both away.

_ANY_WORKER = _instead(Chunk, "held_by", _always)
"""Nobody checks whether the lease belongs to the worker that reports."""

_NO_REPEATED_RESUME = (
    Replacement(Job, "resume", lambda resume: lambda self, _now: resume(self, 1e-9)),
    Replacement(Planning, "_current", _current_as_if_not_paused),
)
"""The monitor does not send again after a resume."""

_RETRY_AND_SWEEP = Scenario(
    "a retry during two recoveries",
    Faults(sweeps=1),
    failures={0: (1,)},
    actions=("submit", "retry"),
    zombies=False,
    limit=200_000,
)

MUTATIONS = (
    Mutation(
        "a report under an older epoch is accepted",
        [
            _instead(Chunk, "is_stale", lambda self, epoch: epoch > self.epoch),
            _ANY_WORKER,
        ],
        Scenario("no epoch check", Faults(lapses=1), workers=2),
        "a write with an old epoch changes nothing",
    ),
    Mutation(
        "a sum is added to instead of set",
        [_instead(Completion, "sum_up", _add_to_sum)],
        Scenario("added sums", Faults(losses=1)),
        "sums equal rows",
    ),
    Mutation(
        "an older entry replaces a later one in its tally",
        [_instead(Entry, "replaces", _always)],
        Scenario("older entry", Faults(losses=1)),
        "at rest tallies equal rows",
    ),
    Mutation(
        "a chunk that is found finished is not settled",
        [
            _instead(Leasing, "_refuse_finished", lambda *_args: LeaseRefused("done")),
        ],
        Scenario("finished chunk not settled", Faults(crashes=1)),
        "every job ends",
    ),
    Mutation(
        "a repeated report sends no message",
        [_instead(Leasing, "_follow_up", _follow_up_unless_repeated)],
        Scenario("message not sent", Faults(losses=1), failures={0: (1,)}, max_attempts=2),
        "every job ends",
    ),
    Mutation(
        "the token is stored although there is news",
        [
            _instead(
                reconciliation, "waiting", lambda job, _generation, token, now: job.wait(token, now)
            ),
        ],
        Scenario("token stored unconditionally", Faults()),
        "every execution ends",
    ),
    Mutation(
        "a grant is undone when the job turns out to be stopping",
        [Replacement(Leasing, "_answer", _undo_refused_grant)],
        Scenario("undone grant", Faults(losses=1)),
        "a terminal status stays",
    ),
    Mutation(
        "every grant counts as an attempt",
        [Replacement(Chunk, "grant", _count_every_grant)],
        Scenario("counted grants", Faults(crashes=1)),
        "attempts stay within max_attempts",
    ),
    Mutation(
        "a dead letter fails its tasks",
        [_instead(Recovery, "_send_again", _fail_instead_of_sending)],
        Scenario("dead letter fails tasks", Faults(dead_letters=1)),
        "no task ends that never ran",
    ),
    Mutation(
        "a retry does not raise the epoch",
        [
            Replacement(Chunk, "reset", _keep_epoch),
            # A row without a lease takes no report either: that defence is removed as well.
            _instead(Chunk, "has_folded", lambda self, number: number <= self.reported),
        ],
        Scenario(
            "retry without a new epoch",
            Faults(losses=1),
            failures={0: (1,)},
            actions=("submit", "retry"),
        ),
        "a write with an old epoch changes nothing",
    ),
    Mutation(
        "resume sends messages before it clears the flag",
        [
            *_NO_REPEATED_RESUME,
            Replacement(JobControl, "resume", _send_before_resuming),
        ],
        Scenario(
            "early resume",
            Faults(idle_timeouts=1),
            actions=("submit", "pause", "resume"),
            limit=200_000,
        ),
        "every job ends",
    ),
    Mutation(
        "recovery writes the job's status",
        [_instead(Recovery, "_start_next", _close_as_failed)],
        Scenario("status by recovery", Faults(deaths=1)),
        "the last execution and the job agree",
    ),
    Mutation(
        "a repeated lease request is not recognized",
        [_instead(Chunk, "leased_to", _never)],
        Scenario("repeated request not recognized", Faults(losses=1, lapses=1), zombies=False),
        "a repeated grant counts nothing",
    ),
    Mutation(
        "a crash is counted without evidence",
        [_instead(Chunk, "acknowledged", property(_always))],
        Scenario("crash without evidence", Faults(crashes=1), zombies=False),
        "a crash has evidence",
    ),
    Mutation(
        "a grant that its own request repeats is counted",
        [Replacement(Chunk, "grant", _count_own_repeats)],
        Scenario("counted repeat", Faults(losses=1, lapses=1), zombies=False),
        "a repeated grant counts nothing",
    ),
    Mutation(
        "a lease is answered from a read before its write",
        [
            Replacement(Leasing, "_grant", _remember_job),
            Replacement(Leasing, "_answer", _answer_by_remembered_job),
        ],
        Scenario("no second read", Faults(), actions=("submit", "cancel"), ends=(DONE, CANCELLED)),
        "no lease after an acknowledged cancel",
    ),
    Mutation(
        "a close ignores the generation",
        [
            _instead(Job, "may_close", lambda self, _generation: self.live),
        ],
        Scenario(
            "close of any generation",
            Faults(losses=1),
            failures={0: (1,)},
            actions=("submit", "retry"),
            limit=200_000,
        ),
        "the job ends as its tasks did",
    ),
    Mutation(
        "a closed job's execution is not woken by a late worker",
        [_instead(Leasing, "_wake_if_closed", _nothing)],
        Scenario("execution not woken", Faults(crashes=1)),
        "every execution ends",
    ),
    Mutation(
        "a job closes by its tasks although it was cancelled",
        [
            _instead(Job, "_ending_status", lambda _self, status: status),
        ],
        Scenario(
            "cancel ignored at close",
            Faults(),
            actions=("submit", "cancel"),
            ends=(DONE, CANCELLED),
        ),
        "an acknowledged cancel cancels",
    ),
    Mutation(
        "a report writes its row without its part",
        [_instead(Leasing, "_write_part", _nothing)],
        Scenario("no part", Faults()),
        "a task ends with its accepted outcome",
    ),
    Mutation(
        "a retry resets completed tasks",
        [
            Replacement(chunk_module, "_status_after_reset", _reset_completed_too),
        ],
        Scenario(
            "completed tasks reset",
            Faults(),
            chunk_size=2,
            failures={1: (1,)},
            actions=("submit", "retry"),
            patient=True,
        ),
        "completed tasks stay completed",
    ),
    Mutation(
        "a retry of selected tasks runs the others too",
        [
            Replacement(
                chunk_module,
                "_status_after_reset",
                lambda after_reset: lambda letter, _chosen: after_reset(letter, True),  # noqa: FBT003
            ),
        ],
        Scenario(
            "others run too",
            Faults(),
            chunk_size=2,
            failures={0: (1,), 1: (1,)},
            actions=("submit", "retry some"),
            ends=(FAILED,),
            patient=True,
        ),
        "the job ends as its tasks did",
    ),
    Mutation(
        "a retry of selected tasks ignores tasks that never ran",
        [Replacement(Job, "verdict", _without_cancelled)],
        Scenario(
            "tasks that never ran",
            Faults(idle_timeouts=1),
            chunks=2,
            failures={1: (1,)},
            max_failed=0,
            actions=("submit", "retry some"),
            ends=(DONE, FAILED),
        ),
        "COMPLETED means that all tasks ended well",
    ),
    Mutation(
        "the note of an end and its claim are two writes",
        [Replacement(FlowControl, "chunk_ended", _note_in_two_writes)],
        Scenario(
            "end noted apart",
            Faults(losses=1),
            chunks=3,
            max_parallelism=1,
        ),
        "the number of chunks that are out is at most max_parallelism",
    ),
    Mutation(
        "a repeated end does not send its successor again",
        [_instead(FlowControl, "_send_again", _nothing)],
        Scenario("successor not sent again", Faults(losses=1), chunks=2, max_parallelism=1),
        "every job ends",
    ),
    Mutation(
        "the monitor does not count chunks that completed earlier",
        [_instead(FlowControl, "_note_missing", _nothing)],
        Scenario(
            "completed chunks not counted",
            Faults(idle_timeouts=2),
            chunks=2,
            max_parallelism=1,
            failures={1: (1,)},
            actions=("submit", "retry"),
            patient=True,
        ),
        "every job ends",
    ),
    Mutation(
        "a change of max_parallelism does not write the window",
        [_instead(JobControl, "_write_resized", lambda self, job: self.jobs.put(job))],
        Scenario(
            "window not resized",
            Faults(),
            chunks=3,
            max_parallelism=2,
            actions=("submit", "narrow"),
        ),
        "a window is as wide as max_parallelism",
    ),
    Mutation(
        "a window is opened although max_parallelism was changed meanwhile",
        [_instead(FlowControl, "open", _open_unconditionally)],
        Scenario(
            "window opened late",
            Faults(),
            chunks=3,
            max_parallelism=2,
            actions=("submit", "narrow"),
        ),
        "a window is as wide as max_parallelism",
    ),
    Mutation(
        "the record of a claim is removed before its chunks are sent",
        [_instead(FlowControl, "_send_claimed", _forget_before_sending)],
        Scenario(
            "claim forgotten",
            Faults(stops=1),
            chunks=2,
            failures={0: (1,)},
            max_attempts=2,
            jitter=0.5,
            max_parallelism=1,
            actions=("submit", "widen"),
            patient=True,
        ),
        "every job ends",
    ),
    Mutation(
        "a job becomes live in a write without its line of the watch list",
        [_instead(job_updates, "makes_live", _never)],
        _RETRY_AND_SWEEP,
        "a live job is watched",
    ),
    Mutation(
        "a line is removed although it changed since it was read",
        [_instead(Recovery, "_let_go", _let_go_of_the_current_line)],
        _RETRY_AND_SWEEP,
        "a live job is watched",
    ),
    Mutation(
        "a line counts its writes, so that a line that is put again repeats a number",
        [Replacement(WatchLine, "of", _numbered_from_one)],
        _RETRY_AND_SWEEP,
        "a live job is watched",
    ),
    Mutation(
        "the sweep stops at the first job that it cannot recover",
        [_instead(Sweep, "_recover", lambda self, line, _: self.recovery.recover_watched(line))],
        Scenario("stopped sweep", Faults(sweeps=1), unreadable=True, limit=20_000),
        "no use-case breaks",
    ),
    Mutation(
        "a failed canary is followed by the rest",
        [_instead(Canary, "passed", property(_always))],
        Scenario(
            "rest after a failed canary",
            Faults(),
            failures={0: (1, 1), 1: (1,)},
            chunk_size=2,
            actions=("submit", "retry a few first"),
            ends=(FAILED,),
            patient=True,
        ),
        "a canary that failed ends the retry",
    ),
    Mutation(
        "a canary that passes is not followed by the rest if max_failed tolerates it",
        [Replacement(Job, "continued_after_canary", _unless_tolerated)],
        Scenario(
            "no rest after a canary",
            Faults(),
            failures={0: (1,), 1: (1,)},
            chunk_size=2,
            max_failed=1,
            actions=("submit", "retry a few first"),
            patient=True,
        ),
        "a canary that passes is followed by the rest",
    ),
    Mutation(
        "a retry renews the rows of the job",
        [Replacement(Job, "retry", _renewed)],
        Scenario(
            "renewed rows", Faults(), failures={0: (1,)}, actions=("submit", "retry"), patient=True
        ),
        "nothing moves the expiry of a row",
    ),
    Mutation(
        "a reset compares generations with ==",
        [_instead(Chunk, "reached", lambda self, generation: self.generation == generation)],
        Scenario(
            "late reset",
            Faults(forgotten=1),
            failures={0: (1,), 1: (1,)},
            chunk_size=2,
            actions=("submit", "retry a few first"),
            patient=True,
            forgets=Step.CREATE,
        ),
        "epoch, generation and version only grow",
    ),
    Mutation(
        "a seal ignores the generation",
        [_instead(Chunk, "may_seal", lambda self, _generation: bool(self.running))],
        Scenario(
            "late seal",
            Faults(forgotten=1, breakdowns=1),
            actions=("submit", "retry"),
            forgets=Step.FAIL,
        ),
        "a seal ends no task of a later generation",
    ),
    Mutation(
        "a report is accepted and dropped",
        [_instead(Chunk, "has_folded", _always)],
        Scenario("dropped report", Faults()),
        "an accepted report is kept",
    ),
    Mutation(
        "a tally is complete although a task is open",
        [
            _instead(Entry, "ended", lambda self, generation: self.generation == generation),
        ],
        Scenario("early sum", Faults()),
        "COMPLETED means that all tasks ended well",
    ),
    Mutation(
        "the monitor does not tally the chunks of a cancelled job",
        [
            _instead(
                termination, "has_untallied_outcomes", lambda _job, chunk: chunk.counts.cancelled
            ),
        ],
        Scenario(
            "untallied cancel", Faults(), actions=("submit", "cancel"), ends=(DONE, CANCELLED)
        ),
        "the closed job's counts equal its rows",
    ),
)
