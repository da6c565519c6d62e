"""The order of states that other tests use is that of the state machine."""

from typing import Any

import yaml

from local.application import ROOT
from tests.support.job_workflow import DECISIONS, ENDS, NEXT

STATES: dict[str, Any] = yaml.safe_load((ROOT / "statemachine/job.asl.yaml").read_text())["States"]


def test_each_state_is_followed_by_the_same_state_as_in_the_state_machine() -> None:
    assert {state: STATES[state]["Next"] for state in NEXT} == NEXT


def test_each_decision_leads_to_the_same_state_as_in_the_state_machine() -> None:
    check = STATES[STATES["MonitorCompletion"]["Next"]]
    found = {choice["Condition"].split("'")[1]: choice["Next"] for choice in check["Choices"]} | {
        "wait": check["Default"]
    }
    found["hand_over"] = STATES[found["hand_over"]]["Next"]

    assert found == DECISIONS


def test_executions_end_as_in_the_state_machine() -> None:
    ends = {
        name: each["Type"] for name, each in STATES.items() if each["Type"] in {"Succeed", "Fail"}
    }

    assert ends == {
        state: "Fail" if status == "FAILED" else "Succeed" for state, (status, _) in ENDS.items()
    }
