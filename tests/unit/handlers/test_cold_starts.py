"""Tests of the modules that a function imports before its first request."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shoal.bootstrap.aws import on_aws
from shoal.settings import FunctionSettings, MissingSetting

FUNCTIONS = sorted(
    path.stem
    for path in (Path(__file__).parents[3] / "functions/handlers").glob("*.py")
    if "def handler(" in path.read_text()
)
ENVIRONMENT = {
    "SHOAL_TASKS_TABLE": "tasks",
    "SHOAL_STAGE": "dev",
    "SHOAL_JOBS_TABLE": "jobs",
    "SHOAL_REGISTRY_TABLE": "registry",
    "SHOAL_INPUTS_BUCKET": "inputs",
    "SHOAL_RESULTS_BUCKET": "results",
    "SHOAL_QUEUE_HIGH_URL": "https://sqs/high",
    "SHOAL_QUEUE_NORMAL_URL": "https://sqs/normal",
    "SHOAL_QUEUE_LOW_URL": "https://sqs/low",
    "SHOAL_BULK_MACHINE_ARN": "arn:aws:states:eu-central-1:1:stateMachine:bulk",
    "SHOAL_STATE_MACHINE_ARN": "arn:aws:states:eu-central-1:1:stateMachine:jobs",
}


def loaded_by(function: str) -> set[str]:
    """Return the modules that a new process has imported after the import of the function."""
    code = f"import handlers.{function}, json, sys; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(run.stdout))


def test_every_function_is_listed() -> None:
    assert FUNCTIONS == [
        "api",
        "bulk_actions",
        "callbacks",
        "create_tasks",
        "dead_letters",
        "deliver_webhooks",
        "enqueue_tasks",
        "execution_ended",
        "export_results",
        "fail_job",
        "job_events",
        "live",
        "live_authorizer",
        "live_deltas",
        "monitor_completion",
        "plan_tasks",
        "sweep",
        "wait_and_retry",
    ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_no_aws_client_and_no_compiler_before_its_first_call(
    function: str,
) -> None:
    assert not loaded_by(function) & {
        "boto3",
        "botocore.session",
        "botocore.client",
        "jsonschema_rs",
        "aws_xray_sdk",
        "opentelemetry",
        "prometheus_client",
    }


def test_the_workers_function_starts_without_a_router() -> None:
    assert "aws_lambda_powertools" not in loaded_by("callbacks")


def test_the_workflows_functions_start_without_models() -> None:
    loaded = [loaded_by(function) for function in ("plan_tasks", "monitor_completion", "sweep")]

    assert not any("pydantic" in each for each in loaded)


def test_ports_are_wired_to_aws_without_a_call_or_a_client() -> None:
    adapters = on_aws(FunctionSettings({**ENVIRONMENT, "SHOAL_LEASE_SECONDS": "2"}))

    assert (adapters.lease, adapters.retention) == (2.0, 90 * 86_400)


def test_missing_environment_variables_are_listed() -> None:
    told = {name: value for name, value in ENVIRONMENT.items() if name != "SHOAL_TASKS_TABLE"}

    with pytest.raises(MissingSetting, match="SHOAL_TASKS_TABLE"):
        on_aws(FunctionSettings(told))
