"""The window of a job with `max_parallelism`: which chunks are claimed, and how many are out."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Window:
    """The window of one generation.

    Chunks below `next` are claimed: their messages are sent, or will be. `back` of them have ended
    and have a note of it in their rows. The others are out; a chunk is claimed only while fewer
    than `width` are out. `sending` are the first chunk of a claim whose messages may not all be
    sent yet, and the chunk after its last one.

    `back` is None in a row of an earlier release, which did not count.
    """

    next: int
    back: int | None
    width: int
    sending: tuple[int, int] | None = None

    @staticmethod
    def opened(width: int, chunks: int) -> Window:
        """Return the first window of a generation, which claims as many chunks as it is wide."""
        return Window(min(width, chunks), 0, width)

    def covers(self, chunk: int) -> bool:
        """Return whether the chunk is claimed."""
        return chunk < self.next

    @property
    def out(self) -> int:
        """The number of chunks that are out, according to the notes."""
        return self.next - (self.back or 0)

    def room(self, chunks: int) -> int:
        """Return how many more of the job's chunks can be claimed."""
        return max(0, min(self.width - self.out, chunks - self.next))

    def after_end(self, chunks: int) -> tuple[Window, int | None]:
        """Return the window after a claimed chunk ended, and the chunk that this end claims.

        Where the ended chunks are not counted, an end claims one: the number of chunks that are
        out stays as it is.
        """
        after = self.after_ends(1)
        if self.back is not None and not after.room(chunks):
            return after, None
        return replace(after, next=self.next + 1), self.next

    def after_ends(self, count: int) -> Window:
        """Return the window after some claimed chunks ended, without a claim."""
        return replace(self, back=None if self.back is None else self.back + count)

    def passing(self, count: int) -> Window:
        """Return the window after a claim of chunks that have ended already."""
        return replace(self.after_ends(count), next=self.next + count)

    def claim(self, count: int) -> Window:
        """Return the window after a claim of this number of chunks, which are then sent."""
        end = self.next + count
        return replace(self, next=end, sending=(self.next, end))

    def sent(self) -> Window:
        """Return the window after the messages of its latest claim were sent."""
        return replace(self, sending=None)

    def resized(self, width: int) -> Window:
        """Return the window with another width. Chunks that are out stay out."""
        return replace(self, width=width)

    def recounted(self, back: int) -> Window:
        """Return the window with the number of notes that the rows of its chunks have."""
        return replace(self, back=back)
