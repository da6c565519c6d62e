"""The IAM recorder observes the decisions of the emulator without changing them."""

from typing import Any

import pytest
from ministack import app
from ministack.core import iam_evaluator

from local import iam_recorder

TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/jobs"
SESSION = "arn:aws:sts::000000000000:assumed-role/api-role/api"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> iam_recorder.IamRecorder:
    """A recorder on an emulator whose caller may read a table and objects with a prefix."""
    policy = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:Query"],
                "Resource": TABLE,
            },
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::inputs/a/*"},
        ]
    }
    principal = iam_evaluator.PrincipalInfo(
        SESSION, "AssumedRole", "000000000000", [iam_evaluator.parse_policy_document(policy)]
    )
    monkeypatch.setattr(iam_evaluator, "authenticate", lambda *_: None)
    monkeypatch.setattr(iam_evaluator, "resolve_principal", lambda *_: principal)
    monkeypatch.setattr(iam_evaluator, "_resource_policy", lambda *_: None)
    monkeypatch.setattr(iam_evaluator, "enforce", iam_evaluator.enforce)
    monkeypatch.setattr(iam_evaluator, "evaluate", iam_evaluator.evaluate)
    monkeypatch.setattr(app, "app", app.app)
    return iam_recorder.install()


def ask(action: str, resource: str) -> Any:
    return iam_evaluator.enforce("key", action, "dynamodb", "us-east-1", resource_arn=resource)


def test_used_grant_has_the_patterns_of_the_policy(seen: iam_recorder.IamRecorder) -> None:
    assert ask("dynamodb:GetItem", TABLE) is None
    assert ask("s3:GetObject", "arn:aws:s3:::inputs/a/1") is None
    assert ask("s3:GetObject", "arn:aws:s3:::inputs/a/2") is None

    assert seen.used == {
        ("api-role", "dynamodb:GetItem", TABLE),
        ("api-role", "s3:GetObject", "arn:aws:s3:::inputs/a/*"),
    }
    assert not seen.denied


def test_denied_request_has_the_requested_action(seen: iam_recorder.IamRecorder) -> None:
    assert ask("dynamodb:PutItem", TABLE) is not None

    assert seen.denied == {("api-role", "dynamodb:PutItem", TABLE)}
    assert not seen.used


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (SESSION, "api-role"),
        ("arn:aws:iam::000000000000:user/shoal-worker", "shoal-worker"),
        ("arn:aws:iam::000000000000:root", "root"),
        ("", ""),
    ],
)
def test_principal_is_named_without_its_arn(arn: str, name: str) -> None:
    assert iam_recorder.principal_name(arn) == name
