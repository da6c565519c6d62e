"""An interpreter of the state machines' ASL files: what of ASL they use, and nothing else.

An unknown state, field or integration raises UnknownASL, so that none is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import yaml
from jsonata import Jsonata

from tests.prove.simulation import Simulation
from tests.prove.threads import Event

FOLDER: Final = Path(__file__).parents[2] / "statemachine"
HISTORY_LIMIT: Final = 25_000
_COMMON: Final = frozenset(("Type", "Comment", "Next", "End", "Output"))
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "Task": _COMMON | {"Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch"},
    "Map": _COMMON | {"Items", "ItemSelector", "MaxConcurrency", "ItemProcessor", "Retry", "Catch"},
    "Choice": frozenset(("Type", "Comment", "Choices", "Default")),
    "Succeed": frozenset(("Type", "Comment", "Output")),
    "Fail": frozenset(("Type", "Comment", "Error", "Cause")),
}
_MACHINE: Final = frozenset(("Comment", "QueryLanguage", "StartAt", "States"))
_RETRIER: Final = frozenset(
    (
        *("ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxAttempts", "MaxDelaySeconds"),
        "JitterStrategy",
    )
)
_EVENTS: Final[Mapping[str, int]] = {"Task": 5, "Map": 4, "Choice": 2, "Succeed": 2, "Fail": 1}


class UnknownASL(Exception):  # noqa: N818
    """The interpreter does not know this part of the language."""


class StateError(Exception):
    """An error of a state, by its name."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


class Failed(Exception):  # noqa: N818
    """The execution reached a Fail state or an uncaught error."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class Tasks(Protocol):
    """The interface that the interpreter needs."""

    def invoke(self, function: str, payload: Any) -> Any:
        """Call a function and wait for its answer; StateError if it fails."""

    def invoke_with_token(self, function: str, payload: Any, token: str, timeout: float) -> Any:
        """Call a function, then wait for the token to be answered; StateError if it is not."""

    def start_execution(self, arguments: Mapping[str, Any]) -> Any:
        """Start another execution; StateError if its name is taken."""

    def new_token(self) -> str:
        """A task token."""

    def jitter(self, seconds: float) -> float:
        """A random part of this time."""


@cache
def definition(name: str, substitutions: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """The state machine in a file, with its `${…}` replaced."""
    text = (FOLDER / f"{name}.asl.yaml").read_text()
    for key, value in substitutions:
        text = text.replace(f"${{{key}}}", value)
    machine: Mapping[str, Any] = yaml.safe_load(text)
    _known(machine, _MACHINE)
    if machine["QueryLanguage"] != "JSONata":
        raise UnknownASL(machine["QueryLanguage"])
    return machine


class Interpreter:
    """Runs one execution."""

    def __init__(
        self,
        simulation: Simulation,
        machine: Mapping[str, Any],
        tasks: Tasks,
        context: Any,
        reached: Callable[[str], None],
    ) -> None:
        self._simulation = simulation
        self._machine = machine
        self._reached = reached
        self._tasks = tasks
        self._context = context
        self.events = 1
        self.state = ""
        """Where it is."""

    def run(self, given: Any) -> Any:
        """From the start to the end; its output, or Failed."""
        try:
            return self._run(self._machine["StartAt"], self._machine["States"], given, {})
        except StateError as error:
            raise Failed(error.name, error.cause) from error

    def _run(
        self, start: str, states: Mapping[str, Any], given: Any, context: Mapping[str, Any]
    ) -> Any:
        name: str | None = start
        while name is not None:
            state = states[name]
            kind = state["Type"]
            _known(state, _FIELDS.get(kind, frozenset()))
            self.state = name
            self._reached(name)
            self.events += _EVENTS[kind]
            if self.events > HISTORY_LIMIT:
                raise Failed("States.Runtime", "the history is full")
            name, given = getattr(self, f"_{kind.lower()}")(state, given, context)
        return given

    # States: each gives the next state, if there is one, and its input.

    def _task(self, state: Any, given: Any, context: Mapping[str, Any]) -> tuple[str | None, Any]:
        def attempt() -> Any:
            token = self._tasks.new_token()
            now = {**context, "Task": {"Token": token}}
            arguments = self._value(state["Arguments"], given, now)
            timeout = float(state["TimeoutSeconds"])
            return self._integration(state["Resource"], arguments, token, timeout)

        return self._tried(state, given, context, attempt)

    def _integration(self, resource: str, arguments: Any, token: str, timeout: float) -> Any:
        match resource:
            case "arn:aws:states:::lambda:invoke":
                _known(arguments, frozenset(("FunctionName", "Payload")))
                payload = self._tasks.invoke(arguments["FunctionName"], arguments["Payload"])
                return {"Payload": payload}
            case "arn:aws:states:::lambda:invoke.waitForTaskToken":
                _known(arguments, frozenset(("FunctionName", "Payload")))
                return self._tasks.invoke_with_token(
                    arguments["FunctionName"], arguments["Payload"], token, timeout
                )
            case "arn:aws:states:::states:startExecution":
                _known(arguments, frozenset(("StateMachineArn", "Name", "Input")))
                return self._tasks.start_execution(arguments)
        raise UnknownASL(resource)

    def _map(self, state: Any, given: Any, context: Mapping[str, Any]) -> tuple[str | None, Any]:
        processor = state["ItemProcessor"]
        _known(processor, frozenset(("ProcessorConfig", "StartAt", "States")))
        if processor["ProcessorConfig"] != {"Mode": "INLINE"}:
            raise UnknownASL(str(processor["ProcessorConfig"]))

        def attempt() -> Any:
            items = self._value(state["Items"], given, context)
            selected = [
                self._value(
                    state["ItemSelector"],
                    given,
                    {**context, "Map": {"Item": {"Value": item, "Index": index}}},
                )
                for index, item in enumerate(items)
            ]
            return self._branches(processor, selected, context, state["MaxConcurrency"])

        return self._tried(state, given, context, attempt)

    def _branches(
        self, processor: Any, items: Sequence[Any], context: Mapping[str, Any], limit: int
    ) -> list[Any]:
        """Every item, some at once; the first error ends the state and leaves the others."""
        simulation = self._simulation
        results: list[Any] = [None] * len(items)
        errors: list[Exception] = []
        pending: Iterator[tuple[int, Any]] = iter(enumerate(items))
        done = Event(simulation)
        open_branches = len(items)

        def branch() -> None:
            nonlocal open_branches
            for place, item in pending:
                if errors:
                    break
                try:
                    results[place] = self._run(
                        processor["StartAt"], processor["States"], item, context
                    )
                except (StateError, Failed) as error:
                    errors.append(error)
                    break
                open_branches -= 1
            if errors or not open_branches:
                done.set()

        assert simulation.current is not None
        if len(items) == 1:
            branch()
        else:
            for _ in range(min(limit, len(items))):
                simulation.spawn("branch", branch, simulation.current.process)
            if items:
                done.wait()
        if errors:
            raise errors[0]
        return results

    def _choice(self, state: Any, given: Any, context: Mapping[str, Any]) -> tuple[str, Any]:
        for rule in state["Choices"]:
            _known(rule, frozenset(("Condition", "Next")))
            if self._value(rule["Condition"], given, context) is True:
                return rule["Next"], given
        return state["Default"], given

    def _succeed(self, state: Any, given: Any, context: Mapping[str, Any]) -> tuple[None, Any]:
        return None, self._value(state["Output"], given, context) if "Output" in state else given

    def _fail(self, state: Any, given: Any, context: Mapping[str, Any]) -> tuple[None, Any]:
        error = self._value(state["Error"], given, context)
        raise Failed(error, self._value(state["Cause"], given, context))

    # Errors.

    def _tried(
        self,
        state: Any,
        given: Any,
        context: Mapping[str, Any],
        attempt: Callable[[], Any],
    ) -> tuple[str | None, Any]:
        tries: dict[int, int] = {}
        while True:
            try:
                result = attempt()
            except StateError as error:
                pause = self._pause(state.get("Retry", ()), error, tries)
                if pause is None:
                    return self._caught(state, given, context, error)
                self.events += 3
                self._simulation.sleep(pause)
                continue
            output = (
                self._value(state["Output"], given, context, result=result)
                if "Output" in state
                else result
            )
            return (None if state.get("End") else state["Next"]), output

    def _pause(
        self, retriers: Sequence[Any], error: StateError, tries: dict[int, int]
    ) -> float | None:
        """How long to wait before the next attempt; None if there is none."""
        for place, retrier in enumerate(retriers):
            _known(retrier, _RETRIER)
            if not _matches(retrier["ErrorEquals"], error):
                continue
            before = tries.get(place, 0)
            if before >= retrier.get("MaxAttempts", 3):
                return None
            tries[place] = before + 1
            wait = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** before
            return self._tasks.jitter(min(wait, retrier["MaxDelaySeconds"]))
        return None

    def _caught(
        self, state: Any, given: Any, context: Mapping[str, Any], error: StateError
    ) -> tuple[str, Any]:
        for catcher in state.get("Catch", ()):
            _known(catcher, frozenset(("ErrorEquals", "Output", "Next")))
            if _matches(catcher["ErrorEquals"], error):
                told = {"Error": error.name, "Cause": error.cause}
                output = self._value(catcher["Output"], given, context, error=told)
                return catcher["Next"], output
        raise error

    # Expressions.

    def _value(
        self,
        template: Any,
        given: Any,
        context: Mapping[str, Any],
        *,
        result: Any = None,
        error: Any = None,
    ) -> Any:
        states = {"input": given, "context": {**self._context, **context}}
        if result is not None:
            states["result"] = result
        if error is not None:
            states["errorOutput"] = error
        return _evaluated(template, {"states": states})


def _evaluated(template: Any, bindings: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        if template.startswith("{%") and template.endswith("%}"):
            return _expression(template[2:-2].strip()).evaluate(None, dict(bindings))
        return template
    if isinstance(template, Mapping):
        return {name: _evaluated(each, bindings) for name, each in template.items()}
    if isinstance(template, list):
        return [_evaluated(each, bindings) for each in template]
    return template


@cache
def _expression(text: str) -> Jsonata:
    return Jsonata(text)


def _matches(names: Sequence[str], error: StateError) -> bool:
    if error.name in names or "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error.name != "States.Timeout"


def _known(given: Mapping[str, Any], fields: frozenset[str]) -> None:
    unknown = set(given) - fields
    if unknown:
        raise UnknownASL(f"{sorted(unknown)} in {given.get('Type', 'a machine')}")
