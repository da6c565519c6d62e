"""Tests of the stack of alarms and of the dashboard."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from local.application import ROOT, read_template
from local.export import PARAMETERS
from local.privileges import plain_template

type Json = Any

TOP: Final = read_template()
MONITORING: Final = read_template("monitoring/template.yaml")
ALARMS: Final = {
    name: each["Properties"]
    for name, each in MONITORING["Resources"].items()
    if each["Type"] == "AWS::CloudWatch::Alarm"
}
GIVEN: Final = TOP["Resources"]["Monitoring"]["Properties"]["Parameters"]
FUNCTIONS: Final = {
    name for name, each in TOP["Resources"].items() if each["Type"] == "AWS::Serverless::Function"
}
PAGE: Final = (ROOT / "docs" / "how-to" / "respond-to-alarms.md").read_text()


def texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "Ref":
                yield each
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def metrics_of(alarm: Json) -> list[Json]:
    """Return each metric of an alarm, also of an expression."""
    if "Metrics" not in alarm:
        return [alarm]
    return [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]


def watched(metric: str) -> set[str]:
    """Return the functions for which an alarm watches a metric of Lambda."""
    return {
        name
        for alarm in ALARMS.values()
        for each in metrics_of(alarm)
        if (each["Namespace"], each["MetricName"]) == ("AWS/Lambda", metric)
        for name in texts(each["Dimensions"])
    }


@pytest.fixture(scope="module")
def widgets() -> list[Json]:
    body = MONITORING["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    found: list[Json] = json.loads(body)["widgets"]
    return found


def test_the_stack_passes_each_parameter_once() -> None:
    assert GIVEN.keys() == MONITORING["Parameters"].keys()


def test_the_stack_passes_only_what_the_transform_makes() -> None:
    made = plain_template()["Resources"].keys() | TOP["Parameters"].keys() | PARAMETERS.keys()
    made |= {"AWS::StackName"}

    assert set(texts(GIVEN)) - made == set()


def test_every_alarm_notifies_the_topic() -> None:
    assert len(ALARMS) >= 20
    assert all(alarm["AlarmActions"] == [{"Ref": "Alarms"}] for alarm in ALARMS.values())


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_an_alarm_watches_each_function(metric: str) -> None:
    assert watched(metric) == FUNCTIONS


def test_an_expression_has_at_most_ten_metrics() -> None:
    """The limit of CloudWatch for alarms."""
    assert max(len(metrics_of(alarm)) for alarm in ALARMS.values()) <= 10


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_has_a_runbook_that_begins_with_a_command(name: str) -> None:
    section = re.search(rf"^## {name}\n\n(.+?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)

    assert ALARMS[name]["AlarmDescription"].endswith(
        f" Runbook: docs/how-to/respond-to-alarms.md#{name.lower()}"
    )
    assert section is not None
    assert section[1].startswith("```sh\n")


def test_the_page_has_no_section_of_another_alarm() -> None:
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == ALARMS.keys()


def test_the_dashboard_shows_each_function_queue_and_table(widgets: list[Json]) -> None:
    shown = set(re.findall(r"\$\{(\w+)\}", json.dumps(widgets)))

    queues = {"TasksHighQueue", "TasksNormalQueue", "TasksLowQueue", "TasksDlq", "DeliveriesDlq"}
    assert shown >= FUNCTIONS | queues | {"TasksTable", "JobsTable", "RegistryTable"}
    assert shown <= MONITORING["Parameters"].keys()


def test_widgets_do_not_overlap(widgets: list[Json]) -> None:
    places = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
