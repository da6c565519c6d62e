"""The order of the states in the model check is that of the ASL file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from shoal.ports.workflow import ExecutionStatus
from shoal.service.reconciliation import NextStep, PassState
from tests.prove.decisions import Decisions
from tests.prove.functions import FUNCTIONS
from tests.prove.simulation import START, Simulation
from tests.prove.state_machine import Failed, Interpreter, StateError, UnknownASL, definition
from tests.support.job_workflow import ENDS, Position, State

SUBSTITUTIONS = (*((f"{name}Function", name) for name in FUNCTIONS), ("WaitSeconds", "60"))
GIVEN = {"job": "job_1", "generation": 1, "n": 1}


class Story(NamedTuple):
    """The answers of the functions of one execution, and the function that fails, if any."""

    ranges: Sequence[tuple[int, int]]
    decisions: Sequence[str]
    broken: str = ""


class Ended(NamedTuple):
    """The functions that were called, with the ranges of Map states, and the end."""

    calls: Sequence[tuple[str, int | None]]
    status: ExecutionStatus
    decision: str | None


class ScriptedTasks:
    """Answers calls of functions by a story."""

    def __init__(self, simulation: Simulation, story: Story) -> None:
        self._simulation = simulation
        self._decisions = iter(story.decisions)
        self._story = story
        self.calls: list[tuple[str, int | None]] = []

    def invoke(self, function: str, payload: Mapping[str, Any]) -> Any:
        self._simulation.sleep(0.01)
        call = function, payload.get("first")
        if function == self._story.broken:
            if call not in self.calls:
                self.calls.append(call)
            raise StateError("Broken", "always")
        self.calls.append(call)
        if function == State.PLAN:
            ranges = [{"first": first, "count": count} for first, count in self._story.ranges]
            return {"ranges": ranges}
        if function == State.MONITOR:
            seen = {"versions": payload["passes"]}
            told = {"decision": next(self._decisions), "reason": None}
            return told | {"passes": payload["passes"] + 1, "seen": seen}
        return {}

    def invoke_with_token(
        self, function: str, payload: Mapping[str, Any], token: str, timeout: float
    ) -> Any:
        del token, timeout
        return self.invoke(function, payload)

    def start_execution(self, arguments: Mapping[str, Any]) -> Any:
        assert arguments["Input"]["n"] == GIVEN["n"] + 1  # type: ignore[operator]
        return {}

    def new_token(self) -> str:
        return "token"

    def jitter(self, seconds: float) -> float:
        return seconds


def interpreted(story: Story) -> Ended:
    """Run the ASL file."""
    simulation, ended = Simulation(Decisions()), list[Ended]()
    tasks = ScriptedTasks(simulation, story)
    machine = definition("job", SUBSTITUTIONS)
    context = {"Execution": {"Input": GIVEN, "Name": "job_1-1-1"}, "StateMachine": {"Id": "job"}}
    interpreter = Interpreter(simulation, machine, tasks, context, lambda _: None)

    def run() -> None:
        try:
            output = interpreter.run(GIVEN)
        except Failed:
            ended.append(Ended(tasks.calls, ExecutionStatus.FAILED, None))
        else:
            ended.append(Ended(tasks.calls, ExecutionStatus.SUCCEEDED, output["decision"]))

    simulation.spawn("execution", run)
    simulation.run(lambda: False, START + 86_400.0)
    assert not simulation.escaped
    return ended[0]


def transcribed(story: Story) -> Ended:
    """Follow the positions of the model check."""
    calls, decisions, at = list[tuple[str, int | None]](), iter(story.decisions), Position()
    while at.state not in ENDS:
        first = at.range[0] if at.state in {State.CREATE, State.ENQUEUE} else None
        calls.append((str(at.state), first))
        if at.state == story.broken:
            at = at.failed()
            continue
        answer: Any = None
        if at.state is State.PLAN:
            answer = story.ranges
        elif at.state is State.MONITOR:
            answer = NextStep(next(decisions), PassState())  # type: ignore[arg-type]
        at = at.after(answer)
    return Ended(calls, *ENDS[at.state])


@pytest.mark.parametrize(
    "story",
    [
        Story([(0, 3)], ["completed"]),
        Story([(0, 2), (2, 2), (4, 1)], ["wait", "wait", "failed"]),
        Story([], ["cancelled"]),
        Story([(0, 1)], ["wait", "hand_over"]),
        *(Story([(0, 1)], ["wait", "completed"], state) for state in (State.PLAN, State.CREATE)),
        *(Story([(0, 1)], ["wait", "completed"], state) for state in (State.ENQUEUE, State.WAIT)),
        Story([(0, 1)], [], State.MONITOR),
    ],
    ids=str,
)
def test_positions_of_the_model_check_follow_the_state_machine(story: Story) -> None:
    assert interpreted(story) == transcribed(story)


def test_an_unknown_field_of_a_state_is_an_error() -> None:
    machine = definition("job", SUBSTITUTIONS)
    states = {**machine["States"]}
    states["PlanTasks"] = {**states["PlanTasks"], "HeartbeatSeconds": 60}
    simulation = Simulation(Decisions())
    tasks = ScriptedTasks(simulation, Story([], []))
    interpreter = Interpreter(simulation, {**machine, "States": states}, tasks, {}, lambda _: None)

    with pytest.raises(UnknownASL, match="HeartbeatSeconds"):
        interpreter.run(GIVEN)
