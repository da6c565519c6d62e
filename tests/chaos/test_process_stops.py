"""A process is stopped before and after each of its writes; nothing is lost or counted twice."""

import pytest

from tests.chaos.process_stops import StopPoint
from tests.chaos.scenarios import SCENARIOS, play
from tests.chaos.simulated_cloud import NO_FAULTS, FaultRates

PARTIAL_REPORTS = FaultRates(partial=0.6, handed_back=0.3)
CALLERS_DIE = FaultRates(callers_repeat=False)
ALL_STOPS = FaultRates(callers_repeat=False, partial=0.6, handed_back=0.3, freezes=0.3)
RATES = {
    "callers repeat": NO_FAULTS,
    "callers repeat, partial reports": PARTIAL_REPORTS,
    "callers die too": CALLERS_DIE,
    "callers die too, partial reports, frozen workers": ALL_STOPS,
}


@pytest.mark.parametrize("rates", RATES)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_stop_at_any_write_loses_nothing(scenario: str, rates: str) -> None:
    calm = play(scenario, RATES[rates])
    writes = calm.stop_point.writes
    found = {"no stop": calm.findings()}

    for at in range(1, writes + 1):
        for after in (False, True):
            cloud = play(scenario, RATES[rates], stop_point=StopPoint(at, after=after))
            found[f"write {at}: {cloud.stop_point.reached}"] = cloud.findings()

    assert writes > 10
    assert {name: findings for name, findings in found.items() if findings} == {}
