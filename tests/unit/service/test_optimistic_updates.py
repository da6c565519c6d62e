"""The optimistic update that all read-move-write loops use."""

from __future__ import annotations

import pytest

from shoal.domain.errors import Unavailable, WriteConflict
from shoal.service.job_updates import TRIES, Update, read_from, update_over_version


class Row:
    """A number with a version. Other writers add 10 before each of the first writes."""

    def __init__(self, conflicts: int = 0) -> None:
        self.stored = (0, 1)
        self.conflicts = conflicts
        self.reads = 0
        self.writes = 0

    def read(self) -> tuple[int, int]:
        self.reads += 1
        return self.stored

    def write(self, row: tuple[int, int]) -> None:
        self.writes += 1
        if self.conflicts:
            self.conflicts -= 1
            number, version = self.stored
            self.stored = number + 10, version + 1
        if row[1] != self.stored[1] + 1:
            raise WriteConflict("row")
        self.stored = row


def plus_one(row: tuple[int, int]) -> tuple[int, int] | None:
    return row[0] + 1, row[1] + 1


def nothing(_row: tuple[int, int]) -> tuple[int, int] | None:
    return None


def test_update_is_applied_to_the_current_row_after_a_conflict() -> None:
    row = Row(conflicts=2)

    update = update_over_version(row.read, plus_one, row.write, what="row")

    assert update == Update((20, 3), (21, 4))
    assert row.stored == (21, 4)


def test_update_without_a_move_writes_nothing() -> None:
    row = Row()

    update = update_over_version(row.read, nothing, row.write, what="row")

    assert (update.moved, row.writes) == (None, 0)


def test_update_with_too_many_conflicts_is_unavailable() -> None:
    row = Row(conflicts=TRIES)

    with pytest.raises(Unavailable, match="row"):
        update_over_version(row.read, plus_one, row.write, what="row")

    assert row.writes == TRIES


def test_row_that_was_read_before_is_not_read_again() -> None:
    row = Row()

    update_over_version(read_from((0, 1), row.read), plus_one, row.write, what="row")

    assert (row.reads, row.stored) == (0, (1, 2))
