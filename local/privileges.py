"""Writes the page of privileges: `python -m local.privileges FILE`.

The page lists the grants of each role with their reasons. With `--check`, it only checks whether
the file is up to date. `tests/twin/test_privileges.py` executes the grants and the denied probes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import yaml

from local.application import ROOT, Tree, nested_resources, transformed
from local.export import PARAMETERS
from local.grants import BY_AWS, Grant, allows, by_template

REASONS: Final = ROOT / "local" / "unused_grants.yaml"

_ACTIONS: Final[Mapping[str, Sequence[str]]] = {
    "AWS::DynamoDB::Table": (
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
        *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"),
        *("dynamodb:BatchWriteItem", "dynamodb:UpdateTimeToLive", "dynamodb:DeleteTable"),
    ),
    "AWS::S3::Bucket": ("s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteBucket"),
    "AWS::SQS::Queue": (
        *("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
        *("sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes", "sqs:SetQueueAttributes"),
        *("sqs:PurgeQueue", "sqs:DeleteQueue"),
    ),
    "AWS::StepFunctions::StateMachine": (
        *("states:StartExecution", "states:ListExecutions", "states:UpdateStateMachine"),
        "states:DeleteStateMachine",
    ),
    "AWS::Lambda::Function": ("lambda:InvokeFunction", "lambda:UpdateFunctionCode"),
    "AWS::IAM::Role": ("iam:PutRolePolicy", "sts:AssumeRole"),
    "AWS::SNS::Topic": ("sns:Publish",),
    "AWS::SecretsManager::Secret": (
        *("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
        "secretsmanager:DeleteSecret",
    ),
}
"""The probed actions by resource type: actions that some role has, and actions that none has."""
_OBJECTS: Final = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
_EXECUTIONS: Final = ("states:DescribeExecution", "states:StopExecution")
_OTHER_PREFIX: Final = "elsewhere"


@dataclass(frozen=True, slots=True)
class GrantReason:
    """The reason for grants that the tour does not use."""

    roles: tuple[str, ...]
    actions: tuple[str, ...]
    resource: str | None
    text: str
    rare: bool

    def covers(self, grant: Grant) -> bool:
        """Whether the reason applies to a grant."""
        return (
            (self.roles == ("*",) or grant.role in self.roles)
            and grant.action in self.actions
            and self.resource in {None, grant.resource}
        )


def reasons() -> list[GrantReason]:
    """Reads the reasons."""
    read: list[Any] = yaml.safe_load(REASONS.read_text())
    return [
        GrantReason(
            roles=tuple(each.get("roles") or [each["role"]]),
            actions=tuple(each.get("actions") or [each["action"]]),
            resource=each.get("resource"),
            text=each["reason"],
            rare=each.get("rare", False),
        )
        for each in read
    ]


def unexplained(grants: Iterable[Grant], used: Iterable[Grant]) -> list[Grant]:
    """Returns the unused grants without a reason."""
    known = set(used)
    return [
        grant
        for grant in grants
        if grant not in known and not any(each.covers(grant) for each in reasons())
    ]


def stale(grants: Iterable[Grant], used: Iterable[Grant]) -> list[str]:
    """Returns messages about reasons to remove: for grants that do not exist or are used."""
    grants, known = list(grants), set(used)
    found = []
    for reason in reasons():
        covered = [grant for grant in grants if reason.covers(grant)]
        if not covered:
            found.append(f"reason without a grant: {reason.text}")
        found += [
            f"reason for a used grant {' '.join(grant)}: {reason.text}"
            for grant in covered
            if grant in known and not reason.rare
        ]
    return found


def denied_probes(template: Tree, grants: Sequence[Grant]) -> list[Grant]:
    """Returns every role with every action on every resource that its grants do not cover."""
    roles = sorted({grant.role for grant in grants})
    candidates = list(_candidates(template, grants))
    return [
        probe
        for role in roles
        for action, resource in candidates
        if not allows(grants, probe := Grant(role, action, resource))
    ]


def _candidates(template: Tree, grants: Sequence[Grant]) -> Iterator[tuple[str, str]]:
    for name, each in template["Resources"].items():
        kind = each["Type"]
        for action in _ACTIONS.get(kind, ()):
            yield action, name
        if kind == "AWS::DynamoDB::Table":
            for index in each["Properties"].get("GlobalSecondaryIndexes", ()):
                yield "dynamodb:Query", f"{name}/index/{index['IndexName']}"
        if kind == "AWS::S3::Bucket":
            for prefix in _prefixes(name, grants):
                yield from ((action, f"{name}/{prefix}/probe") for action in _OBJECTS)
        if kind == "AWS::StepFunctions::StateMachine":
            yield from ((action, f"{name}:probe") for action in _EXECUTIONS)
        if kind.startswith("AWS::ApiGatewayV2::"):
            yield from _api_candidates(name, kind, each["Properties"])


def _api_candidates(name: str, kind: str, properties: Tree) -> Iterator[tuple[str, str]]:
    """Yields the signed routes of an HTTP API, and a connection of a WebSocket API."""
    if kind == "AWS::ApiGatewayV2::Api" and "Body" in properties:
        for route in _signed_routes(properties["Body"]):
            yield "execute-api:Invoke", f"{name}/$default/{route}"
    if kind == "AWS::ApiGatewayV2::Stage" and properties["StageName"] != "$default":
        api, stage = properties["ApiId"]["Ref"], properties["StageName"]
        yield "execute-api:ManageConnections", f"{api}/{stage}/POST/@connections/probe"


def _prefixes(bucket: str, grants: Sequence[Grant]) -> list[str]:
    """Returns the prefixes of a bucket with a grant, and one without."""
    granted = {grant.resource for grant in grants if grant.resource.startswith(f"{bucket}/")}
    return [
        *sorted(each.removeprefix(f"{bucket}/").partition("/")[0] for each in granted),
        _OTHER_PREFIX,
    ]


def _signed_routes(body: Tree) -> Iterator[str]:
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            security = operation.get("security", []) if isinstance(operation, dict) else []
            if any("AWS_IAM" in scheme for scheme in security) and "{" not in path:
                yield f"{method.upper()}{path}"


# The page

_HEAD: Final = """\
# Privileges

The permissions of each role of a deployment. `make privileges` writes this page from
`template.yaml` and `local/unused_grants.yaml`. `make check` fails when the page is stale.

A test executes the permissions: `tests/twin/test_privileges.py` runs the platform with IAM
enforced, each function under its own role, and takes a tour of every use case. It fails

- if a request of the tour was denied;
- if a grant below was not used and has no reason, or was used and has a reason;
- if the grants of a role of the deployed stack differ from the template;
- unless each probe is denied: every role with every action on every resource that its grants do
  not cover. There are {probes:,} probes for {roles} roles ({kinds}).

*used* marks a grant that the tour used, *rare* a grant that only a race or a crash needs. New
functions, routes and grants are included automatically: the test reports a grant until the tour
uses it or `local/unused_grants.yaml` has its reason.

## Not enforced by the emulator

- `dynamodb:LeadingKeys` and other conditions on items. No statement has one: the code isolates
  tenants, not IAM.
- The roles of state machines. The twin's patch `hold_workflows_to_their_role` enforces them for the
  actions that Shoal uses: to invoke functions and to start executions.
- Actions of services under a role: logs and traces of Lambda, its polling of the dead-letter queue,
  the delivery of the logs of Step Functions. Each of these grants has a reason.
- The status 403 of S3, instead of 404, for a missing object if the caller may not list the bucket.

Routes for users accept a token and no signature, so no policy can grant them. The test calls each
of them as a worker and expects 401.
"""


def page() -> str:
    """Returns the whole page."""
    template = plain_template()
    grants = by_template(template)
    probes = denied_probes(template, grants)
    services = sorted({probe.action.partition(":")[0] for probe in probes})
    lines = [
        _HEAD.format(
            probes=len(probes),
            roles=len({grant.role for grant in grants}),
            kinds=", ".join(
                f"`{service}` {sum(probe.action.startswith(service + ':') for probe in probes)}"
                for service in services
            ),
        ).rstrip()
    ]
    for role, own in groupby(grants, key=lambda grant: grant.role):
        count = sum(probe.role == role for probe in probes)
        head = "| resource | actions | reason |\n|---|---|---|"
        lines.append(f"\n## {role}\n\nDenied: {count} probes.\n\n{head}")
        lines += _rows(sorted(own, key=lambda grant: (grant.resource, grant.action)))
    return "\n".join(lines) + "\n"


def _rows(grants: Sequence[Grant]) -> Iterator[str]:
    """Yields a line for each group of grants with the same resource and reason."""
    known = reasons()

    def why(grant: Grant) -> str:
        found = next((each for each in known if each.covers(grant)), None)
        return "used" if found is None else ("rare: " if found.rare else "") + found.text

    for (resource, reason), same in groupby(grants, key=lambda grant: (grant.resource, why(grant))):
        place = "" if resource == BY_AWS else f"`{resource}`"
        yield f"| {place} | {', '.join(f'`{grant.action}`' for grant in same)} | {reason} |"


def plain_template() -> Tree:
    """Returns the template as CloudFormation receives it, with the resources of nested stacks."""
    template = transformed("s3://artifacts/functions", "s3://artifacts/layer", PARAMETERS)
    template["Resources"] |= nested_resources(template)
    return template


def main(arguments: list[str]) -> int:
    """Writes the page, or with `--check` returns 1 if the file differs from it."""
    path = Path(arguments[-1])
    text = page()
    if "--check" not in arguments:
        path.write_text(text)
        return 0
    if path.exists() and path.read_text() == text:
        return 0
    sys.stderr.write(f"{path} is stale: run `make privileges`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
