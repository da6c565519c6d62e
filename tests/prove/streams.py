"""The stream of the jobs table, the event bus, webhooks and live connections.

The functions behind them are actors like all others: they are killed, stall and are called again.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from shoal.adapters.eventbridge import EventBridgeBus
from shoal.adapters.rows.jobs import job_row
from shoal.domain.job import Job
from shoal.domain.job_event import events_of
from shoal.domain.webhook import WebhookDelivery, WebhookResponse
from shoal.wire.times import rfc3339
from shoal.wire.webhook_messages import delivery_message
from tests.prove.faults import Fault, Faults
from tests.prove.functions import Lambda
from tests.prove.ports import Calls, Rows
from tests.prove.simulation import Simulation
from tests.prove.threads import Event
from tests.prove.trace import Trace

_WINDOW: Final = 1.0
_DELIVERY_VISIBILITY: Final = 720.0
_MOST_RECEIVES: Final = 10
_DELIVERIES: Final = 10


def _middle(low: float, high: float) -> float:
    """Return the same number each time, so that a run repeats."""
    return (low + high) / 2


class Consumer(NamedTuple):
    """A function that reads the stream, as in the template."""

    function: str
    batch: int
    retries: float
    oldest: float
    only_jobs: bool


CONSUMERS: Final = (
    Consumer("JobEvents", 100, float("inf"), 86_400.0, only_jobs=True),
    Consumer("LiveDeltas", 1_000, 2, 60.0, only_jobs=False),
)


class Record(NamedTuple):
    """A record of the stream: when it was written, the job that it is about, and its body."""

    at: float
    job_id: str
    body: Mapping[str, Any]


class Shard:
    """Records for one consumer, in order. A batch that fails is delivered again, then in halves."""

    def __init__(self, streams: Streams, consumer: Consumer, name: str) -> None:
        self._streams = streams
        self._consumer = consumer
        self._records: deque[Record] = deque()
        self._filled = Event(streams.simulation)
        self.busy = False
        streams.simulation.spawn_apart(f"stream {consumer.function} {name}", self._serve)

    @property
    def idle(self) -> bool:
        return not self._records and not self.busy

    def add(self, record: Record) -> None:
        self._records.append(record)
        self._filled.set()

    def _serve(self) -> None:
        simulation, faults = self._streams.simulation, self._streams.faults
        while True:
            while not self._records:
                self._filled = Event(simulation)
                self._filled.wait()
            self.busy = True
            simulation.sleep(_WINDOW)
            actor = simulation.current
            assert actor is not None
            if faults.strikes(Fault.RECORD_LATE, actor.name):
                seconds = faults.between(actor.name, 1.0, 300.0)
                self._note(f"is {seconds:.0f} s late", Fault.RECORD_LATE)
                simulation.sleep(seconds)
            batch = [
                self._records.popleft()
                for _ in range(min(len(self._records), self._consumer.batch))
            ]
            if faults.strikes(Fault.RECORD_LOST, actor.name):
                self._note("is lost", Fault.RECORD_LOST)
                self._drop(batch)
            else:
                self._deliver(batch, 0.0)
                if faults.strikes(Fault.RECORD_TWICE, actor.name):
                    self._note("is delivered twice", Fault.RECORD_TWICE)
                    self._deliver(batch, 0.0)
            self.busy = False

    def _note(self, what: str, fault: Fault) -> None:
        simulation = self._streams.simulation
        assert simulation.current is not None
        self._streams.trace.add(
            simulation.now, simulation.current.name, f"a batch {what}", fault=fault.value
        )

    def _deliver(self, batch: Sequence[Record], tries: float) -> None:
        """Invoke the function, again if it fails; a batch that fails is cut in halves."""
        simulation = self._streams.simulation
        alive = [each for each in batch if simulation.now - each.at <= self._consumer.oldest]
        self._drop([each for each in batch if each not in alive])
        if not alive:
            return
        records = [each.body for each in alive]
        invocation = self._streams.functions.invoke(self._consumer.function, {"Records": records})
        invocation.wait(float("inf"))
        if not (invocation.crashed or invocation.error):
            return
        if tries >= self._consumer.retries:
            self._drop(alive)
            return
        simulation.sleep(min(60.0, 2.0**tries))
        half = (len(alive) + 1) // 2
        for part in (alive[:half], alive[half:]):
            self._deliver(part, tries + 1)

    def _drop(self, batch: Sequence[Record]) -> None:
        for record in batch:
            self._streams.dropped.add((self._consumer.function, record.job_id))


class Streams:
    """The stream and everything behind it. It exists only in some of the runs."""

    def __init__(
        self,
        simulation: Simulation,
        faults: Faults,
        functions: Lambda,
        calls: Calls,
        trace: Trace,
    ) -> None:
        self.simulation = simulation
        self.faults = faults
        self.functions = functions
        self.trace = trace
        self.dropped: set[tuple[str, str]] = set()
        """Functions and jobs of which they did not get every record."""
        self.due: dict[str, str] = {}
        """The events that the changes of jobs call for, with their tenants."""
        self.published: set[str] = set()
        """Events that the bus accepted."""
        self.posted: set[tuple[str, str]] = set()
        """Events by the address of a webhook that got them."""
        self.bus = EventBridgeBus(
            _BusClient(self, calls), "bus", sleep=simulation.sleep, uniform=_middle
        )
        self.deliveries = Deliveries(self)
        self._shards: list[tuple[Consumer, Sequence[Shard]]] = []
        self._numbers = itertools.count(1)

    @property
    def running(self) -> bool:
        return bool(self._shards)

    def start(self) -> None:
        """Begin to read the stream."""
        self._shards = [
            (consumer, [Shard(self, consumer, str(number)) for number in range(2)])
            for consumer in CONSUMERS
        ]
        self.simulation.spawn("deliveries", self.deliveries.serve)

    def changed(self, key: str, before: Job | None, after: Job | None) -> None:
        """Write the record of a change of the jobs table."""
        if not self._shards:
            return
        job_id = key.partition("#")[0]
        images: dict[str, Any] = {"Keys": {"id": {"S": key}}, "NewImage": {"id": {"S": key}}}
        if after is not None:
            images["NewImage"] = _image(after)
            self.due |= {event.id: after.tenant for event in events_of(before, after)}
        if before is not None:
            images["OldImage"] = _image(before)
        body = {
            "eventID": str(next(self._numbers)),
            "eventName": "MODIFY" if before is not None else "INSERT",
            "dynamodb": images,
        }
        record = Record(self.simulation.now, job_id, body)
        for consumer, shards in self._shards:
            if after is not None or not consumer.only_jobs:
                shards[0 if after is not None else 1].add(record)

    def accepted(self, entry: Mapping[str, Any]) -> None:
        """Route an event of the bus to the queue of deliveries."""
        detail = json.loads(entry["Detail"])
        self.published.add(detail["event_id"])
        body = json.dumps(
            {
                "detail-type": entry["DetailType"],
                "time": rfc3339(self.simulation.now),
                "detail": detail,
            }
        )
        late, name = 0.1, detail["event_id"]
        if self.faults.strikes(Fault.EVENT_LATE, "bus"):
            late = self.faults.between("bus", 1.0, 900.0)
            self.trace.add(self.simulation.now, "bus", f"{name} is late", fault="late")
        self.deliveries.put(body, late)
        if self.faults.strikes(Fault.EVENT_TWICE, "bus"):
            self.trace.add(self.simulation.now, "bus", f"{name} comes twice", fault="twice")
            self.deliveries.put(body, 2 * late)

    @property
    def idle(self) -> bool:
        """Whether nothing is in progress, except attempts that are due later."""
        return self.deliveries.idle and all(
            shard.idle for _, shards in self._shards for shard in shards
        )


def _image(job: Job) -> Mapping[str, Any]:
    """The row as JSON, with base64 for bytes."""
    row: dict[str, Any] = dict(job_row(job))
    if "B" in row["spec"]:
        row["spec"] = {"B": base64.b64encode(row["spec"]["B"]).decode()}
    return row


class _BusClient:
    """The client of EventBridge that the adapter calls."""

    def __init__(self, streams: Streams, calls: Calls) -> None:
        self._streams = streams
        self._calls = calls

    def put_events(self, *, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        return self._calls.make(  # type: ignore[no-any-return]
            "events", "put_events", Rows([lambda: self._put(Entries)], _only), (len(Entries),)
        )

    def _put(self, entries: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        told: list[Mapping[str, str]] = []
        for entry in entries:
            if self._streams.faults.strikes(Fault.ENTRY_REJECTED, "bus"):
                told.append({"ErrorCode": "InternalFailure"})
                continue
            self._streams.accepted(entry)
            told.append({})
        return {"Entries": told}


def _only(done: list[Any]) -> Any:
    return done[0]


class _Delivery:
    """A message of the queue of deliveries."""

    def __init__(self, number: int, body: str, visible_at: float) -> None:
        self.number = number
        self.body = body
        self.visible_at = visible_at
        self.receives = 0


class Deliveries:
    """The queue of deliveries, the function behind it, and the endpoints of webhooks."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._messages: dict[int, _Delivery] = {}
        self._numbers = itertools.count(1)
        self._filled = Event(streams.simulation)
        self._busy = False

    # The port DeliveryQueue.

    def send(self, delivery: WebhookDelivery, *, delay: float) -> None:
        self.put(delivery_message(delivery), delay)
        if self._streams.faults.strikes(Fault.MESSAGE_TWICE, "deliveries"):
            self.put(delivery_message(delivery), delay)

    def put(self, body: str, delay: float) -> None:
        """Add a message."""
        number = next(self._numbers)
        self._messages[number] = _Delivery(number, body, self._streams.simulation.now + delay)
        self._filled.set()

    @property
    def idle(self) -> bool:
        """Whether no message is being handled or visible."""
        now = self._streams.simulation.now
        return not self._busy and all(
            each.visible_at > now + 2 * _DELIVERY_VISIBILITY or self._waits(each)
            for each in self._messages.values()
        )

    @staticmethod
    def _waits(message: _Delivery) -> bool:
        """Whether it is a later attempt, which can be due in hours."""
        said = json.loads(message.body).get("delivery")
        return said is not None and said["attempt"] > 1

    def pending(self, event_id: str) -> bool:
        """Whether a message about the event is in the queue."""
        return any(event_id in each.body for each in self._messages.values())

    def serve(self) -> None:
        """Hand visible messages to the function, in batches."""
        simulation = self._streams.simulation
        while True:
            now = simulation.now
            batch = [each for each in self._messages.values() if each.visible_at <= now]
            batch = batch[:_DELIVERIES]
            if not batch:
                due = min((each.visible_at for each in self._messages.values()), default=None)
                self._filled = Event(simulation)
                self._filled.wait(None if due is None else due - now)
                continue
            self._busy = True
            for each in batch:
                each.receives += 1
                each.visible_at = now + _DELIVERY_VISIBILITY
            records = [{"messageId": str(each.number), "body": each.body} for each in batch]
            invocation = self._streams.functions.invoke("DeliverWebhooks", {"Records": records})
            invocation.wait(float("inf"))
            failed = {str(each.number) for each in batch}
            if not (invocation.crashed or invocation.error):
                told = invocation.answer["batchItemFailures"]
                failed = {each["itemIdentifier"] for each in told}
            for each in batch:
                if str(each.number) not in failed or each.receives >= _MOST_RECEIVES:
                    self._messages.pop(each.number, None)
            self._busy = False

    # The port WebhookPoster.

    def post(
        self, url: str, headers: Mapping[str, str], body: bytes, *, allowed: str | None
    ) -> WebhookResponse:
        del allowed
        json.loads(body)
        if self._streams.faults.strikes(Fault.WEBHOOK_REFUSED, "endpoint"):
            return WebhookResponse(503, 0.1)
        self._streams.posted.add((url, headers["webhook-id"]))
        return WebhookResponse(200, 0.1)
