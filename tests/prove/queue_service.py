"""SQS: three queues and a dead-letter queue; functions use the port, workers the JSON protocol."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.adapters.http import PostResponse
from shoal.domain.job import Priority
from shoal.ports.queues import Depth, Message
from shoal.wire.worker import RemoteUnavailable
from tests.prove.faults import Fault, Faults
from tests.prove.simulation import Actor, Simulation
from tests.prove.trace import Trace

MAX_RECEIVES: Final = 3
LONGEST_DELAY: Final = 900
ENDPOINT: Final = "sim://sqs"
_ACTION: Final = "AmazonSQS."
_LATENCY: Final = 0.005
_FAULTS: Final = "queue"


@dataclass(slots=True, eq=False)
class Letter:
    """A message in a queue."""

    id: int
    body: str
    tenant: str
    sent_at: float
    visible_at: float
    receives: int = 0


@dataclass(slots=True)
class _Queue:
    letters: dict[int, Letter] = field(default_factory=dict)
    waiting: list[Actor] = field(default_factory=list)


class QueueService:
    """The queues. A receipt names a message and its receive; only the latest one hides it."""

    def __init__(self, simulation: Simulation, faults: Faults, trace: Trace) -> None:
        self._simulation = simulation
        self._faults = faults
        self._trace = trace
        self._ids = itertools.count(1)
        self._queues: dict[str, _Queue] = {str(name): _Queue() for name in Priority}
        self.generation_of: Callable[[str], int] = lambda _: 0
        self.sent: dict[tuple[str, int], int] = {}
        """The generation in which each chunk was sent last."""
        self.dead: list[Letter] = []
        """Messages that were received too often."""

    # For functions.

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        for message in messages:
            body = self.body(message.job, message.chunk)
            self.sent[message.job, message.chunk] = self.generation_of(message.job)
            delay = min(LONGEST_DELAY, max(0, math.ceil(message.delay)))
            if self._strikes(Fault.MESSAGE_LOST, body):
                continue
            if self._strikes(Fault.MESSAGE_LATE, body):
                delay += int(self._faults.between(_FAULTS, 1.0, 600.0))
            self._put(str(priority), body, tenant, delay)
            if self._strikes(Fault.MESSAGE_TWICE, body):
                again = int(self._faults.between(_FAULTS, 0.0, 120.0))
                self._put(str(priority), body, tenant, delay + again)

    @staticmethod
    def body(job_id: str, chunk: int) -> str:
        """The body of the message of a chunk."""
        return json.dumps({"job": job_id, "chunk": chunk})

    def depths(self) -> Mapping[Priority, Depth]:
        return {priority: self._depth(self._queues[str(priority)]) for priority in Priority}

    def _depth(self, queue: _Queue) -> Depth:
        now = self._simulation.now
        hidden = [each for each in queue.letters.values() if each.visible_at > now]
        in_flight = sum(each.receives > 0 for each in hidden)
        return Depth(len(queue.letters) - len(hidden), in_flight, len(hidden) - in_flight)

    def _put(self, name: str, body: str, tenant: str, delay: float) -> None:
        now = self._simulation.now
        letter = Letter(next(self._ids), body, tenant, now, now + delay)
        queue = self._queues[name]
        queue.letters[letter.id] = letter
        if delay:
            self._simulation.at(letter.visible_at, lambda: self._rouse(queue))
        else:
            self._rouse(queue)

    def _rouse(self, queue: _Queue) -> None:
        waiting, queue.waiting = queue.waiting, []
        for actor in waiting:
            self._simulation.wake(actor)

    def _strikes(self, kind: Fault, about: str) -> bool:
        struck = self._faults.strikes(kind, _FAULTS)
        if struck:
            self._trace.add(self._simulation.now, "queue", "queue", (about,), fault=kind.value)
        return struck

    def wipe(self) -> None:
        """Lose every message."""
        for queue in self._queues.values():
            queue.letters.clear()

    def resend_dead(self, letter: Letter) -> None:
        """Put a dead letter back: its function failed."""
        self.dead.append(letter)

    @property
    def letters(self) -> list[Letter]:
        """All messages, of the dead-letter queue too."""
        return [*self.dead, *(each for q in self._queues.values() for each in q.letters.values())]

    # For workers.

    def post(self, headers: Mapping[str, str], body: bytes) -> PostResponse:
        """A call of a worker, in the JSON protocol."""
        actor = self._simulation.current
        assert actor is not None
        self._simulation.sleep(_LATENCY)
        action = headers["X-Amz-Target"].removeprefix(_ACTION)
        asked = json.loads(body)
        lost = self._faults.strikes(Fault.SQS_LOST, actor.name)
        if lost and self._faults.between(actor.name, 0.0, 1.0) > 0.5:
            self._trace.add(self._simulation.now, actor.name, f"sqs.{action}", fault="lost request")
            raise RemoteUnavailable("no answer from SQS")
        answer = getattr(self, f"_{action}")(actor, asked.pop("QueueUrl"), **asked)
        if action != "ReceiveMessage" or answer["Messages"]:
            told = answer.get("Messages", ())
            fault = "lost answer" if lost else None
            what = (json.dumps(asked.get("Entries", "")),)
            self._trace.add(self._simulation.now, actor.name, f"sqs.{action}", what, told, fault)
        if lost:
            raise RemoteUnavailable("no answer from SQS")
        return PostResponse(200, json.dumps(answer).encode())

    def _ReceiveMessage(  # noqa: N802 - the protocol's name
        self,
        actor: Actor,
        name: str,
        *,
        MaxNumberOfMessages: int,  # noqa: N803
        WaitTimeSeconds: int,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
        MessageSystemAttributeNames: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        del MessageSystemAttributeNames
        simulation, queue = self._simulation, self._queues[name]
        until = simulation.now + WaitTimeSeconds
        while True:
            found = self._visible(queue, MaxNumberOfMessages)
            if found or simulation.now >= until:
                break
            hidden = [each.visible_at for each in queue.letters.values()]
            queue.waiting.append(actor)
            simulation.park(min([until, *hidden]) - simulation.now)
        for letter in found:
            letter.receives += 1
            letter.visible_at = simulation.now + VisibilityTimeout
        return {"Messages": [_shown(letter) for letter in found]}

    def _visible(self, queue: _Queue, limit: int) -> list[Letter]:
        now = self._simulation.now
        found: list[Letter] = []
        letters = [each for each in queue.letters.values() if each.visible_at <= now]
        if len(letters) > 1 and self._strikes(Fault.MESSAGES_REORDERED, f"{len(letters)} messages"):
            letters.reverse()
        for letter in letters:
            exhausted = letter.receives >= MAX_RECEIVES
            if exhausted or self._strikes(Fault.RECEIVES_EXHAUSTED, letter.body):
                del queue.letters[letter.id]
                self.dead.append(letter)
            elif len(found) < limit:
                found.append(letter)
        return found

    def _DeleteMessageBatch(  # noqa: N802
        self,
        _actor: Actor,
        name: str,
        *,
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        for entry in Entries:
            number, _ = _receipt(entry)
            self._queues[name].letters.pop(number, None)
        return {}

    def _ChangeMessageVisibilityBatch(  # noqa: N802
        self,
        _actor: Actor,
        name: str,
        *,
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        queue, simulation = self._queues[name], self._simulation
        for entry in Entries:
            number, receive = _receipt(entry)
            letter = queue.letters.get(number)
            if letter is None or letter.receives != receive:
                continue
            letter.visible_at = simulation.now + entry["VisibilityTimeout"]
            if not entry["VisibilityTimeout"]:
                self._rouse(queue)
        return {}

    def _GetQueueAttributes(  # noqa: N802
        self,
        _actor: Actor,
        name: str,
        *,
        AttributeNames: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        depth = self._depth(self._queues[name])
        values = (depth.waiting, depth.delayed, depth.in_flight)
        return {"Attributes": dict(zip(AttributeNames, map(str, values), strict=True))}


def _shown(letter: Letter) -> dict[str, Any]:
    return {
        "MessageId": str(letter.id),
        "ReceiptHandle": f"{letter.id}.{letter.receives}",
        "Body": letter.body,
        "Attributes": {
            "SentTimestamp": str(int(letter.sent_at * 1000)),
            "ApproximateReceiveCount": str(letter.receives),
        },
    }


def _receipt(entry: Mapping[str, Any]) -> tuple[int, int]:
    number, receive = entry["ReceiptHandle"].split(".")
    return int(number), int(receive)
