"""Step Functions: executions of the real state machines, and their end events."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.domain.export import Cursor
from shoal.domain.ids import execution_name
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.prove.faults import Fault, Faults
from tests.prove.functions import FUNCTIONS, Lambda
from tests.prove.simulation import Process, Simulation
from tests.prove.state_machine import Failed, Interpreter, StateError, definition
from tests.prove.threads import Event
from tests.prove.trace import Trace

_LATENCY: Final = 0.02
_PATIENT: Final = 0.4
"""The share of invocations that stall whose caller waits."""
_NAMES: Final = tuple((f"{name}Function", name) for name in FUNCTIONS)


@dataclass(slots=True, eq=False)
class Run:
    """One execution."""

    machine: str
    name: str
    given: Any
    status: ExecutionStatus = ExecutionStatus.RUNNING
    began_at: float = 0.0
    stopped_at: float | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None
    process: Process = field(default_factory=lambda: Process("execution"))
    interpreter: Interpreter | None = None
    waits: int = 0
    """How often it called a function with a token."""


class WorkflowService:
    """All executions by name, and the tokens that they wait with."""

    def __init__(
        self,
        simulation: Simulation,
        faults: Faults,
        functions: Lambda,
        trace: Trace,
        *,
        wait_seconds: float,
    ) -> None:
        self._simulation = simulation
        self._faults = faults
        self.functions = functions
        self._trace = trace
        self._substitutions = (*_NAMES, ("WaitSeconds", f"{wait_seconds:g}"))
        self._tokens: dict[str, Event] = {}
        self._numbers = itertools.count(1)
        self.runs: dict[str, Run] = {}
        self.reached: Callable[[str], None] = lambda _: None
        """Record each state that an execution enters."""
        self.ended: Callable[[Run], None] = lambda _: None
        """Record the end of each execution of a job."""

    def begin(self, machine: str, name: str, given: Any) -> bool:
        """Start an execution; False if there is one of this name."""
        if name in self.runs:
            return False
        run = Run(machine, name, given, began_at=self._simulation.now, process=Process(name))
        self.runs[name] = run
        actor = self._simulation.spawn_apart(
            f"execution {name[-8:]}", lambda: self._execute(run), run.process
        )
        del actor
        return True

    def _execute(self, run: Run) -> None:
        simulation = self._simulation
        if self._faults.strikes(Fault.EXECUTION_ABORTED, run.name[-8:]):
            after = self._faults.between(run.name[-8:], 0.0, 120.0)
            simulation.at(simulation.now + after, lambda: self.abort(run))
        context = {
            "Execution": {"Input": run.given, "Name": run.name},
            "StateMachine": {"Id": run.machine},
        }
        tasks = _Tasks(self, run, simulation, self._faults, self.functions)
        machine = definition(run.machine, self._substitutions)
        run.interpreter = Interpreter(
            simulation,
            machine,
            tasks,
            context,
            lambda state: self.reached(f"state machine {run.machine}: {state}"),
        )
        try:
            run.output = json.loads(json.dumps(run.interpreter.run(run.given)))
        except Failed as failed:
            run.error, run.cause = failed.error, failed.cause
            self._end(run, ExecutionStatus.FAILED)
        else:
            self._end(run, ExecutionStatus.SUCCEEDED)

    def abort(self, run: Run) -> None:
        """Stop an execution as an operator would; its invocations keep running."""
        if run.status is ExecutionStatus.RUNNING:
            self._trace.add(self._simulation.now, run.name[-8:], "is aborted", fault="aborted")
            self._end(run, ExecutionStatus.ABORTED)
            self._simulation.kill(run.process)

    def _end(self, run: Run, status: ExecutionStatus) -> None:
        run.status, run.stopped_at = status, self._simulation.now
        self._trace.add(
            self._simulation.now, run.name[-8:], "execution ends", (status.value, run.output)
        )
        if run.machine == "job":
            self.ended(run)

    # Tokens.

    def new_token(self) -> str:
        return f"token-{next(self._numbers)}"

    def expect(self, token: str) -> Event:
        """Record that an execution waits with this token."""
        event = Event(self._simulation)
        self._tokens[token] = event
        return event

    def forget(self, token: str) -> None:
        self._tokens.pop(token, None)

    def succeed(self, token: str) -> None:
        """Answer a token; an unknown token is ignored."""
        event = self._tokens.get(token)
        if event is not None:
            event.set()

    def waits_with(self, token: str) -> bool:
        """Whether an execution waits with this token, and was not woken."""
        event = self._tokens.get(token)
        return event is not None and not event.is_set()

    @property
    def waiting(self) -> int:
        """How many tokens are waited with."""
        return len(self._tokens)


class _Tasks:
    """The interface that an execution needs."""

    def __init__(
        self,
        service: WorkflowService,
        run: Run,
        simulation: Simulation,
        faults: Faults,
        functions: Lambda,
    ) -> None:
        self._service = service
        self._run = run
        self._simulation = simulation
        self._faults = faults
        self._functions = functions

    def invoke(self, function: str, payload: Any) -> Any:
        simulation, actor = self._simulation, self._simulation.current
        assert actor is not None
        simulation.sleep(_LATENCY)
        if self._faults.strikes(Fault.INVOCATION_REFUSED, actor.name):
            raise StateError("Lambda.TooManyRequestsException", "no concurrency is left")
        invocation = self._functions.invoke(function, payload)
        if self._faults.strikes(Fault.INVOCATION_FORGOTTEN, actor.name):
            still = self._faults.between(actor.name, 0.0, 850.0)
            begin = simulation.now + self._faults.between(actor.name, 0.005, 0.2)
            simulation.at(begin, lambda: invocation.process.freeze_until(begin + still))
            self._service.functions.frozen(function)
            invocation.wait(self._faults.between(actor.name, 0.05, 60.0))
            raise StateError("Lambda.SdkClientException", "the connection was closed")
        if invocation.stalls() and self._faults.between(actor.name, 0.0, 1.0) > _PATIENT:
            self._service.functions.frozen(function)
            raise StateError("Lambda.SdkClientException", "the connection was closed")
        invocation.wait(float("inf"))
        if invocation.crashed:
            raise StateError("Lambda.Unknown", "the function ended without an answer")
        if invocation.error is not None:
            raise StateError(type(invocation.error).__name__, str(invocation.error))
        return invocation.answer

    def invoke_with_token(self, function: str, payload: Any, token: str, timeout: float) -> Any:
        self._run.waits += 1
        answered = self._service.expect(token)
        until = self._simulation.now + timeout
        try:
            self.invoke(function, payload)
            if not answered.wait(until - self._simulation.now):
                raise StateError("States.Timeout", "")
        finally:
            self._service.forget(token)
        return {}

    def start_execution(self, arguments: Mapping[str, Any]) -> Any:
        actor = self._simulation.current
        assert actor is not None
        self._simulation.sleep(_LATENCY)
        if self._faults.strikes(Fault.INVOCATION_REFUSED, actor.name):
            raise StateError("StepFunctions.SdkClientException", "throttled")
        if not self._service.begin(
            arguments["StateMachineArn"], arguments["Name"], arguments["Input"]
        ):
            raise StateError("StepFunctions.ExecutionAlreadyExistsException", arguments["Name"])
        return {}

    def new_token(self) -> str:
        return self._service.new_token()

    def jitter(self, seconds: float) -> float:
        actor = self._simulation.current
        assert actor is not None
        return self._faults.between(f"{actor.name} jitter", seconds, 0.0)


class JobWorkflow:
    """Implements the port Workflow."""

    def __init__(self, service: WorkflowService) -> None:
        self._service = service

    def start(self, job_id: str, generation: int, number: int) -> None:
        given = {"job": job_id, "generation": generation, "n": number}
        self._service.begin("job", execution_name(job_id, generation, number), given)

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        run = self._service.runs.get(execution_name(job_id, generation, number))
        if run is None:
            return None
        output = run.output if run.status is ExecutionStatus.SUCCEEDED else None
        return Execution(run.status, run.stopped_at, output, run.error)

    def answer(self, token: str) -> None:
        self._service.succeed(token)


class BulkRuns:
    """Implements the port of that name."""

    def __init__(self, service: WorkflowService) -> None:
        self._service = service

    def start(self, tenant: str, action_id: str, *, ending: bool = False) -> None:
        name = f"{action_id}-abort" if ending else action_id
        self._service.begin("bulk", name, {"tenant": tenant, "action": action_id})


class ExportRuns:
    """Implements the port of that name."""

    def __init__(self, service: WorkflowService) -> None:
        self._service = service

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        given = {"tenant": tenant, "job": job_id, "export": export_id}
        self._service.begin("export", f"{job_id}-{export_id}", given)

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        run = self._service.runs.get(f"{job_id}-{export_id}")
        if run is None:
            return None
        done = run.status is ExecutionStatus.SUCCEEDED
        return ExportRun(
            run.status,
            began_at=run.began_at,
            ended_at=run.stopped_at,
            cursor=Cursor.from_state(run.output) if done else None,
            error=run.error,
        )
