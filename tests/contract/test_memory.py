from shoal.adapters.memory.chunks import MemoryChunkStore
from shoal.adapters.memory.clock import SeededEntropy
from shoal.adapters.memory.jobs import MemoryJobStore
from shoal.adapters.memory.queues import MemoryTaskQueue
from shoal.domain.job import JobStatus, Priority
from shoal.domain.outcome import PartKey
from shoal.ports.queues import Message
from tests.contract.examples import NOW, ORIGIN, a_chunk, a_job, fresh_id, plain_outcomes


def test_a_restore_removes_what_was_written_after_the_snapshot() -> None:
    store, job = MemoryJobStore(), a_job()
    store.create(job)
    before = store.snapshot()

    line = store.watch_line(job.id)
    assert line is not None
    store.stop_watching(line)
    store.put(job.stop(JobStatus.CANCELLED, "cancelled by its user"))
    store.restore(before)

    assert store.get(job.id) == job
    assert store.watched == [job.id]
    assert store.snapshot() == before


def test_a_snapshot_does_not_change_with_its_store() -> None:
    store, chunk = MemoryChunkStore(), a_chunk(fresh_id())
    before = store.snapshot()

    store.create([chunk])
    store.put_part(PartKey(chunk.job, 0, 1, 1), plain_outcomes(1), origin=ORIGIN, expires_at=0)

    other = MemoryChunkStore()
    other.restore(before)
    assert other.get(chunk.job, 0) is None


def test_messages_are_taken_once_and_by_priority() -> None:
    queue, job = MemoryTaskQueue(), fresh_id()
    queue.send(Priority.LOW, [Message(job, 1)], tenant="default")
    queue.send(Priority.HIGH, [Message(job, 2, NOW)], tenant="default")

    taken = queue.take()

    assert taken == [Message(job, 2, NOW), Message(job, 1)]
    assert queue.take() == []


def test_entropy_of_one_seed_repeats() -> None:
    a, b = SeededEntropy(7), SeededEntropy(7)

    assert (a.bytes(), a.uniform()) == (b.bytes(), b.uniform())
    assert len(a.bytes()) == 10
