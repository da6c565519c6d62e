"""Lambda: the real handlers. Each invocation is a separate process that can outlive its caller."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter

from handlers import (
    api,
    bulk_actions,
    callbacks,
    create_tasks,
    dead_letters,
    deliver_webhooks,
    enqueue_tasks,
    execution_ended,
    export_results,
    fail_job,
    job_events,
    live,
    live_authorizer,
    live_deltas,
    monitor_completion,
    plan_tasks,
    sweep,
    wait_and_retry,
)
from tests.prove.faults import Fault, Faults
from tests.prove.simulation import Ambient, Killed, Process, Simulation
from tests.prove.threads import Event
from tests.prove.trace import Trace

type Handler = Callable[[Mapping[str, Any], Any], Any]

FUNCTIONS: Final[Mapping[str, tuple[Handler, float]]] = {
    "Api": (api.handler, 30.0),
    "Callbacks": (callbacks.handler, 30.0),
    "PlanTasks": (plan_tasks.handler, 900.0),
    "CreateTasks": (create_tasks.handler, 300.0),
    "EnqueueTasks": (enqueue_tasks.handler, 300.0),
    "MonitorCompletion": (monitor_completion.handler, 900.0),
    "WaitAndRetry": (wait_and_retry.handler, 30.0),
    "FailJob": (fail_job.handler, 900.0),
    "DeadLetters": (dead_letters.handler, 60.0),
    "ExecutionEnded": (execution_ended.handler, 30.0),
    "ExportResults": (export_results.handler, 900.0),
    "JobEvents": (job_events.handler, 30.0),
    "LiveDeltas": (live_deltas.handler, 30.0),
    "LiveAuthorizer": (live_authorizer.handler, 30.0),
    "Live": (live.handler, 30.0),
    "DeliverWebhooks": (deliver_webhooks.handler, 120.0),
    "BulkActions": (bulk_actions.handler, 300.0),
    "Sweep": (sweep.handler, 275.0),
}
"""Handlers with their timeouts in seconds; a test holds them against the template."""


class _Resolver(Ambient):
    """The current request of the API's resolver: on AWS an instance has one at a time."""

    def __init__(self) -> None:
        self._event: Any = None
        self._lambda_context: Any = None
        self._context: dict[str, Any] = {}

    def leave(self) -> None:
        self._event = BaseRouter.__dict__.get("current_event")
        self._lambda_context = BaseRouter.__dict__.get("lambda_context")
        self._context = dict(api.app.context)
        api.app.context.clear()

    def enter(self) -> None:
        BaseRouter.current_event = self._event
        BaseRouter.lambda_context = self._lambda_context
        api.app.context.clear()
        api.app.context.update(self._context)


_NOTICE: Final = 0.3
"""Seconds after which a caller can give up a function that stalls."""


class Invocation:
    """One call of a function: its answer once it has one, or how it failed."""

    def __init__(self, simulation: Simulation, process: Process) -> None:
        self.process = process
        self.answer: Any = None
        self.error: Exception | None = None
        self.crashed = False
        """It was killed, or ran out of its time."""
        self._ended = Event(simulation)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether that came in time."""
        return self._ended.wait(seconds)

    def stalls(self) -> bool:
        """Wait until it has ended or stalls; whether it stalls."""
        self._ended.wait(_NOTICE)
        return self.process.stalled and not self.ended

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    def end(self) -> None:
        self._ended.set()


class Lambda:
    """Invokes functions."""

    def __init__(self, simulation: Simulation, faults: Faults, trace: Trace) -> None:
        self._simulation = simulation
        self._faults = faults
        self._trace = trace
        self.running: set[Invocation] = set()
        self.frozen: Callable[[str], None] = lambda _: None
        """Record that a function froze."""

    def invoke(self, function: str, event: Mapping[str, Any], label: str = "") -> Invocation:
        """Start an invocation; it keeps running after its caller gave up."""
        handler, timeout = FUNCTIONS[function]
        simulation = self._simulation
        process = Process(function, simulation.now + timeout)
        invocation = Invocation(simulation, process)
        self.running.add(invocation)
        given = json.loads(json.dumps(event))

        def run() -> None:
            actor = simulation.current
            assert actor is not None
            if function == "Api":
                actor.ambient = _Resolver()
            try:
                invocation.answer = json.loads(json.dumps(handler(given, None)))
            except Killed:
                invocation.crashed = True
                self._trace.add(simulation.now, actor.name, "is killed")
                raise
            except Exception as error:  # noqa: BLE001 - the caller gets the error
                invocation.error = error
                self._trace.add(simulation.now, actor.name, "raises", (repr(error),))
            finally:
                self.running.discard(invocation)
                invocation.end()

        actor = simulation.spawn(label or function, run, process)
        if self._faults.strikes(Fault.FROZEN, function):
            self.freeze(invocation, function, timeout, actor.name)
        return invocation

    def freeze(self, invocation: Invocation, function: str, longest: float, who: str) -> None:
        """Freeze an invocation at some point of its work, for up to its time."""
        simulation = self._simulation
        begin = simulation.now + self._faults.between(who, 0.0, 0.03)
        until = begin + self._faults.between(who, 0.3, 0.95) * longest

        def begun() -> None:
            if not invocation.ended:
                self._trace.add(
                    simulation.now, who, f"freezes for {until - begin:.0f} s", fault="frozen"
                )
                self.frozen(function)
                invocation.process.freeze_until(until)

        simulation.at(begin, begun)
