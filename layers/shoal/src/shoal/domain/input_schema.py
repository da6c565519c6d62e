"""The JSON Schema that a task type may have: a closed subset of draft 2020-12.

A schema comes from a worker and runs in the API function, so the subset excludes everything that
could load another document, or that the validator could not evaluate in bounded time. Keywords
outside the subset are refused, not ignored: an unchecked constraint is a fault.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

MAX_BYTES: Final = 65_536
"""A schema is part of every list of task types."""
MAX_DEPTH: Final = 64
"""Levels of JSON in a schema."""
MAX_SUBSCHEMAS: Final = 2_000
MAX_ENUM: Final = 1_000
"""Values of all `enum`s together. Strings alone are hashed, and do not count."""
_CONTAINER: Final = 50
"""As how many values an array or object in an `enum` counts: comparing it takes longer."""
MAX_PATTERN: Final = 1_000
"""Characters of one regular expression."""
MAX_PATTERNS: Final = 200
SHOWN: Final = 10
"""Problems that are reported of one schema."""
ASSERTED_FORMATS: Final = frozenset(
    {"date", "date-time", "email", "hostname", "ipv4", "ipv6", "uri"}
)
"""Every other `format` is an annotation, as in draft 2020-12."""

type Pointer = tuple[str, ...]

_DIALECTS: Final = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
        "http://json-schema.org/draft-04/schema",
    }
)
_CLASSES: Final[Mapping[str, Any]] = {
    "array": list,
    "boolean": bool,
    "integer": int,
    "null": type(None),
    "number": int | float,
    "object": dict,
    "string": str,
}
_MAX_COUNT: Final = 2**53
_POINTER_SHOWN: Final = 200
DECIMAL: Final = "^(?!^[-+.]*$)"
"""How pydantic begins the pattern of a Decimal: the only lookaround that is supported."""
_DECIMAL_DIGITS: Final = re.compile(r"\(\?=\[\\d\.\]\{1,\d+\}0\*\$\)")
"""And how it counts digits, in an alternative of one that always matches."""
_NOT_LINEAR: Final = re.compile(r"\(\?(?:=|!|<=|<!|P=)|\\[1-9k]")
_LITERAL: Final = re.compile(r"\\\\|\[\^?\]?(?:\\.|[^\]\\])*\]")
"""Text that cannot be part of a group: an escaped backslash, a class of characters."""


class SchemaProblem(NamedTuple):
    """A fault of a schema, and the JSON pointer of its place."""

    pointer: str
    message: str

    def __str__(self) -> str:
        return f"at {self.pointer or 'the root'}: {self.message}"


# The values of each keyword. A check returns the fault, or None.

type _Check = Callable[[Any], str | None]


def _anything(_value: Any) -> str | None:
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "must be a string"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "must be true or false"


def _list(value: Any) -> str | None:
    return None if isinstance(value, list) else "must be a list"


def _object(value: Any) -> str | None:
    return None if isinstance(value, dict) else "must be an object"


def _number(value: Any) -> str | None:
    return None if _is_number(value) else "must be a number"


def _above_zero(value: Any) -> str | None:
    return None if _is_number(value) and value > 0 else "must be a number above 0"


def _count(value: Any) -> str | None:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_COUNT
    return None if fits else "must be a whole number, 0 or more"


def _names(value: Any) -> str | None:
    fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    return None if fits and len(set(value)) == len(value) else "must be a list of different strings"


def _names_by_name(value: Any) -> str | None:
    fits = isinstance(value, dict) and all(_names(each) is None for each in value.values())
    return None if fits else "must be an object of lists of different strings"


def _type(value: Any) -> str | None:
    kinds = value if isinstance(value, list) else [value]
    fits = kinds and all(isinstance(each, str) and each in _CLASSES for each in kinds)
    return None if fits and len(set(kinds)) == len(kinds) else f"must be of {', '.join(_CLASSES)}"


def _values(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "must be a list with at least one value"


def _schemas(value: Any) -> str | None:
    return None if isinstance(value, list) and value else "must be a list with at least one schema"


def _pattern(value: Any) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    if len(value) > MAX_PATTERN:
        return f"has {len(value)} characters; a pattern may have {MAX_PATTERN}"
    if _NOT_LINEAR.search(_LITERAL.sub("", linear(value))):
        return "must match in linear time: lookaround and backreferences are not supported"
    return None


def _patterns(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "must be an object"
    found = (problem for each in value if (problem := _pattern(each)) is not None)
    return next(found, None)


def _dialect(value: Any) -> str | None:
    known = isinstance(value, str) and value.removesuffix("#") in _DIALECTS
    return None if known else "must be the address of a JSON Schema draft, such as 2020-12's"


def _reference(value: Any) -> str | None:
    fits = isinstance(value, str) and (value == "#" or value.startswith("#/"))
    return None if fits else "must be # or begin with #/: nothing outside the schema is loaded"


ONE: Final = (
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
)
LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
MAPS: Final = ("$defs", "definitions", "dependentSchemas", "patternProperties", "properties")

_ASSERTIONS: Final[Mapping[str, _Check]] = {
    "type": _type,
    "enum": _values,
    "const": _anything,
    "multipleOf": _above_zero,
    "maximum": _number,
    "exclusiveMaximum": _number,
    "minimum": _number,
    "exclusiveMinimum": _number,
    "maxLength": _count,
    "minLength": _count,
    "pattern": _pattern,
    "format": _text,
    "maxItems": _count,
    "minItems": _count,
    "uniqueItems": _flag,
    "maxContains": _count,
    "minContains": _count,
    "maxProperties": _count,
    "minProperties": _count,
    "required": _names,
    "dependentRequired": _names_by_name,
}
_APPLICATORS: Final[Mapping[str, _Check]] = {
    **dict.fromkeys(ONE, _anything),
    **dict.fromkeys(LISTS, _schemas),
    **dict.fromkeys(MAPS, _object),
    "patternProperties": _patterns,
    "$ref": _reference,
}
_ANNOTATIONS: Final[Mapping[str, _Check]] = {
    "title": _text,
    "description": _text,
    "$comment": _text,
    "default": _anything,
    "examples": _list,
    "deprecated": _flag,
    "readOnly": _flag,
    "writeOnly": _flag,
    "contentEncoding": _text,
    "contentMediaType": _text,
    "contentSchema": _anything,
    "discriminator": _object,
}
EVALUATED: Final = _ASSERTIONS.keys() | _APPLICATORS.keys() - {"$defs", "definitions"}
"""The keywords that a validator needs."""
KEYWORDS: Final[Mapping[str, _Check]] = {**_ASSERTIONS, **_APPLICATORS, **_ANNOTATIONS}
"""The subset, except `$schema` at the root and names that begin with `x-`, which are ignored."""
_HINTS: Final = {
    "dependencies": "use dependentRequired or dependentSchemas",
    "additionalItems": "use prefixItems and items",
    "id": "a schema has no address",
    "$id": "a schema has no address",
    "nullable": 'use "null" among the types',
    "unevaluatedItems": "use items",
    "unevaluatedProperties": "use additionalProperties",
}


# The check.


def problems(schema: Mapping[str, Any]) -> list[SchemaProblem]:
    """The first `SHOWN` problems of a schema; empty if it is in the subset."""
    whole = _problem_of_whole(schema)
    if whole is not None:
        return [SchemaProblem("", whole)]
    found = list(islice(_problems_of_keywords(schema), SHOWN))
    return found or list(islice(_problems_of_references(schema), SHOWN))


def patterns(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The regular expressions that the validator compiles of a schema, each with its pointer."""
    for pointer, node in subschemas(schema):
        if not isinstance(node, dict):
            continue
        for each in node.get("patternProperties", ()):
            yield _shown((*pointer, "patternProperties", each)), each
        if "pattern" in node:
            yield _shown((*pointer, "pattern")), linear(node["pattern"])


def _problem_of_whole(schema: Any) -> str | None:
    if not isinstance(schema, dict):
        return "must be an object"
    if is_deeper(schema, MAX_DEPTH):
        return f"nests deeper than {MAX_DEPTH} levels"
    try:
        size = len(json.dumps(schema, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError):
        return "has a value that is not JSON: a number that is not finite, or a lone surrogate"
    if size > MAX_BYTES:
        return f"has {size} bytes; at most {MAX_BYTES} fit"
    return None


def _problems_of_keywords(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    many = _Totals()
    for pointer, node in subschemas(schema):
        if isinstance(node, bool):
            continue
        if not isinstance(node, dict):
            yield SchemaProblem(_shown(pointer), "must be a schema: an object, true or false")
            continue
        for keyword, value in node.items():
            message = _problem_of_keyword(pointer, keyword, value)
            if message is not None:
                yield SchemaProblem(_shown((*pointer, keyword)), message)
        message = many.problem(node)
        if message is not None:
            yield SchemaProblem("", message)
            return


def _problem_of_keyword(pointer: Pointer, keyword: str, value: Any) -> str | None:
    if keyword.startswith("x-"):
        return None
    if keyword == "$schema":
        return "belongs to the root of the schema" if pointer else _dialect(value)
    check = KEYWORDS.get(keyword)
    if check is not None:
        return check(value)
    hint = _HINTS.get(keyword)
    return f"this keyword is not supported{'' if hint is None else f'; {hint}'}"


class _Totals:
    """Counts what is bounded over all of a schema."""

    def __init__(self) -> None:
        self._subschemas = self._enum = self._patterns = 0

    def problem(self, node: Mapping[str, Any]) -> str | None:
        """Count a subschema; return the limit that is exceeded, or None."""
        self._subschemas += 1
        values = node.get("enum")
        if isinstance(values, list) and not all(isinstance(each, str) for each in values):
            self._enum += sum(_CONTAINER if isinstance(each, dict | list) else 1 for each in values)
        named = node.get("patternProperties")
        self._patterns += ("pattern" in node) + (len(named) if isinstance(named, dict) else 0)
        return next(
            (
                f"has more than {most} {what}"
                for count, most, what in (
                    (self._subschemas, MAX_SUBSCHEMAS, "subschemas"),
                    (self._enum, MAX_ENUM, "values in enums (an array or object counts as 50)"),
                    (self._patterns, MAX_PATTERNS, "patterns"),
                )
                if count > most
            ),
            None,
        )


def _problems_of_references(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    nodes = dict(subschemas(schema))
    for pointer, node in nodes.items():
        if isinstance(node, dict) and "$ref" in node and target(node["$ref"]) not in nodes:
            yield SchemaProblem(_shown((*pointer, "$ref")), "refers to no subschema of this schema")
            return
    loop = _loop(nodes)
    if loop is not None:
        yield SchemaProblem(
            _shown(loop), "refers to itself without going into a property or an item"
        )


def _loop(nodes: Mapping[Pointer, Any]) -> Pointer | None:
    """A subschema that applies to a value because it applies to that value, or None."""
    open_, done = set[Pointer](), set[Pointer]()
    for start in nodes:
        stack = [(start, iter(_in_place(start, nodes[start])))] if start not in done else []
        open_.update(pointer for pointer, _ in stack)
        while stack:
            pointer, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                open_.discard(pointer)
                done.add(pointer)
            elif following in open_:
                return following
            elif following not in done:
                open_.add(following)
                stack.append((following, iter(_in_place(following, nodes[following]))))
    return None


def _in_place(pointer: Pointer, node: Any) -> Iterator[Pointer]:
    """The subschemas that apply to the same value as this one."""
    if not isinstance(node, dict):
        return
    if "$ref" in node:
        yield target(node["$ref"])
    for keyword in ("not", "if", "then", "else"):
        if keyword in node:
            yield (*pointer, keyword)
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from ((*pointer, keyword, str(place)) for place in range(len(node.get(keyword, ()))))
    yield from ((*pointer, "dependentSchemas", name) for name in node.get("dependentSchemas", ()))


# Places in a schema.


def subschemas(schema: Any) -> Iterator[tuple[Pointer, Any]]:
    """All that is in the place of a schema, the root first, whatever it is."""
    stack: list[tuple[Pointer, Any]] = [((), schema)]
    while stack:
        pointer, node = stack.pop()
        yield pointer, node
        if isinstance(node, dict):
            children = [((*pointer, *place), child) for place, child in _children(node)]
            stack.extend(reversed(children))


def _children(node: Mapping[str, Any]) -> Iterator[tuple[Pointer, Any]]:
    for keyword, value in node.items():
        if keyword in ONE:
            yield (keyword,), value
        elif keyword in LISTS and isinstance(value, list):
            yield from (((keyword, str(place)), each) for place, each in enumerate(value))
        elif keyword in MAPS and isinstance(value, dict):
            yield from (((keyword, name), each) for name, each in value.items())


def target(reference: str) -> Pointer:
    """Where a reference into the document leads, by RFC 6901."""
    tokens = reference.removeprefix("#").split("/")[1:]
    return tuple(each.replace("~1", "/").replace("~0", "~") for each in tokens)


def _shown(pointer: Sequence[str]) -> str:
    text = "".join("/" + each.replace("~", "~0").replace("/", "~1") for each in pointer)
    return text if len(text) <= _POINTER_SHOWN else text[:_POINTER_SHOWN] + "…"


def linear(pattern: str) -> str:
    """The pattern without the lookahead of a Decimal, which `evaluated` replaces by a `not`."""
    if not pattern.startswith(DECIMAL):
        return pattern
    return "^" + _DECIMAL_DIGITS.sub("", pattern.removeprefix(DECIMAL))


# Values.


def is_deeper(value: Any, levels: int) -> bool:
    """Whether a JSON value nests deeper than `levels`; a scalar has no level."""
    level = [value]
    for _ in range(levels + 1):
        level = [
            child
            for each in level
            if isinstance(each, dict | list)
            for child in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)


def is_same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: 1 equals 1.0 but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[name], other[name]) for name in one)
    return bool(one == other)


def is_of_type(value: Any, kind: str) -> bool:
    """Whether a JSON value is of a type by JSON Schema, where 1.0 is an integer."""
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer":
        return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return isinstance(value, _CLASSES[kind])
