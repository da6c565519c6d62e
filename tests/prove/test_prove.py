import sys
from collections.abc import Mapping

import pytest
import yaml

from tests.model.mutations import MUTATIONS
from tests.prove.campaign import campaign, report
from tests.prove.controls import found_by
from tests.prove.coverage import missing
from tests.prove.faults import Fault
from tests.prove.functions import FUNCTIONS
from tests.prove.known import KNOWN, KnownFault, unknown
from tests.prove.run import play
from tests.prove.shrink import shrunk
from tests.prove.state_machine import FOLDER

SEEDS = 500
FOUND: Mapping[str, int] = {
    "a report is accepted and dropped": 0,
    "a report writes its row without its part": 0,
    "a job closes by its tasks although it was cancelled": 6,
    "a tally is complete although a task is open": 0,
    "a retry resets completed tasks": 1,
    "a dead letter fails its tasks": 0,
    "recovery writes the job's status": 3,
    "a retry of selected tasks runs the others too": 2,
}
"""Mistakes, and a seed that finds each."""


@pytest.mark.timeout(1_200)
def test_no_run_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    total = campaign(range(SEEDS))

    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(report(total)) + "\n")
    assert not total.unknown
    assert not missing(total.branches)
    assert not [fault for fault in Fault if not total.faults[fault]]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_fault_is_met_by_its_seed(known: KnownFault) -> None:
    run = play(known.seed)

    assert any(known.covers(violation) for violation in run.violations)
    assert not unknown(run.violations)


@pytest.mark.parametrize("name", FOUND)
def test_mistake_is_found_by_its_seed(name: str) -> None:
    (mutation,) = [each for each in MUTATIONS if each.name == name]

    assert found_by(mutation, FOUND[name]) is not None


def test_run_replays_exactly() -> None:
    run = play(7)

    again = play(replayed=run.decisions)

    assert [*again.trace.lines(reads=True)] == [*run.trace.lines(reads=True)]


def test_shrinking_keeps_what_fails() -> None:
    run = play(7)
    wanted = sorted(run.decisions)[:2]

    small = shrunk(run.decisions, lambda fewer: all(place in fewer for place in wanted))

    assert sorted(small) == wanted


class _Template(yaml.SafeLoader):
    pass


_Template.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


def test_functions_have_the_timeouts_of_the_template() -> None:
    template = yaml.load((FOLDER.parent / "template.yaml").read_text(), _Template)  # noqa: S506
    usual = template["Globals"]["Function"]["Timeout"]

    for name, (handler, timeout) in FUNCTIONS.items():
        properties = template["Resources"][f"{name}Function"]["Properties"]

        assert properties["Handler"] == f"{handler.__module__}.{handler.__name__}"
        assert properties.get("Timeout", usual) == timeout
