"""The stub that contestants talk to: SQS, and the part of Shoal's API that workers call.

One process, one thread, as little HTTP as clients need; it checks no signature.
`python -m bench.peers.stub PORT`
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Final

from bench.peers.stub_api import StubApi
from bench.peers.stub_sqs import Answer, StubSqs

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TARGET: Final = re.compile(rb"\r\nx-amz-target: *AmazonSQS\.(\w+)", re.IGNORECASE)
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Stub:
    """Routes each request to its stub."""

    def __init__(self) -> None:
        self.sqs = StubSqs()
        self.api = StubApi()

    def answer(self, head: bytes, body: bytes) -> Answer:
        """The answer to a request of this head and body."""
        if target := _TARGET.search(head):
            return self.sqs.answer(target[1].decode(), json.loads(body))
        noun = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        if noun in {"prepare", "rewind", "settled"}:
            return Answer(json.dumps(self._told(noun, json.loads(body))).encode())
        return Answer(self.api.answer(noun, body))

    def _told(self, what: str, request: dict[str, int | str]) -> int:
        """Control requests of the bench: fill a queue, restore it, or count."""
        queue = self.sqs.queue(str(request["queue"]))
        if what == "prepare":
            queue.written = self.api.prepare(int(request["chunks"]), int(request["size"]))
        if what != "settled":
            queue.rewind()
        return queue.settled


class _Connection(asyncio.Protocol):
    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head = self._unread[:end]
            length = _LENGTH.search(head)
            end += 4
            whole = end + (int(length[1]) if length else 0)
            if len(self._unread) < whole:
                return
            body, self._unread = self._unread[end:whole], self._unread[whole:]
            self._send(self._stub.answer(head, body))

    def _send(self, answer: Answer) -> None:
        data = _HEAD % len(answer.body) + answer.body
        if answer.after:
            asyncio.get_running_loop().call_later(answer.after, self._transport.write, data)
        else:
            self._transport.write(data)


async def _serve(port: int) -> None:
    stub = Stub()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(stub), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
