"""Runs chunks in child processes: one thread that waits on all of them at once.

A child that dies, or is killed because its task took too long, costs the task that it had in hand:
that one has failed, and a fresh child goes on after it.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from shoal.worker.assignment import DONE, FULL, PROGRESS, RETIRE, TAIL
from shoal.worker.children import ChildHandle, Nursery
from shoal.worker.health import Pulse
from shoal.worker.joint import LONG, Pace, joined
from shoal.worker.memory import Memory, taken
from shoal.worker.outcome import Stamps, failed
from shoal.worker.prints import Prints
from shoal.worker.segment import Kill, Segment

_LOG = logging.getLogger("shoal.worker")
_EARLY_DEATHS: Final = 3
_WEIGH_SECONDS: Final = 0.1
_MEGABYTE: Final = 1024 * 1024
CLEAN_UP_SECONDS: Final = 5.0
"""Between the word that a task is cancelled and its end, for a task that may hear it."""
_STOP_SECONDS: Final = 0.01
"""Within which a child has seen that it is to stop, and its worker what it began before."""
_LATEST_START: Final = 30.0
"""Seconds, besides the timeout of a task, that a child has to take up its first."""


class ChildrenDie(Exception):  # noqa: N818 - says what happens
    """Three children in a row died before they took a task in hand, which is no task's fault."""


class Pool:
    """The children. All but `serve` may be called from any thread."""

    def __init__(
        self,
        nursery: Nursery,
        pulse: Pulse | None = None,
        pace: Pace | None = None,
        memory: Memory | None = None,
    ) -> None:
        self._nursery = nursery
        self._pulse = pulse or Pulse(time.monotonic)
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_wake)
        self._orders: deque[Callable[[], None]] = deque()
        self._woken_already = False
        self._idle: list[ChildHandle] = []
        self._segments: dict[int, Segment] = {}
        self._next_check = float("inf")
        self._pace = pace or Pace()
        self._memory = memory
        self._weigh_at = float("inf")
        self._giving_way: ChildHandle | None = None
        """A child that was killed so that the others have memory."""
        self._stamps = Stamps()
        self._prints = Prints()
        self._closing = False

    # Orders.

    def run(self, *segments: Segment) -> None:
        """Run their tasks."""
        self._order(lambda: self._begin_all(segments))

    def stop(self, segment: Segment) -> None:
        """Let the task in hand end and leave the others."""
        self._order(lambda: self._stop(segment))

    def kill(self, segment: Segment) -> None:
        """Leave its tasks now; the one in hand has no outcome."""
        self._order(lambda: self._kill(segment, Kill.STOP))

    def cancel(self, segment: Segment) -> None:
        """Leave its tasks; the one in hand may hear of it, and has a little time to clean up."""
        self._order(lambda: self._cancel(segment))

    def look(self, segment: Segment, then: Callable[[], None] | None = None) -> None:
        """Take the outcomes that were there at the look before, then do something."""
        self._order(lambda: self._look(segment, then))

    def close(self) -> None:
        """Make `serve` return."""
        self._order(self._close)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        if not self._woken_already:
            self._woken_already = True
            with contextlib.suppress(OSError):  # `serve` has returned
                self._wake.send(b"!")

    # The loop.

    def serve(self) -> None:
        """Run what is asked until closed. Whatever it raises must stop the worker."""
        try:
            while not self._closing:
                self._pulse()
                next_look = min(self._next_check, self._weigh_at)
                wait = min(next_look - time.monotonic(), self._pulse.look)
                events = self._selector.select(max(0.0, wait))
                for key, _ in events:
                    if self._selector.get_map().get(key.fd) is key:  # not closed by one before it
                        key.data()
                if time.monotonic() >= self._next_check:
                    self._check_deadlines()
                if time.monotonic() >= self._weigh_at:
                    self._weigh()
        finally:
            for child in [*self._idle, *(s.child for s in self._segments.values() if s.child)]:
                self._forget(child)
            self._selector.close()
            self._woken.close()
            self._wake.close()

    def _on_wake(self) -> None:
        self._woken.recv(64)
        self._woken_already = False  # before the orders are looked at: none is overlooked
        while self._orders:
            self._orders.popleft()()

    def _close(self) -> None:
        self._closing = True

    # Segments.

    def _begin_all(self, segments: Sequence[Segment]) -> None:
        for segment in joined(segments, self._pace, self._begin):
            self._begin(segment)

    def _begin(self, segment: Segment) -> None:
        """Give what is left of the segment to a child, or end it if nothing is."""
        given = segment.left()
        if not given.tasks or segment.stopping:
            segment.child = None
            segment.owner.ended()
            return
        if segment.together:
            segment.assignment = given
        segment.given_from = segment.ended
        segment.read, segment.seen, segment.killed = 0, 0, None
        child = self._child(fresh=segment.fresh)
        segment.child = child
        self._segments[child.number] = segment
        segment.given_at = time.monotonic()
        if self._memory is not None:
            self._weigh_at = min(self._weigh_at, segment.given_at + _WEIGH_SECONDS)
        if child.give(given):
            segment.deadline = segment.given_at + segment.timeout
            if segment.part is not None:
                segment.part_at = segment.given_at + LONG
            self._next_check = min(self._next_check, segment.deadline, segment.part_at)

    def _end(self, segment: Segment, child: ChildHandle, *, worn: bool) -> None:
        self._collect(segment, child)
        child.read_rest()  # while it is known whose it is
        self._prints.end(child.number)
        del self._segments[child.number]
        segment.child = None
        segment.deadline = segment.kill_at = segment.part_at = float("inf")
        if segment.fresh or segment.killed or worn:
            self._nursery.kill(child)
            self._forget(child)
        else:
            self._idle.append(child)
        segment.owner.ended()

    def _stop(self, segment: Segment) -> None:
        segment.stopping = True
        if segment.joined is not None:
            self._stop(segment.joined)
        if segment.child is not None:
            segment.child.slate.stop()

    def _kill(self, segment: Segment, why: Kill) -> None:
        if why is Kill.STOP:
            segment.stopping = True
        if segment.joined is not None:
            self._kill(segment.joined, why)
        if segment.child is not None and segment.killed is not Kill.STOP:
            segment.killed = why
            self._nursery.kill(segment.child)

    def _cancel(self, segment: Segment) -> None:
        if segment.child is None or not segment.looks:
            self._kill(segment, Kill.STOP)
            return
        segment.stopping = True
        segment.child.slate.cancel()
        segment.kill_at = time.monotonic() + CLEAN_UP_SECONDS
        self._next_check = min(self._next_check, segment.kill_at)

    def _part(self, segment: Segment, child: ChildHandle) -> None:
        """Have others run what waits behind a long task in hand.

        The child leaves it once it sees that it is to stop. It may have begun another task just
        before that, so the one in hand is looked for when enough time has passed.
        """
        told, segment.parting = segment.parting, True
        self._stop(segment)
        self._look(segment, None)
        segment.part_at = time.monotonic() + _STOP_SECONDS
        if told and segment.part is not None and segment.in_hand(child) == segment.ended:
            segment.part_at = float("inf")
            segment.part()

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        for segment in [*self._segments.values()]:
            child = segment.child
            if child is None or segment.killed is Kill.STOP:
                continue
            if segment.part_at <= now:
                self._part(segment, child)
            if segment.kill_at <= now:
                self._kill(segment, Kill.STOP)
            if segment.killed:
                continue
            hand = child.slate.in_hand
            if hand is None:  # it has not begun
                segment.deadline = now + segment.timeout
                if now - segment.given_at > segment.timeout + _LATEST_START:
                    self._nursery.kill(child)
                continue
            segment.deadline = hand[1] + segment.timeout
            if segment.deadline <= now:
                segment.killed_at = segment.given_from + hand[0]
                self._kill(segment, Kill.TIMEOUT)
        running = [s for s in self._segments.values() if not s.killed]
        pending = [min(s.deadline, s.kill_at, s.part_at) for s in running]
        self._next_check = max(min(pending, default=float("inf")), now + 0.001)

    # Memory.

    def _weigh(self) -> None:
        """End the largest child, if else the kernel ends all of them."""
        self._weigh_at = time.monotonic() + _WEIGH_SECONDS if self._segments else float("inf")
        if self._memory is None or self._giving_way is not None or not self._memory.is_short():
            return
        weights = taken()
        running = {s.child: s for s in self._segments.values() if s.child and not s.killed}
        largest = max(
            [*self._idle, *running],
            key=lambda each: weights.get(each.slate.process, 0),
            default=None,
        )
        if largest is None:
            return
        self._giving_way = largest
        weight = weights.get(largest.slate.process, 0) // _MEGABYTE
        _LOG.warning("memory is short, a child process that has %d MB is ended", weight)
        segment = running.get(largest)
        if segment is None:
            self._nursery.kill(largest)
            return
        segment.weight = weight
        segment.killed_at = segment.in_hand(largest) or 0
        self._kill(segment, Kill.MEMORY)

    # Children.

    def _child(self, *, fresh: bool) -> ChildHandle:
        if self._idle and not fresh:
            return self._idle.pop()
        child = self._nursery.start()
        child.heard = lambda data: self._on_heard(child, data)
        register = self._selector.register
        register(child.connection, selectors.EVENT_READ, lambda: self._on_word(child))
        register(child.output, selectors.EVENT_READ, lambda: self._on_output(child))
        register(child.ended, selectors.EVENT_READ, lambda: self._on_exit(child))
        return child

    def _forget(self, child: ChildHandle) -> None:
        for source in (child.connection, child.output, child.ended):
            if source in self._selector.get_map():
                self._selector.unregister(source)
        self._prints.end(child.number)
        if child is self._giving_way:
            self._giving_way = None
        child.close()

    def _on_word(self, child: ChildHandle) -> None:
        words, segment = child.receive(), self._segments.get(child.number)
        if segment is None or not words:
            self._selector.unregister(child.connection)
            self._nursery.kill(child)  # if it is not dead already; its exit follows
            return
        if PROGRESS in words:
            self._collect(segment, child)
        last = words[-1:]  # the child goes on only after a PROGRESS
        if last in (DONE, RETIRE):
            self._end(segment, child, worn=last == RETIRE)
        elif last == TAIL:
            child.answer(child.tail())
        elif last == FULL:
            self._collect(segment, child)
            child.slate.wipe()
            segment.read = segment.seen = 0
            child.answer()

    def _on_output(self, child: ChildHandle) -> None:
        if not child.read_output():
            self._selector.unregister(child.output)

    def _on_heard(self, child: ChildHandle, data: bytes) -> None:
        segment, end = self._segments.get(child.number), child.slate.printed
        begin = end - len(data)
        if segment is None or segment.together:
            known = {} if segment is None else {"job": segment.assignment.job_id}
            self._prints.write(child.number, data, known)
            return
        for position, first, last in child.slate.printers(begin, end):
            known = segment.known(position)
            self._prints.write(child.number, data[first - begin : last - begin], known)

    def _on_exit(self, child: ChildHandle) -> None:
        code, segment = child.exit_code(), self._segments.pop(child.number, None)
        if segment is None:
            self._idle.remove(child)
            _LOG.warning("an idle child process ended, %s", _told(code))
            self._forget(child)
            return
        self._collect(segment, child)
        self._blame(segment, child, code)
        self._forget(child)
        self._begin(segment)

    def _look(self, segment: Segment, then: Callable[[], None] | None) -> None:
        if segment.child is not None:
            self._collect(segment, segment.child, segment.seen)
            segment.seen = segment.child.slate.used
        if then is not None:
            then()

    def _collect(self, segment: Segment, child: ChildHandle, end: int | None = None) -> None:
        """Take the outcomes up to a byte, or all if a word of the child or its end came before."""
        end = child.slate.used if end is None else end
        if end > segment.read:
            outcomes = child.slate.outcomes(segment.read, end)
            segment.read = end
            segment.take(outcomes)
            if segment.joins:
                self._pace.note(segment.assignment.task_type, outcomes)
            segment.early_deaths = 0
            segment.owner.outcomes(outcomes)

    def _blame(self, segment: Segment, child: ChildHandle, code: int) -> None:
        """Fail the task that the death of the child is to be laid to, if there is one."""
        hand = segment.in_hand(child)
        if hand is None and not segment.killed:
            segment.early_deaths += 1
            if segment.early_deaths >= _EARLY_DEATHS:
                raise ChildrenDie(_told(code))
        if segment.killed is Kill.STOP:
            return  # nobody is to blame
        if segment.together and hand is not None:
            segment.run_apart()
            return
        if hand != segment.ended:
            return  # it died between tasks
        if segment.killed is None:
            self._fail(segment, child, "WorkerChildDied", _told(code))
        elif hand == segment.killed_at:
            self._fail(segment, child, *self._sentence(segment))

    def _sentence(self, segment: Segment) -> tuple[str, str]:
        """Type and message of the error for which its child was killed."""
        if segment.killed is Kill.TIMEOUT or self._memory is None:
            return "Timeout", f"took over {segment.timeout:g} s"
        whole = self._memory.limit // _MEGABYTE
        return "OutOfMemory", f"had {segment.weight} MB when the {whole} MB of all were used up"

    def _fail(self, segment: Segment, child: ChildHandle, kind: str, message: str) -> None:
        """The task in hand has failed."""
        index, attempt, _ = segment.assignment.tasks[segment.ended]
        hand = child.slate.in_hand
        duration = time.monotonic() - hand[1] if hand else 0.0
        job, epoch = segment.assignment.job_id, segment.assignment.epoch
        known = {"job": job, "task": f"{job}.{index}", "attempt": attempt, "epoch": epoch}
        _LOG.warning("%s: %s", kind, message, extra=known)
        outcome = failed(
            *(index, attempt, self._stamps.text(time.time() - duration), duration),
            kind=kind,
            message=message,
            tail=child.tail(),
            retryable=True,
        )
        segment.ended += 1
        segment.owner.outcomes([outcome])


def _told(code: int) -> str:
    """An exit code in words; negative ones are signals."""
    if code >= 0:
        return f"the child process exited with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"the child process was killed by {name}{hint}"
