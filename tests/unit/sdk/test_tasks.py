from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field

from shoal import Context, task
from shoal.sdk import DuplicateTask, InvalidInput, discover


@task(name="thumbnail", timeout=timedelta(minutes=2))
def make(key: str, size: Annotated[int, Field(ge=1)] = 256, *, ctx: Context) -> str:
    """Make it small."""
    return f"{key}:{size}:{ctx.index}"


@task
def anything(**given: int) -> dict[str, int]:
    return given


@task
def some(first: int, **rest: int) -> int:
    return first + sum(rest.values())


def test_task_can_be_called_as_a_function() -> None:
    assert make("a", size=1, ctx=Context.fake()) == "a:1:0"


def test_signature_defines_the_schema() -> None:
    assert make.schema["properties"].keys() == {"key", "size"}
    assert make.schema["required"] == ["key"]
    assert make.schema["properties"]["size"]["minimum"] == 1
    assert make.schema["additionalProperties"] is False


def test_offer_has_name_timeout_and_description() -> None:
    offer = make.offer

    assert (offer.name, offer.timeout, offer.description) == ("thumbnail", 120.0, "Make it small.")


def test_arguments_are_converted_and_defaults_applied() -> None:
    assert make.arguments({"key": "a", "size": "3"}, None) == {"key": "a", "size": 3, "ctx": None}
    assert make.arguments({"key": "a"}, None)["size"] == 256


@pytest.mark.parametrize("given", [{}, {"key": 1}, {"key": "a", "size": 0}, {"key": "a", "b": 1}])
def test_invalid_input_is_rejected(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        make.arguments(given, None)


def test_error_names_the_field_without_its_value() -> None:
    with pytest.raises(InvalidInput) as refusal:
        make.arguments({"key": "a", "size": "secret"}, None)

    assert "size" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_task_with_keyword_arguments_accepts_any_field() -> None:
    assert anything.arguments({"a": 1}, None) == {"a": 1}
    assert some.arguments({"first": "1", "b": 2}, None) == {"first": 1, "b": 2}
    assert some.schema["additionalProperties"] is True


def test_positional_parameter_is_rejected_at_declaration() -> None:
    with pytest.raises(TypeError, match="values"):

        @task
        def spread(*values: int) -> int:
            return sum(values)


def test_parameters_may_have_names_that_pydantic_reserves() -> None:
    @task
    def awkward(copy: int, model_config: str, schema: int) -> None: ...

    given = {"copy": 1, "model_config": "x", "schema": 1}
    assert awkward.arguments(given, None) == given


def test_context_is_optional_in_direct_calls() -> None:
    @task
    def lenient(size: int, ctx: Context | None = None) -> int:
        return size if ctx is None else ctx.index

    context = Context.fake(index=3)
    assert lenient(7) == 7
    assert lenient.schema["properties"].keys() == {"size"}
    assert lenient.arguments({"size": 7}, context) == {"size": 7, "ctx": context}


def test_context_without_annotation_is_rejected() -> None:
    with pytest.raises(TypeError, match="annotate the parameter ctx with Context"):

        @task
        def forgets(size: int, *, ctx) -> int:  # type: ignore[no-untyped-def]  # noqa: ANN001
            return size + int(ctx.index)


class Opaque:
    """A type without a JSON Schema."""


@pytest.mark.parametrize("kind", [Opaque, Callable[[], int]])
def test_parameter_without_a_json_schema_is_named(kind: Any) -> None:
    def handles(what: Any) -> None:
        del what

    handles.__annotations__["what"] = kind

    with pytest.raises(TypeError, match="the type of parameter what has no JSON Schema"):
        task(handles)


async def later() -> AsyncIterator[int]:
    yield 1


def now() -> Iterator[int]:
    yield 1


@pytest.mark.parametrize("function", [now, later])
def test_generator_is_rejected(function: Any) -> None:
    with pytest.raises(TypeError, match="return a list"):
        task(function)


def test_duplicate_task_name_fails_at_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("twice_a", "twice_b"):
        code = "from shoal import task\n@task\ndef same() -> None: ...\n"
        (tmp_path / f"{module}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DuplicateTask, match="same"):
        discover(["twice_a", "twice_b"])


def test_task_that_replaces_another_fails_at_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "from shoal import task\n" + "@task\ndef same() -> None: ...\n" * 2
    (tmp_path / "twice_here.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)

    with pytest.raises(DuplicateTask, match="same"):
        discover(["twice_here"])


def test_task_imported_by_two_modules_is_not_a_duplicate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "origin_of.py").write_text("from shoal import task\n@task\ndef one(): ...\n")
    (tmp_path / "user_of.py").write_text("from origin_of import one\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert list(discover(["origin_of", "user_of"])) == ["one"]


def test_log_lines_contain_job_task_attempt_and_epoch(caplog: pytest.LogCaptureFixture) -> None:
    context = replace(Context.fake(index=3, attempt=2), job_id="job_1", epoch=5)

    with caplog.at_level("INFO", logger="shoal.task"):
        context.log.info("hello", extra={"size": 7})

    record = caplog.records[0].__dict__
    assert (record["job"], record["task"]) == ("job_1", "job_1.3")
    assert (record["attempt"], record["epoch"], record["size"]) == (2, 5, 7)
