"""How a job is cut: chunks, tallies and the ranges that one Lambda call creates or enqueues."""

from collections.abc import Iterator
from typing import Final

MAX_TASKS: Final = 1_000_000
MAX_INPUT_BYTES: Final = 1_000_000_000
MAX_CHUNK: Final = 256
MAX_CHUNKS: Final = 65_536
TALLY_CHUNKS: Final = 64
RANGE_CHUNKS: Final = 500
"""Chunks of one Map iteration: 65,536 chunks make 132 iterations of 7 history events each."""

_TARGET_SECONDS: Final = 15.0
_UNMEASURED_CHUNKS: Final = 1_000


def chunk_count(tasks: int, size: int) -> int:
    """How many chunks of `size` hold that many tasks."""
    return -(-tasks // size)


def smallest_size(tasks: int) -> int:
    """The smallest chunk size that keeps a job within the limit of chunks."""
    return chunk_count(tasks, MAX_CHUNKS)


def automatic_size(tasks: int, mean_seconds: float | None, batch: int = 1) -> int:
    """The chunk size when the user leaves it open.

    With a measured mean duration: about 15 s of work, so that a lost worker costs little and
    overhead stays small. Without one: the smallest that keeps the job at 1,000 chunks or fewer.
    Where one call takes up to `batch` tasks it is a multiple of that, so that calls are full.
    """
    if mean_seconds is None:
        wanted = chunk_count(tasks, _UNMEASURED_CHUNKS)
    else:
        wanted = int(_TARGET_SECONDS / max(mean_seconds, 1e-6))
    least = max(1, smallest_size(tasks))
    size = max(least, min(MAX_CHUNK, tasks, wanted))
    full = -(-size // batch) * batch
    return full if full <= MAX_CHUNK else max(least, size // batch * batch)


def tally_count(chunks: int) -> int:
    """How many tallies so many chunks have."""
    return -(-chunks // TALLY_CHUNKS)


def tally_slots(tally: int, chunks: int) -> int:
    """How many chunks report to a tally: chunk i goes to tally i mod G, so that writes spread."""
    return len(range(tally, chunks, tally_count(chunks)))


def ranges(chunks: int) -> Iterator[tuple[int, int]]:
    """First chunk and count of each range."""
    for first in range(0, chunks, RANGE_CHUNKS):
        yield first, min(RANGE_CHUNKS, chunks - first)
