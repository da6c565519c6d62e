"""Negative controls: a mistake is made in the code, and runs find it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from tests.model.mutations import MUTATIONS, Replacement, applied
from tests.prove.known import unknown
from tests.prove.run import play
from tests.prove.worker_mistakes import WORKER_MISTAKES

MISTAKES: Final[Mapping[str, Sequence[Replacement]]] = {
    **{mutation.name: mutation.replacements for mutation in MUTATIONS},
    **WORKER_MISTAKES,
}
"""The mistakes of the model check, and those that only whole workers can show."""


class Control(NamedTuple):
    """A mistake, and the first seed that finds it, with the law that it breaks there."""

    name: str
    seed: int | None
    law: str


def found_by(mistake: str, seed: int) -> str | None:
    """The law that the mistake breaks in the run of this seed."""
    with applied(MISTAKES[mistake]):
        run = play(seed, stops=lambda violation: bool(unknown([violation])))
        violations = unknown(run.violations)
    return violations[0].law if violations else None


def controls(most: int) -> Iterator[Control]:
    """Try each mistake with at most the given number of seeds."""
    asked = [(mistake, most) for mistake in MISTAKES]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        yield from pool.imap(_searched, asked, chunksize=1)


def _searched(asked: tuple[str, int]) -> Control:
    mistake, most = asked
    for seed in range(most):
        law = found_by(mistake, seed)
        if law is not None:
            return Control(mistake, seed, law)
    return Control(mistake, None, "")
