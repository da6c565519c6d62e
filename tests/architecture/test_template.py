"""Properties of the template and the state machine that no linter checks."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.application import definition, read_template
from shoal.domain.identity import SERVER, Scope
from shoal.domain.job import DAY, LONGEST_LIFE

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "template.yaml").read_text()
TEMPLATE = read_template()
RESOURCES: Mapping[str, Any] = TEMPLATE["Resources"]
FUNCTIONS = {
    name: each["Properties"]
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::Serverless::Function"
}
WORKER_ROUTES = {
    *("leases", "heartbeats", "reports", "workers"),
    *("parts", "effects", "artifacts"),
}
MACHINES = {
    resource: (file, definition(file, {"WaitSeconds": "60"}))
    for resource, each in RESOURCES.items()
    if each["Type"] == "AWS::Serverless::StateMachine"
    for file in [each["Properties"]["DefinitionUri"]]
}


def states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


STATES = {name: state for _, each in MACHINES.values() for name, state in states(each)}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map"}
CAUGHT = {name for each in MAPS.values() for name in each["ItemProcessor"]["States"]}
"""States inside a Map that catches their errors."""


def events(function: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for event in function.get("Events", {}).values():
        if event["Type"] == "HttpApi":
            yield event["Properties"]


def statements(function: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for policy in function["Policies"]:
        yield from policy["Statement"]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# The template


def test_wildcard_resource_has_a_reason() -> None:
    starred = [
        line for line in TEXT.splitlines() if re.search(r"(Resource|Principal): \"?\*", line)
    ]

    assert starred
    assert [line for line in starred if "#" not in line] == []


def test_only_deny_statements_have_wildcard_actions() -> None:
    allowed = [
        (name, action)
        for name, function in FUNCTIONS.items()
        for statement in statements(function)
        for action in listed(statement["Action"])
        if "*" in action
    ]

    assert allowed == []


def test_no_account_region_or_partition_is_literal() -> None:
    assert re.findall(r"arn:aws:", TEXT) == []
    assert re.findall(r"\b\d{12}\b", TEXT) == []
    assert re.findall(r"\b[a-z]{2}-(?:east|west|central|south|north)[a-z]*-\d\b", TEXT) == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_its_own_role(name: str) -> None:
    function = FUNCTIONS[name]

    assert "Role" not in function
    assert list(statements(function))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_handler_of_each_function_exists(name: str) -> None:
    package, module, function = FUNCTIONS[name]["Handler"].split(".")

    text = (ROOT / "functions" / package / f"{module}.py").read_text()
    assert re.search(rf"^(def {function}\(|{function}\b.*=)", text, re.MULTILINE)


def test_worker_routes_need_signatures_and_user_routes_tokens() -> None:
    authorizers: dict[str, set[str]] = {}
    for function in FUNCTIONS.values():
        for route in events(function):
            kind = route.get("Auth", {}).get("Authorizer", "Users")
            authorizers.setdefault(kind, set()).add(route["Path"].removeprefix("/api/v1/"))

    assert authorizers.pop("NONE") == {"health"}
    assert authorizers.pop("AWS_IAM") == WORKER_ROUTES
    assert set(authorizers) == {"Users"}
    assert RESOURCES["HttpApi"]["Properties"]["Auth"]["DefaultAuthorizer"] == "Users"


def test_worker_policy_allows_only_worker_routes_and_queues() -> None:
    first, second = RESOURCES["WorkerPolicy"]["Properties"]["PolicyDocument"]["Statement"]

    assert first["Action"] == "execute-api:Invoke"
    called = {each["Fn::Sub"].rpartition("/api/v1/")[2] for each in first["Resource"]}
    assert called == WORKER_ROUTES
    assert second["Action"] == [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
    ]


def test_stack_without_an_issuer_creates_a_user_pool() -> None:
    parts = {name for name, each in RESOURCES.items() if each["Type"].startswith("AWS::Cognito::")}

    assert {"UserPool", "ApiScopes", "SignIn", "ConsoleClient", "MachineClient"} <= parts
    assert {RESOURCES[name]["Condition"] for name in parts} == {"HasPool"}
    assert TEMPLATE["Conditions"]["HasPool"] == {"Fn::Equals": [{"Ref": "JwtIssuer"}, ""]}
    assert RESOURCES["UserPool"]["DeletionPolicy"] == "Retain"


def test_external_issuer_requires_an_audience() -> None:
    (assertion,) = TEMPLATE["Rules"]["AnIssuerOfYourOwnNeedsAnAudience"]["Assertions"]

    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "JwtAudience"}, ""]}]}


def test_users_sign_in_with_pkce_and_machines_with_a_secret() -> None:
    console, machine = (
        RESOURCES[name]["Properties"] for name in ("ConsoleClient", "MachineClient")
    )

    assert (console["GenerateSecret"], console["AllowedOAuthFlows"]) == (False, ["code"])
    assert (machine["GenerateSecret"], machine["AllowedOAuthFlows"]) == (
        True,
        ["client_credentials"],
    )
    assert "shoal/admin" not in machine["AllowedOAuthScopes"]


def test_self_sign_up_is_disabled() -> None:
    pool = RESOURCES["UserPool"]["Properties"]

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"]


def test_user_pool_has_the_scopes_of_the_routes() -> None:
    server = RESOURCES["ApiScopes"]["Properties"]
    offered = {f"{server['Identifier']}/{each['ScopeName']}" for each in server["Scopes"]}
    asked = {
        scope
        for function in FUNCTIONS.values()
        for route in events(function)
        for scope in route.get("Auth", {}).get("AuthorizationScopes", ())
    }

    assert asked == offered == {SERVER + scope for scope in Scope}


@pytest.mark.parametrize("kind", ["AWS::DynamoDB::Table", "AWS::S3::Bucket"])
def test_resources_with_data_are_retained(kind: str) -> None:
    kept = {name: each for name, each in RESOURCES.items() if each["Type"] == kind}

    assert kept
    for each in kept.values():
        assert (each["DeletionPolicy"], each["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_tables_are_on_demand_recoverable_encrypted_and_expire() -> None:
    tables = [
        each["Properties"] for each in RESOURCES.values() if each["Type"] == "AWS::DynamoDB::Table"
    ]

    assert len(tables) == 3
    for table in tables:
        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert table["SSESpecification"]["SSEEnabled"]
        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


@pytest.mark.parametrize("name", ["TasksHighQueue", "TasksNormalQueue", "TasksLowQueue"])
def test_task_queues_redrive_to_the_dead_letter_queue(name: str) -> None:
    queue = RESOURCES[name]["Properties"]

    assert queue["VisibilityTimeout"] == 300
    assert queue["MessageRetentionPeriod"] == 4 * 86_400
    assert queue["ReceiveMessageWaitTimeSeconds"] == 20
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3
    assert queue["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": ["TasksDlq", "Arn"]}


def test_dead_letters_are_retained_for_two_weeks() -> None:
    assert RESOURCES["TasksDlq"]["Properties"]["MessageRetentionPeriod"] == 14 * 86_400


def test_objects_of_every_deployment_live_as_long_as_their_rows() -> None:
    rows, objects = TEMPLATE["Parameters"]["RetentionDays"], TEMPLATE["Parameters"]["ObjectDays"]
    (rule,) = TEMPLATE["Rules"]["ObjectsLiveAsLongAsRows"]["Assertions"]
    pairs = list(product(rows["AllowedValues"], objects["AllowedValues"]))
    accepted = [(r, o) for r, o in pairs if holds(rule["Assert"], RetentionDays=r, ObjectDays=o)]

    assert accepted == [(r, o) for r, o in pairs if o * DAY >= LONGEST_LIFE + r * DAY]
    assert (rows["Default"], objects["Default"]) in accepted
    assert {r for r, _ in accepted} == set(rows["AllowedValues"])


def holds(condition: Any, **parameters: int) -> bool:
    """Evaluate an assertion of a rule as CloudFormation does: parameters are strings."""
    ((function, given),) = condition.items()
    if function in {"Fn::And", "Fn::Or"}:
        return (all if function == "Fn::And" else any)(holds(each, **parameters) for each in given)
    first, second = (
        str(parameters[each["Ref"]]) if isinstance(each, dict) else each for each in given
    )
    if function == "Fn::Contains":
        return second in first
    assert function == "Fn::Equals"
    return bool(first == str(second))


def test_objects_expire_by_that_parameter_only() -> None:
    rules = [
        rule
        for bucket in ("InputsBucket", "ResultsBucket")
        for rule in RESOURCES[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        if "Prefix" not in rule or "exports" not in rule["Prefix"]
    ]

    assert {json.dumps(rule.get("ExpirationInDays", "none")) for rule in rules} <= {
        json.dumps({"Ref": "ObjectDays"}),
        json.dumps("none"),
    }


# The state machine


def test_state_machine_has_the_expected_states() -> None:
    assert {
        *("PlanTasks", "CreateTasks", "EnqueueTasks", "MonitorCompletion", "CheckCompletion"),
        *("WaitAndRetry", "JobCompleted", "JobFailed", "JobCancelled"),
    } <= set(STATES)


@pytest.mark.parametrize("name", STATES)
def test_each_state_has_a_comment(name: str) -> None:
    assert STATES[name]["Comment"]


@pytest.mark.parametrize("name", TASKS)
def test_task_states_have_a_timeout_and_retry_with_full_jitter(name: str) -> None:
    task = TASKS[name]

    assert isinstance(task["TimeoutSeconds"], int)
    tried = [retry for retry in task["Retry"] if retry.get("MaxAttempts") != 0]
    assert tried
    assert {retry["JitterStrategy"] for retry in tried} == {"FULL"}
    assert all("MaxDelaySeconds" in retry for retry in tried)


@pytest.mark.parametrize("name", [name for name in (*TASKS, *MAPS) if name not in CAUGHT])
def test_all_errors_lead_to_one_path(name: str) -> None:
    last = STATES[name]["Catch"][-1]
    path = {
        "FailJob": "JobFailed",
        "ProcessPages": "RecordFailure",
        "RecordFailure": "BulkActionFailed",
    }
    path["AppendPart"] = "ExportFailed"

    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["Next"] == path.get(name, "FailJob")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_placeholder_of_the_state_machine_is_substituted(machine: str) -> None:
    text = (ROOT / MACHINES[machine][0]).read_text()
    substitutions = RESOURCES[machine]["Properties"]["DefinitionSubstitutions"]

    assert set(re.findall(r"\$\{(\w+)\}", text)) == set(substitutions)
    assert set(re.findall(r"arn:\S+", text)) <= {
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "arn:aws:states:::states:startExecution",
    }


def test_every_state_is_reachable() -> None:
    text = yaml.safe_dump([each for _, each in MACHINES.values()])

    for name in STATES:
        assert (
            f"Next: {name}\n" in text
            or f"StartAt: {name}\n" in text
            or f"Default: {name}\n" in text
        )


def test_layer_contains_the_botocore_models_of_the_adapters() -> None:
    layer = ROOT / "layers" / "shoal"
    (kept,) = re.findall(r"^SERVICES = (.*)$", (layer / "Makefile").read_text(), re.MULTILINE)
    bootstrap = [*(layer / "src" / "shoal" / "bootstrap").glob("*.py")]
    called = re.findall(r'LazyClient\(\s*"(\w+)"', "".join(each.read_text() for each in bootstrap))

    assert set(kept.split()) == set(called)
