"""The public version of a job: its row and its tallies as one number that never decreases."""

from typing import Final

MOST_MOVES: Final = 2**34
"""Exceeds the writes of 65,536 chunks in 60 days with a heartbeat every 20 s. It leaves room for
more than 2^19 writes of the job's row before a version exceeds the exact integers of JavaScript."""


def job_version(row: int, moves: int) -> int:
    """Return the version of a job whose row is at `row` and whose tallies are at `moves`.

    The row takes precedence: its writes can drop tallies (those of a closed job are not read) or
    return to earlier ones (a retry), and are newer than everything before.
    """
    return row * MOST_MOVES + min(moves, MOST_MOVES - 1)
