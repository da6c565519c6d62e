"""The behavior of tasks: each follows a script that is drawn on first use."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from tests.prove.decisions import Decisions, Weights

EXECUTIONS: Final = 3
"""How often a task fails or kills at most before it completes, unless it always does."""


class Deed(Enum):
    """The action of one execution of a task."""

    COMPLETE = auto()
    FAIL = auto()
    FAIL_FOR_GOOD = auto()
    KILL = auto()


class Script(NamedTuple):
    """The action of the first `times` executions of a task; later ones complete."""

    deed: Deed
    times: float
    seconds: float
    large: bool = False
    """Its result is too large for a report."""


_LARGE: Final = 0.08
_DEEDS: Final = (Deed.COMPLETE, Deed.FAIL, Deed.FAIL_FOR_GOOD, Deed.KILL)
_WEIGHTS: Final = Weights((60.0, 18.0, 14.0, 8.0))
_TIMES: Final = Weights((6.0, 2.0, 1.0, 1.0))
_SECONDS: Final = (0.1, 2.0, 45.0, 200.0, 700.0)
_SECONDS_WEIGHTS: Final = Weights((60.0, 20.0, 10.0, 7.0, 3.0))


class Scripts:
    """Scripts by task, and how often each was executed."""

    def __init__(self, decisions: Decisions) -> None:
        self._decisions = decisions
        self._scripts: dict[tuple[str, int], Script] = {}
        self._executed: dict[tuple[str, int], int] = {}
        self._names: dict[str, str] = {}
        self.peaceful = False
        """Every task completes."""

    def name(self, job_id: str, name: str) -> None:
        """Call a job so in decisions."""
        self._names[job_id] = name

    def of(self, job_id: str, index: int) -> Script:
        """The script of a task."""
        key = job_id, index
        script = self._scripts.get(key)
        if script is None:
            script = self._scripts[key] = self._drawn(job_id, index)
        return script

    def begin(self, job_id: str, index: int) -> Deed:
        """Return the action of its next execution."""
        key = job_id, index
        number = self._executed.get(key, 0)
        self._executed[key] = number + 1
        script = self.of(job_id, index)
        return script.deed if number < script.times else Deed.COMPLETE

    def _drawn(self, job_id: str, index: int) -> Script:
        if self.peaceful:
            return Script(Deed.COMPLETE, 0, _SECONDS[0])
        who = f"task {self._names.get(job_id, job_id)}.{index}"
        deed = _DEEDS[self._decisions.choose(who, _WEIGHTS)]
        times = (1.0, 2.0, 3.0, float("inf"))[self._decisions.choose(who, _TIMES)]
        seconds = _SECONDS[self._decisions.choose(who, _SECONDS_WEIGHTS)]
        return Script(deed, times, seconds, self._decisions.chance(who, _LARGE))
