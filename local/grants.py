"""The IAM grants of each role, from the template and from the deployed stack, in the same form.

A role is named after its owner (`ApiFunction`, `WorkerRole`), a resource by its logical id and the
suffix of its ARN (`InputsBucket/inputs/*`, `JobStateMachine:*`). So grants of the template, of the
deployed stack and of the IAM recorder can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from local.application import STACK, Tree
from local.emulator import ACCOUNT, REGION, Emulator

WORKER: Final = "WorkerRole"
WORKER_USER: Final = "shoal-worker"
"""Workers of the twin use an IAM user with the worker's policy, because they are not pods."""
BY_AWS: Final = "written by AWS"
"""The resource of a grant that refers to an AWS managed policy. Its action is the policy name."""
MANAGED: Final[Mapping[str, Sequence[str]]] = {
    "AWSLambdaSQSQueueExecutionRole": (
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    ),
}
"""The actions of managed policies that the deny matrix probes."""

_PSEUDO: Final = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
}
_ARN: Final = re.compile(r"^arn:[^:]*:[^:]*:[^:]*:[^:]*:")
_REFERENCE: Final = re.compile(r"\$\{([\w:]+)(?:\.\w+)*\}")
_STREAM: Final = re.compile(r"/stream/[^/]+$")
_SMALL_PARTS: Final = ("Permission", "Route", "Stage", "Authorizer", "Integration", "BucketPolicy")


class Grant(NamedTuple):
    """Allows a role an action on a resource."""

    role: str
    action: str
    resource: str


class Names:
    """Maps physical names to logical ids."""

    def __init__(self, logical: Mapping[str, str]) -> None:
        self._logical = sorted(logical.items(), key=lambda pair: -len(pair[0]))

    def resource(self, arn: str) -> str:
        """`arn:…:table/shoal-JobsTable-5E4E/index/*` → `JobsTable/index/*`."""
        text = _ARN.sub("", arn)
        for name, logical in self._logical:
            if name in text:
                # Secrets Manager appends six random characters to the name of a secret.
                rest = "" if text.startswith("secret:") else text.partition(name)[2]
                return logical + _STREAM.sub("/stream/*", rest)
        return text

    def role(self, name: str) -> str:
        """`shoal-ApiFunctionRole-6B66` → `ApiFunction`."""
        logical = self.resource(name)
        if logical in {WORKER, WORKER_USER}:
            return WORKER
        return logical.removesuffix("Role")


# From the template


def by_template(template: Tree) -> list[Grant]:
    """Returns the grants of a template after the SAM transform."""
    resources = template["Resources"]
    names = template_names(resources)
    policies = {
        name: each["Properties"]["PolicyDocument"]
        for name, each in resources.items()
        if each["Type"] == "AWS::IAM::ManagedPolicy"
    }
    found = set[Grant]()
    for logical, each in resources.items():
        if each["Type"] != "AWS::IAM::Role":
            continue
        role, properties = names.role(logical), each["Properties"]
        for policy in properties.get("Policies", ()):
            found.update(_statements(role, policy["PolicyDocument"], names))
        for arn in map(text_of, properties.get("ManagedPolicyArns", ())):
            own = policies.get(names.resource(arn))
            found.update(
                _statements(role, own, names) if own else [Grant(role, _last(arn), BY_AWS)]
            )
    return sorted(found)


def template_names(resources: Tree) -> Names:
    """Maps references to resources, and names in the template, to logical ids."""
    logical = {f"${{{name}}}": name for name in resources}
    for name, each in resources.items():
        properties = each.get("Properties", {})
        for key in ("Name", "QueueName", "StateMachineName", "FunctionName", "TableName"):
            given = properties.get(key)
            if isinstance(given, dict) and "Fn::Sub" in given:
                logical[text_of(given)] = name
    return Names(logical)


def text_of(value: Any) -> str:
    """Returns an ARN or a name as text, with `${LogicalId}` for references to resources."""
    text = ""
    match value:
        case str():
            text = _PSEUDO.get(value, value)
        case {"Ref": str(name)}:
            text = _PSEUDO.get(name, f"${{{name}}}")
        case {"Fn::GetAtt": [name, "StreamArn"]}:
            text = f"${{{name}}}/stream/*"
        case {"Fn::GetAtt": [name, *_]}:
            text = f"${{{name}}}"
        case {"Fn::Sub": [str(sentence), dict(given)]}:
            for name, each in given.items():
                sentence = sentence.replace(f"${{{name}}}", text_of(each))
            text = text_of({"Fn::Sub": sentence})
        case {"Fn::Sub": str(sentence)}:
            text = _REFERENCE.sub(lambda found: text_of({"Ref": found[1]}), sentence)
        case {"Fn::Join": [str(between), list(parts)]}:
            text = between.join(map(text_of, parts))
    if not text:
        raise ValueError(f"unsupported reference in a policy: {value}")
    return text


def _statements(role: str, document: Any, names: Names) -> Iterator[Grant]:
    for statement in _listed(document["Statement"]):
        if statement["Effect"] != "Allow":
            continue
        for action in _listed(statement["Action"]):
            for resource in _listed(statement["Resource"]):
                yield Grant(role, action, names.resource(text_of(resource)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _last(arn: str) -> str:
    return arn.rpartition("/")[2]


# From the deployed stack


def deployed_names(emulator: Emulator) -> Names:
    """Maps the physical names of the deployed resources to logical ids."""
    parts = emulator.client("cloudformation").describe_stack_resources(StackName=STACK)
    logical = {
        each["PhysicalResourceId"].rpartition("/")[2].rpartition(":")[2]: each["LogicalResourceId"]
        for each in parts["StackResources"]
        if not each["ResourceType"].endswith(_SMALL_PARTS)
    }
    return Names(logical)


def as_deployed(emulator: Emulator) -> list[Grant]:
    """Returns the grants of the roles of the deployed stack."""
    iam, names = emulator.client("iam"), deployed_names(emulator)
    found = set[Grant]()
    for physical in roles(emulator).values():
        role = names.role(physical)
        for policy in iam.list_role_policies(RoleName=physical)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=physical, PolicyName=policy)["PolicyDocument"]
            found.update(_statements(role, document, names))
        for attached in iam.list_attached_role_policies(RoleName=physical)["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            if ":aws:policy/" in arn:
                found.add(Grant(role, _last(arn), BY_AWS))
                continue
            document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
            found.update(_statements(role, document["Document"], names))
    return sorted(found)


def roles(emulator: Emulator) -> dict[str, str]:
    """Returns the physical names of the roles of the deployed stack, by role."""
    parts = emulator.client("cloudformation").describe_stack_resources(StackName=STACK)
    names = deployed_names(emulator)
    return {
        names.role(each["PhysicalResourceId"]): each["PhysicalResourceId"]
        for each in parts["StackResources"]
        if each["ResourceType"] == "AWS::IAM::Role"
    }


def allows(grants: Sequence[Grant], request: Grant) -> bool:
    """Whether one of the grants covers a request."""
    return any(
        grant.role == request.role
        and (
            request.action in MANAGED.get(grant.action, ())
            if grant.resource == BY_AWS
            else fnmatchcase(request.action, grant.action)
            and fnmatchcase(request.resource, grant.resource)
        )
        for grant in grants
    )
