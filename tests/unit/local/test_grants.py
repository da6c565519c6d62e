"""Grants of the template, and the probes derived from them."""

from pathlib import Path
from typing import Any

import pytest

from local import privileges
from local.grants import BY_AWS, Grant, Names, allows, by_template
from local.privileges import denied_probes, stale, unexplained

MACHINE = (
    "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}"
    ":stateMachine:${AWS::StackName}-jobs"
)
STATEMENTS = [
    {
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem"],
        "Resource": {"Fn::GetAtt": ["Jobs", "Arn"]},
    },
    {"Effect": "Allow", "Action": "dynamodb:Query", "Resource": {"Fn::Sub": "${Jobs.Arn}/index/*"}},
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{"Fn::Sub": "${Inputs.Arn}/a/*"}]},
    {"Effect": "Allow", "Action": "states:StartExecution", "Resource": {"Fn::Sub": MACHINE}},
    {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
]
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Jobs": {"Type": "AWS::DynamoDB::Table", "Properties": {}},
        "Inputs": {"Type": "AWS::S3::Bucket", "Properties": {}},
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"StateMachineName": {"Fn::Sub": "${AWS::StackName}-jobs"}},
        },
        "ApiFunctionRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [{"PolicyDocument": {"Statement": STATEMENTS}}],
                "ManagedPolicyArns": [
                    {"Fn::Join": ["", ["arn:aws:iam::aws:policy/", "service-role/Basic"]]},
                    {"Ref": "Own"},
                ],
            },
        },
        "Own": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "PolicyDocument": {
                    "Statement": {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
                }
            },
        },
    }
}
GRANTS = [
    Grant("ApiFunction", "Basic", BY_AWS),
    Grant("ApiFunction", "dynamodb:GetItem", "Jobs"),
    Grant("ApiFunction", "dynamodb:Query", "Jobs/index/*"),
    Grant("ApiFunction", "s3:GetObject", "Inputs/a/*"),
    Grant("ApiFunction", "sqs:SendMessage", "*"),
    Grant("ApiFunction", "states:StartExecution", "Machine"),
]


def test_grants_are_read_from_the_template() -> None:
    assert by_template(TEMPLATE) == GRANTS


def test_physical_names_map_to_logical_ids() -> None:
    names = Names(
        {
            "shoal-Jobs-5E": "Jobs",
            "shoal-jobs": "Machine",
            "shoal-Api-1": "ApiFunctionRole",
            "shoal-Key-7A": "Key",
        }
    )

    assert (
        names.resource("arn:aws:dynamodb:us-east-1:0:table/shoal-Jobs-5E/index/*") == "Jobs/index/*"
    )
    assert names.resource("arn:aws:states:us-east-1:0:execution:shoal-jobs:*") == "Machine:*"
    key = "arn:aws:secretsmanager:us-east-1:0:secret:shoal-Key-7A-d01f22"
    assert names.resource(key) == "Key"
    assert names.resource("arn:aws:s3:::somebody-elses/x") == "somebody-elses/x"
    assert names.role("shoal-Api-1") == "ApiFunction"


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("dynamodb:GetItem", "Jobs", True),
        ("dynamodb:PutItem", "Jobs", False),
        ("s3:GetObject", "Inputs/a/1", True),
        ("s3:GetObject", "Inputs/b/1", False),
        ("sqs:SendMessage", "Queue", True),
    ],
)
def test_grant_covers_matching_requests(action: str, resource: str, *, allowed: bool) -> None:
    assert allows(GRANTS, Grant("ApiFunction", action, resource)) is allowed
    assert not allows(GRANTS, Grant("Other", action, resource))


def test_uncovered_actions_become_denied_probes() -> None:
    probes = denied_probes(TEMPLATE, GRANTS)

    asked = {(probe.action, probe.resource) for probe in probes}
    assert ("dynamodb:PutItem", "Jobs") in asked
    assert ("dynamodb:GetItem", "Jobs") not in asked
    assert ("s3:DeleteObject", "Inputs/a/probe") in asked
    assert ("s3:GetObject", "Inputs/elsewhere/probe") in asked
    assert ("s3:GetObject", "Inputs/a/probe") not in asked
    assert ("iam:PutRolePolicy", "ApiFunctionRole") in asked


@pytest.fixture
def reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "reasons.yaml"
    file.write_text(
        "- {role: '*', action: Basic, reason: logs}\n"
        "- {role: ApiFunction, action: 'dynamodb:Query', resource: Jobs/index/*, reason: later}\n"
        "- {roles: [ApiFunction], action: 's3:GetObject', reason: a race, rare: true}\n"
    )
    monkeypatch.setattr(privileges, "REASONS", file)


@pytest.mark.usefixtures("reasons")
def test_unused_grant_needs_a_reason() -> None:
    used = {GRANTS[1], GRANTS[4]}

    assert unexplained(GRANTS, used) == [GRANTS[5]]


@pytest.mark.usefixtures("reasons")
def test_reason_for_a_missing_or_used_grant_is_stale() -> None:
    assert stale(GRANTS, {GRANTS[3]}) == []
    assert stale(GRANTS, {GRANTS[2]}) == [
        "reason for a used grant ApiFunction dynamodb:Query Jobs/index/*: later"
    ]
    assert stale(GRANTS[1:], set()) == ["reason without a grant: logs"]
