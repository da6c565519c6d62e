"""`@task` turns a typed Python function into a task type.

The signature defines the schema of the input: each parameter is a field, except the parameter
annotated `Context`, and unknown fields are rejected. Calling a task calls the function.
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

DEFAULT_CONCURRENCY: Final = 16
"""Default concurrency of an `async def` task."""


_MADE: Final[dict[tuple[str, str], Any]] = {}
"""The first function of a module that was decorated under a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The properties of a task type. `timeout` is in seconds, `memory` in megabytes.

    One call receives up to `batch` tasks. A coroutine function runs `concurrency` tasks at a time.
    """

    name: str
    description: str = ""
    timeout: float | None = None
    retry: RetryPolicy | None = None
    batch: int | None = None
    concurrency: int = 1
    memory: int | None = None


class Task[**P, R]:
    """A function that is a task type."""

    def __init__(self, function: Callable[P, R], offer: Offer) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.offer = offer
        made_before = _MADE.setdefault((function.__module__, offer.name), function)
        self.shadows = (
            made_before is not function and made_before.__globals__ is function.__globals__
        )
        """Whether it replaces an earlier task of the same name in its module."""
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
        """Calls the function."""
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The name of the task type."""
        return self.offer.name

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of the input."""
        return self._input.schema()

    @property
    def wants_context(self) -> bool:
        """Whether the function has a `Context` parameter."""
        return self._context_name is not None

    def arguments(self, given: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
        """Returns the keyword arguments for an input. Raises InvalidInput if it is invalid."""
        return self._with_context(self._input.checked(given), context)

    def item(self, given: Mapping[str, Any]) -> Any:
        """Returns an input as an item of a batch. Raises InvalidInput if it is invalid."""
        (item,) = self._input.checked(given).values()
        return item

    def batch_arguments(self, items: list[Any], context: Context | None) -> dict[str, Any]:
        """Returns the keyword arguments for a batch of items."""
        return self._with_context({self._input.name: items}, context)

    def _with_context(self, arguments: dict[str, Any], context: Context | None) -> dict[str, Any]:
        if self._context_name is not None:
            arguments[self._context_name] = context
        return arguments


def _is_context(hint: Any) -> bool:
    """Whether an annotation is `Context` or `Context | None`."""
    return hint is Context or (Context in (kinds := typing.get_args(hint)) and len(kinds) == 2)  # noqa: PLR2004 - Context and None


def _check_function(
    function: Callable[..., Any], offer: Offer, named: Iterable[inspect.Parameter]
) -> None:
    """Rejects functions that would be valid tasks but not do what the author expects."""
    for each in named:
        if each.name in ("ctx", "context") and each.annotation is each.empty:
            raise TypeError(
                f"task {offer.name}: annotate the parameter {each.name} with Context;"
                " without it, it would be a field of the input"
            )
    generates = inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)
    if generates and offer.batch is None:
        raise TypeError(f"task {offer.name}: a task must not be a generator; return a list")


class _Fields:
    """Maps the fields of the input to the parameters of the function."""

    def __init__(
        self, name: str, parameters: list[inspect.Parameter], hints: Mapping[str, Any]
    ) -> None:
        self.name = name
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
                raise TypeError(
                    f"task {name}: parameter {parameter.name} must accept a keyword argument"
                )
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
    """Maps the input to an item of the list that is the only parameter of a batch function."""

    def __init__(
        self, name: str, parameters: list[inspect.Parameter], hints: Mapping[str, Any]
    ) -> None:
        hint = hints.get(parameters[0].name) if len(parameters) == 1 else None
        if typing.get_origin(hint) is not list:
            raise TypeError(
                f"task {name}: a batch function must have one parameter, annotated as a list"
            )
        self.name = parameters[0].name
        item = typing.get_args(hint)[0]
        _check_schema(name, self.name, item)
        self._adapter = TypeAdapter(item)
        self._schema = self._adapter.json_schema()
        if self._schema.get("type") != "object":
            raise TypeError(
                f"task {name}: the items of the list must be JSON objects, such as a TypedDict or a"
                " pydantic model"
            )
        config = getattr(item, "model_config", getattr(item, "__pydantic_config__", {}))
        self._closed = "additionalProperties" not in self._schema and "extra" not in config
        if self._closed:
            self._schema["additionalProperties"] = False

    def schema(self) -> dict[str, Any]:
        return self._schema

    def checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if self._closed and (more := given.keys() - self._schema.get("properties", {}).keys()):
            raise InvalidInput("; ".join(f"{field}: unknown field" for field in sorted(more)[:20]))
        try:
            return {self.name: self._adapter.validate_python(given)}
        except ValidationError as invalid:
            raise InvalidInput(_reasons(invalid)) from None


def _model(
    name: str, named: list[inspect.Parameter], hints: Mapping[str, Any], *, extra: Any
) -> type[BaseModel]:
    """Returns a model of the parameters. A prefix avoids names that pydantic reserves."""
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
            f"task {name}: the type of parameter {parameter} has no JSON Schema: {error}"
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
    """Makes the function a task type. The name defaults to the name of the function.

    `timeout` (seconds or a timedelta) and `retry` apply to jobs that do not set them. With `batch`,
    the function receives a list of up to `batch` inputs and returns one result for each, in order;
    a result that is an exception fails only its task. An `async def` function runs `concurrency`
    tasks of a chunk at a time. `memory`, in megabytes, limits the memory that a child process may
    allocate in addition to its memory at the start of a chunk.
    """
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    _check_bounds(batch=batch, concurrency=concurrency)
    if seconds is not None and not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError(f"invalid timeout: {seconds:g} s; the range is 0 to {MAX_TIMEOUT:g} s")
    if memory is not None and memory < 1:
        raise ValueError(f"invalid memory: {memory} MB; the minimum is 1 MB")
    if retry is not None:
        RetryBody.of(retry)  # rejects a policy that the API would reject

    def offer(offered: Callable[..., Any]) -> Task[..., Any]:
        is_async = inspect.iscoroutinefunction(offered)
        if batch is not None and is_async:
            raise TypeError("an async function cannot have a batch; use concurrency")
        if concurrency is not None and not is_async:
            raise TypeError("concurrency requires an async function")
        if not re.fullmatch(TYPE_NAME, name or offered.__name__):
            raise ValueError(f"invalid task type name: {name or offered.__name__!r}")
        return Task(
            offered,
            Offer(
                name=name or offered.__name__,
                description=inspect.getdoc(offered) or "",
                timeout=seconds,
                retry=retry,
                batch=batch,
                concurrency=(concurrency or DEFAULT_CONCURRENCY) if is_async else 1,
                memory=memory,
            ),
        )

    return offer if function is None else offer(function)


def _check_bounds(**given: int | None) -> None:
    for name, value in given.items():
        if value is not None and not 1 <= value <= MAX_CHUNK:
            raise ValueError(f"invalid {name}: {value}; the range is 1 to {MAX_CHUNK}")
