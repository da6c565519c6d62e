"""Results on their way to the terminal, with those that are missing counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoal.cli.output import Row
    from shoal.client.models import Result


@dataclass(slots=True)
class Counted:
    """Results; those that are missing are shown only if they are to be `named`."""

    found: Iterable[Result]
    named: bool
    missing: int = 0

    def rows(self) -> Iterator[Row]:
        """As they come in."""
        for each in self.found:
            self.missing += each.missing is not None
            if self.named or each.missing is None:
                yield each.raw

    def words(self) -> str:
        """How many were missing."""
        one = self.missing == 1
        hint = "" if self.named else f"; --missing names {'it' if one else 'them'}"
        return f"{self.missing} {'task has' if one else 'tasks have'} no result{hint}"
