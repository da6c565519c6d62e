"""Faults of the code as it is that runs may meet. Each is shown by a seed; the list shall empty."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.prove.laws import Violation


class KnownFault(NamedTuple):
    """A violation that is tolerated: its law, a pattern of how it is broken, and a seed of it."""

    name: str
    law: str
    pattern: str
    seed: int

    def covers(self, violation: Violation) -> bool:
        """Whether the violation is this one."""
        return violation.law == self.law and re.search(self.pattern, violation.how) is not None


KNOWN: Final[Sequence[KnownFault]] = (
    KnownFault(
        "a canary that passes closes a job with max_failed COMPLETED; the rest never runs",
        "a canary that passes is followed by the rest",
        r"-> job \w+ \[COMPLETED",
        123,
    ),
)


def unknown(violations: Sequence[Violation]) -> list[Violation]:
    """Those that no known fault covers."""
    return [each for each in violations if not any(known.covers(each) for known in KNOWN)]
