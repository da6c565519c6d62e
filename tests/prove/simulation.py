"""The scheduler: actors as greenlets in one thread, and a clock that moves when all of them wait.

An actor runs ordinary synchronous code. It gives way only where it sleeps or waits, which every
call of a port does. Actors belong to processes, which can be killed at any of these places.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from greenlet import getcurrent, greenlet

from tests.prove.decisions import Decisions

START: Final = 1_800_000_000.0
_FOREVER: Final = float("inf")
_CHECK_EVERY: Final = 32
"""Events between two checks for the end of a run."""


class Killed(BaseException):
    """The process of the actor is dead; its code must not continue."""


class Process:
    """Actors that die together. At its deadline the process is killed."""

    def __init__(self, name: str, deadline: float = _FOREVER) -> None:
        self.name = name
        self.deadline = deadline
        self.dead = False
        self.actors: list[Actor] = []
        self.skew = 0.0
        """Seconds by which its clock is wrong."""
        self.epochs: dict[tuple[str, int], int] = {}
        """The epochs under which a request reports or renews, by job and chunk."""
        self.forged = False
        """It serves a request without the token of the lease."""
        self.wrote = False
        """Its latest call wrote a row."""
        self.stalled = False
        """One of its calls takes long."""
        self.frozen_until = 0.0
        """Return the time until which the process is frozen."""

    def freeze_until(self, when: float) -> None:
        """Freeze the process."""
        self.frozen_until = when


class Actor:
    """One thread of control."""

    __slots__ = (
        *("_children", "ambient", "began_at", "ended", "greenlet", "name", "process", "token"),
    )

    def __init__(self, name: str, process: Process, began_at: float) -> None:
        self.name = name
        self.began_at = began_at
        self.process = process
        self.token = 0
        self.ended = False
        self.greenlet: greenlet
        self.ambient: Ambient | None = None
        self._children: dict[str, int] = {}

    def child(self, name: str) -> str:
        """A name for what it starts, the same in every replay."""
        number = self._children.get(name, 0) + 1
        self._children[name] = number
        return f"{self.name}/{name}{number}" if number > 1 else f"{self.name}/{name}"


class Ambient:
    """State outside of the actor that its code takes for its own; put away while others run."""

    def leave(self) -> None:
        """Put it away."""

    def enter(self) -> None:
        """Put it back."""


class Simulation:
    """Runs actors in the order of their times."""

    def __init__(self, decisions: Decisions) -> None:
        self.decisions = decisions
        self.now = START
        self.current: Actor | None = None
        self.switches = 0
        self.preempt: Callable[[], None] = lambda: None
        """May let others run where a thread takes a lock."""
        self.escaped: list[tuple[str, BaseException]] = []
        """Exceptions that ended an actor."""
        self._heap: list[tuple[float, int, Actor | Callable[[], None], int]] = []
        self._sequence = 0
        self._main = getcurrent()
        self._names: dict[str, int] = {}
        self._horizon = START
        self.stopped = False
        """Nothing runs any more."""

    # What actors do.

    def spawn(
        self,
        name: str,
        run: Callable[[], object],
        process: Process | None = None,
        *,
        after: float = 0.0,
    ) -> Actor:
        """Start an actor."""
        parent = self.current
        full = self._unique(name) if parent is None else parent.child(name)
        actor = Actor(full, process or Process(full), self.now)
        actor.process.actors.append(actor)
        actor.greenlet = greenlet(lambda: self._run(actor, run), self._main)
        self._push(self.now + after, actor, actor.token)
        return actor

    def spawn_apart(
        self,
        name: str,
        run: Callable[[], object],
        process: Process | None = None,
        *,
        after: float = 0.0,
    ) -> Actor:
        """Start an actor whose name does not depend on its starter."""
        current, self.current = self.current, None
        try:
            return self.spawn(name, run, process, after=after)
        finally:
            self.current = current

    def sleep(self, seconds: float) -> None:
        """Sleep while other actors run; return at once if none of them runs in this time."""
        actor = self.current
        assert actor is not None, "only actors wait"
        until, process = self.now + seconds, actor.process
        if (
            until < self._horizon
            and not self.stopped
            and until < process.deadline
            and (not self._heap or until < self._heap[0][0])
            and process.frozen_until <= self.now
            and not process.dead
        ):
            self.now = until
            return
        self.park(seconds)

    def park(self, timeout: float = _FOREVER) -> bool:
        """Wait to be woken; whether that came before the timeout."""
        actor = self.current
        assert actor is not None, "only actors wait"
        process = actor.process
        if process.dead:
            raise Killed
        until = self.now + timeout
        until = min(until, process.deadline)
        actor.token += 1
        token = actor.token
        if until != _FOREVER:
            self._push(until, actor, token)
        ambient = actor.ambient
        if ambient is not None:
            ambient.leave()
        self._main.switch()
        while process.frozen_until > self.now and not process.dead:
            self._push(process.frozen_until, actor, actor.token)
            self._main.switch()
        if process.dead:
            raise Killed
        if ambient is not None:
            ambient.enter()
        if self.now >= process.deadline:
            self.kill(process)
        return actor.token != token

    def wake(self, actor: Actor) -> None:
        """Wake a waiting actor."""
        if not actor.ended:
            actor.token += 1
            self._push(self.now, actor, actor.token)

    def at(self, when: float, run: Callable[[], None]) -> None:
        """Call a function, which must not wait, at a time."""
        self._push(when, run, 0)

    def kill(self, process: Process) -> None:
        """End a process. If its own code calls this, it ends here."""
        if not process.dead:
            process.dead = True
            self._push(self.now, lambda: self._unwind(process), 0)
        if self.current is not None and self.current.process is process:
            raise Killed

    def jump(self, seconds: float) -> None:
        """Advance the clock over a long idle time."""
        self.now += seconds

    # The loop.

    def run(self, until: Callable[[], bool], deadline: float) -> bool:
        """Run until something holds; False if the deadline came first or nothing is left."""
        heap = self._heap
        turns = 0
        self._horizon = deadline
        while heap and not self.stopped:
            turns += 1
            if not turns % _CHECK_EVERY and until():
                return True
            when, _, what, token = heapq.heappop(heap)
            if when > deadline:
                heapq.heappush(heap, (when, self._next(), what, token))
                self.now = deadline
                return False
            self.now = max(self.now, when)
            if not isinstance(what, Actor):
                what()
            elif what.token == token and not what.ended:
                self.switches += 1
                self.current = what
                what.greenlet.switch()
                self.current = None
        return until()

    def close(self) -> None:
        """End all actors."""
        actors = {each for _, _, each, _ in self._heap if isinstance(each, Actor)}
        self._heap.clear()
        for process in {actor.process for actor in actors}:
            process.dead = True
            self._unwind(process)

    def _unwind(self, process: Process) -> None:
        for actor in process.actors:
            if actor.greenlet:
                self.current = actor
                actor.greenlet.throw(Killed)
                self.current = None
            actor.ended = True

    def _run(self, actor: Actor, run: Callable[[], object]) -> None:
        try:
            if not actor.process.dead:
                run()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - a law forbids uncaught errors
            self.escaped.append((actor.name, error))
        finally:
            actor.ended = True

    def _unique(self, name: str) -> str:
        number = self._names.get(name, 0) + 1
        self._names[name] = number
        return f"{name}#{number}" if number > 1 else name

    def _push(self, when: float, what: Actor | Callable[[], None], token: int) -> None:
        heapq.heappush(self._heap, (when, self._next(), what, token))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence
