"""Inputs of a submission: in the request if they fit, else in a file that is uploaded first."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

from shoal.client import flows


@contextmanager
def placed(inputs: Iterable[Mapping[str, Any]]) -> Generator[list[Any] | Path]:
    """The inputs as a list for the request, or as a file, which is gone afterwards.

    Only as much as a request may carry is ever held in memory.
    """
    lines: Iterator[bytes] = flows.encoded(inputs)
    kept, whole = flows.travels(lines)
    if whole:
        yield [json.loads(line) for line in kept]
        return
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as file:
        for line in chain(kept, lines):
            file.write(line + b"\n")
        file.flush()
        yield Path(file.name)
