"""Runs chunks in child processes. One thread waits on all of them.

If a child dies, or is killed because of a timeout, its current task fails, and a new child
continues with the next task.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from shoal.worker.assignment import DONE, FULL, PROGRESS, RETIRE, TAIL
from shoal.worker.call_server import CallServer, TaskLease
from shoal.worker.child_failures import ChildFailures, describe_exit
from shoal.worker.coalescing import SPLIT_SECONDS, TaskPace, coalesced
from shoal.worker.fork_client import ChildHandle, ForkClient
from shoal.worker.health import ThreadWatchdog
from shoal.worker.memory_guard import MemoryGuard, resident_by_session
from shoal.worker.output_log import OutputLog
from shoal.worker.segment import KillReason, Segment

_LOG = logging.getLogger("shoal.worker")
_MEMORY_CHECK_SECONDS: Final = 0.1
_MEGABYTE: Final = 1024 * 1024
CLEAN_UP_SECONDS: Final = 5.0
"""Seconds that a cancelled task has to clean up if it can detect the cancel."""
_STOP_SECONDS: Final = 0.01
"""Seconds within which a child sees a stop, and the worker sees a task started before the stop."""
_LATEST_START: Final = 30.0
"""Seconds that a child has to start its first task, in addition to the timeout of a task."""


class Pool:
    """The pool of children. All methods except `serve` may be called from any thread."""

    def __init__(
        self,
        fork_client: ForkClient,
        watchdog: ThreadWatchdog | None = None,
        pace: TaskPace | None = None,
        *,
        memory: MemoryGuard | None = None,
        calls: CallServer | None = None,
        max_children: int = 2,
    ) -> None:
        """An idle child ends when there are `max_children` and another one is needed."""
        self._fork_client = fork_client
        self._max_children = max_children
        self._calls = calls
        self._watchdog = watchdog or ThreadWatchdog(time.monotonic)
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_wake)
        self._commands: deque[Callable[[], None]] = deque()
        self._wake_pending = False
        self._idle: list[ChildHandle] = []
        self._segments: dict[int, Segment] = {}
        self._next_check = float("inf")
        self._pace = pace or TaskPace()
        self._memory = memory
        self._memory_check_at = float("inf")
        self._memory_victim: ChildHandle | None = None
        """A child that was killed to free memory and has not ended yet."""
        self._failures = ChildFailures(memory)
        self._output_log = OutputLog()
        self._closing = False
        self._tenant = ""
        self._several_tenants = False

    # Commands.

    def run(self, *segments: Segment) -> None:
        """Runs segments."""
        self._post(lambda: self._begin_all(segments))

    def stop(self, segment: Segment) -> None:
        """Stops a segment after its current task."""
        self._post(lambda: self._stop(segment))

    def kill(self, segment: Segment) -> None:
        """Kills a segment. Its current task has no outcome."""
        self._post(lambda: self._kill(segment, KillReason.STOP))

    def cancel(self, segment: Segment) -> None:
        """Cancels a segment. A cancellable task has `CLEAN_UP_SECONDS` to clean up."""
        self._post(lambda: self._cancel(segment))

    def poll(self, segment: Segment, then: Callable[[], None] | None = None) -> None:
        """Takes the outcomes that existed at the previous poll, then calls `then`."""
        self._post(lambda: self._poll(segment, then))

    def close(self) -> None:
        """Makes `serve` return."""
        self._post(self._close)

    def _post(self, command: Callable[[], None]) -> None:
        self._commands.append(command)
        if not self._wake_pending:
            self._wake_pending = True
            with contextlib.suppress(OSError):  # `serve` has returned
                self._wake.send(b"!")

    # The loop.

    def serve(self) -> None:
        """Executes commands and handles events until closed. The worker stops if this raises."""
        try:
            while not self._closing:
                self._watchdog.ping()
                next_check = min(self._next_check, self._memory_check_at)
                wait = min(next_check - time.monotonic(), self._watchdog.idle_seconds)
                events = self._selector.select(max(0.0, wait))
                for key, _ in events:
                    if self._selector.get_map().get(key.fd) is key:  # an earlier event may close it
                        key.data()
                if time.monotonic() >= self._next_check:
                    self._check_deadlines()
                if time.monotonic() >= self._memory_check_at:
                    self._check_memory()
        finally:
            for child in [*self._idle, *(s.child for s in self._segments.values() if s.child)]:
                self._forget(child)
            self._selector.close()
            self._woken.close()
            self._wake.close()

    def _on_wake(self) -> None:
        self._woken.recv(64)
        self._wake_pending = False  # cleared first, so that no command is missed
        while self._commands:
            self._commands.popleft()()

    def _close(self) -> None:
        self._closing = True

    # Segments.

    def _begin_all(self, segments: Sequence[Segment]) -> None:
        for segment in coalesced(segments, self._pace, self._begin):
            self._begin(segment)

    def _begin(self, segment: Segment) -> None:
        """Assigns the remaining tasks of a segment to a child, or ends the segment."""
        remaining = segment.remaining()
        if not remaining.tasks or segment.stopping:
            segment.child = None
            segment.owner.ended()
            return
        if segment.concurrent:
            segment.assignment = remaining
        self._note_tenant(segment.tenant)
        segment.first_position = segment.ended
        segment.bytes_read, segment.bytes_seen, segment.killed = 0, 0, None
        child = self._child(segment)
        segment.child = child
        self._segments[child.number] = segment
        segment.assigned_at = time.monotonic()
        if self._memory is not None:
            self._memory_check_at = min(
                self._memory_check_at, segment.assigned_at + _MEMORY_CHECK_SECONDS
            )
        if not child.assign(remaining):
            self._fork_client.kill(child)  # in case it is still running; its exit event follows
        else:
            segment.deadline = segment.assigned_at + segment.timeout
            if segment.split is not None:
                segment.split_at = segment.assigned_at + SPLIT_SECONDS
            self._next_check = min(self._next_check, segment.deadline, segment.split_at)

    def _note_tenant(self, tenant: str) -> None:
        """Records whether this worker has run tasks of several tenants.

        Only then it checks each outcome, which costs 1 µs.
        """
        self._tenant = self._tenant or tenant
        self._several_tenants = self._several_tenants or tenant != self._tenant

    def _end(self, segment: Segment, child: ChildHandle, *, retire: bool) -> None:
        self._collect(segment, child)
        if segment.corrupt:
            return  # its exit event follows
        child.read_rest()  # while the output can be attributed to the segment
        self._output_log.end(child.number)
        del self._segments[child.number]
        segment.child = None
        segment.deadline = segment.kill_at = segment.split_at = float("inf")
        if segment.fresh or segment.killed or retire:
            self._fork_client.kill(child)
            self._forget(child)
        else:
            self._idle.append(child)
        segment.owner.ended()

    def _stop(self, segment: Segment) -> None:
        segment.stopping = True
        if segment.coalesced_into is not None:
            self._stop(segment.coalesced_into)
        if segment.child is not None:
            segment.child.shared_memory.stop()

    def _kill(self, segment: Segment, why: KillReason) -> None:
        if why is KillReason.STOP:
            segment.stopping = True
        if segment.coalesced_into is not None:
            self._kill(segment.coalesced_into, why)
        if segment.child is not None and segment.killed is not KillReason.STOP:
            segment.killed = why
            self._fork_client.kill(segment.child)

    def _cancel(self, segment: Segment) -> None:
        if segment.child is None or not segment.cancellable:
            self._kill(segment, KillReason.STOP)
            return
        segment.stopping = True
        segment.child.shared_memory.cancel()
        segment.kill_at = time.monotonic() + CLEAN_UP_SECONDS
        self._next_check = min(self._next_check, segment.kill_at)

    def _split(self, segment: Segment, child: ChildHandle) -> None:
        """Splits off the parts behind a long-running task, so that other children run them.

        The first call stops the child after its current task. The child may have started another
        task just before it saw the stop, so a second call, after `_STOP_SECONDS`, reads which task
        is current and splits.
        """
        already_splitting, segment.splitting = segment.splitting, True
        self._stop(segment)
        self._poll(segment, None)
        segment.split_at = time.monotonic() + _STOP_SECONDS
        if (
            already_splitting
            and segment.split is not None
            and segment.current_position(child) == segment.ended
        ):
            segment.split_at = float("inf")
            segment.split()

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        for segment in [*self._segments.values()]:
            child = segment.child
            if child is None or segment.killed is KillReason.STOP:
                continue
            if segment.split_at <= now:
                self._split(segment, child)
            if segment.kill_at <= now:
                self._kill(segment, KillReason.STOP)
            if segment.killed:
                continue
            current = child.shared_memory.current
            if current is None:  # no task has started
                segment.deadline = now + segment.timeout
                if now - segment.assigned_at > segment.timeout + _LATEST_START:
                    self._fork_client.kill(child)
                continue
            segment.deadline = current[1] + segment.timeout
            if segment.deadline <= now:
                segment.killed_position = segment.first_position + current[0]
                self._kill(segment, KillReason.TIMEOUT)
        running = [s for s in self._segments.values() if not s.killed]
        pending = [min(s.deadline, s.kill_at, s.split_at) for s in running]
        self._next_check = max(min(pending, default=float("inf")), now + 0.001)

    # Memory.

    def _check_memory(self) -> None:
        """Kills the largest child before the kernel kills all of them."""
        self._memory_check_at = (
            time.monotonic() + _MEMORY_CHECK_SECONDS if self._segments else float("inf")
        )
        if (
            self._memory is None
            or self._memory_victim is not None
            or not self._memory.is_nearly_exhausted()
        ):
            return
        resident = resident_by_session()
        running = {s.child: s for s in self._segments.values() if s.child and not s.killed}
        largest = max(
            [*self._idle, *running],
            key=lambda each: resident.get(each.process, 0),
            default=None,
        )
        if largest is None:
            return
        self._memory_victim = largest
        resident_mb = resident.get(largest.process, 0) // _MEGABYTE
        _LOG.warning("memory is nearly exhausted: killing a child with %d MB", resident_mb)
        segment = running.get(largest)
        if segment is None:
            self._fork_client.kill(largest)
            return
        segment.resident_mb = resident_mb
        segment.killed_position = segment.current_position(largest) or 0
        self._kill(segment, KillReason.MEMORY)

    # Children.

    def _child(self, segment: Segment) -> ChildHandle:
        """Returns an idle child that has run tasks of this tenant only, or a new child."""
        if self._idle and not segment.fresh:
            for position in reversed(range(len(self._idle))):
                if self._idle[position].tenant == segment.tenant:
                    return self._idle.pop(position)
        if self._idle and len(self._idle) + len(self._segments) >= self._max_children:
            longest_idle = self._idle.pop(0)
            self._fork_client.kill(longest_idle)
            self._forget(longest_idle)
        child = self._fork_client.start()
        child.tenant = segment.tenant
        child.on_output = lambda data: self._log_output(child, data)
        register = self._selector.register
        register(child.connection, selectors.EVENT_READ, lambda: self._on_message(child))
        register(child.output, selectors.EVENT_READ, lambda: self._on_output(child))
        self._await_call(child)
        register(child.exit_pipe, selectors.EVENT_READ, lambda: self._on_exit(child))
        return child

    def _forget(self, child: ChildHandle) -> None:
        for source in (child.connection, child.calls, child.output, child.exit_pipe):
            if source in self._selector.get_map():
                self._selector.unregister(source)
        self._output_log.end(child.number)
        if child is self._memory_victim:
            self._memory_victim = None
        child.close()

    def _on_message(self, child: ChildHandle) -> None:
        messages, segment = child.receive(), self._segments.get(child.number)
        if segment is None or not messages:
            self._selector.unregister(child.connection)
            self._fork_client.kill(child)  # in case it is still running; its exit event follows
            return
        if PROGRESS in messages:
            self._collect(segment, child)
        last = messages[-1:]  # after any message except PROGRESS, the child waits for a reply
        if last in (DONE, RETIRE):
            self._end(segment, child, retire=last == RETIRE)
        elif last == TAIL:
            self._reply(child, child.tail())
        elif last == FULL:
            self._collect(segment, child)
            child.shared_memory.clear_outcomes()
            segment.bytes_read = segment.bytes_seen = 0
            self._reply(child)

    def _reply(self, child: ChildHandle, text: bytes = b"") -> None:
        if not child.reply(text):
            self._fork_client.kill(child)  # in case it is still running; its exit event follows

    def _await_call(self, child: ChildHandle) -> None:
        if self._calls is not None and child.calls.fileno() >= 0:  # not closed meanwhile
            self._selector.register(child.calls, selectors.EVENT_READ, lambda: self._on_call(child))

    def _on_call(self, child: ChildHandle) -> None:
        """Answers a call in another thread. Until then, the child can make no other one."""
        self._selector.unregister(child.calls)
        call, segment = child.call(), self._segments.get(child.number)
        if self._calls is not None and call is not None:
            self._calls.serve(
                call,
                None if segment is None else TaskLease(segment.assignment, segment.token),
                lambda: self._post(lambda: self._await_call(child)),
            )

    def _on_output(self, child: ChildHandle) -> None:
        if not child.read_output():
            self._selector.unregister(child.output)

    def _log_output(self, child: ChildHandle, data: bytes) -> None:
        segment, end = self._segments.get(child.number), child.printed
        begin = end - len(data)
        if segment is None or segment.concurrent:
            log_fields = {} if segment is None else {"job": segment.assignment.job_id}
            self._output_log.write(child.number, data, log_fields)
            return
        for position, first, last in child.shared_memory.output_owners(begin, end):
            log_fields = segment.log_fields(position)
            self._output_log.write(child.number, data[first - begin : last - begin], log_fields)

    def _on_exit(self, child: ChildHandle) -> None:
        code = child.exit_code()
        if code is None:
            return
        segment = self._segments.pop(child.number, None)
        if segment is None:
            self._idle.remove(child)
            _LOG.warning("an idle child process ended: %s", describe_exit(code))
            self._forget(child)
            return
        self._collect(segment, child)
        self._failures.attribute(segment, child, code)
        self._forget(child)
        self._begin(segment)

    def _poll(self, segment: Segment, then: Callable[[], None] | None) -> None:
        if segment.child is not None:
            self._collect(segment, segment.child, segment.bytes_seen)
            segment.bytes_seen = segment.child.shared_memory.used
        if then is not None:
            then()

    def _reject(self, segment: Segment, child: ChildHandle) -> None:
        """Kills a child that wrote something else than its outcomes; its exit event follows."""
        if not segment.corrupt:
            _LOG.error("a child wrote invalid outcomes", extra=segment.log_fields(0))
            segment.corrupt = True
            self._fork_client.kill(child)

    def _collect(self, segment: Segment, child: ChildHandle, end: int | None = None) -> None:
        """Takes the outcomes up to the byte `end`.

        Without `end` it takes all, which is safe only after a message or the exit of the child.
        """
        end = child.shared_memory.used if end is None else end
        if end > segment.bytes_read:
            outcomes = child.shared_memory.outcomes(segment.bytes_read, end)
            segment.bytes_read = end
            if segment.corrupt or (self._several_tenants and not segment.expects(outcomes)):
                self._reject(segment, child)
                return
            segment.record(outcomes)
            if segment.can_coalesce:
                self._pace.note(segment.assignment.task_type, outcomes)
            segment.early_deaths = 0
            segment.owner.outcomes(outcomes)
