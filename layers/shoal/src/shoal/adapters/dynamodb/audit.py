"""The audit trail in the registry table: each event under its job and under its tenant."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, float_of, number, text, text_of
from shoal.adapters.rows.later_versions import member
from shoal.domain.audit_event import Action, AuditEvent
from shoal.ports.audit import AuditPage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef


class DynamoAuditLog:
    """Two rows per event, written one after the other; a repeat completes both."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def add(self, act: AuditEvent, *, expires_at: int) -> None:
        of_job = () if act.job_id is None else (_of_job(act.job_id),)
        for partition in (*of_job, _of_tenant(act.tenant)):
            self._put(partition, act, expires_at)

    def of_job(self, job_id: str, *, limit: int, start: str | None) -> AuditPage:
        return self._page(_of_job(job_id), limit, start)

    def of_tenant(self, tenant: str, *, limit: int, start: str | None) -> AuditPage:
        return self._page(_of_tenant(tenant), limit, start)

    def _put(self, partition: str, act: AuditEvent, expires_at: int) -> None:
        with translated():
            try:
                self._registry.client.put_item(
                    TableName=self._registry.name,
                    Item={
                        **self._registry.key(partition, act.place),
                        "id": text(act.id),
                        "tenant": text(act.tenant),
                        "who": text(act.who),
                        "action": text(act.action),
                        "job": text(act.job_id or ""),
                        "at": number(act.at),
                        "detail": text(json.dumps(dict(act.detail))),
                        "expires_at": number(expires_at),
                    },
                    ConditionExpression="attribute_not_exists(pk)",
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise

    def _page(self, partition: str, limit: int, start: str | None) -> AuditPage:
        query: QueryInputTypeDef = {
            "TableName": self._registry.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": text(partition)},
            "ScanIndexForward": False,
            "ConsistentRead": True,
            "Limit": limit,
        }
        if start is not None:
            query["KeyConditionExpression"] = "pk = :pk AND sk < :start"
            query["ExpressionAttributeValues"] = {":pk": text(partition), ":start": text(start)}
        with translated():
            answer = self._registry.client.query(**query)
        acts = [_act(row) for row in answer["Items"]]
        more = "LastEvaluatedKey" in answer and acts
        return AuditPage(acts, acts[-1].place if more else None)


def _of_job(job_id: str) -> str:
    return f"audit-job#{job_id}"


def _of_tenant(tenant: str) -> str:
    return f"audit-tenant#{tenant}"


def _act(row: Row) -> AuditEvent:
    return AuditEvent(
        id=text_of(row, "id"),
        tenant=text_of(row, "tenant"),
        who=text_of(row, "who"),
        action=member(Action, text_of(row, "action")),
        job_id=text_of(row, "job") or None,
        at=float_of(row, "at"),
        detail=json.loads(text_of(row, "detail")),
    )
