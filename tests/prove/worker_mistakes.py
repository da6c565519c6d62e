"""Mistakes about lapsed leases that only whole workers can show: each is found by some seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from shoal.worker.run_coordinator import RunCoordinator
from tests.model.mutations import Replacement

type Function = Callable[..., Any]


def _start_unnamed(next_segment: Function) -> Function:
    def variant(self: RunCoordinator, run: Any) -> Any:
        lease = run.lease
        run.lease = lease.model_copy(update={"isolated": False})
        try:
            return next_segment(self, run)
        finally:
            run.lease = lease

    return variant


WORKER_MISTAKES: Final[Mapping[str, Sequence[Replacement]]] = {
    "an isolated task starts before it is named": [
        Replacement(RunCoordinator, "_next", _start_unnamed)
    ],
}
