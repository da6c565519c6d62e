"""Mistakes about leases that only whole workers can show: each is found by some seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from shoal.domain.chunk import Chunk
from shoal.domain.lease_token import hash_of
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


def _admit_earlier_epochs(admits: Function) -> Function:
    hashes: dict[tuple[str, int], set[bytes | None]] = {}

    def variant(self: Chunk, token: str | None) -> bool:
        known = hashes.setdefault((self.job, self.number), set())
        known.add(self.token_hash)
        earlier = token is not None and hash_of(token) in known
        return earlier or bool(admits(self, token))

    return variant


WORKER_MISTAKES: Final[Mapping[str, Sequence[Replacement]]] = {
    "an isolated task starts before it is named": [
        Replacement(RunCoordinator, "_next", _start_unnamed)
    ],
    "the token of a lease is not demanded": [
        Replacement(
            Chunk, "held_by", lambda _: lambda self, worker, _: not self.leased_by_other(worker)
        )
    ],
    "the token of an earlier epoch is accepted": [
        Replacement(Chunk, "admits", _admit_earlier_epochs)
    ],
}
