"""SQS as far as a worker sees it, in JSON: messages are handed out once and counted when deleted.

Visibility is taken for granted: nothing comes twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

_LONGEST_WAIT: Final = 1.0


class Answer(NamedTuple):
    """A body, and how many seconds to wait before it is sent."""

    body: bytes
    after: float = 0.0


class Queue:
    """`written` stays, so that each round gets the same messages."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.waiting: deque[bytes] = deque()
        self.settled = 0

    def rewind(self) -> None:
        """Be as it was before anything was received."""
        self.waiting = deque(self.written)
        self.settled = 0

    def send(self, sent: dict[str, Any]) -> dict[str, str]:
        """Keep a message."""
        number = str(len(self.written))
        self.written.append(message(number, sent["MessageBody"], sent.get("MessageAttributes")))
        digest = hashlib.md5(sent["MessageBody"].encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": number, "MD5OfMessageBody": digest}


def message(number: str, body: str, attributes: Any = None) -> bytes:
    """A message as ReceiveMessage shows it."""
    shown = {
        "MessageId": number,
        "ReceiptHandle": f"receipt-{number}-{'x' * 160}",
        "MD5OfBody": hashlib.md5(body.encode(), usedforsecurity=False).hexdigest(),
        "Body": body,
        "Attributes": {"ApproximateReceiveCount": "1"},
        "MessageAttributes": attributes or {},
    }
    return json.dumps(shown).encode()


class StubSqs:
    """The queues by name."""

    def __init__(self) -> None:
        self._queues: dict[str, Queue] = {}

    def queue(self, name: str) -> Queue:
        """Return the queue, and create it on first use."""
        return self._queues.setdefault(name, Queue())

    def answer(self, action: str, asked: dict[str, Any]) -> Answer:
        """Run an action of the JSON protocol; an unknown action does nothing."""
        queue = self.queue(asked.get("QueueUrl", "").rpartition("/")[2])
        if action == "ReceiveMessage":
            return _received(queue, asked)
        return Answer(json.dumps(_done(queue, action, asked)).encode())


def _done(queue: Queue, action: str, asked: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    match action:
        case "DeleteMessage":
            queue.settled += 1
        case "DeleteMessageBatch":
            queue.settled += len(asked["Entries"])
            told = _each(asked, lambda entry: {"Id": entry["Id"]})
        case "ChangeMessageVisibilityBatch":
            told = _each(asked, lambda entry: {"Id": entry["Id"]})
        case "SendMessage":
            told = queue.send(asked)
        case "GetQueueUrl" | "CreateQueue":
            told = {"QueueUrl": f"http://127.0.0.1/000000000000/{asked['QueueName']}"}
        case "GetQueueAttributes":
            told = {"Attributes": {"ApproximateNumberOfMessages": str(len(queue.waiting))}}
    return told


def _received(queue: Queue, asked: dict[str, Any]) -> Answer:
    waiting = queue.waiting
    wanted = min(asked.get("MaxNumberOfMessages", 1), len(waiting))
    if wanted == 0:
        return Answer(b"{}", min(asked.get("WaitTimeSeconds", 0), _LONGEST_WAIT))
    return Answer(b'{"Messages":[' + b",".join([waiting.popleft() for _ in range(wanted)]) + b"]}")


def _each(asked: dict[str, Any], done: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return {"Successful": [done(entry) for entry in asked["Entries"]], "Failed": []}
