"""Known faults of the current code. Each has a seed that shows it; fixes remove them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.prove.laws import Violation


class KnownFault(NamedTuple):
    """A violation that is tolerated: its law, a pattern of how it is broken, and a seed of it.

    Without a law, the pattern alone decides.
    """

    name: str
    law: str
    pattern: str
    seed: int

    def covers(self, violation: Violation) -> bool:
        """Whether the violation is this one."""
        fits = not self.law or violation.law == self.law
        return fits and re.search(self.pattern, violation.how) is not None


KNOWN: Final[Sequence[KnownFault]] = ()


HANGS: Final = "every job ends"
_WITH_A_HANG: Final = frozenset(
    (
        "messages at rest are 0",
        "tokens at rest are 0",
        "every execution ends",
        "limits' counts at rest equal the open jobs",
    )
)
"""Laws that a job which hangs breaks as well."""


def unknown(violations: Sequence[Violation]) -> list[Violation]:
    """Return the violations that no known fault covers."""
    if any(known.covers(each) for known in KNOWN for each in violations if each.law == HANGS):
        violations = [each for each in violations if each.law not in _WITH_A_HANG]
    return [each for each in violations if not any(known.covers(each) for known in KNOWN)]
