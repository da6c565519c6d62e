"""Executions of the state machine, in the order of tests/support/job_workflow.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shoal.ports.workflow import ExecutionStatus
from tests.model.actors import Actors, Draft, Move
from tests.model.invariants import Violation
from tests.model.replay import Raised
from tests.model.shared_state import (
    EXECUTIONS,
    NOW,
    RECOVERY_HANDLER,
    Run,
    State,
    begun,
)
from tests.support.job_workflow import ENDS, Position
from tests.support.job_workflow import State as Step


class Executions(Actors):
    """The moves of executions."""

    def _executions(self, state: State) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            actor = f"execution {run.generation}-{run.number}"
            draft = self._draft(state)
            if run.phase == "begun":
                entered = self._enter(draft, run, run.at)
                yield self._execution_steps(draft, index, entered)
            elif run.place >= 0:
                yield self._execution_steps(draft, index, run)
            elif run.phase == "waiting" and run.answered:
                draft.run(index, self._enter(draft, run, run.at.after(None)))
                yield draft.move(actor, "is woken")

    def _enter(self, draft: Draft, run: Run, at: Position) -> Run:
        """Return the run at the start of a state: its function is called."""
        run = run._replace(phase="called", at=at, answered=False)
        if at.state is Step.WAIT:
            run = run._replace(waits=run.waits + 1)
        g = run.generation
        args: dict[Step, Callable[[], tuple[Any, ...]]] = {
            Step.PLAN: lambda: (g, run.number),
            Step.CREATE: lambda: (g, *at.range),
            Step.ENQUEUE: lambda: (g, *at.range),
            Step.MONITOR: lambda: (g, at.passes, at.seen),
            Step.WAIT: lambda: (g, run.token),
            Step.FAIL: lambda: (g,),
        }
        return run._replace(place=self._begin(draft, at.state, *args[at.state]()))

    def _execution_steps(self, draft: Draft, index: int, run: Run) -> Move:
        actor = f"execution {run.generation}-{run.number}"
        place, call = self._step(draft, run.place)
        run = draft.get(EXECUTIONS)[index]._replace(
            place=place, phase=run.phase, at=run.at, waits=run.waits
        )
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised) and answer.unavailable:
            run = self._enter(draft, run, run.at)  # Step Functions retries the function
        elif ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Violation("the workflow's functions work", answer.error)
        elif ended:
            run = self._next(draft, run, answer)
        draft.run(index, run)
        return draft.move(actor, call)

    def _next(self, draft: Draft, run: Run, answer: Any) -> Run:
        """Return the run after its function answered: in the next state, or waiting."""
        if run.at.state is Step.WAIT and not run.answered:
            return run._replace(phase="waiting", place=-1)
        at = run.at.after(answer)
        if self.scenario.hand_over_passes >= 1_000:
            at = at._replace(passes=0)  # it is not reached, and would only multiply the states
        if at.state not in ENDS:
            return self._enter(draft, run, at)
        if at.state is Step.HANDED_OVER:
            runs = draft.get(EXECUTIONS)
            following = begun(run.generation, run.number + 1)
            if all(each[:2] != following[:2] for each in runs):
                draft.put(EXECUTIONS, (*runs, following))
        return self._end(draft, run, *ENDS[at.state])

    def _end(self, draft: Draft, run: Run, status: ExecutionStatus, output: str | None) -> Run:
        recovery = draft.get(RECOVERY_HANDLER)
        draft.put(RECOVERY_HANDLER, recovery._replace(events=recovery.events + 1))
        return Run(
            run.generation,
            run.number,
            status,
            "ended",
            stopped_at=draft.get(NOW),
            output=output,
        )

    def _time_out(self, state: State, index: int, run: Run, budget: str) -> Move:
        draft = self._draft(state)
        draft.spend(budget)
        if self.scenario.leap:
            draft.numbers[NOW] = self.interner.number(draft.get(NOW) + self.scenario.leap)
        draft.run(index, self._enter(draft, run, run.at.after(None)))
        return draft.move(f"execution {run.generation}-{run.number}", "the wait times out")
