"""Finds changes of the OpenAPI contract that break callers of the released one.

`python -m handlers.contract_changes docs/openapi.released.json docs/openapi.json` exits 1 if there
are such changes and `info.version` has the same major number. Requests may require less than before
and responses may contain more, but not the reverse.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

type Json = Any
type Node = Mapping[str, Json]
type Direction = Literal["request", "answer"]

_METHODS: Final = frozenset({"get", "put", "post", "delete", "patch", "head", "options"})
_LOWER_BOUNDS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME: Final = ("pattern", "format")
_CHOICES: Final = ("anyOf", "oneOf")
ON_REQUEST: Final = "x-on-request"
"""Values of an answer that only a request with a newer optional field gets."""


def breaking(old: Node, new: Node) -> list[str]:
    """Return each change of the document that can break a caller, as one line of text."""
    return [*_Comparison(old, new).changes()]


def major(document: Node) -> int:
    """Return the major number of the document's version."""
    return int(str(document["info"]["version"]).split(".", maxsplit=1)[0])


class _Comparison:
    """A comparison of two documents. A pair of schemas is compared once per direction."""

    def __init__(self, old: Node, new: Node) -> None:
        self._old, self._new = old, new
        self._seen: set[tuple[str, str, Direction]] = set()

    def changes(self) -> Iterator[str]:
        for path, operations in self._old["paths"].items():
            for method in _METHODS & operations.keys():
                where = f"{method.upper()} {path}"
                now = self._new["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{where}: was removed"
                else:
                    yield from self._operation(where, operations[method], now)

    def _operation(self, where: str, old: Node, new: Node) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{where}: was renamed to {new.get('operationId')}"
        rights = [
            operation.get("security", document.get("security", []))
            for operation, document in ((old, self._old), (new, self._new))
        ]
        if not _admitted(*rights):
            yield f"{where}: requires other scopes"
        yield from self._parameters(where, old, new)
        yield from self._body(where, old, new)
        yield from self._answers(where, old["responses"], new["responses"])

    def _parameters(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before, after = _parameters(old), _parameters(new)
        for key, parameter in before.items():
            place = f"{where}: {key[0]} parameter {key[1]}"
            if key not in after:
                yield f"{place}: was removed"
                continue
            if after[key].get("required") and not parameter.get("required"):
                yield f"{place}: is now required"
            yield from self._schema(place, parameter["schema"], after[key]["schema"], "request")
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{where}: {key[0]} parameter {key[1]}: is new and required"

    def _body(self, where: str, old: Node, new: Node) -> Iterator[str]:
        before, after = old.get("requestBody"), new.get("requestBody")
        if after is None:
            if before is not None:
                yield f"{where}: no longer takes a body"
            return
        if after.get("required") and not (before or {}).get("required"):
            yield f"{where}: now requires a body"
        yield from self._content(f"{where}: body", before or {}, after, "request")

    def _answers(self, where: str, old: Node, new: Node) -> Iterator[str]:
        for status in old:
            place = f"{where}: {status}"
            if status in new:
                yield from self._content(place, old[status], new[status], "answer")
                removed = (
                    old[status].get("headers", {}).keys() - new[status].get("headers", {}).keys()
                )
                yield from (f"{place}: header {name} was removed" for name in sorted(removed))
            elif status.startswith("2"):
                yield f"{place}: is no longer returned"
        for status in new.keys() - old.keys():
            if status.startswith("2"):
                yield f"{where}: {status}: is a new success status"

    def _content(self, where: str, old: Node, new: Node, direction: Direction) -> Iterator[str]:
        before, after = old.get("content", {}), new.get("content", {})
        for kind, medium in before.items():
            if kind not in after:
                yield f"{where}: {kind} was removed"
            else:
                yield from self._schema(
                    where, medium.get("schema", {}), after[kind].get("schema", {}), direction
                )

    def _schema(self, where: str, old: Json, new: Json, direction: Direction) -> Iterator[str]:
        pair = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True), direction)
        if "$ref" in pair[0] + pair[1]:
            if pair in self._seen:
                return
            self._seen.add(pair)
        before, after = _resolved(self._old, old), _resolved(self._new, new)
        yield from _types(where, before, after, direction)
        yield from _limits(where, before, after, direction)
        yield from self._fields(where, before, after, direction)
        if "items" in before and "items" in after:
            yield from self._schema(f"{where}[]", before["items"], after["items"], direction)
        extra = (before.get("additionalProperties"), after.get("additionalProperties"))
        if all(isinstance(each, Mapping) for each in extra):
            yield from self._schema(f"{where}.*", *extra, direction)
        elif direction == "request" and extra[1] is False and extra[0] is not False:
            yield f"{where}: no longer takes additional fields"
        yield from self._choices(where, before, after, direction)

    def _fields(self, where: str, old: Node, new: Node, direction: Direction) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed = set(old.get("required", ())), set(new.get("required", ()))
        for name, schema in before.items():
            place = f"{where}.{name}"
            if name not in after:
                yield f"{place}: was removed"
                continue
            yield from self._schema(place, schema, after[name], direction)
        if direction == "request":
            yield from (f"{where}.{name}: is now required" for name in needed - needed_before)
        else:
            lost = (needed_before - needed) & after.keys()
            yield from (f"{where}.{name}: may now be missing" for name in sorted(lost))

    def _choices(self, where: str, old: Node, new: Node, direction: Direction) -> Iterator[str]:
        """Yield the choices of the narrower side that the wider side does not contain."""
        if not _has_choices(old, new):
            return
        narrow, wide = (old, new) if direction == "request" else (new, old)
        for each in _choices(narrow):
            if not any(self._fits(each, other, direction) for other in _choices(wide)):
                verb = "no longer takes" if direction == "request" else "may now be"
                yield f"{where}: {verb} {_name(each)}"

    def _fits(self, narrow: Json, wide: Json, direction: Direction) -> bool:
        """Compare on a copy, because schemas that are tried here must not count as seen."""
        tried = _Comparison(self._old, self._new)
        tried._seen = set(self._seen)
        pair = (narrow, wide) if direction == "request" else (wide, narrow)
        return not any(True for _ in tried._schema("", *pair, direction))


def _resolved(document: Node, schema: Json) -> Node:
    """Return the schema behind references; `true` and a missing schema allow any value."""
    while isinstance(schema, Mapping) and "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema if isinstance(schema, Mapping) else {}


def _choices(schema: Node) -> list[Json]:
    """Return the choices of a schema, or the schema itself if it has none."""
    return [each for keyword in _CHOICES for each in schema.get(keyword, ())] or [schema]


def _name(schema: Json) -> str:
    return str(schema.get("$ref", schema.get("type", schema))).rsplit("/", 1)[-1]


def _parameters(operation: Node) -> dict[tuple[str, str], Node]:
    return {(each["in"], each["name"]): each for each in operation.get("parameters", ())}


def _admitted(old: list[Node], new: list[Node]) -> bool:
    """Return whether all callers are still admitted: each old scheme has a new one within it."""
    return all(
        any(
            scheme.keys() <= before.keys()
            and all(set(scopes) <= set(before[name]) for name, scopes in scheme.items())
            for scheme in new or [{}]
        )
        for before in old or [{}]
    )


def _types(where: str, old: Node, new: Node, direction: Direction) -> Iterator[str]:
    narrow, wide = (old, new) if direction == "request" else (new, old)
    if "type" in wide and not _of(narrow) <= _of(wide) and not _has_choices(old, new):
        yield f"{where}: was {old.get('type', 'anything')}, is {new.get('type', 'anything')}"
    allowed = _values(wide)
    if allowed:
        allowed += new.get(ON_REQUEST, ()) if direction == "answer" else ()
        strange = [each for each in _values(narrow) or ["anything"] if each not in allowed]
        verb = "no longer takes" if direction == "request" else "may now be"
        yield from (f"{where}: {verb} {each!r}" for each in strange)


def _of(schema: Node) -> set[str]:
    """Return the types of a schema; `number` includes `integer`."""
    named = schema.get("type", "anything")
    types = {named} if isinstance(named, str) else set(named)
    return types | ({"integer"} if "number" in types else set())


def _values(schema: Node) -> list[Json]:
    """Return the values that a schema lists; none if it does not list them."""
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _has_choices(*schemas: Node) -> bool:
    return any(keyword in schema for schema in schemas for keyword in _CHOICES)


def _limits(where: str, old: Node, new: Node, direction: Direction) -> Iterator[str]:
    if direction == "answer":
        return
    for keyword in _LOWER_BOUNDS:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{where}: {keyword} was {old.get(keyword)}, is {new[keyword]}"
    for keyword in _UPPER_BOUNDS:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{where}: {keyword} was {old.get(keyword)}, is {new[keyword]}"
    for keyword in _SAME:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{where}: {keyword} was {old.get(keyword)}, is {new[keyword]}"


def main(arguments: list[str]) -> int:
    """Print breaking changes; return 1 if the version does not allow them."""
    old, new = (json.loads(Path(each).read_text()) for each in arguments)
    broken = breaking(old, new)
    if not broken or major(new) > major(old):
        return 0
    sys.stderr.write("\n".join(broken) + "\n")
    sys.stderr.write(
        f"{len(broken)} changes break callers of version {old['info']['version']}: revert them,"
        " or increase the major version in handlers/openapi.py\n"
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
