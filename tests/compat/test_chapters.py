"""What earlier releases recorded, played against today's code.

A step is played twice: over the rows that its release had written, and, in a chapter that is played
to its end, over the rows that today's code wrote in the steps before.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compat.chapter import Came, Stage, Step, changed, chapters, read, releases
from tests.compat.comparison import differences
from tests.compat.world import State

RECORDED = [
    pytest.param(release, name, id=f"{release.name}-{name}")
    for release in releases()
    for name in chapters(release)
]


@pytest.mark.parametrize(("release", "name"), RECORDED)
def test_requests_over_recorded_rows_come_to_what_was_recorded(
    stage: Stage, release: Path, name: str
) -> None:
    state: State = {}
    found: list[str] = []
    stage.clear()

    for step in read(release, name):
        stage.put(state)
        found += told(step, stage.play(step))
        state = changed(changed(state, step.before), step.after)

    assert not found, "\n".join(found)


@pytest.mark.parametrize(("release", "name"), RECORDED)
def test_a_job_that_an_earlier_release_began_goes_on_to_its_end(
    stage: Stage, release: Path, name: str
) -> None:
    steps = read(release, name)
    middle = len(steps) // 2
    state: State = {}
    stage.clear()
    for step in steps[:middle]:
        stage.know(step)
        state = changed(changed(state, step.before), step.after)
    stage.put(state)

    found = [line for step in steps[middle:] for line in told(step, stage.play(step))]

    assert not found, "\n".join(found)


def told(step: Step, came: Came) -> Iterator[str]:
    """The differences of a step, each with its name."""
    recorded = {name: getattr(step, name) for name in vars(came)}
    return (f"{step.name}: {each}" for each in differences(recorded, vars(came)))
