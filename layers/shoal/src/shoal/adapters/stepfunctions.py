"""Step Functions: executions and their task tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import code_of, translated
from shoal.domain.export import Cursor
from shoal.domain.ids import execution_name
from shoal.ports.exports import ExportRun
from shoal.ports.workflow import Execution, ExecutionStatus

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

_WAITS_NO_MORE: Final = frozenset(("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"))


class StepFunctionsBulkRuns:
    """Executions of the state machine of bulk actions, named by action."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn

    def start(self, tenant: str, action_id: str, *, ending: bool = False) -> None:
        name = f"{action_id}-abort" if ending else action_id
        _start(self._client, self._arn, name, {"tenant": tenant, "action": action_id})


class StepFunctionsExportRuns:
    """Executions of the state machine of exports, named by job and export."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn
        self._executions = state_machine_arn.replace(":stateMachine:", ":execution:", 1)

    def start(self, tenant: str, job_id: str, export_id: str) -> None:
        given = {"tenant": tenant, "job": job_id, "export": export_id}
        _start(self._client, self._arn, f"{job_id}-{export_id}", given)

    def describe(self, job_id: str, export_id: str) -> ExportRun | None:
        answer = _described(self._client, f"{self._executions}:{job_id}-{export_id}")
        if answer is None:
            return None
        status, ended = ExecutionStatus(answer["status"]), answer.get("stopDate")
        done = status is ExecutionStatus.SUCCEEDED
        return ExportRun(
            status,
            began_at=answer["startDate"].timestamp(),
            ended_at=None if ended is None else ended.timestamp(),
            cursor=Cursor.from_state(json.loads(answer["output"])) if done else None,
            error=answer.get("error"),
        )


class StepFunctionsWorkflow:
    """Executions of one state machine, named by job, generation and number."""

    def __init__(self, client: SFNClient, state_machine_arn: str) -> None:
        self._client = client
        self._arn = state_machine_arn
        self._executions = state_machine_arn.replace(":stateMachine:", ":execution:", 1)

    def start(self, job_id: str, generation: int, number: int) -> None:
        given = {"job": job_id, "generation": generation, "n": number}
        _start(self._client, self._arn, execution_name(job_id, generation, number), given)

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        arn = f"{self._executions}:{execution_name(job_id, generation, number)}"
        answer = _described(self._client, arn)
        if answer is None:
            return None
        status, stopped_at = ExecutionStatus(answer["status"]), answer.get("stopDate")
        # Only a success has an output; the emulator also puts error and cause there.
        output = answer.get("output") if status is ExecutionStatus.SUCCEEDED else None
        return Execution(
            status,
            stopped_at=None if stopped_at is None else stopped_at.timestamp(),
            output=None if output is None else json.loads(output),
            error=answer.get("error"),
        )

    def answer(self, token: str) -> None:
        with translated():
            try:
                self._client.send_task_success(taskToken=token, output="{}")
            except ClientError as error:
                if code_of(error) not in _WAITS_NO_MORE:
                    raise


def _described(client: SFNClient, arn: str) -> DescribeExecutionOutputTypeDef | None:
    """Return an execution, or None if it was never started."""
    with translated():
        try:
            return client.describe_execution(executionArn=arn)
        except ClientError as error:
            if code_of(error) != "ExecutionDoesNotExist":
                raise
    return None


def _start(client: SFNClient, machine: str, name: str, given: Mapping[str, object]) -> None:
    """Start an execution, once per name."""
    with translated():
        try:
            client.start_execution(stateMachineArn=machine, name=name, input=json.dumps(given))
        except ClientError as error:
            if code_of(error) != "ExecutionAlreadyExists":
                raise
