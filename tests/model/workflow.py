"""Executions of the state machine, state by state as in statemachine/job.asl.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.ports.workflow import ExecutionStatus
from tests.model.laws import Broken
from tests.model.replay import Raised
from tests.model.stage import (
    AFTER,
    ENDS,
    Draft,
    Move,
    Stage,
)
from tests.model.world import (
    EXECUTIONS,
    NOW,
    RECOVERER,
    Run,
    State,
    begun,
)


class Workflow(Stage):
    """The moves of executions."""

    def _executions(self, state: State) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            who = f"execution {run.generation}-{run.number}"
            draft = self._draft(state)
            if run.phase == "begun":
                entered = self._enter(draft, run, "plan")
                yield self._execution_steps(draft, index, entered)
            elif run.place >= 0:
                yield self._execution_steps(draft, index, run)
            elif run.phase == "waiting" and run.answered:
                draft.run(index, self._enter(draft, run, "monitor"))
                yield draft.move(who, "is woken")

    def _enter(self, draft: Draft, run: Run, phase: str) -> Run:
        """The run at the beginning of a state."""
        g = run.generation
        run = run._replace(phase=phase, answered=False)
        if phase == "wait":
            run = run._replace(waits=run.waits + 1)
        args: dict[str, tuple[Any, ...]] = {
            "plan": (g, run.number),
            "create": (g,),
            "enqueue": (g,),
            "monitor": (g, run.passes, run.seen),
            "wait": (g, run.token),
            "fail": (g,),
        }
        return run._replace(place=self._begin(draft, phase, *args[phase]))

    def _execution_steps(self, draft: Draft, index: int, run: Run) -> Move:
        who = f"execution {run.generation}-{run.number}"
        place, call = self._step(draft, run.place)
        run = draft.get(EXECUTIONS)[index]._replace(place=place, phase=run.phase, waits=run.waits)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("the workflow's functions work", answer.error)
        elif ended:
            run = self._go_on(draft, run, answer)
        draft.run(index, run)
        return draft.move(who, call)

    def _go_on(self, draft: Draft, run: Run, answer: Any) -> Run:
        """The run after its function answered, in the state that comes next."""
        if run.phase == "fail":
            return self._end(draft, run, ExecutionStatus.FAILED, None)
        if run.phase == "monitor":
            return self._decided(draft, run, answer)
        if run.phase == "wait" and not run.answered:
            return run._replace(phase="waiting", place=-1)
        following = AFTER[run.phase] if answer or run.phase != "plan" else "monitor"
        return self._enter(draft, run, following)

    def _decided(self, draft: Draft, run: Run, answer: Any) -> Run:
        if answer.decision == "wait":
            passes = run.passes + (self.scenario.hand_over_passes < 1_000)
            return self._enter(draft, run._replace(seen=tuple(answer.state), passes=passes), "wait")
        if answer.decision == "hand_over":
            runs = draft.get(EXECUTIONS)
            following = begun(run.generation, run.number + 1)
            if all(each[:2] != following[:2] for each in runs):
                draft.put(EXECUTIONS, (*runs, following))
        return self._end(draft, run, *ENDS[answer.decision])

    def _end(self, draft: Draft, run: Run, status: ExecutionStatus, output: str | None) -> Run:
        recoverer = draft.get(RECOVERER)
        draft.put(RECOVERER, recoverer._replace(events=recoverer.events + 1))
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
        draft.run(index, self._enter(draft, run, "monitor"))
        return draft.move(f"execution {run.generation}-{run.number}", "the wait times out")
