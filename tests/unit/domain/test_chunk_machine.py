"""The invariants of a chunk, in any order of moves."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shoal.domain.chunk import Accepted, Chunk, CurrentTask, Finished, Granted, Held, Stale
from shoal.domain.outcome import Outcome, TaskError
from shoal.domain.retry import RetryPolicy

LENGTH = 60.0
TERMINAL = "CFX"


class ChunkMachine(RuleBasedStateMachine):
    """Workers lease, report, renew and crash. The job seals and resets the chunk. Time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.requests = 0
        self.ended: dict[int, str] = {}
        self.leases: list[tuple[int, dict[int, int]]] = []
        self.said: list[tuple[int, int, bool, tuple[Outcome, ...]]] = []

    @initialize(size=st.integers(1, 8), attempts=st.integers(1, 3))
    def begin(self, size: int, attempts: int) -> None:
        self.policy = RetryPolicy(max_attempts=attempts, backoff=5.0)
        self.chunk = Chunk.new("job", 0, first=40, size=size, now=self.now)

    def write(self, after: Chunk) -> None:
        """Check the invariants of a write."""
        before = self.chunk
        assert after.version == before.version + 1
        assert after.epoch >= before.epoch
        assert len(after.statuses) == len(after.attempts) == before.size
        if after.generation == before.generation:
            for old, new in zip(before.statuses, after.statuses, strict=True):
                assert old == new or old not in TERMINAL
        self.chunk = after

    @rule(seconds=st.sampled_from([1.0, 5.0, LENGTH - 1.0, LENGTH]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_worker_asks(self) -> None:
        self.requests += 1
        worker, request = f"w{self.requests}", f"r{self.requests}"
        before = self.chunk

        answer = before.grant(worker, request, self.now, LENGTH)

        if isinstance(answer, Finished):
            assert before.finished
        elif isinstance(answer, Held):
            assert answer.until > self.now
        else:
            self.granted(before, answer)
            again = answer.chunk.grant(worker, request, self.now, LENGTH)
            assert again == Granted(answer.chunk, again=True) or answer.chunk.lease is None

    def granted(self, before: Chunk, answer: Granted) -> None:
        assert not before.leased(self.now)
        after = answer.chunk
        assert after.epoch == before.epoch + 1
        for offset, (old, new) in enumerate(zip(before.statuses, after.statuses, strict=True)):
            raised = after.attempts[offset] - before.attempts[offset]
            assert raised == (old in "PT" and new == "R")
            assert (old, new) != ("T", "R") or self.now >= before.not_before
        if answer.dead is not None:
            assert before.statuses[answer.dead] == "R"
            assert before.named == answer.dead
            assert (before.crashed, before.crashes) == (before.first + answer.dead, 2)
            assert after.part_of(answer.dead) == after.part_key(after.epoch, 0)
        if not before.acknowledged:
            assert (after.crashed, after.crashes) == (before.crashed, before.crashes)
        if before.lease is not None and before.running:
            assert after.isolated
        self.write(after)
        if after.lease is not None:
            held = {offset: after.attempts[offset] for offset in after.running}
            self.leases.append((after.epoch, held))

    @rule(data=st.data(), final=st.booleans())
    def a_worker_reports(self, data: st.DataObject, *, final: bool) -> None:
        if not self.leases:
            return
        epoch, tasks = data.draw(st.sampled_from(self.leases))
        chosen = data.draw(st.lists(st.sampled_from(sorted(tasks)), unique=True))
        outcomes = tuple(
            Outcome(
                self.chunk.first + offset,
                tasks[offset],
                started_at=self.now,
                duration=1.0,
                error=data.draw(st.sampled_from([None, TaskError("E", "", retryable=True)])),
            )
            for offset in chosen
        )
        number = 1 + max((n for e, n, _, _ in self.said if e == epoch), default=0)
        self.report(epoch=epoch, number=number, final=final, outcomes=outcomes)
        self.said.append((epoch, number, final, outcomes))

    @rule(data=st.data())
    def a_report_comes_again(self, data: st.DataObject) -> None:
        if not self.said:
            return
        epoch, number, final, outcomes = data.draw(st.sampled_from(self.said))

        answer = self.folded(epoch=epoch, number=number, final=final, outcomes=outcomes)

        if isinstance(answer, Accepted):
            assert answer == Accepted(self.chunk, again=True)
        else:
            assert epoch < self.chunk.epoch

    def folded(
        self,
        *,
        epoch: int,
        number: int,
        final: bool,
        outcomes: tuple[Outcome, ...],
    ) -> Accepted | Stale:
        return self.chunk.report(
            epoch=epoch,
            number=number,
            final=final,
            outcomes=outcomes,
            policy=self.policy,
            jitter=0.5,
            now=self.now,
            length=LENGTH,
        )

    def report(
        self,
        *,
        epoch: int,
        number: int,
        final: bool,
        outcomes: tuple[Outcome, ...],
    ) -> None:
        before = self.chunk
        answer = self.folded(epoch=epoch, number=number, final=final, outcomes=outcomes)

        if isinstance(answer, Stale):
            assert epoch < before.epoch
            return
        assert epoch == before.epoch
        if answer.again:
            assert answer.chunk is before
            return
        self.write(answer.chunk)
        told = {outcome.index - before.first for outcome in outcomes}
        for offset, (old, new) in enumerate(
            zip(before.statuses, answer.chunk.statuses, strict=True)
        ):
            if old != "R":
                assert new == old
            elif offset not in told:
                assert new == ("P" if final else "R")
                handed_back = before.attempts[offset] - answer.chunk.attempts[offset]
                assert handed_back == final
        assert answer.chunk.crashes == 0
        assert (answer.chunk.lease is None) == final

    @rule(data=st.data())
    def a_worker_beats(self, data: st.DataObject) -> None:
        if not self.leases:
            return
        epoch, tasks = data.draw(st.sampled_from(self.leases))
        named = data.draw(st.none() | st.sampled_from(sorted(tasks)))
        hand = None if named is None else CurrentTask(self.chunk.first + named, 0.5)
        before = self.chunk

        answer = before.extend(epoch, hand, self.now, LENGTH)

        if isinstance(answer, Stale):
            assert epoch < before.epoch or before.lease is None
            return
        assert epoch == before.epoch
        assert answer.chunk.statuses == before.statuses
        if named in before.running:
            assert answer.chunk.named == named
            assert answer.chunk.lapses == 0
        else:
            assert answer.chunk.named == before.named
        self.write(answer.chunk)

    @rule(data=st.data())
    def a_report_number_is_reserved(self, data: st.DataObject) -> None:
        if self.chunk.lease is None:
            return
        offset = data.draw(st.sampled_from(self.chunk.running or (0,)))
        self.write(self.chunk.reserve())
        number = self.chunk.reported
        outcome = Outcome(self.chunk.first + offset, self.chunk.attempts[offset], self.now, 1.0)
        folded = self.chunk.report(
            epoch=self.chunk.epoch,
            number=number,
            final=False,
            outcomes=(outcome,),
            policy=self.policy,
            jitter=0.5,
            now=self.now,
            length=LENGTH,
            reserved=True,
        )
        assert isinstance(folded, Accepted)
        self.write(folded.chunk)
        assert offset not in self.chunk.running

    @rule()
    def its_message_is_sent_again(self) -> None:
        after = self.chunk.sent(self.now)
        assert (after.statuses, after.lease) == (self.chunk.statuses, self.chunk.lease)
        self.write(after)

    @rule()
    def its_job_is_cancelled(self) -> None:
        self.write(self.chunk.seal())
        assert not self.chunk.running

    @rule()
    def its_job_is_retried(self) -> None:
        before = self.chunk
        after = before.reset(before.generation + 1, self.now)
        self.write(after)
        assert after.epoch == before.epoch + 1
        assert after.expires_at == before.expires_at
        assert [letter == "C" for letter in before.statuses] == [
            letter == "C" for letter in after.statuses
        ]
        assert set(after.statuses) <= {"C", "P"}

    @rule(again=st.frozensets(st.integers(0, 7)))
    def some_of_its_failed_tasks_are_retried(self, again: frozenset[int]) -> None:
        before = self.chunk
        chosen = {i for i in again if i < before.size and before.statuses[i] == "F"}
        after = before.reset(before.generation + 1, self.now, again=chosen)
        self.write(after)
        for offset, (was, letter) in enumerate(zip(before.statuses, after.statuses, strict=True)):
            kept = was if was in "CF" else "X"
            assert letter == ("P" if offset in chosen else kept)
            assert after.attempts[offset] == (0 if letter == "P" else before.attempts[offset])

    @invariant()
    def counts_add_up(self) -> None:
        if hasattr(self, "chunk"):
            assert sum(self.chunk.counts) == self.chunk.size
            assert self.chunk.finished == (self.chunk.counts.open == 0)

    @invariant()
    def attempts_stay_within_the_policy(self) -> None:
        if hasattr(self, "chunk"):
            assert max(self.chunk.attempts) <= self.policy.max_attempts
            assert min(self.chunk.attempts) >= 0

    @invariant()
    def only_tasks_that_ran_have_ended(self) -> None:
        if hasattr(self, "chunk"):
            for letter, attempts in zip(self.chunk.statuses, self.chunk.attempts, strict=True):
                assert attempts > 0 or letter in "PX"

    @invariant()
    def who_completed_or_failed_has_an_outcome(self) -> None:
        if hasattr(self, "chunk"):
            for offset, letter in enumerate(self.chunk.statuses):
                assert letter not in "CF" or self.chunk.part_of(offset) is not None


TestChunkMachine = ChunkMachine.TestCase
TestChunkMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_the_third_crash_in_a_row_gives_up_exactly_one_task() -> None:
    chunk = Chunk.new("job", 0, first=0, size=3, now=0.0)
    now = 0.0
    for number in range(4):
        grant = chunk.grant("w", f"r{number}", now, LENGTH)
        assert isinstance(grant, Granted)
        assert grant.chunk.isolated == bool(number)
        named = grant.chunk.extend(grant.chunk.epoch, CurrentTask(1, None), now, LENGTH)
        assert isinstance(named, Accepted)
        chunk, now = named.chunk, now + LENGTH

    assert chunk.statuses == "RFR"
    assert chunk.attempts == (1, 1, 1)
    assert chunk.crashes == 0


def test_a_grant_waits_for_delayed_tasks() -> None:
    chunk = replace(
        Chunk.new("job", 0, first=0, size=2, now=0.0),
        statuses="TC",
        attempts=(1, 1),
        not_before=30.0,
    )

    assert chunk.grant("w", "r", 29.0, LENGTH) == Held(30.0)
    grant = chunk.grant("w", "r", 30.0, LENGTH)

    assert isinstance(grant, Granted)
    assert grant.chunk.statuses == "RC"


def test_a_grant_includes_pending_but_not_delayed_tasks() -> None:
    chunk = replace(
        Chunk.new("job", 0, first=0, size=2, now=0.0),
        statuses="TP",
        attempts=(1, 0),
        not_before=30.0,
    )

    grant = chunk.grant("w", "r", 29.0, LENGTH)

    assert isinstance(grant, Granted)
    assert (grant.chunk.statuses, grant.chunk.attempts) == ("TR", (1, 1))
