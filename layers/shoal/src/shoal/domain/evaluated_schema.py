"""A schema as the validator gets it, and how deep inputs may nest to be checked in bounded time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shoal.domain.input_schema import (
    ASSERTED_FORMATS,
    DECIMAL,
    EVALUATED,
    LISTS,
    MAPS,
    ONE,
    linear,
    subschemas,
    target,
)

MAX_EVALUATIONS: Final = 1_000
"""Subschemas that may apply to one value, each as often as it applies."""
DEEPEST_INPUT: Final = 200
"""Levels of JSON that a request may have."""
_PATTERN_COST: Final = 20
_ENUM_COST: Final = 50
"""Evaluating a pattern counts as 20 subschemas, and 50 values of an `enum` as one."""


def evaluated(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without problems as the validator needs it.

    It has no annotation, and every target of a reference is in `$defs` under our name, so that the
    validator reads no text of the author as an address.
    """
    return _Rewriting(schema).whole()


class _Rewriting:
    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._nodes = dict(subschemas(schema))
        found = (node["$ref"] for node in self._nodes.values() if _refers(node))
        self._names = {place: str(n) for n, place in enumerate(dict.fromkeys(map(target, found)))}

    def whole(self) -> dict[str, Any]:
        definitions = {
            name: self._pruned(self._nodes[place]) for place, name in self._names.items() if place
        }
        return {**self._pruned(self._schema), "$defs": definitions}

    def _pruned(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        kept: dict[str, Any] = {}
        further: list[Any] = []
        for keyword, value in node.items():
            if keyword not in EVALUATED or (keyword == "format" and value not in ASSERTED_FORMATS):
                continue
            choice = self._choice(keyword, value, node.get("discriminator", {}))
            if choice is None:
                kept[keyword] = self._operand(keyword, value)
            else:
                further.append(choice)
        if node.get("pattern", "").startswith(DECIMAL):
            further.append({"not": {"type": "string", "pattern": "^[-+.]*$"}})
        if further:
            kept["allOf"] = [*kept.get("allOf", ()), *further]
        return kept

    def _operand(self, keyword: str, value: Any) -> Any:
        if keyword in ONE:
            return self._pruned(value)
        if keyword in LISTS:
            return [self._pruned(each) for each in value]
        if keyword in MAPS:
            return {name: self._pruned(each) for name, each in value.items()}
        if keyword == "$ref":
            place = target(value)
            return f"#/$defs/{self._names[place]}" if place else "#"
        return linear(value) if keyword == "pattern" else value

    def _choice(self, keyword: str, value: Any, given: Mapping[str, Any]) -> Any:
        """Alternatives that a constant distinguishes, so that only one of them is evaluated."""
        if keyword not in {"anyOf", "oneOf"} or len(value) == 1:
            return None
        objects = [self._resolved(each) for each in value]
        first = objects[0].get("properties", {}) if objects[0] is not None else {}
        for name in first:
            constants = [_constant(each, name, given.get("propertyName")) for each in objects]
            texts = [each for each in constants if isinstance(each, str)]
            if len(set(texts)) == len(objects):
                chosen = _decision(name, texts, [self._pruned(each) for each in value])
                tag = {"properties": {name: {"enum": texts}}, "required": [name]}
                return {"type": "object", **tag, "allOf": [chosen]}
        return None

    def _resolved(self, node: Any) -> Mapping[str, Any] | None:
        if _refers(node) and len(node) == 1:
            node = self._nodes[target(node["$ref"])]
        return node if isinstance(node, dict) else None


def _refers(node: Any) -> bool:
    return isinstance(node, dict) and "$ref" in node


def _constant(node: Mapping[str, Any] | None, name: str, given: Any) -> Any:
    """The required constant of a property, if the property is required."""
    if node is None or node.get("type") != "object":
        return None
    described = node.get("properties", {}).get(name)
    needed = name == given or name in node.get("required", ())
    return described.get("const") if needed and isinstance(described, dict) else None


def _decision(name: str, constants: Sequence[str], schemas: Sequence[Any]) -> Any:
    """The schema of the constant that the property has, found by halves."""
    if len(schemas) == 1:
        return schemas[0]
    half = len(schemas) // 2
    return {
        "if": {"properties": {name: {"enum": list(constants[:half])}}},
        "then": _decision(name, constants[:half], schemas[:half]),
        "else": _decision(name, constants[half:], schemas[half:]),
    }


# How often subschemas apply.


def deepest_input(schema: Mapping[str, Any]) -> int:
    """Return the deepest nesting of inputs at which no value has too many subschemas.

    With a recursive schema, the subschemas that apply can multiply with each level. -1 if already
    too many apply to the input itself.
    """
    counting = _Counting(schema)
    for levels in range(-1, DEEPEST_INPUT):
        before = counting.most
        counting.descend()
        if counting.of_root > MAX_EVALUATIONS:
            return levels
        if counting.most == before:
            break
    return DEEPEST_INPUT


class _Counting:
    """For each subschema, how many apply at most to one value of an input of some depth."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._nodes = list(self._ordered())
        self.most: dict[int, int] = {}
        """By the identity of a subschema."""

    @property
    def of_root(self) -> int:
        return self.most[id(self._root)]

    def descend(self) -> None:
        """Count for inputs of one more level."""
        here, below = dict[int, int](), dict[int, int]()
        for node in self._nodes:
            here[id(node)] = _capped(_cost(node) + self._together(node, here))
            below[id(node)] = _capped(self._children(node) + self._together(node, below))
        self.most = {each: max(here[each], below[each]) for each in here}

    def _together(self, node: Mapping[str, Any], counts: Mapping[int, int]) -> int:
        """The count of the subschemas that apply to the same value: of `then` and `else`, one."""
        branches = [counts.get(id(node[each]), 1) for each in ("then", "else") if each in node]
        return sum(counts.get(id(each), 1) for each in self._same(node)) + max(branches, default=0)

    def _same(self, node: Mapping[str, Any]) -> Iterator[Any]:
        yield from (node[each] for each in ("not", "if") if each in node)
        for keyword in ("allOf", "anyOf", "oneOf"):
            yield from node.get(keyword, ())
        yield from node.get("dependentSchemas", {}).values()
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            yield self._root if name == "#" else self._root["$defs"][name]

    def _children(self, node: Mapping[str, Any]) -> int:
        """The count of the subschemas that apply to one property, or to one item."""

        def most(*schemas: Any) -> int:
            return max((self._of_child(each) for each in schemas), default=0)

        def given(*keywords: str) -> list[Any]:
            return [node[each] for each in keywords if each in node]

        named = node.get("properties", {}).values()
        patterned = node.get("patternProperties", {}).values()
        of_property = most(*named, *given("additionalProperties"))
        of_property += sum(self._of_child(each) for each in patterned)
        of_item = most(*node.get("prefixItems", ()), *given("items")) + most(*given("contains"))
        names = _PATTERN_COST * len(patterned) + most(*given("propertyNames"))
        return max(of_property, of_item, names)

    def _of_child(self, schema: Any) -> int:
        return self.most.get(id(schema), 0) if isinstance(schema, dict) else 1

    def _ordered(self) -> Iterator[Mapping[str, Any]]:
        """All subschemas, each after those that apply to the same value."""
        done = set[int]()
        for start in (node for _, node in subschemas(self._root) if isinstance(node, dict)):
            stack = [(start, iter(self._before(start)))]
            while stack:
                node, rest = stack[-1]
                following = next(rest, None)
                if following is not None:
                    if isinstance(following, dict) and id(following) not in done:
                        stack.append((following, iter(self._before(following))))
                    continue
                stack.pop()
                if id(node) not in done:
                    done.add(id(node))
                    yield node

    def _before(self, node: Mapping[str, Any]) -> list[Any]:
        return [*self._same(node), *(node[each] for each in ("then", "else") if each in node)]


def _cost(node: Mapping[str, Any]) -> int:
    values = node.get("enum", ())
    scalar = all(isinstance(each, str) for each in values)
    return 1 + _PATTERN_COST * ("pattern" in node) + (0 if scalar else len(values) // _ENUM_COST)


def _capped(count: int) -> int:
    return min(count, MAX_EVALUATIONS + 1)
