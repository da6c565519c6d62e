"""How much one request of a user reads."""

from typing import Final

MOST_ROWS: Final = 1_000
"""Rows that one request reads at most; it may give fewer items than asked, and a place to go on."""
READ_AT_ONCE: Final = 100
"""Rows of chunks that are read together."""
