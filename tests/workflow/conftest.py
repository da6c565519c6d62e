"""The real state machine on the emulator, with functions that stand in for ours."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.application import definition, read_template
from local.emulator import ACCOUNT, REGION, Emulator
from local.twin import free_port

STUBS = Path(__file__).with_name("stubs.py")
SUBSTITUTIONS = read_template()["Resources"]["JobStateMachine"]["Properties"][
    "DefinitionSubstitutions"
]
WAIT_SECONDS = 1
ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Run:
    """An execution that has ended, and its history."""

    status: str
    output: dict[str, Any] | None
    error: str | None
    cause: str | None
    events: list[dict[str, Any]]

    def entered(self) -> list[str]:
        details = [event.get("stateEnteredEventDetails") for event in self.events]
        return [each["name"] for each in details if each]


@dataclass(frozen=True, slots=True)
class Machine:
    """The state machine, to be run."""

    client: Any
    arn: str

    def start(self, job: str, *, generation: int = 1, n: int = 1) -> str:
        answer = self.client.start_execution(
            stateMachineArn=self.arn,
            name=f"{job}-{generation}-{n}",
            input=json.dumps({"job": job, "generation": generation, "n": n}),
        )
        arn: str = answer["executionArn"]
        return arn

    def run(self, job: str, *, generation: int = 1, n: int = 1) -> Run:
        return self.ended(self.start(job, generation=generation, n=n))

    def execution(self, name: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"

    def ended(self, execution: str) -> Run:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = self.client.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                output = found.get("output")
                return Run(
                    status=found["status"],
                    output=json.loads(output) if output else None,
                    error=found.get("error"),
                    cause=found.get("cause"),
                    events=self._history(execution),
                )
            time.sleep(0.05)
        raise AssertionError(f"{execution} did not end in time")

    def _history(self, execution: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        pages = self.client.get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=execution):
            events += page["events"]
        return events


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with Emulator(tmp_path_factory.mktemp("workflow"), free_port()) as emulator:
        settings = {"stepfunctions._SFN_WAIT_SCALE": 0.001}
        _configure(emulator, settings)
        role = _role(emulator)
        parameters = {"WaitSeconds": str(WAIT_SECONDS)}
        text = json.dumps(definition("statemachine/job.asl.yaml", parameters))
        for name in set(SUBSTITUTIONS) - set(parameters):
            text = text.replace(f"${{{name}}}", _function(emulator, name, role))
        client = emulator.client("stepfunctions")
        answer = client.create_state_machine(name="jobs", definition=text, roleArn=role)
        yield Machine(client, answer["stateMachineArn"])


def _configure(emulator: Emulator, settings: dict[str, float]) -> None:
    """Change settings of the emulator, which only its root key may do."""
    url, content = f"{emulator.url}/_ministack/config", json.dumps(settings)
    request = AWSRequest("POST", url, data=content, headers={"Content-Type": "application/json"})
    root = Credentials(emulator.root.access, emulator.root.secret)
    SigV4Auth(root, "execute-api", REGION).add_auth(request)
    httpx.post(url, content=content, headers=dict(request.headers)).raise_for_status()


def _role(emulator: Emulator) -> str:
    iam = emulator.client("iam")
    arn: str = iam.create_role(RoleName="all", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
        "Arn"
    ]
    iam.put_role_policy(RoleName="all", PolicyName="all", PolicyDocument=json.dumps(ANYTHING))
    return arn


def _function(emulator: Emulator, name: str, role: str) -> str:
    """`PlanTasksFunction` is `stubs.plan_tasks`."""
    words = name.removesuffix("Function")
    handler = "".join(f"_{c.lower()}" if c.isupper() else c for c in words).lstrip("_")
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("stubs.py", STUBS.read_text())
    emulator.client("lambda").create_function(
        FunctionName=words,
        Runtime="python3.13",
        Handler=f"stubs.{handler}",
        Role=role,
        Code={"ZipFile": body.getvalue()},
        Timeout=30,
    )
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{words}"
