"""Calls the deployed stack under the credentials of a role, with calls that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, groupby
from typing import Any, Final
from urllib.parse import quote

import boto3
import botocore.session
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.loaders import Loader, create_loader

from local.application import STACK
from local.emulator import ACCOUNT, REGION
from local.grants import Grant, roles
from local.twin import Twin

DENIED: Final = frozenset(
    ("AccessDenied", "AccessDeniedException", "AuthorizationErrorException", "AuthorizationError")
)
ALLOWED: Final = "allowed"
_SERVICES: Final = {"states": "stepfunctions"}

type Ask = Callable[[Any, str, str], Any]


def _key(table: str) -> Mapping[str, Any]:
    names = ("pk", "sk") if "Registry" in table else ("id",)
    return {name: {"S": "probe"} for name in names}


def _query(client: Any, name: str, rest: str) -> Any:
    index = {"IndexName": rest.removeprefix("/index/")} if rest else {}
    return client.query(
        TableName=name,
        KeyConditionExpression="id = :v",
        ExpressionAttributeValues={":v": {"S": "probe"}},
        **index,
    )


_ASKS: Final[Mapping[str, Ask]] = {
    "dynamodb:GetItem": lambda c, name, _: c.get_item(TableName=name, Key=_key(name)),
    "dynamodb:BatchGetItem": lambda c, name, _: c.batch_get_item(
        RequestItems={name: {"Keys": [_key(name)]}}
    ),
    "dynamodb:Query": _query,
    "dynamodb:Scan": lambda c, name, _: c.scan(TableName=name, Limit=1),
    "dynamodb:PutItem": lambda c, name, _: c.put_item(TableName=name, Item=_key(name)),
    "dynamodb:UpdateItem": lambda c, name, _: c.update_item(TableName=name, Key=_key(name)),
    "dynamodb:DeleteItem": lambda c, name, _: c.delete_item(TableName=name, Key=_key(name)),
    "dynamodb:BatchWriteItem": lambda c, name, _: c.batch_write_item(
        RequestItems={name: [{"DeleteRequest": {"Key": _key(name)}}]}
    ),
    "dynamodb:UpdateTimeToLive": lambda c, name, _: c.update_time_to_live(
        TableName=name,
        TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"},
    ),
    "dynamodb:DeleteTable": lambda c, name, _: c.delete_table(TableName=name),
    "s3:ListBucket": lambda c, name, _: c.list_objects_v2(Bucket=name, MaxKeys=1),
    "s3:PutBucketPolicy": lambda c, name, _: c.put_bucket_policy(Bucket=name, Policy="{}"),
    "s3:DeleteBucket": lambda c, name, _: c.delete_bucket(Bucket=name),
    "s3:GetObject": lambda c, name, key: c.get_object(Bucket=name, Key=key[1:]),
    "s3:PutObject": lambda c, name, key: c.put_object(Bucket=name, Key=key[1:], Body=b""),
    "s3:DeleteObject": lambda c, name, key: c.delete_object(Bucket=name, Key=key[1:]),
    "sqs:SendMessage": lambda c, url, _: c.send_message(QueueUrl=url, MessageBody="probe"),
    "sqs:ReceiveMessage": lambda c, url, _: c.receive_message(QueueUrl=url, WaitTimeSeconds=0),
    "sqs:DeleteMessage": lambda c, url, _: c.delete_message(QueueUrl=url, ReceiptHandle="probe"),
    "sqs:ChangeMessageVisibility": lambda c, url, _: c.change_message_visibility(
        QueueUrl=url, ReceiptHandle="probe", VisibilityTimeout=0
    ),
    "sqs:GetQueueAttributes": lambda c, url, _: c.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    ),
    "sqs:SetQueueAttributes": lambda c, url, _: c.set_queue_attributes(
        QueueUrl=url, Attributes={"DelaySeconds": "0"}
    ),
    "sqs:PurgeQueue": lambda c, url, _: c.purge_queue(QueueUrl=url),
    "sqs:DeleteQueue": lambda c, url, _: c.delete_queue(QueueUrl=url),
    "states:StartExecution": lambda c, arn, _: c.start_execution(stateMachineArn=arn, input="{}"),
    "states:ListExecutions": lambda c, arn, _: c.list_executions(stateMachineArn=arn),
    "states:UpdateStateMachine": lambda c, arn, _: c.update_state_machine(
        stateMachineArn=arn, definition="{}"
    ),
    "states:DeleteStateMachine": lambda c, arn, _: c.delete_state_machine(stateMachineArn=arn),
    "states:DescribeExecution": lambda c, arn, rest: c.describe_execution(
        executionArn=_execution(arn, rest)
    ),
    "states:StopExecution": lambda c, arn, rest: c.stop_execution(
        executionArn=_execution(arn, rest)
    ),
    "lambda:InvokeFunction": lambda c, name, _: c.invoke(FunctionName=name, Payload=b"{}"),
    "lambda:UpdateFunctionCode": lambda c, name, _: c.update_function_code(
        FunctionName=name, ZipFile=b"probe"
    ),
    "iam:PutRolePolicy": lambda c, name, _: c.put_role_policy(
        RoleName=name, PolicyName="probe", PolicyDocument="{}"
    ),
    "sts:AssumeRole": lambda c, name, _: c.assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}", RoleSessionName="probe"
    ),
    "secretsmanager:GetSecretValue": lambda c, name, _: c.get_secret_value(SecretId=name),
    "secretsmanager:PutSecretValue": lambda c, name, _: c.put_secret_value(
        SecretId=name, SecretString="probe"
    ),
    "secretsmanager:DeleteSecret": lambda c, name, _: c.delete_secret(SecretId=name),
    "sns:Publish": lambda c, arn, _: c.publish(TopicArn=arn, Message="probe"),
}


def _execution(machine: str, rest: str) -> str:
    return machine.replace(":stateMachine:", ":execution:") + rest


@dataclass
class PermissionProbe:
    """Calls under a role and returns the code of the error."""

    twin: Twin
    _sessions: dict[str, Any] = field(default_factory=dict)
    _http: httpx.Client = field(default_factory=httpx.Client)
    _loader: Loader = field(default_factory=create_loader)

    def answers(self, probes: Iterable[Grant]) -> dict[Grant, str]:
        """Return all answers; roles are probed in parallel."""
        by_role = groupby(sorted(probes), key=lambda probe: probe.role)
        asked = [list(each) for _, each in by_role]
        with ThreadPoolExecutor(4) as pool:
            heard = pool.map(lambda each: [(probe, self.answer(probe)) for probe in each], asked)
            return dict(chain.from_iterable(heard))

    def answer(self, probe: Grant) -> str:
        """Return `allowed`, or the code of the error, for a call of the role."""
        service, _, _ = probe.action.partition(":")
        if service == "execute-api":
            api, stage, method, path = probe.resource.split("/", 3)
            return self.called(probe.role, method, path, api=api, stage=stage)
        logical = next(name for name in self._by_length if probe.resource.startswith(name))
        rest = probe.resource.removeprefix(logical)
        client = self._client(probe.role, _SERVICES.get(service, service))
        try:
            _ASKS[probe.action](client, self._physical[logical], rest)
        except ClientError as error:
            code: str = error.response["Error"]["Code"]
            return code
        return ALLOWED

    def called(
        self, role: str, method: str, path: str, *, api: str = "HttpApi", stage: str = "$default"
    ) -> str:
        """Call a route of an API with a signature; 403 counts as AccessDenied."""
        keys = self._session(role).get_credentials()
        url = f"{self.twin.url}/_aws/execute-api/{self._physical[api]}/{stage}/{quote(path)}"
        request = AWSRequest(method, url, data=b"{}", headers={"content-type": "application/json"})
        signer = SigV4Auth(
            Credentials(keys.access_key, keys.secret_key, keys.token), "execute-api", REGION
        )
        signer.add_auth(request)
        answer = self._http.request(method, url, content=b"{}", headers=dict(request.headers))
        return "AccessDenied" if answer.status_code == 403 else str(answer.status_code)

    def _client(self, role: str, service: str) -> Any:
        session = self._session(role)
        if service not in session.probes:
            session.probes[service] = session.client(
                service,
                endpoint_url=self.twin.emulator.url,
                config=Config(
                    retries={"total_max_attempts": 1},
                    s3={"addressing_style": "path"},
                    parameter_validation=False,
                ),
            )
        return session.probes[service]

    def _session(self, role: str) -> Any:
        if role not in self._sessions:
            arn = f"arn:aws:iam::{ACCOUNT}:role/{self._roles[role]}"
            root = self.twin.emulator.client("sts")
            keys = root.assume_role(RoleArn=arn, RoleSessionName="probe")["Credentials"]
            core = botocore.session.Session()
            core.register_component("data_loader", self._loader)  # each service is read once
            session = boto3.Session(
                keys["AccessKeyId"],
                keys["SecretAccessKey"],
                keys["SessionToken"],
                REGION,
                botocore_session=core,
            )
            session.probes = {}  # type: ignore[attr-defined]
            self._sessions[role] = session
        return self._sessions[role]

    @cached_property
    def _roles(self) -> dict[str, str]:
        return roles(self.twin.emulator)

    @cached_property
    def _physical(self) -> dict[str, str]:
        cloudformation = self.twin.emulator.client("cloudformation")
        found: dict[str, str] = {}
        stacks = [STACK]
        while stacks:
            parts = cloudformation.describe_stack_resources(StackName=stacks.pop())
            for each in parts["StackResources"]:
                found[each["LogicalResourceId"]] = each["PhysicalResourceId"]
                if each["ResourceType"] == "AWS::CloudFormation::Stack":
                    stacks.append(each["PhysicalResourceId"])
        return found

    @cached_property
    def _by_length(self) -> list[str]:
        return sorted(self._physical, key=len, reverse=True)
