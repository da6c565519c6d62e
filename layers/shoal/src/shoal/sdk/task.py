"""`@task`: a typed Python function as a task type.

The signature is the schema: its parameters, but not the one annotated `Context`, are the fields of
the input, and a field that is not a parameter is refused. A task stays a plain function: calling it
calls the function.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, overload

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from shoal.sdk.context import Context
from shoal.sdk.errors import DuplicateTask, InvalidInput


class Task[**P, R]:
    """A function that workers offer under a name; `timeout` in seconds."""

    def __init__(
        self, function: Callable[P, R], name: str, timeout: float | None, description: str
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name
        self.timeout = timeout
        self.description = description
        self.is_async = inspect.iscoroutinefunction(function)
        signature = inspect.signature(function)
        hints = typing.get_type_hints(function, include_extras=True)
        self._context_name = next((n for n, hint in hints.items() if hint is Context), None)
        self._fields = [p for p in signature.parameters.values() if p.name != self._context_name]
        for field in self._fields:
            if field.kind in (field.POSITIONAL_ONLY, field.VAR_POSITIONAL):
                raise TypeError(f"task {name}: parameter {field.name} cannot be given by name")
        self._open = any(field.kind is field.VAR_KEYWORD for field in self._fields)
        named = [field for field in self._fields if field.kind is not field.VAR_KEYWORD]
        self._names = tuple(field.name for field in named)
        self._model = _model(name, named, hints, extra="allow" if self._open else "forbid")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function."""
        return self.function(*args, **kwargs)

    @functools.cached_property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its input."""
        return self._model.model_json_schema()

    @property
    def wants_context(self) -> bool:
        """Whether the function has a parameter for its context."""
        return self._context_name is not None

    def arguments(self, given: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
        """The keyword arguments for an input; raise InvalidInput if it does not fit."""
        arguments = self._checked(given)
        if self._context_name is not None:
            arguments[self._context_name] = context
        return arguments

    def _checked(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if not self._names and (self._open or not given):
            return dict(given)
        try:
            model = self._model.model_validate(given)
        except ValidationError as invalid:
            raise InvalidInput(_reasons(invalid)) from None
        fields = {name: getattr(model, f"p_{name}") for name in self._names}
        return fields | (model.model_extra or {})


def _model(
    name: str, named: list[inspect.Parameter], hints: Mapping[str, Any], *, extra: Any
) -> type[BaseModel]:
    """A model of the parameters. Its attributes have a prefix, since pydantic reserves names."""
    fields: dict[str, Any] = {}
    for parameter in named:
        default = ... if parameter.default is parameter.empty else parameter.default
        hint = hints.get(parameter.name, Any)
        fields[f"p_{parameter.name}"] = (hint, default)
    return create_model(
        name,
        __config__=ConfigDict(extra=extra, alias_generator=lambda field: field.removeprefix("p_")),
        **fields,
    )


def _reasons(invalid: ValidationError) -> str:
    errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'input'}: {e['msg']}" for e in errors[:20])


@overload
def task[**P, R](function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task[**P, R](
    *, name: str | None = None, timeout: timedelta | float | None = None
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    timeout: timedelta | float | None = None,
) -> Any:
    """Offer the function as a task type, under its own name if no other is given.

    A job may give its tasks another timeout.
    """
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout

    def offer(offered: Callable[..., Any]) -> Task[..., Any]:
        description = inspect.getdoc(offered) or ""
        return Task(offered, name or offered.__name__, seconds, description)

    return offer if function is None else offer(function)


def discover(modules: Iterable[str]) -> dict[str, Task[..., Any]]:
    """Import the modules and collect their tasks by name; raise DuplicateTask if two share one."""
    found: dict[str, Task[..., Any]] = {}
    for module in modules:
        for value in vars(importlib.import_module(module)).values():
            if isinstance(value, Task) and found.setdefault(value.name, value) is not value:
                raise DuplicateTask(f"two tasks are named {value.name!r}, one in {module}")
    return found
