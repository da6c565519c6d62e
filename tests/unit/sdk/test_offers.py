"""Options of task types, and their discovery by workers."""

from importlib.metadata import EntryPoint
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel

from shoal import Context, Retry, task
from shoal.sdk import InvalidInput, NotATask, discover, discovery


class Row(BaseModel):
    key: str
    size: int = 1


class Pair(TypedDict):
    left: int
    right: int


@task(batch=50, retry=Retry(max_attempts=5, backoff=2.0))
def rows(batch: list[Row], *, ctx: Context) -> list[int]:
    return [row.size + ctx.index for row in batch]


@task(batch=2)
def pairs(batch: list[Pair]) -> list[int]:
    return [pair["left"] * pair["right"] for pair in batch]


def test_schema_of_a_batch_is_the_schema_of_its_items() -> None:
    assert rows.schema["properties"].keys() == {"key", "size"}
    assert rows.schema["required"] == ["key"]
    assert pairs.schema["required"] == ["left", "right"]


def test_batch_item_is_validated_against_its_type() -> None:
    assert rows.item({"key": "a"}) == Row(key="a")
    assert pairs.item({"left": 1, "right": 2}) == {"left": 1, "right": 2}
    with pytest.raises(InvalidInput, match="size"):
        rows.item({"key": "a", "size": "many"})


@pytest.mark.parametrize("batch", [rows, pairs])
def test_batch_item_with_an_unknown_field_is_rejected(batch: Any) -> None:
    assert batch.schema["additionalProperties"] is False
    with pytest.raises(InvalidInput, match="colour"):
        batch.item({"key": "a", "left": 1, "right": 2, "colour": "red"})


class Lenient(BaseModel, extra="ignore"):
    key: str


def lenient(batch: list[Lenient]) -> list[str]:
    return [each.key for each in batch]


def test_batch_item_may_allow_extra_fields() -> None:
    assert task(batch=2)(lenient).item({"key": "a", "colour": "red"}) == Lenient(key="a")


def test_batch_can_be_called_as_a_function() -> None:
    assert rows([Row(key="a", size=3)], ctx=Context.fake(index=4)) == [7]


def test_offer_contains_the_arguments_of_the_decorator() -> None:
    assert (rows.offer.batch, rows.offer.retry) == (50, Retry(max_attempts=5, backoff=2.0))


def no_list(item: dict[str, Any]) -> list[int]:
    return [len(item)]


def no_objects(items: list[int]) -> list[int]:
    return items


@pytest.mark.parametrize("function", [no_list, no_objects])
def test_batch_without_a_list_of_objects_is_rejected(function: Any) -> None:
    with pytest.raises(TypeError, match=function.__name__):
        task(batch=3)(function)


async def coroutine() -> None: ...


def test_concurrency_requires_and_batch_forbids_a_coroutine() -> None:
    assert task(concurrency=4)(coroutine).offer.concurrency == 4
    with pytest.raises(TypeError, match="concurrency"):
        task(batch=4)(coroutine)
    with pytest.raises(TypeError, match="async"):
        task(concurrency=4)(no_list)


@pytest.mark.parametrize("size", [0, 257])
def test_batch_and_concurrency_are_limited_to_the_chunk_size(size: int) -> None:
    with pytest.raises(ValueError, match="256"):
        task(batch=size)


@pytest.mark.parametrize(
    "options",
    [
        {"name": "two words"},
        {"name": "x" * 101},
        {"timeout": 0},
        {"timeout": 36_001},
        {"memory": 0},
        {"retry": Retry(max_attempts=0)},
        {"retry": Retry(factor=0.5)},
    ],
)
def test_invalid_options_are_rejected_at_declaration(options: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        task(**options)(no_list)


def test_tasks_of_installed_packages_are_discovered(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        EntryPoint("module", __name__, discovery.GROUP),
        EntryPoint("single", f"{__name__}:rows", discovery.GROUP),
    ]
    monkeypatch.setattr(discovery, "entry_points", lambda **_: entries)

    assert discover([]).keys() == {"rows", "pairs"}


def test_entry_point_without_a_task_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint("none", "json:dumps", discovery.GROUP)]
    monkeypatch.setattr(discovery, "entry_points", lambda **_: entries)

    with pytest.raises(NotATask, match="json:dumps"):
        discover([])
