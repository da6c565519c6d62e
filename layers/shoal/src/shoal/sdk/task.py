"""`@task`: a typed Python function as a task type.

The signature is the schema: its parameters, but not the one annotated `Context`, are the fields of
the input, and a field that is not a parameter is refused. A task stays a plain function: calling it
calls the function.
"""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, overload

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic.errors import PydanticUserError

from shoal.domain import input_schema
from shoal.domain.retry import RetryPolicy
from shoal.domain.sizing import MAX_CHUNK
from shoal.sdk.context import Context
from shoal.sdk.errors import InvalidInput
from shoal.wire.retry import RetryBody
from shoal.wire.worker import MAX_TIMEOUT, TYPE_NAME

AT_ONCE: Final = 16
"""Tasks of an `async def` that run at once, if it does not say how many."""


_MADE: Final[dict[tuple[str, str], Any]] = {}
"""The first function that a module offered under a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How workers offer a function. `timeout` in seconds, `memory` in megabytes.

    `batch` tasks at most go to one call; `concurrency` tasks of a coroutine function run at once.
    """

    name: str
    description: str = ""
    timeout: float | None = None
    retry: RetryPolicy | None = None
    batch: int | None = None
    concurrency: int = 1
    memory: int | None = None


class Task[**P, R]:
    """A function that workers offer as a task type."""

    def __init__(self, function: Callable[P, R], offer: Offer) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.offer = offer
        made_before = _MADE.setdefault((function.__module__, offer.name), function)
        self.shadows = (
            made_before is not function and made_before.__globals__ is function.__globals__
        )
        """Whether its module made a task of this name before, which it then took out of sight."""
        self.is_async = inspect.iscoroutinefunction(function)
        hints = typing.get_type_hints(function, include_extras=True)
        self._context_name = next((n for n, hint in hints.items() if _is_context(hint)), None)
        named = inspect.signature(function).parameters.values()
        _check_function(function, offer, named)
        parameters = [each for each in named if each.name != self._context_name]
        self._input = (
            _Fields(offer.name, parameters, hints)
            if offer.batch is None
            else _Items(offer.name, parameters, hints)
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name of the task type."""
        return self.offer.name

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its input."""
        return self._input.schema()

    @property
    def wants_context(self) -> bool:
        """Whether the function has a parameter for its context."""
        return self._context_name is not None

    def arguments(self, given: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
        """The keyword arguments for an input; raise InvalidInput if it does not fit."""
        return self._with_context(self._input.checked(given), context)

    def item(self, given: Mapping[str, Any]) -> Any:
        """An input as one of a batch; raise InvalidInput if it does not fit."""
        (item,) = self._input.checked(given).values()
        return item

    def batch_arguments(self, items: list[Any], context: Context | None) -> dict[str, Any]:
        """The keyword arguments for a batch of items."""
        return self._with_context({self._input.name: items}, context)

    def _with_context(self, arguments: dict[str, Any], context: Context | None) -> dict[str, Any]:
        if self._context_name is not None:
            arguments[self._context_name] = context
        return arguments


def _is_context(hint: Any) -> bool:
    """Whether a parameter so annotated is the context's: `Context`, or `Context | None`."""
    return hint is Context or (Context in (kinds := typing.get_args(hint)) and len(kinds) == 2)  # noqa: PLR2004 - it, or none


def _check_function(
    function: Callable[..., Any], offer: Offer, named: Iterable[inspect.Parameter]
) -> None:
    """Refuse what would be a task, but not the one that was meant."""
    for each in named:
        if each.name in ("ctx", "context") and each.annotation is each.empty:
            raise TypeError(
                f"task {offer.name}: annotate {each.name} with Context, else it is of the input"
            )
    generates = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    if generates and offer.batch is None:
        raise TypeError(f"task {offer.name}: a generator has no result; return a list")


class _Fields:
    """The input as the parameters of the function."""

    def __init__(
        self, name: str, parameters: list[inspect.Parameter], hints: Mapping[str, Any]
    ) -> None:
        self.name = name
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(f"task {name}: parameter {parameter.name} cannot be given by name")
        self._open = any(each.kind is each.VAR_KEYWORD for each in parameters)
        named = [each for each in parameters if each.kind is not each.VAR_KEYWORD]
        self._names = tuple(each.name for each in named)
        self._model = _model(name, named, hints, extra="allow" if self._open else "forbid")

    def schema(self) -> dict[str, Any]:
        return self._model.model_json_schema()

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if not self._names and (self._open or not given):
            return dict(given)
        try:
            model = self._model.model_validate(given)
        except ValidationError as invalid:
            raise InvalidInput(_reasons(invalid)) from None
        fields = {name: getattr(model, f"p_{name}") for name in self._names}
        return fields | (model.model_extra or {})


class _Items:
    """The input as one item of the list that is the function's only parameter."""

    def __init__(
        self, name: str, parameters: list[inspect.Parameter], hints: Mapping[str, Any]
    ) -> None:
        hint = hints.get(parameters[0].name) if len(parameters) == 1 else None
        if typing.get_origin(hint) is not list:
            raise TypeError(f"task {name}: a batch is one parameter, annotated as a list of inputs")
        self.name = parameters[0].name
        item = typing.get_args(hint)[0]
        _check_schema(name, self.name, item)
        self._adapter = TypeAdapter(item)
        self._schema = self._adapter.json_schema()
        if self._schema.get("type") != "object":
            raise TypeError(f"task {name}: the items of a batch are inputs, that is, JSON objects")
        config = getattr(item, "model_config", getattr(item, "__pydantic_config__", {}))
        self._closed = "additionalProperties" not in self._schema and "extra" not in config
        if self._closed:
            self._schema["additionalProperties"] = False

    def schema(self) -> dict[str, Any]:
        return self._schema

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if self._closed and (more := given.keys() - self._schema.get("properties", {}).keys()):
            raise InvalidInput("; ".join(f"{field}: not a field" for field in sorted(more)[:20]))
        try:
            return {self.name: self._adapter.validate_python(given)}
        except ValidationError as invalid:
            raise InvalidInput(_reasons(invalid)) from None


def _model(
    name: str, named: list[inspect.Parameter], hints: Mapping[str, Any], *, extra: Any
) -> type[BaseModel]:
    """A model of the parameters. Its attributes have a prefix, since pydantic reserves names."""
    fields: dict[str, Any] = {}
    for parameter in named:
        default = ... if parameter.default is parameter.empty else parameter.default
        hint = hints.get(parameter.name, Any)
        fields[f"p_{parameter.name}"] = (hint, default)
        _check_schema(name, parameter.name, hint)
    return create_model(
        name,
        __config__=ConfigDict(extra=extra, alias_generator=lambda field: field.removeprefix("p_")),
        **fields,
    )


def _check_schema(name: str, parameter: str, hint: Any) -> None:
    try:
        schema = TypeAdapter(hint).json_schema()
    except PydanticUserError as error:
        raise TypeError(
            f"task {name}: parameter {parameter} cannot come as JSON: {error}"
        ) from None
    for problem in input_schema.problems(schema):
        raise TypeError(f"task {name}: parameter {parameter}: JSON Schema {problem}")


def _reasons(invalid: ValidationError) -> str:
    errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'input'}: {e['msg']}" for e in errors[:20])


@overload
def task[**P, R](function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task[**P, R](
    *,
    name: str | None = None,
    timeout: timedelta | float | None = None,
    retry: RetryPolicy | None = None,
    batch: int | None = None,
    concurrency: int | None = None,
    memory: int | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout: timedelta | float | None = None,
    retry: RetryPolicy | None = None,
    batch: int | None = None,
    concurrency: int | None = None,
    memory: int | None = None,
) -> Any:
    """Offer the function as a task type, under its own name if no other is given.

    `timeout` (seconds, or a timedelta) and `retry` hold for jobs that name none. With `batch` the
    function takes a list of up to so many inputs and returns a list of as many results, in their
    order; a result that is an exception fails its task alone. An `async def` runs `concurrency`
    tasks of a chunk at once. `memory`, in megabytes, is what one child process may take up beyond
    what it has when a chunk begins.
    """
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    _check_bounds(batch=batch, concurrency=concurrency)
    if seconds is not None and not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(f"timeout is {seconds:g} s; an attempt may take up to {MAX_TIMEOUT:g} s")
    if memory is not None and memory < 1:
        raise ValueError(f"memory is {memory} MB; it must be 1 or more")
    if retry is not None:
        RetryBody.of(retry)  # raises what the API would refuse

    def offer(offered: Callable[..., Any]) -> Task[..., Any]:
        is_async = inspect.iscoroutinefunction(offered)
        if batch is not None and is_async:
            raise TypeError("a batch is one call: an async function has concurrency instead")
        if concurrency is not None and not is_async:
            raise TypeError("only an async function runs several tasks at once")
        if not re.fullmatch(TYPE_NAME, name or offered.__name__):
            raise ValueError(f"no name of a task type: {name or offered.__name__!r}")
        return Task(
            offered,
            Offer(
                name=name or offered.__name__,
                description=inspect.getdoc(offered) or "",
                timeout=seconds,
                retry=retry,
                batch=batch,
                concurrency=(concurrency or AT_ONCE) if is_async else 1,
                memory=memory,
            ),
        )

    return offer if function is None else offer(function)


def _check_bounds(**given: int | None) -> None:
    for name, value in given.items():
        if value is not None and not 1 <= value <= MAX_CHUNK:
            raise ValueError(f"{name} is {value}; 1 to {MAX_CHUNK} tasks fit in a chunk")
