"""Use-cases as programs that stop before every call of a port.

The next call of a use-case depends only on the results of its calls so far. So a place in a run is
the sequence of these results. To find the place after one more result, the real code runs again
from its start with the recorded results, until it makes a call without one. Places are numbered,
and each is computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from shoal.domain.chunk import Chunk
from shoal.domain.errors import ShoalError, Unavailable, WriteConflict
from shoal.domain.job import Job, Priority
from shoal.domain.limits import Tenant
from shoal.domain.outcome import Origin, Outcome, PartKey
from shoal.domain.sweep_state import SweepState
from shoal.domain.tally import Entry, Sum, Tally
from shoal.domain.watch_line import WatchLine
from shoal.domain.window import Window
from shoal.ports.jobs import WatchPage
from shoal.ports.queues import Message
from shoal.ports.task_types import TaskType
from shoal.ports.workflow import Execution

_ATOMS = frozenset((str, int, float, type(None)))


def hashable(value: Any) -> Hashable:
    """Return a hashable value that is equal for equal values."""
    kind = type(value)
    if kind in _ATOMS:
        found: Hashable = value
    elif kind is bool:
        found = ("bool", value)  # otherwise True equals 1
    elif isinstance(value, tuple | list):
        found = (kind, *map(hashable, value))
    elif isinstance(value, dict):
        found = ("map", *sorted((key, hashable(each)) for key, each in value.items()))
    elif is_dataclass(value):
        found = (kind, *(hashable(getattr(value, f.name)) for f in fields(value)))
    else:
        assert isinstance(value, Hashable)
        found = value
    return found


class Interner:
    """Equal values get the same small number, so that states are tuples of numbers."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.values: list[Any] = []

    def number(self, value: Any) -> int:
        key = hashable(value)
        found = self._numbers.setdefault(key, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found

    def intern_hashable(self, value: Hashable) -> int:
        """Return the number of a value that is hashable and whose type no other value shares."""
        key = (type(value), value)
        found = self._numbers.setdefault(key, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


class UseCase(NamedTuple):
    """The name of a use-case, and its arguments."""

    name: str
    args: tuple[Any, ...]


class Call(NamedTuple):
    """A call of a port that touches what actors share; `by` is the use-case that makes it."""

    name: str
    args: tuple[Any, ...]
    by: UseCase


class Raised(NamedTuple):
    """A use-case that ended with an error."""

    error: str
    expected: bool

    @property
    def unavailable(self) -> bool:
        """Whether a service was unavailable, so that the caller repeats the request."""
        return self.error.startswith("Unavailable")


CONFLICT = "write conflict"
"""The result of a conditional write whose condition failed."""
UNAVAILABLE = "unavailable"
"""The result of a call that failed, or whose answer was lost."""


class _PauseError(BaseException):
    """Unwinds a run at its first call without a recorded result; no use-case catches it."""

    def __init__(self, name: str, args: tuple[Any, ...]) -> None:
        super().__init__(name)
        self.call = name, args


class Tape:
    """All ports: replays recorded results, then pauses the run.

    No actor changes clock, metrics, types and entropy, so their calls are not steps. The clock
    shows the time of the last recorded result.
    """

    def __init__(self, jitter: float) -> None:
        self._results: Sequence[Any] = ()
        self._times: Sequence[float] = (0.0,)
        self._at = 0
        self._jitter = jitter
        self.clock_read = False

    def rewind(self, results: Sequence[Any], times: Sequence[float]) -> None:
        self._results, self._times, self._at, self.clock_read = results, times, 0, False

    def call(self, name: str, *args: Any) -> Any:
        if self._at == len(self._results):
            raise _PauseError(name, args)
        result = self._results[self._at]
        self._at += 1
        if result == CONFLICT:
            raise WriteConflict
        if result == UNAVAILABLE:
            raise Unavailable(name)
        return result

    def now(self) -> float:
        if self._at == len(self._results):
            self.clock_read = True
        return self._times[self._at]

    def uniform(self) -> float:
        return self._jitter

    def bytes(self) -> bytes:
        return b"0123456789"

    def tasks_ended(self, task_type: str, *, completed: int, failed: int) -> None:
        """Count nothing."""

    def job_closed(self, job: Job) -> None:
        """Count nothing."""

    def dead_letter(self) -> None:
        """Count nothing."""

    def stale_report(self) -> None:
        """Count nothing."""

    def sweep_failure(self) -> None:
        """Count nothing."""


UNREADABLE = WatchLine("job_0", "default", 1, 1)
"""The line of another job, whose row cannot be read."""


class TapedJobs:
    """The job store. Each row is read and written by a separate call, as on DynamoDB."""

    def __init__(self, tape: Tape, *, unreadable: bool) -> None:
        self._call = tape.call
        self._unreadable = unreadable

    def get(self, job_id: str) -> Any:
        if job_id == UNREADABLE.job_id:
            raise KeyError(job_id)
        return self._call("job.get", job_id)

    def get_many(self, job_ids: Iterable[str]) -> dict[str, Job]:
        found = {job_id: self.get(job_id) for job_id in sorted(job_ids)}
        return {job_id: job for job_id, job in found.items() if job is not None}

    def check_size(self, job: Job) -> None:
        """All jobs are small."""

    def put(self, job: Job) -> None:
        self._call("job.put", job)

    def begin(self, job: Job) -> None:
        self._call("live.begin", job)

    def create_tallies(self, tallies: Iterable[Tally], *, expires_at: int) -> None:
        del expires_at
        for tally in tallies:
            self._call("tally.create", tally.number)

    def set_entry(self, job_id: str, tally: int, slot: int, entry: Entry) -> Tally:
        return Tally(job_id, tally, self._call("tally.set", tally, slot, entry))

    def tallies(self, job_id: str, numbers: Iterable[int]) -> list[Tally]:
        found = [(number, self._call("tally.get", number)) for number in numbers]
        return [Tally(job_id, number, each) for number, each in found if each is not None]

    def set_sum(
        self, job_id: str, generation: int, tally: int, each: Sum, *, expires_at: int
    ) -> Any:
        del job_id, expires_at
        return self._call("sum.set", generation, tally, each)

    def sums(self, job_id: str, generation: int) -> Any:
        del job_id
        return self._call("sum.get", generation)

    def watch_line(self, job_id: str) -> Any:
        del job_id
        return self._call("line.get")

    def watch_lines(self, *, limit: int, start: str | None) -> WatchPage:
        del limit, start
        line = self._call("line.get")
        first = [UNREADABLE] if self._unreadable else []
        return WatchPage([*first, *([] if line is None else [line])], None)

    def stop_watching(self, line: WatchLine) -> Any:
        return self._call("line.remove", line)


class TapedSweeps:
    """The sweep's state. Nothing is locked: the model lets sweeps overlap with everything."""

    def get(self) -> SweepState:
        return SweepState()

    def put(self, state: SweepState) -> None:
        """Store nothing."""


class TapedTenants:
    """One tenant without limits."""

    def __init__(self, tape: Tape) -> None:
        self._call = tape.call

    def get(self, name: str) -> Tenant:
        return Tenant(name=name)

    def admit(self, tenant: Tenant, job: Job) -> Any:
        del tenant
        return self._call("live.create", job)


class TapedChunks:
    """The chunk store."""

    def __init__(self, tape: Tape) -> None:
        self._call = tape.call

    def create(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._call("row.create", chunk.number, chunk)

    def get(self, job_id: str, number: int) -> Any:
        del job_id
        return self._call("row.get", number)

    def get_many(self, job_id: str, numbers: Iterable[int]) -> list[Chunk]:
        found = [self.get(job_id, number) for number in sorted(numbers)]
        return [chunk for chunk in found if chunk is not None]

    def put(self, chunk: Chunk) -> None:
        self._call("row.put", chunk.number, chunk)

    def put_part(
        self, key: PartKey, outcomes: Sequence[Outcome], *, origin: Origin, expires_at: int
    ) -> None:
        del origin, expires_at
        self._call("part.put", key, tuple(outcomes))

    def parts(self, keys: Iterable[PartKey]) -> dict[PartKey, Sequence[Outcome]]:
        found = {key: self._call("part.get", key) for key in sorted(keys)}
        return {key: part for key, part in found.items() if part is not None}


class TapedWindows:
    """The windows. Each write is one call, also if it writes rows of chunks or of the job."""

    def __init__(self, tape: Tape) -> None:
        self._call = tape.call

    def get(self, job: Job) -> Any:
        return self._call("window.get", job.generation)

    def open(self, job: Job, window: Window) -> None:
        self._call("window.open", job.generation, job.version, window)

    def put(self, job: Job, before: Window | None, after: Window) -> None:
        self._call("window.note", job.generation, (), before, after)

    def note(self, job: Job, chunks: Sequence[Chunk], before: Window | None, after: Window) -> None:
        self._call("window.note", job.generation, tuple(chunks), before, after)

    def resize(self, job: Job, before: Window | None, after: Window | None) -> None:
        self._call("window.resize", job.generation, job, before, after)


class TapedQueue:
    """The queue."""

    def __init__(self, tape: Tape) -> None:
        self._call = tape.call

    def send(self, priority: Priority, messages: Iterable[Message], *, tenant: str) -> None:
        del priority, tenant
        for message in messages:
            self._call("queue.send", message.chunk, message.delay)


class TapedWorkflow:
    """The state machine."""

    def __init__(self, tape: Tape) -> None:
        self._call = tape.call

    def start(self, job_id: str, generation: int, number: int) -> None:
        del job_id
        self._call("workflow.start", generation, number)

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        del job_id
        found: Execution | None = self._call("workflow.describe", generation, number)
        return found

    def answer(self, token: str) -> None:
        self._call("workflow.answer", token)


class TapedTypes:
    """One task type that accepts every input and records no duration."""

    def get(self, name: str) -> TaskType:
        return TaskType(name, {})

    def record_duration(self, name: str, seconds: float) -> None:
        """Record nothing."""


class Place(NamedTuple):
    """A place in a run: before `call`, or at its end with the number of its result."""

    results: tuple[Any, ...]
    times: tuple[float, ...]
    use_case: UseCase
    call: int | None
    end: int | None


class Programs:
    """All places of all runs, each by its number."""

    def __init__(self, tape: Tape, run: Callable[[UseCase], Any], interner: Interner) -> None:
        self._tape = tape
        self._run = run
        self._interner = interner
        self._edges: dict[tuple[int, int, float], int] = {}
        self._known: dict[Hashable, int] = {}
        self.places: list[Place] = []

    def begin(self, use_case: UseCase, now: float) -> int:
        """The first place of a run."""
        root = self._interner.number(use_case)
        return self._edge(-1, root, now, (), (now,), use_case)

    def after(self, place: int, result: int, now: float) -> int:
        """The place after the pending call of another gave a result."""
        before = self.places[place]
        found = self._edges.get((place, result, now))
        if found is not None:
            return found
        results = (*before.results, self._interner.values[result])
        times = (*before.times, now)
        return self._edge(place, result, now, results, times, before.use_case)

    def _edge(  # noqa: PLR0917 - private, and its arguments are the fields of a place
        self,
        place: int,
        result: int,
        now: float,
        results: tuple[Any, ...],
        times: tuple[float, ...],
        use_case: UseCase,
    ) -> int:
        found = self._edges.get((place, result, now))
        if found is not None:
            return found
        call, end = self._play(use_case, results, times)
        # Time is part of a place only where the code looked at it.
        key = (place, result, now if self._tape.clock_read else None)
        number = self._known.setdefault(key, len(self.places))
        if number == len(self.places):
            self.places.append(Place(results, times, use_case, call, end))
        self._edges[place, result, now] = number
        return number

    def _play(
        self, use_case: UseCase, results: tuple[Any, ...], times: tuple[float, ...]
    ) -> tuple[int | None, int | None]:
        self._tape.rewind(results, times)
        try:
            value = self._run(use_case)
        except _PauseError as pause:
            return self._interner.number(Call(*pause.call, use_case)), None
        except ShoalError as error:
            value = Raised(f"{type(error).__name__}: {error}", expected=True)
        except Exception as error:  # noqa: BLE001 - a use-case that breaks is a finding, not ours
            value = Raised(f"{type(error).__name__}: {error}", expected=False)
        return None, self._interner.number(value)
