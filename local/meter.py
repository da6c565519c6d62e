"""Counts the billable usage of the emulator since its start, with the units of AWS.

It wraps the service handlers of the emulator and returns all counters as JSON at
`GET /_shoal/meter`. The units:

- DynamoDB writes: 1 KB of the whole item, rounded up, for the table and for each index. The size is
  the larger of the item before and after the write; a failed condition costs the current item.
  A transaction costs twice the units of the table, whether it is written or cancelled.
- DynamoDB reads: 4 KB with strong consistency, half a unit without it, rounded up per item. The
  counter of rows includes rows that a filter removed.
- SQS: 64 KB, rounded up. HTTP API: 512 KB, rounded up.
- Step Functions: each entered state, each retry and each start.
- Lambda: duration times memory. CloudWatch Logs: ingested bytes.

Like the patches, it uses private names of MiniStack, so MiniStack is pinned to an exact version.
"""

# mypy: disable-error-code="attr-defined,no-untyped-call"

from __future__ import annotations

import json
import math
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import ministack.app
import ministack.services.apigateway as gateway
import ministack.services.dynamodb as tables
import ministack.services.lambda_svc as lambdas
import ministack.services.s3 as buckets
import ministack.services.sqs as queues
import ministack.services.stepfunctions as workflows

PATH: Final = "/_shoal/meter"
UNIT_WRITTEN: Final = 1_024
UNIT_READ: Final = 4_096
QUEUE_UNIT: Final = 65_536
API_UNIT: Final = 524_288
LOG_LINE_BYTES: Final = 26
"""Bytes that CloudWatch adds to each line for billing."""

_UNMETERED: Final = frozenset(("BatchWriteItem", "TransactGetItems"))
"""Actions that the meter does not support. `bench cost` fails if Shoal uses them."""
_SINGLE: Final = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "DeleteItem",
}
"""The action with the fields of each part of a transaction."""
_OK: Final = 200

type Row = Mapping[str, Any]
type Handler = Callable[..., Awaitable[tuple[int, dict[str, str], Any]]]

_IDS = re.compile(r"job_[0-9A-Z]{26}(\.\d+)?")


class Meter:
    """Counters by name (`service.what`) and detail."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {}

    def add(self, what: str, detail: str, amount: float = 1) -> None:
        """Adds to a counter."""
        self.counts.setdefault(what, Counter())[detail] += amount  # type: ignore[assignment]


def install() -> Meter:
    """Meters the emulator of this process from now on."""
    meter = Meter()
    _meter_tables(meter)
    _meter_queues(meter)
    _meter_buckets(meter)
    _meter_functions(meter)
    _meter_workflows(meter)
    _meter_api(meter)
    _serve(meter)
    return meter


def units(size: float, unit: int) -> int:
    """Returns the number of units, rounded up, at least one."""
    return max(1, math.ceil(size / unit))


# DynamoDB. The handlers of the emulator do not yield to the event loop, so the difference between
# the item before and after a call is the effect of that call.


def _meter_tables(meter: Meter) -> None:
    serve: Handler = tables.handle_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        request = json.loads(body) if body else {}
        before = {place: _item(*place) for place in _written(action, request)}
        response = await serve(method, path, headers, body, query)
        meter.add("dynamodb.requests", f"{action} {_table_names(action, request)}")
        if action in _UNMETERED:
            meter.add("dynamodb.unmetered", action)
        for (table, key), old in before.items():
            name = _short(table)
            writes = 2 if action == "TransactWriteItems" else 1
            written = _units_written(table, old, _item(table, key), writes)
            meter.add("dynamodb.write_units", name, written)
            meter.add("dynamodb.writes", f"{name} {_kind(key)}")
        for table, read in _units_read(action, request, response):
            meter.add("dynamodb.read_units", _short(table), read)
        for table, rows in _rows_read(action, request, response):
            meter.add("dynamodb.rows_read", _short(table), rows)
        return response

    tables.handle_request = handle


def _written(action: str, request: Any) -> list[tuple[str, str]]:
    """Returns table and key of each written item. The key is JSON, because it must be hashable."""
    if action == "PutItem":
        return [(request["TableName"], _key(request["TableName"], request["Item"]))]
    if action in {"UpdateItem", "DeleteItem"}:
        return [(request["TableName"], json.dumps(request["Key"]))]
    if action == "TransactWriteItems":
        parts = [each for item in request["TransactItems"] for each in item.items()]
        return [place for kind, part in parts for place in _written(_SINGLE[kind], part)]
    return []


def _key(table: str, item: Row) -> str:
    found = tables._tables.get(table)  # noqa: SLF001
    names = [] if found is None else [found["pk_name"], found["sk_name"]]
    return json.dumps({name: item[name] for name in names if name and name in item})


def _item(table: str, key: str) -> Row | None:
    found = tables._tables.get(table)  # noqa: SLF001
    item = None if found is None else tables._get_item_by_key(found, json.loads(key))  # noqa: SLF001
    return None if item is None else dict(item)


def _units_written(table: str, old: Row | None, new: Row | None, writes: int) -> float:
    size = max(tables._item_size_bytes(each) for each in (old or {}, new or {}))  # noqa: SLF001
    total: float = writes * units(size, UNIT_WRITTEN)
    for index in tables._tables[table].get("GlobalSecondaryIndexes") or ():  # noqa: SLF001
        total += tables._index_write_units(tables._tables[table], index, old, new)  # noqa: SLF001
    return total


def _units_read(action: str, request: Any, response: Any) -> list[tuple[str, float]]:
    if action not in {"GetItem", "BatchGetItem", "Query", "Scan"} or response[0] != _OK:
        return []
    body = json.loads(response[2])
    if action == "BatchGetItem":
        return [
            (
                table,
                _read(body["Responses"].get(table, []), keys_request, len(keys_request["Keys"])),
            )
            for table, keys_request in request["RequestItems"].items()
        ]
    if action == "GetItem":
        return [(request["TableName"], _read([body.get("Item", {})], request, 1))]
    size = sum(tables._item_size_bytes(item) for item in body.get("Items", ()))  # noqa: SLF001
    strong = 1.0 if request.get("ConsistentRead") else 0.5
    return [(request["TableName"], strong * units(size, UNIT_READ))]


def _rows_read(action: str, request: Any, response: Any) -> list[tuple[str, int]]:
    """Returns the number of rows that were read, including rows that a filter removed."""
    if action not in {"GetItem", "BatchGetItem", "Query", "Scan"} or response[0] != _OK:
        return []
    body = json.loads(response[2])
    if action == "BatchGetItem":
        return [(table, len(rows)) for table, rows in body["Responses"].items()]
    return [(request["TableName"], body.get("ScannedCount", 1))]


def _read(items: list[Row], request: Any, count: int) -> float:
    strong = 1.0 if request.get("ConsistentRead") else 0.5
    sizes = [units(tables._item_size_bytes(item), UNIT_READ) for item in items]  # noqa: SLF001
    return strong * (sum(sizes) + count - len(items))


def _table_names(action: str, request: Any) -> str:
    names: list[str] = [request.get("TableName", "")]
    if action.startswith("Batch"):
        names = [*request.get("RequestItems", ())]
    elif action.startswith("Transact"):
        names = [part["TableName"] for item in request["TransactItems"] for part in item.values()]
    return " ".join(sorted({*map(_short, names)}))


def _short(table: str) -> str:
    """Returns the short name of a table, without the names of stack and stage."""
    return next((role for role in ("tasks", "jobs", "registry") if role in table.lower()), table)


def _kind(key: str) -> str:
    """Returns the kind of a row: a job, its tally, sums or cursor, a chunk or a part."""
    row = next(iter(json.loads(key).values()))["S"]
    for kind in ("tally", "sums", "cursor"):
        if f"#{kind}#" in row:
            return kind
    if row.startswith("job_"):
        return "chunk" if "#" in row else "job"
    return str(row.partition("/")[0])


# The other services.


def _meter_queues(meter: Meter) -> None:
    serve: Handler = queues._dispatch  # noqa: SLF001

    async def dispatch(action: str, data: Any, url: str) -> Any:
        response: Any = await serve(action, data, url)
        carried = data if action.startswith("Send") else response
        size = sum(
            len(each.get("MessageBody", each.get("Body", "")))
            for each in carried.get("Entries", carried.get("Messages", [carried]))
        )
        detail = action
        if action == "ReceiveMessage" and not response.get("Messages"):
            detail = "ReceiveMessage, empty"
        meter.add("sqs.requests", detail, units(size, QUEUE_UNIT))
        return response

    queues._dispatch = dispatch  # noqa: SLF001


def _meter_buckets(meter: Meter) -> None:
    serve: Handler = buckets.handle_request

    async def handle(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        tier = "GET" if method in {"GET", "HEAD"} else method
        meter.add("s3.requests", tier)
        return await serve(method, path, headers, body, query)

    buckets.handle_request = handle


def _meter_functions(meter: Meter) -> None:
    execute = lambdas._execute_function_dispatch  # noqa: SLF001
    emit = lambdas._emit_lambda_logs  # noqa: SLF001

    def dispatch(func: Any, config: Any, event: Any, request_id: str, started: float) -> Any:
        began = time.perf_counter()
        result = execute(func, config, event, request_id, started)
        milliseconds = math.ceil((time.perf_counter() - began) * 1_000)
        name = config["FunctionName"]
        meter.add("lambda.invocations", name)
        meter.add("lambda.mb_ms", name, milliseconds * config.get("MemorySize", 128))
        meter.add("lambda.durations", f"{name} {milliseconds}")
        return result

    def log(func: Any, request_id: str, text: str, *rest: Any, **named: Any) -> None:
        name = (func.get("config") or func)["FunctionName"]
        lines = text.splitlines() if text else []
        own = 3 * (LOG_LINE_BYTES + 100)  # START, END and REPORT
        meter.add(
            "logs.bytes", name, own + sum(len(line.encode()) + LOG_LINE_BYTES for line in lines)
        )
        emit(func, request_id, text, *rest, **named)

    lambdas._execute_function_dispatch = dispatch  # noqa: SLF001
    lambdas._emit_lambda_logs = log  # noqa: SLF001


def _meter_workflows(meter: Meter) -> None:
    """Counts transitions. States inside a Map have only the event of their task."""
    add_event = workflows._add_event  # noqa: SLF001

    def event(execution: Any, kind: str, details: Any = None) -> Any:
        if kind == "TaskScheduled":
            meter.add("stepfunctions.transitions", "Task")
        elif kind.endswith("StateEntered") and kind != "TaskStateEntered":
            meter.add("stepfunctions.transitions", kind.removesuffix("StateEntered"))
        if kind.endswith("StateEntered") and len(execution["events"]) == 1:
            meter.add("stepfunctions.transitions", "start")
        return add_event(execution, kind, details)

    workflows._add_event = event  # noqa: SLF001


def _meter_api(meter: Meter) -> None:
    serve = gateway.handle_execute

    async def execute(*args: Any, **named: Any) -> Any:
        _, _, path, method, _, body = args[:6]
        response = await serve(*args, **named)
        size = len(body or b"") + len(response[2] or b"")
        route = f"{method} {_IDS.sub('{id}', path)}"
        meter.add("api.requests", route, units(size, API_UNIT))
        return response

    gateway.handle_execute = execute


def _serve(meter: Meter) -> None:
    app = ministack.app.app

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(meter.counts).encode()})

    ministack.app.app = serve
