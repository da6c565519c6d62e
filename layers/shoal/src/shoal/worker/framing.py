"""Byte strings of known length on a stream: four bytes of length, then the bytes."""

from __future__ import annotations

import socket
from typing import Final

_HEAD: Final = 4
_MUCH: Final = 65_536
"""Bytes of a read; more would be memory that the system maps anew for each."""


def send(stream: socket.socket, data: bytes) -> None:
    """Send it whole."""
    stream.sendall(len(data).to_bytes(_HEAD, "little") + data)


def receive(stream: socket.socket) -> bytes:
    """What was sent next; raise EOFError if the other side is gone.

    The other side waits for an answer before it sends more, so nothing of the next is read.
    """
    data = b""
    while len(data) < _HEAD or len(data) < _HEAD + int.from_bytes(data[:_HEAD], "little"):
        more = stream.recv(_MUCH)
        if not more:
            raise EOFError
        data += more
    return data[_HEAD:]
