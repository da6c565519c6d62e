"""Plays the recorded chapters of earlier releases against the current code.

Each step runs over the rows that its release recorded. The second half of each chapter also runs
over the rows that the current code writes.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.chapter import Player, Result, Step, changed, chapters, read, releases
from tests.compat.comparison import CHANGED, differences
from tests.compat.environment import State

RECORDED = [
    pytest.param(release, name, id=f"{release.name}-{name}")
    for release in releases()
    for name in chapters(release)
]


@pytest.mark.parametrize(("release", "name"), RECORDED)
def test_steps_over_recorded_rows_match_the_recording(
    player: Player, release: Path, name: str
) -> None:
    state: State = {}
    found: list[str] = []
    player.clear()

    for step in read(release, name):
        player.put(state)
        found += failures(step, player.play(step))
        state = changed(changed(state, step.before), step.after)

    assert not found, "\n".join(found)


@pytest.mark.parametrize(("release", "name"), RECORDED)
def test_current_code_finishes_a_chapter_of_an_earlier_release(
    player: Player, release: Path, name: str
) -> None:
    steps = read(release, name)
    middle = len(steps) // 2
    state: State = {}
    player.clear()
    for step in steps[:middle]:
        player.remember(step)
        state = changed(changed(state, step.before), step.after)
    player.put(state)

    found = [line for step in steps[middle:] for line in failures(step, player.play(step))]

    assert not found, "\n".join(found)


def failures(step: Step, result: Result) -> Iterator[str]:
    """Returns the differences of a step, each with the name of the step."""
    recorded = {name: getattr(step, name) for name in vars(result)}
    found = (f"{step.name}: {each}" for each in differences(recorded, vars(result)))
    return (line for line in found if not any(re.fullmatch(each, line) for each in CHANGED))
