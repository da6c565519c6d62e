"""Scenarios: jobs, the actions of users, and the number of faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shoal.domain.job import JobStatus, Repeat, Spec
from shoal.domain.outcome import Outcome, TaskError
from shoal.domain.retry import RetryPolicy


class Faults(NamedTuple):
    """How often each fault or uncommon request may still happen."""

    crashes: int = 0  # a worker loses its state
    losses: int = 0  # an answer to a worker is lost; the worker repeats the request
    lapses: int = 0  # time passes during a lease
    duplicates: int = 0  # a message is delivered twice
    stops: int = 0  # a function stops between two calls and runs again
    forgotten: int = 0  # Step Functions gives up on a function, which keeps running
    deaths: int = 0  # an execution is aborted
    breakdowns: int = 0  # a function of the workflow fails permanently
    lost_events: int = 0  # an event of an ended execution is lost
    dead_letters: int = 0  # a message becomes a dead letter
    timeouts: int = 0  # a wait times out while others can move
    idle_timeouts: int = 0  # a wait times out when nothing else moves
    user_repeats: int = 0  # a user gives up, or repeats a request
    partials: int = 0  # a worker reports only the first of its tasks
    returns: int = 0  # a worker returns its chunk
    heartbeats: int = 0  # a worker sends a heartbeat
    outages: int = 0  # a call raises Unavailable; it was made, or not
    sweeps: int = 0  # a sweep begins, whatever else runs


@dataclass(frozen=True)
class Scenario:
    """A job and its environment. `failures` has how often each task fails, by generation."""

    name: str
    faults: Faults
    chunks: int = 1
    chunk_size: int = 1
    workers: int = 1
    failures: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    max_attempts: int = 1
    max_failed: int | None = None
    max_parallelism: int | None = None
    deadline: float | None = None
    actions: tuple[str, ...] = ("submit",)
    ends: tuple[JobStatus, ...] = (JobStatus.COMPLETED,)
    patient: bool = False  # users act only when nothing else moves
    forgets: str = ""  # the only function on which Step Functions gives up; any if empty
    zombies: bool = True  # functions keep running after their caller has failed
    age_net: bool = False  # messages are resent for their age alone
    leap: float = 0.0  # seconds by which a timeout moves the clock
    tally_chunks: int = 64
    jitter: float = 0.0
    hand_over_passes: int = 1_000
    unreadable: bool = False  # the row of another job on the watch list cannot be read
    limit: int | None = None  # the most states; if there are more, a random part is visited

    @property
    def spec(self) -> Spec:
        return Spec(
            task_type="noop",
            source=Repeat(self.chunks * self.chunk_size),
            chunk_size=self.chunk_size,
            max_parallelism=self.max_parallelism,
            retry=RetryPolicy(max_attempts=self.max_attempts, backoff=1.0),
            deadline=self.deadline,
            max_failed=self.max_failed,
        )

    def outcome(self, index: int, attempt: int, generation: int) -> Outcome:
        """Return the outcome of an attempt of a task."""
        failures = self.failures.get(index, ())
        fails = generation <= len(failures) and attempt <= failures[generation - 1]
        error = TaskError(error_type(index), "boom", retryable=True) if fails else None
        return Outcome(index, attempt, started_at=0.0, duration=0.0, error=error)


def error_type(index: int) -> str:
    """Return the error type of a task; each task has its own."""
    return f"Boom{'ABCD'[index]}"


DONE, FAILED, CANCELLED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED

_CANCEL, _PAUSE, _RETRY = ("submit", "cancel"), ("submit", "pause", "resume"), ("submit", "retry")
_SOME = 30_000

SCENARIOS = (
    Scenario("a worker crashes", Faults(crashes=2), workers=2),
    Scenario(
        "a call fails and a worker crashes, with two tallies",
        Faults(outages=1, crashes=1),
        chunks=2,
        tally_chunks=1,
        limit=_SOME,
    ),
    Scenario(
        "answers are lost, with two tallies",
        Faults(losses=1, crashes=1),
        chunks=2,
        tally_chunks=1,
        limit=_SOME,
    ),
    Scenario(
        "functions that continue after Step Functions gave up on them",
        Faults(forgotten=1, idle_timeouts=1),
        limit=_SOME,
    ),
    Scenario(
        "functions that continue during a retry, with two tallies",
        Faults(forgotten=1, idle_timeouts=1),
        chunks=2,
        tally_chunks=1,
        failures={0: (1,)},
        actions=("submit", "retry"),
        limit=_SOME,
    ),
    Scenario(
        "two different retries at once",
        Faults(user_repeats=1, idle_timeouts=1),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry", "retry some"),
        ends=(DONE, FAILED),
        limit=_SOME,
    ),
    Scenario("an answer is lost", Faults(losses=1)),
    Scenario("messages are delivered twice", Faults(duplicates=1), workers=2),
    Scenario("a lease lapses during work", Faults(lapses=1, crashes=1), workers=2, limit=_SOME),
    Scenario(
        "all faults together",
        Faults(crashes=1, losses=1, lapses=1, duplicates=1),
        workers=2,
        limit=_SOME,
    ),
    Scenario("two workers, two chunks, two tallies", Faults(), chunks=2, workers=2, tally_chunks=1),
    Scenario("two chunks and a crash", Faults(crashes=1), chunks=2),
    Scenario("heartbeats, and a chunk that is returned", Faults(heartbeats=1, returns=1, lapses=1)),
    Scenario(
        "a task fails once, in a chunk of two, reported in part",
        Faults(partials=1, crashes=1, losses=1),
        chunk_size=2,
        failures={1: (1,)},
        max_attempts=2,
        zombies=False,
    ),
    Scenario(
        "a task fails permanently, after a delay",
        Faults(crashes=1, partials=1),
        chunk_size=2,
        failures={0: (2,)},
        max_attempts=2,
        jitter=0.5,
        ends=(FAILED,),
    ),
    Scenario(
        "three workers die during a task", Faults(crashes=3), ends=(DONE, FAILED), zombies=False
    ),
    Scenario("dead letters", Faults(dead_letters=1, crashes=1, stops=1)),
    Scenario("a window of one chunk", Faults(duplicates=1), chunks=2, max_parallelism=1),
    Scenario(
        "a window of one chunk, with functions that stop after a write",
        Faults(losses=2, crashes=1),
        chunks=3,
        max_parallelism=1,
        limit=_SOME,
    ),
    Scenario(
        "a window of one chunk, and a worker that crashes after the end of a chunk",
        Faults(crashes=1, idle_timeouts=4),
        chunks=2,
        max_parallelism=1,
        age_net=True,
        leap=10_000.0,
        limit=_SOME,
    ),
    Scenario(
        "a retry with a window, a pause and a resume",
        Faults(idle_timeouts=2),
        chunks=2,
        max_parallelism=1,
        failures={1: (1,)},
        actions=(*_RETRY, "pause", "resume"),
        limit=_SOME,
    ),
    Scenario(
        "a retry with a window whose next chunk completed earlier",
        Faults(losses=1, idle_timeouts=1),
        chunks=3,
        max_parallelism=1,
        failures={0: (1,), 2: (1,)},
        actions=_RETRY,
        limit=_SOME,
    ),
    Scenario(
        "a window that grows",
        Faults(duplicates=1, idle_timeouts=1),
        chunks=3,
        max_parallelism=1,
        actions=("submit", "widen"),
        limit=_SOME,
    ),
    Scenario(
        "a window that grows, by a request that stops before it sends",
        Faults(user_repeats=1, stops=1, idle_timeouts=2),
        chunks=3,
        max_parallelism=1,
        actions=("submit", "widen"),
        limit=_SOME,
    ),
    Scenario(
        "a window that shrinks and is then removed",
        Faults(duplicates=1, idle_timeouts=1),
        chunks=3,
        workers=2,
        max_parallelism=2,
        actions=("submit", "narrow", "open"),
        limit=_SOME,
    ),
    Scenario(
        "a window that shrinks",
        Faults(losses=1, duplicates=1),
        chunks=2,
        workers=2,
        max_parallelism=2,
        actions=("submit", "narrow"),
        limit=_SOME,
    ),
    Scenario("a cancel", Faults(crashes=1), actions=_CANCEL, ends=(DONE, CANCELLED)),
    Scenario(
        "a cancel that is repeated",
        Faults(user_repeats=1, idle_timeouts=1),
        actions=_CANCEL,
        ends=(DONE, CANCELLED),
        zombies=False,
    ),
    Scenario(
        "a cancel of two chunks",
        Faults(crashes=1),
        chunks=2,
        workers=2,
        actions=_CANCEL,
        ends=(DONE, CANCELLED),
        limit=_SOME,
    ),
    Scenario("pause and resume", Faults(idle_timeouts=1), actions=_PAUSE, limit=_SOME),
    Scenario(
        "pause and resume of two chunks, with a crash",
        Faults(idle_timeouts=2, crashes=1),
        chunks=2,
        actions=_PAUSE,
        limit=_SOME,
    ),
    Scenario(
        "a retry",
        Faults(crashes=1, idle_timeouts=1),
        failures={0: (1,)},
        actions=_RETRY,
        patient=True,
    ),
    Scenario("a retry at once", Faults(losses=1), failures={0: (1,)}, actions=_RETRY, limit=_SOME),
    Scenario(
        "a retry of the task that failed",
        Faults(losses=1, stops=1, user_repeats=1),
        failures={1: (1,)},
        chunk_size=2,
        actions=_RETRY,
        ends=(DONE, FAILED),
        patient=True,
        limit=_SOME,
    ),
    Scenario(
        "a retry of one of two tasks that failed, by its cause",
        Faults(crashes=1, stops=1, idle_timeouts=1),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry some"),
        ends=(FAILED,),
        patient=True,
        zombies=False,
        limit=_SOME,
    ),
    Scenario(
        "a retry of one of two chunks that failed, at once",
        Faults(losses=1, stops=1),
        failures={0: (1,), 1: (1,)},
        chunks=2,
        actions=("submit", "retry some"),
        ends=(FAILED,),
        limit=_SOME,
    ),
    Scenario(
        "a retry at once, and the event of an ended execution is lost",
        Faults(lost_events=2, idle_timeouts=1),
        failures={0: (1,)},
        actions=_RETRY,
        zombies=False,
        limit=_SOME,
    ),
    Scenario(
        "a canary that passes, and the other tasks after it",
        Faults(crashes=1, losses=1, idle_timeouts=2),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first"),
        patient=True,
        limit=_SOME,
    ),
    Scenario(
        "a canary of one of two chunks that passes, with functions that stop",
        Faults(stops=1, duplicates=1, idle_timeouts=2, lost_events=1),
        failures={0: (1,), 1: (1,)},
        chunks=2,
        actions=("submit", "retry a few first"),
        zombies=False,
        limit=_SOME,
    ),
    Scenario(
        "a canary that passes in a job that tolerates the other failure",
        Faults(crashes=1, idle_timeouts=2),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        max_failed=1,
        actions=("submit", "retry a few first"),
        patient=True,
        limit=_SOME,
    ),
    Scenario(
        "a canary that passes while the job is paused",
        Faults(idle_timeouts=2),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first", "pause", "resume"),
        ends=(DONE, FAILED),
        limit=_SOME,
    ),
    Scenario(
        "a function that continues after Step Functions gave up on it",
        Faults(forgotten=1, idle_timeouts=2),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first"),
        patient=True,
        limit=_SOME,
    ),
    Scenario(
        "a canary that fails",
        Faults(crashes=1, idle_timeouts=1),
        failures={0: (1, 1), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first"),
        ends=(FAILED,),
        patient=True,
    ),
    Scenario(
        "a canary, and a cancel",
        Faults(idle_timeouts=1),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first", "cancel"),
        ends=(DONE, CANCELLED, FAILED),
        limit=_SOME,
    ),
    Scenario(
        "a retry, then a cancel",
        Faults(crashes=1, idle_timeouts=1),
        failures={1: (1,)},
        chunk_size=2,
        actions=(*_RETRY, "cancel"),
        ends=(DONE, CANCELLED, FAILED),
        limit=_SOME,
    ),
    Scenario(
        "a sweep at any moment of a submit that dies",
        Faults(sweeps=1, user_repeats=1),
        zombies=False,
        limit=_SOME,
    ),
    Scenario(
        "a sweep at any moment of a retry that dies",
        Faults(sweeps=1, user_repeats=1, lost_events=1, idle_timeouts=1),
        failures={0: (1,)},
        actions=_RETRY,
        ends=(DONE, FAILED),
        patient=True,
        limit=_SOME,
    ),
    Scenario("calls of ports raise Unavailable", Faults(outages=2), limit=_SOME),
    Scenario(
        "calls of ports raise Unavailable in a retry, with a sweep",
        Faults(outages=2, sweeps=1, idle_timeouts=1),
        failures={0: (1,)},
        actions=_RETRY,
        limit=_SOME,
    ),
    Scenario(
        "calls of ports raise Unavailable in a cancel of two chunks",
        Faults(outages=2),
        chunks=2,
        actions=_CANCEL,
        ends=(DONE, CANCELLED),
        limit=_SOME,
    ),
    Scenario(
        "two retries at once, and a sweep",
        Faults(sweeps=1, user_repeats=1, idle_timeouts=1),
        failures={0: (1,)},
        actions=_RETRY,
        ends=(DONE, FAILED),
        patient=True,
        limit=_SOME,
    ),
    Scenario(
        "a sweep at any moment of a canary that passes",
        Faults(sweeps=2, lost_events=1, idle_timeouts=1),
        failures={0: (1,), 1: (1,)},
        chunk_size=2,
        actions=("submit", "retry a few first"),
        patient=True,
        limit=_SOME,
    ),
    Scenario("functions of the workflow stop", Faults(stops=2)),
    Scenario("executions die", Faults(deaths=2), zombies=False),
    Scenario(
        "an execution dies, and another job cannot be read",
        Faults(deaths=1, lost_events=1, sweeps=1),
        zombies=False,
        unreadable=True,
        limit=_SOME,
    ),
    Scenario(
        "an execution dies lost_events",
        Faults(deaths=1, lost_events=1, idle_timeouts=1),
        limit=_SOME,
    ),
    Scenario(
        "three executions die", Faults(deaths=3), zombies=False, ends=(DONE, FAILED), limit=_SOME
    ),
    Scenario("the workflow breaks", Faults(breakdowns=1), ends=(DONE, FAILED)),
    Scenario("a successor takes over", Faults(timeouts=1), hand_over_passes=1),
    Scenario("a submit that is repeated", Faults(user_repeats=1)),
    Scenario(
        "one failure ends the job",
        Faults(idle_timeouts=1),
        chunks=2,
        failures={0: (1,)},
        max_failed=0,
        ends=(FAILED,),
    ),
    Scenario(
        "a deadline",
        Faults(idle_timeouts=1, timeouts=1),
        deadline=1_005.0,
        leap=5.0,
        ends=(DONE, FAILED),
    ),
)
