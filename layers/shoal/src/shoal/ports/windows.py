"""Storage of windows: how many chunks of a job with `max_parallelism` are out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from shoal.domain.chunk import Chunk
from shoal.domain.job import Job
from shoal.domain.window import Window


class WindowStore(Protocol):
    """One window per generation of a job.

    Each write requires that the stored window equals `before` (None: there is none); otherwise it
    raises WriteConflict and writes nothing.
    """

    def get(self, job: Job) -> Window | None:
        """Return the window of the job's generation."""

    def open(self, job: Job, window: Window) -> None:
        """Write the first window; raise WriteConflict if the job has changed."""

    def put(self, job: Job, before: Window | None, after: Window) -> None:
        """Write the window."""

    def note(self, job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        """Write the window and the chunks, each over its previous version: all of them or none."""

    def resize(self, job: Job, before: Window | None, after: Window | None) -> None:
        """Write the job over its previous version and the window, if any: both or none."""
