"""Sizes of chunks, tallies, and the ranges that one Lambda call creates or enqueues."""

from collections.abc import Iterator
from typing import Final

MAX_TASKS: Final = 1_000_000
MAX_INPUT_BYTES: Final = 1_000_000_000
MAX_LINE_BYTES: Final = 4_000_000
"""Bytes of one line of uploaded inputs."""
MAX_CHUNK: Final = 256
MAX_CHUNKS: Final = 65_536
TALLY_CHUNKS: Final = 64
RANGE_CHUNKS: Final = 500
"""Chunks per Map iteration: 65,536 chunks take 132 iterations of 7 history events each."""

_TARGET_SECONDS: Final = 15.0
_UNMEASURED_CHUNKS: Final = 1_000


def chunk_count(tasks: int, size: int) -> int:
    """Return the number of chunks of `size` for a number of tasks."""
    return -(-tasks // size)


def smallest_size(tasks: int) -> int:
    """Return the smallest chunk size that keeps a job within the limit of chunks."""
    return chunk_count(tasks, MAX_CHUNKS)


def automatic_size(tasks: int, mean_seconds: float | None, batch: int = 1) -> int:
    """Return the chunk size of a job with `chunk_size` "auto".

    With a measured mean duration: about 15 s of work, so that a lost worker costs little and
    overhead stays small. Without one: the smallest size with at most 1,000 chunks. For batch types,
    the size is a multiple of `batch`, so that calls are full.
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
    """Return the number of tallies for a number of chunks."""
    return -(-chunks // TALLY_CHUNKS)


def tally_slots(tally: int, chunks: int) -> int:
    """Return the number of chunks in a tally. Chunk i is in tally i mod G, to spread writes."""
    return len(range(tally, chunks, tally_count(chunks)))


def ranges(chunks: int) -> Iterator[tuple[int, int]]:
    """Yield the first chunk and the count of each range."""
    for first in range(0, chunks, RANGE_CHUNKS):
        yield first, min(RANGE_CHUNKS, chunks - first)
