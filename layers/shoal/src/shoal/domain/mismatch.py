"""Why an input does not fit a schema: the field and the required value, never the actual value.

The validator alone decides whether an input fits. This only looks for the reason of a refusal, in
bounded steps, since the validator's own reports take exponential time for some schemas.
"""

import json
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from shoal.domain.input_schema import is_of_type, is_same

MAX_STEPS: Final = 20_000
"""Pairs of a subschema and a value that are compared."""
MAX_NESTED: Final = 80
_SHOWN: Final = 100
"""Characters of a name or value of the schema in a message."""

type Path = tuple[str | int, ...]
type Fits = Callable[[str, Any, Any], bool]
"""Whether a value fits one keyword, asked of the validator: keyword, its operand, value."""


class Mismatch(NamedTuple):
    """A place in an input, the reason, and the keyword that does not hold."""

    path: Path
    message: str
    keyword: str = ""

    @property
    def field(self) -> str:
        """`("lines", 0, "text")` → `lines[0].text`; empty for the whole input."""
        names = [f"[{each}]" if isinstance(each, int) else f".{_short(each)}" for each in self.path]
        return "".join(names).removeprefix(".")

    def __str__(self) -> str:
        return f"{self.field or 'the input'} {self.message}"


UNEXPLAINED: Final = Mismatch((), "does not fit the schema of the task type")


def explain(schema: Mapping[str, Any], value: Any, fits: Fits) -> Mismatch:
    """The first reason why a value that was refused does not fit an evaluated schema."""
    try:
        return _Search(schema, fits).reason(schema, value, ()) or UNEXPLAINED
    except _TooFar:
        return UNEXPLAINED


class _TooFar(Exception):  # noqa: N818 - no fault
    """The search took all its steps."""


class _Search:
    def __init__(self, schema: Mapping[str, Any], fits: Fits) -> None:
        self._root = schema
        self._fits = fits
        self._steps = self._nested = 0

    def reason(self, node: Any, value: Any, path: Path) -> Mismatch | None:
        """Why the value does not fit, or None if it does."""
        self._steps += 1
        if self._steps > MAX_STEPS or self._nested > MAX_NESTED:
            raise _TooFar
        if isinstance(node, bool):
            return None if node else Mismatch(path, "is not allowed")
        self._nested += 1
        found = next(self._reasons(node, value, path), None)
        self._nested -= 1
        return found

    def _reasons(self, node: Mapping[str, Any], value: Any, path: Path) -> Iterator[Mismatch]:
        for keyword, operand in node.items():
            message = _wrong(keyword, operand, value, self._fits)
            if message is not None:
                yield Mismatch(path, message, keyword)
        if isinstance(value, dict):
            yield from self._of_object(node, value, path)
        elif isinstance(value, list):
            yield from self._of_array(node, value, path)
        yield from self._in_place(node, value, path)

    def _of_object(
        self, node: Mapping[str, Any], value: Mapping[str, Any], path: Path
    ) -> Iterator[Mismatch]:
        for name in _constants(node):  # constants distinguish alternatives
            if name in value:
                yield from self._of_property(node, name, value[name], path)
        yield from _missing(node, value, path)
        for name, each in value.items():
            yield from self._of_property(node, name, each, path)
        for name, schema in node.get("dependentSchemas", {}).items():
            if name in value:
                yield from self._one(schema, value, path)

    def _of_property(
        self, node: Mapping[str, Any], name: str, value: Any, path: Path
    ) -> Iterator[Mismatch]:
        place = (*path, name)
        named = node.get("properties", {})
        schemas = [named[name]] if name in named else []
        schemas += [
            schema
            for pattern, schema in node.get("patternProperties", {}).items()
            if self._fits("pattern", pattern, name)
        ]
        if not schemas and "additionalProperties" in node:
            rest = node["additionalProperties"]
            if rest is False:
                yield Mismatch(place, "is not a field of the task type")
            else:
                schemas = [rest]
        for schema in schemas:
            yield from self._one(schema, value, place)
        if "propertyNames" in node and self.reason(node["propertyNames"], name, ()) is not None:
            yield Mismatch(place, "is not an allowed name")

    def _of_array(
        self, node: Mapping[str, Any], value: list[Any], path: Path
    ) -> Iterator[Mismatch]:
        prefix = node.get("prefixItems", [])
        for place, each in enumerate(value):
            if place < len(prefix):
                yield from self._one(prefix[place], each, (*path, place))
            elif "items" in node:
                if node["items"] is False:
                    yield Mismatch(path, f"must have at most {_counted(len(prefix), 'item')}")
                    return
                yield from self._one(node["items"], each, (*path, place))
        if "contains" in node:
            count = sum(self.reason(node["contains"], each, ()) is None for each in value)
            least, most = node.get("minContains", 1), node.get("maxContains", math.inf)
            if not least <= count <= most:
                yield Mismatch(path, "has too few or too many items of the required kind")

    def _in_place(self, node: Mapping[str, Any], value: Any, path: Path) -> Iterator[Mismatch]:
        if "$ref" in node:
            yield from self._one(self._resolved(node["$ref"]), value, path)
        for schema in node.get("allOf", ()):
            yield from self._one(schema, value, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in node:
                yield from self._of_choice(keyword, node[keyword], value, path)
        if "not" in node and self.reason(node["not"], value, path) is None:
            yield Mismatch(path, "has a form that is not allowed")
        if "if" in node:
            branch = "then" if self.reason(node["if"], value, path) is None else "else"
            if branch in node:
                yield from self._one(node[branch], value, path)

    def _one(self, schema: Any, value: Any, path: Path) -> Iterator[Mismatch]:
        reason = self.reason(schema, value, path)
        if reason is not None:
            yield reason

    def _resolved(self, reference: str) -> Any:
        """A reference is `#`, or one that `evaluated` made."""
        name = reference.removeprefix("#/$defs/")
        return self._root if reference == "#" else self._root["$defs"][name]

    def _of_choice(
        self, keyword: str, schemas: list[Any], value: Any, path: Path
    ) -> Iterator[Mismatch]:
        reasons = [self.reason(schema, value, path) for schema in schemas]
        fitting = reasons.count(None)
        if fitting == 0:
            yield _of_none([each for each in reasons if each is not None], path)
        elif keyword == "oneOf" and fitting > 1:
            yield Mismatch(
                path, f"must fit exactly one of {len(schemas)} forms, and fits {fitting}"
            )


def _of_none(reasons: list[Mismatch], path: Path) -> Mismatch:
    """The mismatch of a value that fits no alternative.

    The reason of one alternative, if all others require another type or another constant.
    Otherwise the types and constants of all.
    """
    meant = [
        each
        for each in reasons
        if each.keyword not in {"const", "enum"} and (each.keyword != "type" or each.path != path)
    ]
    if len(meant) == 1:
        return meant[0]
    places = {each.path for each in reasons}
    wanted = list(dict.fromkeys(each.message.removeprefix("must be ") for each in reasons))
    if not meant and len(places) == 1 and len(wanted) <= _CHOICES:
        return Mismatch(places.pop(), f"must be {' or '.join(wanted)}")
    return Mismatch(path, f"must fit one of {len(reasons)} forms")


def _constants(node: Mapping[str, Any]) -> list[str]:
    named = node.get("properties", {})
    return [name for name, each in named.items() if isinstance(each, dict) and "const" in each]


_CHOICES: Final = 5
"""Alternatives that a message lists."""


# Keywords that look at one value alone.


def _missing(node: Mapping[str, Any], value: Mapping[str, Any], path: Path) -> Iterator[Mismatch]:
    for name in node.get("required", ()):
        if name not in value:
            yield Mismatch((*path, name), "is required")
    for name, others in node.get("dependentRequired", {}).items():
        for other in others if name in value else ():
            if other not in value:
                yield Mismatch((*path, other), f"is required with {_short(name)}")


def _wrong(keyword: str, operand: Any, value: Any, fits: Fits) -> str | None:
    """The message of one keyword for the value, or None if it holds."""
    if keyword in _ANY:
        holds, message = _ANY[keyword]
        return None if holds(operand, value) else message(operand)
    if keyword in _ASKED and isinstance(value, _ASKED[keyword].kind):
        is_right = isinstance(value, bool) or not operand or fits(keyword, operand, value)
        return None if is_right else _ASKED[keyword].message(operand)
    if keyword in _BOUNDS and isinstance(value, _BOUNDS[keyword].kind):
        bound = _BOUNDS[keyword]
        size = value if isinstance(value, int | float) else len(value)
        is_right = isinstance(value, bool) or bound.holds(size, operand)
        return None if is_right else bound.message(operand)
    return None


_TYPES: Final = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _is_of(operand: Any, value: Any) -> bool:
    return any(is_of_type(value, kind) for kind in _kinds(operand))


def _kinds(operand: Any) -> list[str]:
    return operand if isinstance(operand, list) else [operand]


class _Asked(NamedTuple):
    """A keyword that the validator decides."""

    kind: Any
    message: Callable[[Any], str]


class _Bound(NamedTuple):
    kind: Any
    holds: Callable[[Any, Any], bool]
    words: str
    unit: str = ""

    def message(self, operand: Any) -> str:
        """`must have at least 2 items`."""
        if not self.unit:
            return f"must be {self.words} {_shown(operand)}"
        return f"must have {self.words} {_counted(operand, self.unit)}"


_ANY: Final[Mapping[str, tuple[Callable[[Any, Any], bool], Callable[[Any], str]]]] = {
    "type": (
        _is_of,
        lambda kinds: f"must be {' or '.join(_TYPES[kind] for kind in _kinds(kinds))}",
    ),
    "const": (is_same, lambda constant: f"must be {_shown(constant)}"),
    "enum": (
        lambda values, value: any(is_same(value, each) for each in values),
        lambda values: f"must be one of {_listed(values)}",
    ),
}
_ASKED: Final[Mapping[str, _Asked]] = {
    "pattern": _Asked(str, lambda pattern: f"must match the pattern {_short(pattern)}"),
    "format": _Asked(str, lambda form: f"must be a valid {form}"),
    "uniqueItems": _Asked(list, lambda _: "must have no item twice"),
    "multipleOf": _Asked(int | float, lambda unit: f"must be a multiple of {_shown(unit)}"),
}
_BOUNDS: Final[Mapping[str, _Bound]] = {
    "minimum": _Bound(int | float, operator.ge, "at least"),
    "maximum": _Bound(int | float, operator.le, "at most"),
    "exclusiveMinimum": _Bound(int | float, operator.gt, "above"),
    "exclusiveMaximum": _Bound(int | float, operator.lt, "below"),
    "minLength": _Bound(str, operator.ge, "at least", "character"),
    "maxLength": _Bound(str, operator.le, "at most", "character"),
    "minItems": _Bound(list, operator.ge, "at least", "item"),
    "maxItems": _Bound(list, operator.le, "at most", "item"),
    "minProperties": _Bound(dict, operator.ge, "at least", "field"),
    "maxProperties": _Bound(dict, operator.le, "at most", "field"),
}


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"


def _listed(values: list[Any]) -> str:
    listed = ", ".join(_shown(each) for each in values[:_CHOICES])
    more = len(values) - _CHOICES
    return listed if more <= 0 else f"{listed} and {more} more"


def _shown(value: Any) -> str:
    """A value of the schema, as JSON."""
    return _short(json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
