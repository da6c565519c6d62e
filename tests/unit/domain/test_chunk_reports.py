"""Reports that change nothing in a chunk."""

from __future__ import annotations

from shoal.domain.chunk import Accepted, Chunk, Granted
from shoal.domain.outcome import Outcome
from shoal.domain.retry import RetryPolicy

NOW = 1_000.0
LENGTH = 60.0


def leased_chunk() -> Chunk:
    """Return a chunk of two tasks that a worker has leased."""
    granted = Chunk.new("job", 0, first=0, size=2, now=NOW).grant("w", "r", NOW, LENGTH)
    assert isinstance(granted, Granted)
    return granted.chunk


def report(chunk: Chunk, *outcomes: Outcome, number: int = 1) -> Accepted:
    answer = chunk.report(
        epoch=chunk.epoch,
        number=number,
        final=False,
        outcomes=outcomes,
        policy=RetryPolicy(),
        jitter=0.5,
        now=NOW,
        length=LENGTH,
    )
    assert isinstance(answer, Accepted)
    return answer


def completed(index: int, attempt: int = 1) -> Outcome:
    return Outcome(index, attempt, started_at=NOW, duration=1.0)


def test_repeated_report_does_not_write_the_row_again() -> None:
    reported = report(leased_chunk(), completed(0)).chunk

    assert report(reported, completed(0)) == Accepted(reported, again=True)


def test_outcome_of_another_attempt_is_ignored() -> None:
    chunk = leased_chunk()

    after = report(chunk, completed(0, attempt=2)).chunk

    assert (after.statuses, after.parts) == (chunk.statuses, ())


def test_outcome_of_a_task_that_is_not_running_is_ignored() -> None:
    reported = report(leased_chunk(), completed(0)).chunk

    after = report(reported, completed(0), completed(7), number=2).chunk

    assert (after.statuses, after.parts) == (reported.statuses, reported.parts)


def test_second_outcome_of_a_task_in_one_report_is_ignored() -> None:
    after = report(leased_chunk(), completed(0), completed(0)).chunk

    assert after.parts[0].runs == ((0, 1),)
