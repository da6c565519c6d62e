import json
import time
from typing import Any

import pytest

from shoal.adapters.stepfunctions import StepFunctionsWorkflow
from shoal.ports.workflow import Execution, ExecutionStatus
from tests.contract.aws_services import Aws
from tests.contract.examples import fresh_id
from tests.contract.port_sets import Ports


def test_a_started_execution_runs(ports: Ports) -> None:
    job = fresh_id()

    ports.workflow.start(job, 1, 1)

    execution = ports.workflow.describe(job, 1, 1)
    assert execution is not None
    assert execution.status is ExecutionStatus.RUNNING
    assert execution.stopped_at is None


def test_a_second_start_of_one_name_counts_as_started(ports: Ports) -> None:
    job = fresh_id()

    ports.workflow.start(job, 1, 1)
    ports.workflow.start(job, 1, 1)

    assert ports.workflow.describe(job, 1, 1) is not None


def test_generations_and_successors_are_separate_executions(ports: Ports) -> None:
    job = fresh_id()
    ports.workflow.start(job, 1, 1)

    assert ports.workflow.describe(job, 1, 2) is None
    assert ports.workflow.describe(job, 2, 1) is None


def test_an_answer_to_an_unknown_token_is_ignored(ports: Ports) -> None:
    ports.workflow.answer("AAAAKgAAAAIAAAAAAAAAAQ")


PASSES = {"Type": "Pass", "Result": {"decision": "completed"}, "End": True}
FAILS = {"Type": "Fail", "Error": "JobFailed", "Cause": "2 of 9 tasks failed"}


@pytest.mark.parametrize(
    ("state", "status", "output", "error"),
    [
        (PASSES, ExecutionStatus.SUCCEEDED, {"decision": "completed"}, None),
        (FAILS, ExecutionStatus.FAILED, None, "JobFailed"),
    ],
)
def test_an_ended_execution_has_its_status_and_time(
    on_ministack: Aws,
    state: dict[str, Any],
    status: ExecutionStatus,
    output: dict[str, Any] | None,
    error: str | None,
) -> None:
    machine = on_ministack.stepfunctions.create_state_machine(
        name=f"ends-{status.lower()}",
        definition=json.dumps({"StartAt": "S", "States": {"S": state}}),
        roleArn="arn:aws:iam::000000000000:role/jobs",
    )
    workflow = StepFunctionsWorkflow(on_ministack.stepfunctions, machine["stateMachineArn"])

    execution = ended(workflow, fresh_id())

    assert (execution.status, execution.output, execution.error) == (status, output, error)
    assert execution.stopped_at == pytest.approx(time.time(), abs=30.0)


def ended(workflow: StepFunctionsWorkflow, job: str) -> Execution:
    workflow.start(job, 1, 1)
    for _ in range(100):
        execution = workflow.describe(job, 1, 1)
        if execution is not None and execution.status is not ExecutionStatus.RUNNING:
            return execution
        time.sleep(0.05)
    raise AssertionError("the execution did not end")
