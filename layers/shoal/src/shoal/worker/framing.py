"""Length-prefixed frames on a stream: four bytes of length, then the bytes."""

from __future__ import annotations

import socket
from typing import Final

_HEAD: Final = 4
_READ_SIZE: Final = 65_536
"""Bytes per read. A larger buffer would be mapped and unmapped on each call."""
_MAX_LENGTH: Final = 2**32


class FrameTooLarge(OSError):  # noqa: N818 - the tree reads as nouns
    """The peer announces a frame above the limit."""


def send(stream: socket.socket, data: bytes) -> None:
    """Sends a frame."""
    stream.sendall(len(data).to_bytes(_HEAD, "little") + data)


def send_at_once(stream: socket.socket, data: bytes) -> None:
    """Sends a small frame to a peer that waits for it. Raises BlockingIOError if it does not."""
    frame = len(data).to_bytes(_HEAD, "little") + data
    if stream.send(frame, socket.MSG_DONTWAIT) < len(frame):
        raise BlockingIOError


def receive(stream: socket.socket, limit: int = _MAX_LENGTH) -> bytes:
    """Returns the next frame. Raises EOFError if the peer has closed the connection.

    The peer waits for a reply before it sends another frame, so this never reads beyond one frame.
    Raises FrameTooLarge if the frame has more than `limit` bytes.
    """
    data = b""
    while len(data) < _HEAD or len(data) < _HEAD + int.from_bytes(data[:_HEAD], "little"):
        if len(data) >= _HEAD and int.from_bytes(data[:_HEAD], "little") > limit:
            raise FrameTooLarge(f"a frame has more than {limit} bytes")
        more = stream.recv(_READ_SIZE)
        if not more:
            raise EOFError
        data += more
    return data[_HEAD:]
