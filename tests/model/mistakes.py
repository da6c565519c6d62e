"""Mistakes that the model check must find: one function of the real code, changed.

Each is a function, a piece of its source, and what stands there instead. The changed source is
compiled and its code put under the function, wherever that is known by name already.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

from shoal.domain.chunk import Chunk, _status_after_reset
from shoal.domain.job import Job
from shoal.domain.tally import Entry, Tally
from shoal.service.completion import Completion
from shoal.service.job_control import JobControl
from shoal.service.leasing import Leasing
from shoal.service.planning import Planning
from shoal.service.reconciliation import Reconciliation
from shoal.service.recovery import Recovery
from shoal.service.termination import Termination
from tests.model.scenarios import CANCELLED, DONE, FAILED, Faults, Scenario


@dataclass(frozen=True)
class Change:
    """A piece of a function's source, and what to put there."""

    function: Callable[..., Any]
    old: str
    new: str


@dataclass(frozen=True)
class Mistake:
    """Changes that together take one sentence of the design away, and where that shows."""

    name: str
    changes: Sequence[Change]
    scenario: Scenario
    law: str


@contextmanager
def made(changes: Sequence[Change]) -> Iterator[None]:
    """The functions as changed, for as long as the context lasts."""
    with ExitStack() as stack:
        for function in {change.function for change in changes}:
            mine = [change for change in changes if change.function is function]
            stack.enter_context(_made(function, mine))
        yield


@contextmanager
def _made(function: Any, changes: Sequence[Change]) -> Iterator[None]:
    before: CodeType = function.__code__
    function.__code__ = _changed(function, changes)
    try:
        yield
    finally:
        function.__code__ = before


def _changed(function: Any, changes: Sequence[Change]) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    for change in changes:
        found = source.count(change.old)
        if found != 1:
            raise ValueError(f"{change.old!r} occurs {found} times in {function.__qualname__}")
        source = source.replace(change.old, change.new)
    names: dict[str, Any] = {}
    code = compile(source, "<mistake>", "exec")
    exec(code, {**function.__globals__}, names)  # noqa: S102 - the mistakes are ours
    changed: CodeType = names[function.__name__].__code__
    return changed


_RESUMED = "return self._moved(tenant, job_id, move)"
_SEND = """from shoal.ports.queues import Message
    job = self.jobs.get(job_id)
    for chunk in self.completion.chunks.get_many(job_id, range(job.chunks)):
        message = Message(job_id, chunk.number)
        self.completion.queue.send(job.spec.priority, [message], tenant=tenant)"""
_NO_REPEAT = (
    # The monitor repeats a resume, whatever that did: this defence is taken out as well.
    Change(JobControl.resume, "job.resume(self.clock.now())", "job.resume(0.0)"),
    Change(Planning.enqueue, "job is None or job.paused", "job is None"),
)

_ANYBODY = Change(Chunk.leased_by_other, "self.lease.worker != worker", "False")
"""A lease is its worker's too: that defence is taken out as well."""

MISTAKES = (
    Mistake(
        "a report does not ask for its epoch",
        [
            Change(
                Chunk.report,
                "if epoch != self.epoch:",
                "if epoch > self.epoch:",
            ),
            _ANYBODY,
        ],
        Scenario("no fence", Faults(lapses=1), workers=2),
        "a write with an old epoch changes nothing",
    ),
    Mistake(
        "sums are added to, not set",
        [
            Change(
                Completion.sum_up,
                "    sums = self.jobs.set_sum(",
                """    known = self.jobs.sums(job.id, generation).get(tally.number)
    if known is not None:
        counts = Counts.total([known.counts, each.counts])
        each = Sum(known.versions + each.versions, counts)
    sums = self.jobs.set_sum(""",
            )
        ],
        Scenario("adding", Faults(losses=1)),
        "sums equal rows",
    ),
    Mistake(
        "an older entry may replace a later one in its tally",
        [
            Change(
                Entry.replaces,
                "return other is None or self.version >= other.version",
                "return True",
            )
        ],
        Scenario("older entry", Faults(losses=1)),
        "at rest tallies equal rows",
    ),
    Mistake(
        "a chunk found done is not settled",
        [Change(Leasing._grant_row, "self.completion.settle(job, chunk)\n", "pass\n")],  # noqa: SLF001
        Scenario("done unsettled", Faults(crashes=1)),
        "every job ends",
    ),
    Mistake(
        "a repeated report sends no message",
        [
            Change(
                Leasing._report,  # noqa: SLF001
                "self._send_rest(job, folded.chunk)",
                "if not folded.again:\n        self._send_rest(job, folded.chunk)",
            )
        ],
        Scenario("unsent", Faults(losses=1), failures={0: (1,)}, max_attempts=2),
        "every job ends",
    ),
    Mistake(
        "the token is stored without looking whether there is news",
        [
            Change(
                Reconciliation.wait,
                "row.wait(token) if row.may_wait(generation) else None",
                "row.wait(token)",
            )
        ],
        Scenario("blind wait", Faults()),
        "every execution ends",
    ),
    Mistake(
        "a grant is undone when the job turns out to be stopping",
        [
            Change(
                Leasing._answer,  # noqa: SLF001
                'if job is None or job.stopping:\n        return LeaseRefused("cancelled")',
                """if job is None or job.stopping:
        row = self.chunks.get(grant.chunk.job, grant.chunk.number)
        if row.epoch == grant.chunk.epoch:
            pending = "P" * row.size
            version = row.version + 1
            self.chunks.put(row.__replace__(statuses=pending, lease=None, version=version))
        return LeaseRefused("cancelled")""",
            )
        ],
        Scenario("undone grant", Faults(losses=1)),
        "a terminal status stays",
    ),
    Mistake(
        "every grant is an attempt",
        [Change(Chunk.grant, "n + (letter in ready)", "n + (letter in (*ready, _RUNNING))")],
        Scenario("counted grants", Faults(crashes=1)),
        "attempts stay within max_attempts",
    ),
    Mistake(
        "a dead letter fails its tasks",
        [
            Change(
                Recovery.dead_letter,
                "elif not job.paused:",
                """else:
        failed = "".join("F" if letter in "PRT" else letter for letter in chunk.statuses)
        chunk = chunk.__replace__(statuses=failed, lease=None, version=chunk.version + 1)
        self.chunks.put(chunk)
        self.completion.settle(job, chunk)
    if False:""",
            )
        ],
        Scenario("deadly letters", Faults(burials=1)),
        "no task ends that never ran",
    ),
    Mistake(
        "a retry does not raise the epoch",
        [
            Change(Chunk.reset, "epoch=self.epoch + 1", "epoch=self.epoch"),
            # A row without a lease takes no report either: that defence is taken out as well.
            Change(
                Chunk.report,
                "if number <= self.reported or self.lease is None:",
                "if number <= self.reported:",
            ),
            Change(
                Chunk.report,
                "lease=None if final else self.lease._replace(until=now + length)",
                "lease=None",
            ),
        ],
        Scenario(
            "unfenced retry", Faults(losses=1), failures={0: (1,)}, wishes=("submit", "retry")
        ),
        "a write with an old epoch changes nothing",
    ),
    Mistake(
        "resume sends before it clears the flag",
        [*_NO_REPEAT, Change(JobControl.resume, _RESUMED, f"{_SEND}\n    {_RESUMED}")],
        Scenario(
            "early resume",
            Faults(rescues=1),
            wishes=("submit", "pause", "resume"),
            limit=200_000,
        ),
        "every job ends",
    ),
    Mistake(
        "the end of an execution writes the job's status",
        [
            Change(
                Recovery.recover,
                "self.workflow.start(job_id, job.generation, number + 1)",
                """from shoal.domain.counts import Counts
            self.completion.close(
                job_id, job.generation, JobStatus.FAILED, "its execution died",
                counts=Counts(), moves=0,
            )""",
            )
        ],
        Scenario("status of executions", Faults(deaths=1)),
        "the last execution and the job agree",
    ),
    Mistake(
        "a repeated request is a stranger's",
        [Change(Chunk.grant, "self.lease[:2] == (worker, request)", "False")],
        Scenario("unknown request", Faults(losses=3), zombies=False),
        "the job ends as its tasks did",
    ),
    Mistake(
        "a lease is answered by what was read before it was written",
        [Change(Leasing.lease, "jobs = self._recheck(", "self._recheck(")],
        Scenario("no second look", Faults(), wishes=("submit", "cancel"), ends=(DONE, CANCELLED)),
        "no lease after an acknowledged cancel",
    ),
    Mistake(
        "a close does not ask for the generation",
        [
            Change(
                Completion.close,
                "if job.generation != generation or not job.live:",
                "if not job.live:",
            )
        ],
        Scenario(
            "blind close",
            Faults(losses=1),
            failures={0: (1,)},
            wishes=("submit", "retry"),
            limit=200_000,
        ),
        "the job ends as its tasks did",
    ),
    Mistake(
        "who finds a job closed wakes nobody",
        [Change(Leasing._wake_if_closed, "self.completion.wake(job)", "pass")],  # noqa: SLF001
        Scenario("nobody wakes", Faults(crashes=1)),
        "every execution ends",
    ),
    Mistake(
        "a job closes as its tasks say, whatever its user wished",
        [Change(Job.close, "self._moved(self.ending or status)", "self._moved(status)")],
        Scenario("deaf close", Faults(), wishes=("submit", "cancel"), ends=(DONE, CANCELLED)),
        "an acknowledged cancel cancels",
    ),
    Mistake(
        "a report writes its row without its part",
        [Change(Leasing._report, "self._write_part(worker, folded.chunk, report)", "pass")],  # noqa: SLF001
        Scenario("no part", Faults()),
        "a task ends as its accepted outcome says",
    ),
    Mistake(
        "a retry resets all tasks",
        [Change(_status_after_reset, "letter == _COMPLETED or ", "")],
        Scenario(
            "all reset",
            Faults(),
            chunk_size=2,
            failures={1: (1,)},
            wishes=("submit", "retry"),
            patient=True,
        ),
        "what completed stays completed",
    ),
    Mistake(
        "a retry of some tasks runs the others too",
        [
            Change(_status_after_reset, "chosen is False)", "False)"),
            Change(_status_after_reset, "_CANCELLED if chosen is False else _PENDING", "_PENDING"),
        ],
        Scenario(
            "all of them",
            Faults(),
            chunk_size=2,
            failures={0: (1,), 1: (1,)},
            wishes=("submit", "retry some"),
            ends=(FAILED,),
            patient=True,
        ),
        "the job ends as its tasks did",
    ),
    Mistake(
        "a retry of some tasks passes over what never ran",
        [Change(Job.verdict, "if counts.cancelled:", "if False:")],
        Scenario(
            "never run",
            Faults(rescues=1),
            chunks=2,
            failures={1: (1,)},
            max_failed=0,
            wishes=("submit", "retry some"),
            ends=(DONE, FAILED),
        ),
        "COMPLETED means that all tasks ended well",
    ),
    Mistake(
        "a narrowed window is filled before the chunk that ended is tallied",
        [
            Change(
                Completion.settle,
                """    self.tally(job, chunk)
    if windowed and changed:
        self.fill(job, most=SENT_AT_ONCE)
""",
                """    if windowed and changed:
        self.fill(job, most=SENT_AT_ONCE)
    self.tally(job, chunk)
""",
            )
        ],
        Scenario("stalled", Faults(), chunks=3, max_parallelism=2, wishes=("submit", "narrow")),
        "every job ends",
    ),
    Mistake(
        "a job that is retried in the moment in which it is let go is watched by nobody",
        [
            Change(Recovery._let_go, "job is not None and job.live", "False"),  # noqa: SLF001
            Change(JobControl.retry, "    self.jobs.mark_open(job)  #", "    pass  #"),
        ],
        Scenario(
            "unwatched",
            Faults(unheard=1),
            failures={0: (1,), 1: (1,)},
            chunk_size=2,
            wishes=("submit", "retry a few first"),
            zombies=False,
        ),
        "every job ends",
    ),
    Mistake(
        "a canary that failed is followed by the rest",
        [Change(Job.continued_after_canary, "canary.verdict is not Verdict.PASSED or", "")],
        Scenario(
            "reckless",
            Faults(),
            failures={0: (1, 1), 1: (1,)},
            chunk_size=2,
            wishes=("submit", "retry a few first"),
            ends=(FAILED,),
            patient=True,
        ),
        "a canary that failed ends the retry",
    ),
    Mistake(
        "a report is accepted and dropped",
        [Change(Chunk.report, "if number <= self.reported or self.lease is None:", "if True:")],
        Scenario("dropped", Faults()),
        "an accepted report stands",
    ),
    Mistake(
        "a tally is complete though a task is open",
        [Change(Tally.sum, "or entry.counts.open", "")],
        Scenario("early sum", Faults()),
        "COMPLETED means that all tasks ended well",
    ),
    Mistake(
        "the monitor leaves the tallies of a cancelled job alone",
        [Change(Termination._seal, "chunk.counts.pending < chunk.size", "chunk.counts.cancelled")],  # noqa: SLF001
        Scenario("untallied", Faults(), wishes=("submit", "cancel"), ends=(DONE, CANCELLED)),
        "the closed job's counts equal its rows",
    ),
)
