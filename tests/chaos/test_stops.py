"""A process stopped before and after each of its writes, one by one; nothing is lost or doubled."""

import pytest

from tests.chaos.cloud import CALM, Weather
from tests.chaos.faults import Fuse
from tests.chaos.scenarios import SCENARIOS, play

ROUGH = Weather(partial=0.6, handed_back=0.3)
GONE = Weather(callers_repeat=False)
ROUGH_AND_GONE = Weather(callers_repeat=False, partial=0.6, handed_back=0.3, freezes=0.3)
WEATHERS = {
    "callers repeat": CALM,
    "callers repeat, partial reports": ROUGH,
    "callers die too": GONE,
    "callers die too, partial reports, frozen workers": ROUGH_AND_GONE,
}


@pytest.mark.parametrize("weather", WEATHERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_stop_at_any_write_loses_nothing(scenario: str, weather: str) -> None:
    calm = play(scenario, WEATHERS[weather])
    writes = calm.fuse.writes
    found = {"no stop": calm.findings()}

    for at in range(1, writes + 1):
        for after in (False, True):
            cloud = play(scenario, WEATHERS[weather], fuse=Fuse(at, after=after))
            found[f"write {at}: {cloud.fuse.blown}"] = cloud.findings()

    assert writes > 10
    assert {name: findings for name, findings in found.items() if findings} == {}
