"""Every port of the use-cases, in memory, with a scheduler and faults around each call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shoal.domain.errors import Unavailable
from tests.prove.faults import Fault, Faults
from tests.prove.simulation import Simulation
from tests.prove.trace import Trace, only_reads

_UNTIMED: Final = frozenset(
    ("link", "upload_link", "uri", "key_of", "part_upload", "place", "check_size")
)
"""Methods of adapters that make no call."""
_BETWEEN_ROWS: Final = 0.0005
_SHORT: Final = 0.005
_REPEATABLE: Final = frozenset(
    (
        *("jobs.put", "jobs.create", "chunks.put", "tenants.put", "tenants.admit"),
        "windows.put",
        *("bulk.put", "bulk.create", "webhooks.put", "live.record_sent", "live.use_ticket"),
    )
)
"""Conditional writes. If the SDK repeats one after it was done, it reads as lost."""
_ROWS: Final = frozenset(
    (
        *("jobs.put", "jobs.begin", "chunks.put", "chunks.put_all", "tenants.admit"),
        *("windows.put", "windows.note", "windows.open", "windows.resize", "bulk.put"),
    )
)
"""Writes of rows. If the next step of the protocol fails, another actor has to repeat it."""
_WAKES: Final = frozenset(("workflow.answer",))
"""Any request about a closed job wakes its execution."""
_INDEXED: Final = frozenset(("jobs.page",))
"""Reads of an index, which can be behind."""


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
        self.forged: Callable[[str], None] = lambda _what: None
        """Gets each call of a forged request that changes something or reads an effect."""

    def make(self, port: str, name: str, rows: Rows, args: tuple[Any, ...]) -> Any:
        """One call, of one or more rows."""
        simulation = self.simulation
        actor = simulation.current
        if actor is None:
            return rows.all()
        self.count += 1
        what = f"{port}.{name}"
        process = actor.process
        if process.forged and not (only_reads(what) or what in _WAKES):
            self.forged(what)
        fate = self.faults.at_port(actor.name, writes=not only_reads(what), hot=process.wrote)
        process.wrote = what in _ROWS
        if not isinstance(fate, float):
            return self._faulty(fate, what, rows, args)
        simulation.sleep(fate)
        if self.outages and self._away(port, actor.name):
            raise Unavailable(f"{port} is unavailable")
        result, fault = self._done(what, rows, args)
        self.trace.add(simulation.now, actor.name, what, args, result, fault)
        return result

    def _done(self, what: str, rows: Rows, args: tuple[Any, ...]) -> tuple[Any, str | None]:
        """Do the call, with the faults that are particular to it; return which one happened."""
        actor = self.simulation.current
        assert actor is not None
        strikes, name = self.faults.strikes, actor.name
        if rows.count > 1:
            return self._row_by_row(what, rows, args)
        if what in _REPEATABLE and strikes(Fault.REPEATED, name):
            first = rows.all()
            self.trace.add(
                self.simulation.now, name, what, args, first, "its answer is lost, the SDK repeats"
            )
            self.simulation.sleep(self.faults.between(name, 0.05, 5.0))
            return rows.all(), Fault.REPEATED.value
        if what in _INDEXED and strikes(Fault.STALE_INDEX, name):
            return rows.behind(self.faults.between(name, 0.5, 120.0)), Fault.STALE_INDEX.value
        return rows.all(), None

    def _row_by_row(self, what: str, rows: Rows, args: tuple[Any, ...]) -> tuple[Any, str | None]:
        """Do the rows of a call one after the other; other actors can run between two of them."""
        actor = self.simulation.current
        assert actor is not None
        strikes, name, sleep = self.faults.strikes, actor.name, self.simulation.sleep
        if strikes(Fault.PARTIAL, name):
            part = rows.count // 2
            done = rows.in_turn(range(part), lambda: sleep(_BETWEEN_ROWS))
            self.trace.add(self.simulation.now, name, what, args, done, Fault.PARTIAL.value)
            raise Unavailable(f"{what}: {Fault.PARTIAL}")
        if strikes(Fault.UNPROCESSED, name):
            order = [*range(0, rows.count, 2), *range(1, rows.count, 2)]
            seconds = self.faults.between(name, 0.05, 10.0)
            return rows.in_turn(order, lambda: sleep(seconds)), Fault.UNPROCESSED.value
        if strikes(Fault.ROWS_APART, name):
            seconds = self.faults.between(name, 0.05, 10.0)
            return rows.in_turn(range(rows.count), lambda: sleep(seconds)), Fault.ROWS_APART.value
        return rows.in_turn(range(rows.count), lambda: sleep(_BETWEEN_ROWS)), None

    def _faulty(self, fate: Fault, what: str, rows: Rows, args: tuple[Any, ...]) -> Any:
        simulation, actor = self.simulation, self.simulation.current
        assert actor is not None
        result = None

        def note() -> None:
            self.trace.add(simulation.now, actor.name, what, args, result, fate.value)

        if fate is Fault.STALLED:
            note()
        simulation.sleep(self._latency(fate, actor.name))
        match fate:
            case Fault.KILLED_BEFORE:
                note()
                simulation.kill(actor.process)
            case Fault.LOST_REQUEST | Fault.THROTTLED:
                note()
                raise Unavailable(f"{what}: {fate}")
        result, _ = self._done(what, rows, args)
        note()
        if fate is Fault.KILLED_AFTER:
            simulation.kill(actor.process)
        if fate is Fault.LOST_ANSWER:
            raise Unavailable(f"{what}: {fate}")
        return result

    def _latency(self, fate: Fault, actor: str) -> float:
        """The time that a call takes; a stall seldom outlasts the function."""
        if fate is not Fault.STALLED:
            return _SHORT
        assert self.simulation.current is not None
        process = self.simulation.current.process
        process.stalled = True
        left = process.deadline - self.simulation.now
        return self.faults.between(actor, 1.0, 1.1 * min(left, 1_200.0))

    def _away(self, port: str, actor: str) -> bool:
        now = self.simulation.now
        for outage in self.outages:
            if outage.port == port and outage.begin <= now < outage.end and self.faults.active:
                return self.simulation.decisions.chance(f"{actor} outage", outage.share)
        return False


class Rows:
    """A call as calls of single rows, which are joined."""

    def __init__(
        self,
        calls: Sequence[Callable[[], Any]],
        join: Callable[[list[Any]], Any],
        lag: Callable[[float], None] | None = None,
    ) -> None:
        self._calls = calls
        self._join = join
        self._lag = lag
        self.count = len(calls)

    def all(self) -> Any:
        return self._join([call() for call in self._calls])

    def in_turn(self, order: Sequence[int], between: Callable[[], None]) -> Any:
        """Make the calls in this order, with something between them; join what was done."""
        done: dict[int, Any] = {}
        for place in order:
            if done:
                between()
            done[place] = self._calls[place]()
        return self._join([done[place] for place in sorted(done)])

    def behind(self, seconds: float) -> Any:
        """The answer of an index that is behind."""
        assert self._lag is not None
        self._lag(seconds)
        try:
            return self.all()
        finally:
            self._lag(0.0)


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
            lag = getattr(self._inner, "lag", None)
            call = Rows([lambda: method(*args, **named)], _first, lag)
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
