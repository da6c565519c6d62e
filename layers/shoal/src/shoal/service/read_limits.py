"""Limits on what one user request may read."""

from typing import Final

MOST_ROWS: Final = 1_000
"""Most rows per request; at this limit a page ends early and has a token for the next one."""
READ_AT_ONCE: Final = 100
"""Chunk rows per batch read."""
