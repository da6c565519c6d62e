"""`threading` and `queue.SimpleQueue` as the worker's modules use them, over the scheduler."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from tests.prove.simulation import Actor, Simulation


class Threading:
    """Replaces the module `threading`."""

    def __init__(self, simulation: Callable[[], Simulation]) -> None:
        self._simulation = simulation

    def Lock(self) -> Lock:  # noqa: N802 - the name that it stands for
        return Lock(self._simulation())

    def Condition(self) -> Condition:  # noqa: N802
        return Condition(self._simulation())

    def Event(self) -> Event:  # noqa: N802
        return Event(self._simulation())

    def Thread(  # noqa: N802
        self, *, target: Callable[..., object], args: Sequence[Any] = (), name: str
    ) -> Thread:
        return Thread(self._simulation(), target, args, name)

    def get_ident(self) -> int:
        return id(self._simulation().current)


class Lock:
    """A lock; acquiring it can yield to other threads, so that threads interleave."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._owner: Actor | None = None
        self._depth = 0
        self._waiting: deque[Actor] = deque()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        self._simulation.preempt()
        actor = self._simulation.current
        while self._owner is not None and self._owner is not actor:
            assert actor is not None
            self._waiting.append(actor)
            self._simulation.park()
        self._owner = actor
        self._depth += 1

    def release(self) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            if self._waiting:
                self._simulation.wake(self._waiting.popleft())


class Condition(Lock):
    """A condition with its own reentrant lock."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation)
        self._sleeping: list[Actor] = []

    def wait_for(self, holds: Callable[[], object], timeout: float | None = None) -> bool:
        simulation = self._simulation
        until = float("inf") if timeout is None else simulation.now + timeout
        while not holds():
            if simulation.now >= until:
                return False
            actor = simulation.current
            assert actor is not None
            depth, self._depth = self._depth, 1
            self.release()
            self._sleeping.append(actor)
            try:
                simulation.park(until - simulation.now)
            finally:
                if actor in self._sleeping:
                    self._sleeping.remove(actor)
            self.acquire()
            self._depth = depth
        return True

    def notify(self) -> None:
        if self._sleeping:
            self._simulation.wake(self._sleeping.pop(0))

    def notify_all(self) -> None:
        while self._sleeping:
            self.notify()


class Event:
    """A flag to wait for."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._set = False
        self._waiting: list[Actor] = []

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True
        waiting, self._waiting = self._waiting, []
        for actor in waiting:
            self._simulation.wake(actor)

    def clear(self) -> None:
        self._set = False

    def wait(self, timeout: float | None = None) -> bool:
        simulation = self._simulation
        until = float("inf") if timeout is None else simulation.now + timeout
        while not self._set and simulation.now < until:
            assert simulation.current is not None
            self._waiting.append(simulation.current)
            simulation.park(until - simulation.now)
        return self._set


class Thread:
    """An actor of the process that started it."""

    def __init__(
        self,
        simulation: Simulation,
        target: Callable[..., object],
        args: Sequence[Any],
        name: str,
    ) -> None:
        self._simulation = simulation
        self._target = target
        self._args = args
        self._name = name.removeprefix("shoal-")
        self._ended = Event(simulation)

    def start(self) -> None:
        current = self._simulation.current
        assert current is not None
        self._simulation.spawn(self._name, self._run, current.process)

    def join(self, timeout: float | None = None) -> None:
        self._ended.wait(timeout)

    def _run(self) -> None:
        try:
            self._target(*self._args)
        finally:
            self._ended.set()


class SimpleQueue:
    """A queue without a limit."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._items: deque[Any] = deque()
        self._filled = Event(simulation)

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._filled.set()

    def get(self) -> Any:
        while not self._items:
            self._filled = Event(self._simulation)
            self._filled.wait()
        return self._items.popleft()


class Executor:
    """Implements the port Executor with actors."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def map[A, R](self, function: Callable[[A], R], items: Sequence[A], *, at_once: int) -> list[R]:
        simulation = self._simulation
        results: dict[int, R] = {}
        errors: list[Exception] = []
        pending = iter(list(enumerate(items)))
        running = min(at_once, len(items))
        done = Event(simulation)

        def work() -> None:
            nonlocal running
            for place, item in pending:
                try:
                    results[place] = function(item)
                except Exception as error:  # noqa: BLE001 - raised in the waiting thread
                    errors.append(error)
            running -= 1
            if not running:
                done.set()

        assert simulation.current is not None
        for _ in range(running):
            simulation.spawn("thread", work, simulation.current.process)
        if items:
            done.wait()
        if errors:
            raise errors[0]
        return [results[place] for place in range(len(items))]
