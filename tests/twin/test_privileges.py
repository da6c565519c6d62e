"""Least privilege, executed: each function under its own role does all it must, and nothing else.

docs/reference/privileges.md lists the permissions of each role, and local/unused_grants.yaml the
reasons for those that this test does not use.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from local import iam_recorder
from local.application import ROOT, Tree
from local.grants import WORKER, Grant, as_deployed, by_template, deployed_names
from local.privileges import denied_probes, plain_template, stale, unexplained
from local.twin import Plan, Twin, booted, free_port
from tests.twin.full_usage import FullUsage
from tests.twin.permission_probe import ALLOWED, DENIED, PermissionProbe
from tests.twin.polling import eventually

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]

HERE = Path(__file__).parent
FEWEST_PROBES = 50
READS = (
    *("dynamodb:GetItem", "sqs:GetQueueAttributes", "states:DescribeExecution"),
    "secretsmanager:GetSecretValue",
)


@pytest.fixture(scope="module")
def template() -> Tree:
    return plain_template()


@pytest.fixture(scope="module")
def grants(template: Tree) -> list[Grant]:
    return by_template(template)


@pytest.fixture(scope="module")
def toured(new_home: Callable[[], Path]) -> Iterator[FullUsage]:
    """A platform on which everything was done once."""
    home = new_home()
    plan = Plan(
        home=home, port=free_port(), issuer_port=free_port(), lease_seconds=5, wait_seconds=3
    )
    with booted(plan) as twin, twin.api_client() as users:
        usage = FullUsage(twin, users, home)
        workers_running = twin.workers(slots=8, tasks="twin_tasks,privileged_tasks", paths=(HERE,))
        with workers_running:
            workers_running.start("w-1")
            eventually(lambda: "keep" in users.get("task-types").text)
            usage.with_workers()
        usage.without_workers()
        usage.at_last()
        yield usage


@pytest.fixture(scope="module")
def used(toured: FullUsage) -> set[Grant]:
    """The grants that the tour used."""
    names = deployed_names(toured.twin.emulator)
    return {
        Grant(names.role(who), action, names.resource(resource))
        for who, action, resource in seen(toured.twin)["used"]
    }


def seen(twin: Twin) -> dict[str, list[list[str]]]:
    answer: dict[str, list[list[str]]] = httpx.get(f"{twin.url}{iam_recorder.PATH}").json()
    return answer


def test_nothing_was_denied_that_the_platform_needs(toured: FullUsage, used: set[Grant]) -> None:
    assert used
    assert seen(toured.twin)["denied"] == []


def test_every_route_that_reads_answers(toured: FullUsage) -> None:
    wrong = {place: status for place, status in toured.answers.items() if status >= 500}

    assert toured.answers
    assert wrong == {}


def test_roles_are_deployed_with_the_grants_of_the_template(
    toured: FullUsage, grants: list[Grant]
) -> None:
    assert as_deployed(toured.twin.emulator) == grants


def test_every_grant_is_used_or_has_a_reason(grants: list[Grant], used: set[Grant]) -> None:
    """Take the grant away, let the tour use it, or give the reason in local/unused_grants.yaml."""
    assert [" ".join(grant) for grant in unexplained(grants, used)] == []


def test_every_reason_is_needed(grants: list[Grant], used: set[Grant]) -> None:
    assert stale(grants, used) == []


def test_every_role_is_refused_what_it_has_no_grant_for(
    toured: FullUsage, template: Tree, grants: list[Grant], used: set[Grant]
) -> None:
    assert used  # read before the probes, that they do not count as use
    probing = PermissionProbe(toured.twin)

    answers = probing.answers(denied_probes(template, grants))

    let = {" ".join(probe): code for probe, code in answers.items() if code not in DENIED}
    assert let == {}
    assert min(Counter(probe.role for probe in answers).values()) >= FEWEST_PROBES
    asked = {(probe.role, probe.action, probe.resource) for probe in answers}
    assert (WORKER, "dynamodb:GetItem", "TasksTable") in asked
    assert ("ApiFunction", "sqs:ReceiveMessage", "TasksDlq") in asked
    assert ("CallbacksFunction", "states:StartExecution", "JobStateMachine") in asked
    assert ("PlanTasksFunction", "s3:DeleteObject", "InputsBucket/uploads/probe") in asked


def test_the_same_roles_are_allowed_what_they_have_a_grant_for(
    toured: FullUsage, grants: list[Grant]
) -> None:
    """Otherwise wrong credentials could be the reason for every denial."""
    probing = PermissionProbe(toured.twin)
    reads = [
        grant._replace(resource=grant.resource.replace(":*", ":probe"))
        for grant in grants
        if grant.action in READS
    ]

    denied = [" ".join(grant) for grant in reads if probing.answer(grant) in DENIED]

    assert denied == []
    assert any(probing.answer(grant) == ALLOWED for grant in reads)
    assert {grant.role for grant in grants} - {grant.role for grant in reads} <= {
        "JobStateMachine",
        "BulkStateMachine",
        "ExportStateMachine",
        "JobEventsFunction",
    }


def test_a_worker_is_refused_every_route_of_users(toured: FullUsage) -> None:
    probing = PermissionProbe(toured.twin)
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    routes = [
        (method.upper(), path.lstrip("/"))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if any("user" in scheme for scheme in operation["security"])
    ]

    let = {route: code for route in routes if (code := probing.called(WORKER, *route)) != "401"}

    assert routes
    assert let == {}
