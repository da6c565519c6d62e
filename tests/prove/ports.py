"""Every port of the use-cases, in memory, with a scheduler and faults around each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shoal.domain.errors import Unavailable
from tests.prove.faults import Fault, Faults
from tests.prove.simulation import Simulation
from tests.prove.trace import Trace

_UNTIMED: Final = frozenset(
    ("link", "upload_link", "uri", "key_of", "part_upload", "place", "check_size")
)
"""Methods of adapters that make no call."""


class Outage(NamedTuple):
    """A port of which a share of the calls fails for a while."""

    port: str
    begin: float
    end: float
    share: float


class Calls:
    """Makes calls of ports: lets others run, then does, loses or repeats the call."""

    def __init__(self, simulation: Simulation, faults: Faults, trace: Trace) -> None:
        self.simulation = simulation
        self.faults = faults
        self.trace = trace
        self.count = 0
        self.outages: list[Outage] = []

    def make(self, port: str, name: str, rows: Rows, args: tuple[Any, ...]) -> Any:
        """One call, of one or more rows."""
        simulation = self.simulation
        actor = simulation.current
        if actor is None:
            return rows.all()
        self.count += 1
        fate = self.faults.at_port(actor.name)
        if isinstance(fate, float):
            simulation.sleep(fate)
            if self.outages and self._away(port, actor.name):
                raise Unavailable(f"{port} is unavailable")
            result = rows.all()
            self.trace.add(simulation.now, actor.name, f"{port}.{name}", args, result)
            return result
        return self._faulty(fate, port, name, rows, args)

    def _faulty(self, fate: Fault, port: str, name: str, rows: Rows, args: tuple[Any, ...]) -> Any:
        simulation, actor = self.simulation, self.simulation.current
        assert actor is not None
        simulation.sleep(self._latency(fate, actor.name))
        result = None

        def note() -> None:
            what = f"{port}.{name}"
            self.trace.add(simulation.now, actor.name, what, args, result, fate.value)

        match fate:
            case Fault.KILLED_BEFORE:
                note()
                simulation.kill(actor.process)
            case Fault.LOST_REQUEST | Fault.THROTTLED:
                note()
                raise Unavailable(f"{port}.{name}: {fate}")
            case Fault.PARTIAL:
                result = rows.some(simulation)
                note()
                raise Unavailable(f"{port}.{name}: {fate}")
            case Fault.ROWS_APART:
                result = rows.apart(simulation)
                note()
                return result
            case Fault.REPEATED if name in {"put", "create", "admit"}:
                result = rows.all()
                note()
                return rows.all()  # the answer for a later concurrent caller
        result = rows.all()
        note()
        if fate is Fault.KILLED_AFTER:
            simulation.kill(actor.process)
        if fate is Fault.LOST_ANSWER:
            raise Unavailable(f"{port}.{name}: {fate}")
        return result

    def _latency(self, fate: Fault, actor: str) -> float:
        if fate is Fault.STALLED:
            return self.faults.between(actor, 5.0, 1_200.0)
        return 0.005

    def _away(self, port: str, actor: str) -> bool:
        now = self.simulation.now
        for outage in self.outages:
            if outage.port == port and outage.begin <= now < outage.end and self.faults.active:
                return self.simulation.decisions.chance(f"{actor} outage", outage.share)
        return False


class Rows:
    """A call as calls of single rows, which are joined."""

    def __init__(
        self, calls: Sequence[Callable[[], Any]], join: Callable[[list[Any]], Any]
    ) -> None:
        self._calls = calls
        self._join = join

    def all(self) -> Any:
        return self._join([call() for call in self._calls])

    def some(self, simulation: Simulation) -> Any:
        """The first half of them."""
        del simulation
        return self._join([call() for call in self._calls[: len(self._calls) // 2]])

    def apart(self, simulation: Simulation) -> Any:
        """Make all calls, with other actors between them."""
        done = []
        for place, call in enumerate(self._calls):
            if place:
                simulation.sleep(0.05)
            done.append(call())
        return self._join(done)


def _nothing(_done: list[Any]) -> None:
    return None


def _joined(done: list[list[Any]]) -> list[Any]:
    return [each for some in done for each in some]


def _merged(done: list[Mapping[Any, Any]]) -> dict[Any, Any]:
    return {key: value for some in done for key, value in some.items()}


def _first(done: list[Any]) -> Any:
    return done[0] if done else None


_BY_ROW: Final[Mapping[str, tuple[int, Callable[[list[Any]], Any]]]] = {
    "jobs.get_many": (0, _merged),
    "jobs.create_tallies": (0, _nothing),
    "jobs.tallies": (1, _joined),
    "jobs.all_tallies": (0, _merged),
    "chunks.create": (0, _nothing),
    "chunks.get_many": (1, _joined),
    "chunks.standings": (1, _merged),
    "chunks.parts": (0, _merged),
    "chunks.whole_parts": (0, _merged),
    "queue.send": (1, _nothing),
}
"""Calls of several rows: which argument has the rows, and how the answers are joined."""


class _Port:
    """Wraps an adapter."""

    def __init__(self, calls: Calls, inner: Any) -> None:
        self._calls = calls
        self._inner = inner


def around(calls: Calls, port: str, inner: Any) -> Any:
    """The adapter with the scheduler and faults around each of its calls."""
    kind = type(inner)
    made = _CLASSES.get((kind, port))
    if made is None:
        made = _CLASSES[kind, port] = _class_of(kind, port)
    return made(calls, inner)


_CLASSES: Final[dict[tuple[type[Any], str], type[_Port]]] = {}


def _class_of(inner: type[Any], port: str) -> type[_Port]:
    names = [name for name in dir(inner) if not name.startswith("_")]
    methods = {name: _method(port, name) for name in names if callable(getattr(inner, name))}
    return type(f"Simulated{inner.__name__}", (_Port,), methods)


def _method(port: str, name: str) -> Callable[..., Any]:
    rows = _BY_ROW.get(f"{port}.{name}")
    if name in _UNTIMED:

        def plain(self: _Port, *args: Any, **named: Any) -> Any:
            return getattr(self._inner, name)(*args, **named)

        return plain
    if rows is None:

        def single(self: _Port, *args: Any, **named: Any) -> Any:
            method = getattr(self._inner, name)
            call = Rows([lambda: method(*args, **named)], _first)
            return self._calls.make(port, name, call, (*args, *named.values()))

        return single
    place, join = rows

    def several(self: _Port, *args: Any, **named: Any) -> Any:
        method = getattr(self._inner, name)
        items = list(args[place])
        if isinstance(args[place], set | frozenset):
            items.sort()  # so that every process has the same order
        calls = [_of_row(method, args, place, item, named) for item in items]
        call = Rows(calls, join)
        seen = (*args[:place], items, *args[place + 1 :])
        return self._calls.make(port, name, call, seen)

    return several


def _of_row(
    method: Callable[..., Any],
    args: tuple[Any, ...],
    place: int,
    item: Any,
    named: Mapping[str, Any],
) -> Callable[[], Any]:
    changed = (*args[:place], [item], *args[place + 1 :])
    return lambda: method(*changed, **named)
