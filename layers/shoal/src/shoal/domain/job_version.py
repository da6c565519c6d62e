"""The version of a job as users see it: its row and its tallies as one number that never falls."""

from typing import Final

MOST_MOVES: Final = 2**34
"""More than the rows of 65,536 chunks move in 60 days at a heartbeat each 20 s. Over 2^19 writes of
the job's row below it, a version is a whole number that JavaScript still tells from the next."""


def job_version(row: int, moves: int) -> int:
    """The job's row at `row`, its tallies at `moves`.

    The row counts first: a write of it may leave tallies out (a closed job's are not read any
    more) or take up earlier ones (a retry), and is newer than all that was seen before it.
    """
    return row * MOST_MOVES + min(moves, MOST_MOVES - 1)
