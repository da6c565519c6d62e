"""Workers in the registry table, one row each, under `worker`."""

from __future__ import annotations

import json
from typing import Final

from botocore.exceptions import ClientError

from shoal.adapters.aws_errors import CONDITION_FAILED, code_of, translated
from shoal.adapters.dynamodb.registry import Registry
from shoal.adapters.rows.attributes import Row, Value, float_of, int_of, number, text, text_of
from shoal.adapters.rows.later_versions import known_fields
from shoal.domain.workers import Worker
from shoal.ports.workers import WorkerPage

_PARTITION: Final = "worker"
_NEWER: Final = "attribute_not_exists(pk) OR #started_at < :started_at OR "
_LATER: Final = "(#started_at = :started_at AND #number < :number)"


class DynamoWorkerStore:
    """One write per registration."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def record(self, worker: Worker) -> None:
        said = _attributes(worker)
        with translated():
            try:
                self._registry.client.update_item(
                    TableName=self._registry.name,
                    Key=self._registry.key(_PARTITION, worker.name),
                    UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in said),
                    ConditionExpression=_NEWER + _LATER,
                    ExpressionAttributeNames={f"#{name}": name for name in said},
                    ExpressionAttributeValues={f":{name}": value for name, value in said.items()},
                )
            except ClientError as error:
                if code_of(error) != CONDITION_FAILED:
                    raise

    def page(self, *, limit: int, start: str | None) -> WorkerPage:
        rows, last = self._registry.page(_PARTITION, limit=limit, start=start)
        return WorkerPage([_worker(row) for row in rows], last)


def _attributes(worker: Worker) -> dict[str, Value]:
    about = {
        "types": worker.types,
        "every": worker.every,
        "left": worker.left,
        "version": worker.version,
        "image": worker.image,
        "digest": worker.digest,
        "host": worker.host,
        "slots": worker.slots,
        "queues": worker.queues,
    }
    return {
        "seen_at": number(worker.seen_at),
        "started_at": number(worker.started_at),
        "number": number(worker.number),
        "expires_at": number(worker.expires_at),
        "about": text(json.dumps(about, separators=(",", ":"))),
    }


def _worker(row: Row) -> Worker:
    about = json.loads(text_of(row, "about"))
    return Worker(
        name=row["sk"]["S"],
        seen_at=float_of(row, "seen_at"),
        started_at=float_of(row, "started_at"),
        number=int_of(row, "number"),
        **known_fields(Worker, about)
        | {"types": tuple(about["types"]), "queues": tuple(about["queues"])},
    )
