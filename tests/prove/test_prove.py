import json
import re
import sys

import pytest
import yaml

from tests.prove.campaign import campaign, report
from tests.prove.controls import found_by
from tests.prove.coverage import DEMANDED, OF_WORKERS, OUTSIDE, missing
from tests.prove.functions import FUNCTIONS
from tests.prove.known import KNOWN, KnownFault, unknown
from tests.prove.run import play
from tests.prove.shrink import shrunk
from tests.prove.state_machine import FOLDER
from tests.prove.worker_mistakes import WORKER_MISTAKES

SEEDS = 500
FOUND = (
    "a report is accepted and dropped",
    "a report writes its row without its part",
    "a job closes by its tasks although it was cancelled",
    "a tally is complete although a task is open",
    "a retry resets completed tasks",
    "a dead letter fails its tasks",
    "recovery writes the job's status",
    "a crash is counted without evidence",
    "a retry of selected tasks runs the others too",
)
"""Mistakes that a few seeds find."""
_FEW = 60


@pytest.mark.timeout(1_200)
def test_no_run_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    total = campaign(range(SEEDS))

    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(report(total)) + "\n")
    assert not total.unknown
    assert not missing(total.branches, total.faults)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_fault_is_met_by_its_seed(known: KnownFault) -> None:
    run = play(known.seed)

    assert any(known.covers(violation) for violation in run.violations)
    assert not unknown(run.violations)


@pytest.mark.parametrize("name", FOUND)
def test_mistake_is_found_by_a_few_seeds(name: str) -> None:
    assert any(found_by(name, seed) for seed in range(_FEW))


@pytest.mark.parametrize("name", WORKER_MISTAKES)
def test_mistake_about_leases_is_found(name: str) -> None:
    assert any(found_by(name, seed) for seed in range(_FEW))


def test_run_replays_exactly() -> None:
    run = play(7)

    again = play(replayed=run.decisions)

    assert [*again.trace.lines(reads=True)] == [*run.trace.lines(reads=True)]


def test_shrinking_keeps_what_fails() -> None:
    run = play(7)
    wanted = sorted(run.decisions)[:2]

    small = shrunk(run.decisions, lambda fewer: all(place in fewer for place in wanted))

    assert sorted(small) == wanted


def test_each_operation_of_the_api_is_demanded_or_listed() -> None:
    paths = json.loads((FOLDER.parent / "docs" / "openapi.json").read_text())["paths"]
    operations = {
        f"{method.upper()} {re.sub('{[^}]*}', '{id}', path)}"
        for path, methods in paths.items()
        for method in methods
    }
    demanded = {branch.rpartition(":")[0] for branch in DEMANDED}

    assert not operations - demanded - OUTSIDE - OF_WORKERS
    assert not (OUTSIDE | OF_WORKERS) - operations


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
