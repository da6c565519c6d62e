"""Records which grants the roles of the deployed stack use, and which requests are denied.

It wraps the policy evaluation of the emulator, changes no decision, and returns all records since
the start at `GET /_shoal/iam`:

    {"used": [[principal, action, resource]], "denied": [[principal, action, resource]]}

A principal is the name of a role or user. Used grants have the action and resource patterns of the
policy, so their number is bounded by the grants. Denied requests have the requested action and
resource.

Like the patches, it uses private names of MiniStack, so MiniStack is pinned to an exact version.
"""

# mypy: disable-error-code="attr-defined,no-untyped-call"

from __future__ import annotations

import json
from typing import Any, Final

import ministack.app
from ministack.core import iam_evaluator

PATH: Final = "/_shoal/iam"
MOST_DENIED: Final = 10_000
NOBODY: Final = "nobody"

type Seen = set[tuple[str, str, str]]


class IamRecorder:
    """The grants that were used, and the requests that were denied."""

    def __init__(self) -> None:
        self.used: Seen = set()
        self.denied: Seen = set()

    def record_allowed(self, request: Any, policies: Any) -> None:
        """Records the statements of the policies that allowed a request."""
        principal = principal_name(request.principal_arn)
        for statement in (each for policy in policies for each in policy):
            if iam_evaluator._first_match(request, [statement], "Allow"):  # noqa: SLF001
                self.used.update(
                    (principal, action, resource)
                    for action in statement.actions
                    if iam_evaluator.fnmatch_iam(request.action, action)
                    for resource in statement.resources
                    if iam_evaluator.fnmatch_iam_cs(request.resource_arn, resource)
                )

    def record_denied(self, principal: str, action: str, resource: str) -> None:
        """Records a denied request."""
        if len(self.denied) < MOST_DENIED:
            self.denied.add((principal, action, resource))


def principal_name(arn: str) -> str:
    """Returns the name of the role or user of an ARN. A session has the name of its role."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    return rest.partition("/")[0] if kind == "assumed-role" else rest or kind


def install() -> IamRecorder:
    """Records in this process's emulator from now on."""
    recorder = IamRecorder()
    enforce, evaluate = iam_evaluator.enforce, iam_evaluator.evaluate

    def evaluating(request: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(request, policies, *limits)
        if result.decision == "Allow":
            recorder.record_allowed(request, policies)
        return result

    def enforcing(
        key: str, action: str, service: str, region: str, resource_arn: str = "*", **rest: Any
    ) -> Any:
        denied = enforce(key, action, service, region, resource_arn=resource_arn, **rest)
        if denied:
            principal = principal_name(getattr(denied, "principal_arn", "")) or NOBODY
            recorder.record_denied(principal, action, resource_arn)
        return denied

    iam_evaluator.evaluate = evaluating
    iam_evaluator.enforce = enforcing
    _serve(recorder)
    return recorder


def _serve(recorder: IamRecorder) -> None:
    app = ministack.app.app

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await app(scope, receive, send)
            return
        seen = {"used": sorted(recorder.used), "denied": sorted(recorder.denied)}
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(seen).encode()})

    ministack.app.app = serve
