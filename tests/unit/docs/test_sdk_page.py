"""Tests that the page of the SDK lists every public name and the limits of the code."""

import dataclasses
import inspect
import re
from pathlib import Path

import pytest
from annotated_types import MaxLen

import shoal
from shoal import Context, Retry, task
from shoal.domain import retry, sizing
from shoal.ports.effects import MAX_EFFECT_BYTES
from shoal.sdk import discovery
from shoal.sdk.context import Artifacts
from shoal.sdk.task import DEFAULT_CONCURRENCY
from shoal.service.artifacts import LINK_SECONDS
from shoal.service.submission import DEFAULT_TIMEOUT
from shoal.wire import retry as wire_retry
from shoal.wire import worker as wire
from shoal.worker.assignment import ChildLimits
from shoal.worker.outcome import MAX_RESULT
from shoal.worker.pool import CLEAN_UP_SECONDS

PAGE = (Path(__file__).parents[3] / "docs/reference/sdk.md").read_text()
WORDS = " ".join(PAGE.split())
GROWTH = ChildLimits().max_growth // 1024**2
(MOST_TYPES,) = (
    each.max_length
    for each in wire.WorkerRegistration.model_fields["task_types"].metadata
    if isinstance(each, MaxLen)
)
NAMED = set(re.findall(r"`([a-z_]+)", PAGE))


def public(thing: type) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def first_column(title: str) -> set[str]:
    """Return the names in the first column of a section's tables."""
    section = re.split(r"^## ", PAGE.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]
    cells = re.findall(r"^\| ([^|]+) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)", cell)}


def test_every_name_of_the_package_is_on_the_page() -> None:
    told = set(re.findall(r"\[`(\w+)`\]", PAGE.split("\n## ")[0]))

    assert told == set(shoal.__all__)


def test_the_options_of_a_task_are_those_of_the_decorator() -> None:
    assert first_column("task") == set(inspect.signature(task).parameters) - {"function"}


def test_the_members_of_a_context_are_on_the_page() -> None:
    members = {name for name in dir(Context) if not name.startswith("_")}
    fields = {each.name for each in dataclasses.fields(Context) if not each.name.startswith("_")}

    assert first_column("Context") == members | fields
    assert public(Artifacts) <= NAMED


@pytest.mark.parametrize("method", ["fake", "track", "effect", "progress"])
def test_methods_have_the_documented_parameters(method: str) -> None:
    parameters = [*inspect.signature(getattr(Context, method)).parameters]

    assert f"`{method}({', '.join(name for name in parameters if name != 'self')})`" in PAGE


def test_the_fields_and_defaults_of_a_policy_are_on_the_page() -> None:
    defaults = {each.name: each.default for each in dataclasses.fields(Retry)}

    assert first_column("Retry") == defaults.keys()
    for name in ("max_attempts", "backoff", "factor", "max_delay"):
        assert re.search(rf"^\| `{name}` \| .*\| {defaults[name]:g} \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "sentence",
    [
        f"result | 1 MiB ({MAX_RESULT:,} bytes)",
        f"message of an error | {wire.MAX_MESSAGE:,} characters",
        f"the last 8 KB ({wire.MAX_TAIL:,} bytes)",
        f"32 KB ({MAX_EFFECT_BYTES:,} bytes) of JSON, under a key of {wire.MAX_EFFECT_KEY}",
        f"artifact | 64 MB ({wire.MAX_ARTIFACT_BYTES:,} bytes)",
        f"timeout | 10 h ({wire.MAX_TIMEOUT:,.0f} s)",
        f"up to 10 h ({wire.MAX_TIMEOUT:,.0f} s) | {DEFAULT_TIMEOUT:g} s |",
        f"inputs, 1 to {sizing.MAX_CHUNK} |",
        f"at once, 1 to {sizing.MAX_CHUNK} | {DEFAULT_CONCURRENCY} |",
        f"| 1 to {retry.MAX_ATTEMPTS} |",
        f"| 0 to {retry.LONGEST_DELAY:,.0f} |",
        f"| 1 to {wire_retry.MAX_FACTOR:g} |",
        f"| {wire_retry.MAX_TYPES} names |",
        f"the given number of seconds, {retry.LONGEST_DELAY:,.0f} at most",
        f"has {CLEAN_UP_SECONDS:g} s after a cancel",
        f"links that are valid for {LINK_SECONDS // 60} minutes",
        f"after {ChildLimits().max_tasks:,} tasks or when it has grown by {GROWTH} MB",
        f"task types of a worker | {MOST_TYPES} |",
        f"the group `{discovery.GROUP}`",
    ],
)
def test_figures_agree_with_the_code(sentence: str) -> None:
    assert sentence in WORDS


def test_the_lengths_of_names_agree_with_the_patterns() -> None:
    task_name = int(re.findall(r"\{0,(\d+)\}", wire.TYPE_NAME)[0]) + 1
    artifact_name = int(re.findall(r"\{0,(\d+)\}", wire.ARTIFACT_NAME)[0]) + 1

    assert f"digits and `_.-`, {task_name} in all" in WORDS
    assert f"under a name of {artifact_name} letters" in WORDS
