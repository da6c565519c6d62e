"""Every schema that pydantic makes of a signature is one that the API takes."""

import datetime as dt
import enum
import importlib
import ipaddress
import pathlib
import pkgutil
import re
import uuid
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, TypedDict

import pytest
from pydantic import (
    AnyUrl,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    HttpUrl,
    Json,
    RootModel,
    SecretStr,
    StringConstraints,
    TypeAdapter,
    conlist,
)
from pydantic.networks import IPvAnyAddress, PostgresDsn

from shoal.sdk.task import Task, task
from shoal.service.input_validation import input_checker, schema_problems

ROOT = pathlib.Path(__file__).parents[3]


class Color(enum.Enum):
    RED = "red"
    ONE = 1
    NONE = None


class Level(enum.IntEnum):
    """How loud."""

    LOW = 1
    HIGH = 2


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Options(TypedDict, total=False):
    size: int
    name: NotRequired[str]


@dataclass
class Box:
    at: Point
    tags: list[str]


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int = Field(default=9, ge=1, le=9, description="left")


class Dog(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "dog"}]})
    kind: Literal["dog", "hound"]
    name: Annotated[str, StringConstraints(min_length=1, max_length=9, pattern="^[A-Z][a-z]+$")]


class Add(BaseModel):
    op: Literal["add"]
    left: "Expression"
    right: "Expression"


class Number(BaseModel):
    op: Literal["number"]
    value: float


type Expression = Annotated[Add | Number, Field(discriminator="op")]


class Tree(BaseModel):
    value: int = 0
    children: list["Tree"] = []
    by_name: dict[str, "Tree"] = {}


class Pair[K, V](BaseModel):
    key: K
    value: V


class Mass(BaseModel):
    model_config = ConfigDict(title="Größe")
    mass: Decimal


class Names(RootModel[list[str]]):
    pass


type Nested = list[Nested] | int

ID = uuid.UUID("12345678-1234-5678-1234-567812345678")
NOON = dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)
SAMPLES: list[tuple[Any, Any]] = [
    (int, 1),
    (float, 0.5),
    (bool, True),
    (str, "a"),
    (bytes, b"a"),
    (None, None),
    (Any, {"a": 1}),
    (object, [1]),
    (int | None, None),
    (Literal["fast"], "fast"),
    (Literal["fast", 1, True] | None, 1),
    (Color, Color.RED),
    (Level, Level.HIGH),
    (Point, Point(1.0)),
    (Options, {"size": 1}),
    (Box, Box(Point(1.0, 2.0), ["a"])),
    (Cat, Cat()),
    (Cat | Dog, Dog(kind="hound", name="Rex")),
    (Annotated[Cat | Dog, Field(discriminator="kind")], Cat(lives=3)),
    (Add | Number, Number(op="number", value=1)),
    (Tree, Tree(children=[Tree(value=2)], by_name={"a": Tree()})),
    (Nested, [1, [2, [3]]]),
    (Pair[str, int], Pair[str, int](key="a", value=1)),
    (Mass, Mass(mass=Decimal("1.50"))),
    (Names, Names(["a"])),
    (list, [1]),
    (list[int], [1]),
    (conlist(int, min_length=1, max_length=3), [1]),
    (Sequence[str], ["a"]),
    (deque[int], deque([1])),
    (set[str], {"a"}),
    (frozenset[Level], frozenset([Level.LOW])),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], (1, 2)),
    (tuple[()], ()),
    (dict, {"a": 1}),
    (dict[str, int], {"a": 1}),
    (dict[Literal["a", "b"], int], {"a": 1}),
    (dict[Annotated[str, StringConstraints(pattern="^[a-z]+$")], int], {"abc": 1}),
    (Mapping[uuid.UUID, float], {ID: 0.5}),
    (Annotated[int, Field(gt=0, lt=10, multiple_of=3)], 6),
    (Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)], 0.5),
    (Annotated[Decimal, Field(max_digits=6, decimal_places=2)], Decimal("12.30")),
    (Annotated[Decimal, Field(max_digits=4)], Decimal("12.30")),
    (Annotated[Decimal, Field(decimal_places=2, gt=0)], Decimal("12.30")),
    (Decimal, Decimal("-0.001")),
    (Annotated[str, Field(title="T", examples=["x"], deprecated=True)], "x"),
    (Annotated[str, Field(json_schema_extra={"x-order": 1, "writeOnly": True})], "x"),
    (dt.datetime, NOON),
    (dt.date, NOON.date()),
    (dt.time, NOON.timetz()),
    (dt.time, dt.time(12, 30)),
    (dt.timedelta, dt.timedelta(seconds=0.5)),
    (uuid.UUID, ID),
    (pathlib.Path, pathlib.Path("a/b")),
    (re.Pattern[str], re.compile("a+")),
    (ipaddress.IPv4Address, ipaddress.IPv4Address("10.0.0.1")),
    (ipaddress.IPv6Network, ipaddress.IPv6Network("fd00::/8")),
    (IPvAnyAddress, ipaddress.IPv6Address("::1")),
    (AnyUrl, AnyUrl("s3://bucket/key")),
    (HttpUrl, HttpUrl("https://example.com/a?b=c")),
    (PostgresDsn, PostgresDsn("postgresql://a:b@c/d")),
    (SecretStr, SecretStr("x")),
    (ByteSize, ByteSize(10)),
    (Json[list[int]], [1]),
    (complex, 1 + 2j),
]


@pytest.mark.parametrize(("annotation", "value"), SAMPLES, ids=lambda each: str(each)[:40])
def test_supported_signatures_have_accepted_schemas(annotation: Any, value: Any) -> None:
    def take(value: Any, *, other: Any = None) -> None: ...

    other = None if annotation is None else annotation | None
    take.__annotations__ = {"value": annotation, "other": other, "return": None}
    made: Task[..., None] = task(take)

    assert schema_problems(made.schema) == []
    written = TypeAdapter(annotation).dump_python(value, mode="json", round_trip=True)
    mismatch = input_checker(made.schema)({"value": written})
    assert mismatch is None, mismatch


def modules(name: str) -> list[Any]:
    package = importlib.import_module(name)
    return [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(package.__path__, f"{name}.")
    ]


def test_schemas_of_built_in_task_types_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples/invoices/src")
    shipped = [each for package in ("tasks", "invoices") for each in modules(package)]
    found = {
        each.name: each.schema
        for module in shipped
        for each in vars(module).values()
        if isinstance(each, Task)
    }

    assert len(found) > 5
    assert [name for name, schema in found.items() if schema_problems(schema)] == []


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (Annotated[str, Field(json_schema_extra={"pattern": "(?=a)"})], "at /pattern: must match"),
        (Annotated[int, Field(json_schema_extra={"widget": "slider"})], "at /widget: this keyword"),
        (Annotated[int, Field(json_schema_extra={"$id": "x"})], r"at /\$id: this keyword"),
    ],
)
def test_unsupported_schema_fails_at_import(annotation: Any, why: str) -> None:
    def take(value: Any) -> None: ...

    take.__annotations__ = {"value": annotation, "return": None}

    with pytest.raises(TypeError, match=f"task take: parameter value: JSON Schema {why}"):
        task(take)
