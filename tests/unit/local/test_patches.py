"""Each patch fixes a gap of the pinned emulator.

If the first assertion of a test fails, upstream has fixed the gap: remove the patch.
"""
# ruff: noqa: SLF001 - patches use private names

import asyncio
import contextvars
import hashlib
import io
import json
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import ministack.services.lambda_svc as lambdas
import ministack.services.sqs as queues
import ministack.services.stepfunctions as workflows
import ministack.services.sts as sessions
import pytest
from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import cloudwatch

from local import patches

PATCHED = (
    *(app, iam_actions, iam_evaluator, lambda_runtime, lambda_runtime.Worker, lambdas, workflows),
    cloudwatch,
)

ARN = "arn:aws:lambda:us-east-1:000000000000:function"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    before = [(place, dict(vars(place))) for place in PATCHED]
    defaults = lambda_runtime.Worker._drain_stderr_bounded.__defaults__
    yield
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = defaults
    for place, names in before:
        for name, value in names.items():
            if vars(place).get(name) is not value:
                setattr(place, name, value)


def packed(**files: str) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.py", text)
    return body.getvalue()


@pytest.fixture
def failing() -> Iterator[Any]:
    source = "def handler(event, context):\n    raise LookupError('secret')\n"
    config = {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "FunctionName": "failing",
        "FunctionArn": f"{ARN}:failing",
    }
    worker = lambda_runtime.Worker("failing", config, packed(app=source))
    yield worker
    worker.kill()


def test_error_class_of_a_handler_is_returned(failing: Any) -> None:
    assert "errorType" not in failing.invoke({}, "1")

    failing.kill()
    patches.keep_error_class()

    assert failing.invoke({}, "2")["errorType"] == "LookupError"


def test_crash_returns_500_without_details() -> None:
    crash = {"error": True, "body": {"errorMessage": "secret"}}
    answer, _ = lambdas.lambda_execute_result_to_api_proxy_response(crash)
    assert answer["statusCode"] == 502
    assert "secret" in answer["body"]

    patches.hide_crashes()

    answer, _ = lambdas.lambda_execute_result_to_api_proxy_response(crash)
    assert (answer["statusCode"], json.loads(answer["body"])) == (
        500,
        {"message": "Internal Server Error"},
    )


def test_handler_without_logs_returns_quickly() -> None:
    worker = lambda_runtime.Worker("silent", {}, b"")
    begun = time.perf_counter()
    worker._drain_stderr_bounded()
    assert time.perf_counter() - begun >= 0.05

    patches.wait_less_for_logs()

    assert worker._drain_stderr_bounded.__defaults__[0] < 0.01


def test_execution_starts_without_a_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    start = workflows._run_execution
    assert start.__code__.co_consts.count(0.15) == 1

    patches.start_executions_at_once()

    workflows.time.sleep(0.15)
    workflows.time.sleep(0.5)
    assert slept == [0.5]
    assert workflows.time.time() > 0


def test_layer_is_unpacked_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("scratch")))
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/layered.py", "ID = 'the layer'\n")
    monkeypatch.setattr(lambdas, "_resolve_layer_zip", lambda _: layer.getvalue())
    config = {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "FunctionName": "layered",
        "FunctionArn": f"{ARN}:layered",
        "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"],
    }
    source = (
        "import layered\ndef handler(event, context):\n    return [layered.ID, layered.__file__]\n"
    )

    def responses() -> list[str]:
        worker = lambda_runtime.Worker("layered", config, packed(app=source))
        try:
            result: list[str] = worker.invoke({}, "1")["result"]
        finally:
            worker.kill()
        return result

    first, second = responses(), responses()
    assert first != second

    patches.share_layers()

    assert responses() == responses()
    assert responses()[0] == "the layer"
    assert config["Layers"]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs pidfd")
def test_environment_is_forked() -> None:
    config = {
        "Runtime": "python3.13",
        "Handler": "app.handler",
        "FunctionName": "forked",
        "FunctionArn": f"{ARN}:forked",
    }
    source = "import os\ndef handler(event, context):\n    return [event, os.getppid()]\n"

    def response() -> Any:
        worker = lambda_runtime.Worker("forked", config, packed(app=source))
        try:
            return worker.invoke({"a": 1}, "1")["result"]
        finally:
            worker.kill()

    assert response() == [{"a": 1}, os.getpid()]

    patches.fork_environments()

    event, parent = response()
    assert event == {"a": 1}
    assert parent != os.getpid()


@pytest.mark.parametrize("action", ["SendMessage", "DeleteMessage", "ChangeMessageVisibility"])
def test_batch_is_authorized_by_the_single_message_action(action: str) -> None:
    request: tuple[Any, ...] = (
        "sqs",
        "POST",
        "/",
        {"x-amz-target": f"AmazonSQS.{action}Batch"},
        b"{}",
        {},
    )
    assert iam_actions.extract_iam_action(*request) == f"sqs:{action}Batch"

    patches.authorize_batches()

    assert iam_actions.extract_iam_action(*request) == f"sqs:{action}"


def test_loopback_satisfies_the_tls_condition() -> None:
    key, plain = "aws:SecureTransport", SimpleNamespace(secure_transport=False, principal_arn="a")
    assert iam_evaluator._resolve_condition_key(key, plain) == "false"

    patches.take_loopback_for_tls()

    assert iam_evaluator._resolve_condition_key(key, plain) == "true"
    assert iam_evaluator._resolve_condition_key("aws:PrincipalArn", plain) == "a"


@pytest.mark.parametrize("wanted", ["AWS_IAM", "JWT"])
def test_bearer_token_is_rejected_on_a_signed_route(
    monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    monkeypatch.setattr(app, "_execute_api_authorization_type", lambda *_: wanted)
    monkeypatch.setattr(app, "_enforce_data_plane", lambda *_, **__: None)
    request: tuple[Any, ...] = (
        "api",
        "$default",
        "POST",
        "/api/v1/leases",
        {"authorization": "Bearer t"},
        {},
    )
    assert app._enforce_execute_api(*request) is None

    patches.refuse_tokens_for_signatures()

    answer = app._enforce_execute_api(*request)
    assert (answer[0] if answer else None) == (403 if wanted == "AWS_IAM" else None)


def test_start_errors_have_the_names_of_aws(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused: tuple[int, dict[str, str], str] = (
        400,
        {},
        json.dumps({"__type": "ExecutionAlreadyExists", "message": "there"}),
    )
    monkeypatch.setattr(workflows, "_start_execution", lambda _: refused)
    request = ("arn:aws:states:::states:startExecution", {"StateMachineArn": "jobs"})
    with pytest.raises(workflows._ExecutionError) as caught:
        workflows._invoke_nested_start_execution(*request)
    assert caught.value.error == "ExecutionAlreadyExists"

    patches.name_errors_of_starts()

    with pytest.raises(workflows._ExecutionError) as caught:
        workflows._invoke_nested_start_execution(*request)
    assert caught.value.error == "StepFunctions.ExecutionAlreadyExistsException"


def test_execution_is_limited_to_its_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine, called = "arn:aws:states:us-east-1:000000000000:stateMachine:jobs", list[str]()
    execution = "arn:aws:states:us-east-1:000000000000:execution:jobs:1"
    role = {"roleArn": "arn:aws:iam::000000000000:role/workflow"}
    may = [{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": f"{ARN}:plan"}]
    policies = [iam_evaluator.parse_policy_document({"Statement": may})]
    monkeypatch.setattr(iam_evaluator, "_gather_role_policies", lambda *_: policies)
    monkeypatch.setattr(workflows, "_executions", {execution: {"stateMachineArn": machine}})
    monkeypatch.setattr(workflows, "_state_machines", {machine: role})
    monkeypatch.setattr(workflows, "_call_lambda", lambda function, _: called.append(function))
    monkeypatch.setattr(workflows, "_start_execution", lambda _: called.append("start"))
    asked: tuple[Callable[[], Any], ...] = (
        lambda: workflows._call_lambda(f"{ARN}:plan", {}),
        lambda: workflows._call_lambda(f"{ARN}:sweep", {}),
        lambda: workflows._start_execution({"stateMachineArn": machine}),
    )

    def run(_: str) -> list[str]:
        errors = []
        for ask in asked:
            try:
                ask()
            except workflows._ExecutionError as error:
                errors.append(error.error)
        return errors

    monkeypatch.setattr(workflows, "_run_execution", run)
    assert workflows._run_execution(execution) == []
    called.clear()

    patches.hold_workflows_to_their_role()

    held: Any = workflows._run_execution
    errors = contextvars.copy_context().run(held, execution)
    assert errors == ["Lambda.AWSLambdaException", "States.AccessDeniedException"]
    assert called == [f"{ARN}:plan"]
    workflows._start_execution(
        {"stateMachineArn": machine}
    )  # by a direct request with its own keys
    assert called == [f"{ARN}:plan", "start"]


def test_age_of_the_oldest_message_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "_queues", {})
    monkeypatch.setattr(cloudwatch, "_metrics", {})
    now = 1_800_000_030.0
    monkeypatch.setattr(time, "time", lambda: now)
    url = asyncio.run(queues._dispatch("CreateQueue", {"QueueName": "tasks"}, ""))["QueueUrl"]

    def age() -> list[float]:
        query = {
            "Id": "tasks",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateAgeOfOldestMessage",
                    "Dimensions": [{"Name": "QueueName", "Value": "tasks"}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        asked = {"MetricDataQueries": [query], "StartTime": now - 300, "EndTime": now}
        _, _, body = cloudwatch._get_metric_data({}, asked, is_cbor=False, is_json=True)
        values: list[float] = json.loads(body)["MetricDataResults"][0]["Values"]
        return values

    def sent(at: float, visible_at: float) -> dict[str, float]:
        return {"sent_at": at, "visible_at": visible_at}

    held, waits, newer = sent(now - 90, now + 30), sent(now - 12, now - 12), sent(now - 2, now - 2)
    queues._queues[url]["messages"] += [held, newer, waits]
    assert age() == []

    patches.measure_queues()

    assert age() == [12.0]
    queues._queues[url]["messages"].remove(waits)
    assert age() == [2.0]
    queues._queues[url]["messages"].remove(newer)
    assert age() == []


def test_every_patch_is_applied() -> None:
    made = {
        name
        for name, each in vars(patches).items()
        if getattr(each, "__module__", "") == patches.__name__
        and not name.startswith("_")
        and name not in ("PatchMismatch", "routed", "main")
        and not isinstance(each, ModuleType)
    }

    assert {patch.__name__ for patch in patches.PATCHES} == {
        name for name in made if callable(getattr(patches, name))
    }


def test_credentials_of_a_function_cannot_be_computed_from_its_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "AUTH", True)
    config = {"FunctionName": "f", "FunctionArn": f"{ARN}:f", "Role": "arn:aws:iam::0:role/r"}
    digest = hashlib.sha256(f"{ARN}:f:{config['Role']}".encode()).hexdigest()
    public = hashlib.sha256(f"secret:{digest}".encode()).hexdigest()
    assert lambda_runtime.execution_credentials(config)["AWS_SECRET_ACCESS_KEY"] == public

    def issued(root: str) -> Any:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", root)
        patches.draw_secrets_of_functions()
        return lambdas.execution_credentials(config)

    first, other = issued("a"), issued("b")
    assert len({public, first["AWS_SECRET_ACCESS_KEY"], other["AWS_SECRET_ACCESS_KEY"]}) == 3
    session = sessions._sessions[other["AWS_ACCESS_KEY_ID"]]
    assert session["SecretAccessKey"] == other["AWS_SECRET_ACCESS_KEY"]
    assert session["Arn"] == "arn:aws:sts::000000000000:assumed-role/r/f"
