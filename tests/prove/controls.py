"""Negative controls: a mistake of the model check's list is made in the code, and runs find it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from typing import NamedTuple

from tests.model.mutations import MUTATIONS, Mutation, applied
from tests.prove.known import unknown
from tests.prove.run import play


class Control(NamedTuple):
    """A mistake, and the first seed that finds it, with the law that it breaks there."""

    name: str
    seed: int | None
    law: str


def found_by(mutation: Mutation, seed: int) -> str | None:
    """The law that the mistake breaks in the run of this seed."""
    with applied(mutation.replacements):
        run = play(seed, stops=lambda violation: bool(unknown([violation])))
        violations = unknown(run.violations)
    return violations[0].law if violations else None


def controls(most: int) -> Iterator[Control]:
    """Try each mistake with at most the given number of seeds."""
    numbers = [(number, most) for number in range(len(MUTATIONS))]
    with multiprocessing.Pool(os.cpu_count()) as pool:
        yield from pool.imap(_searched, numbers, chunksize=1)


def _searched(asked: tuple[int, int]) -> Control:
    number, most = asked
    mutation = MUTATIONS[number]
    for seed in range(most):
        law = found_by(mutation, seed)
        if law is not None:
            return Control(mutation.name, seed, law)
    return Control(mutation.name, None, "")
