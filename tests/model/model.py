"""Who does what next: workers, the workflow, users, recovery, time, and everything that may fail.

A step of an actor is one call of a port by the real use-case that it runs. `Model.moves` gives all
that can happen in a state, `Model.broken` says which law a state breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple
from unittest.mock import patch

from shoal.domain import ids, sizing
from shoal.domain.job import Job, JobStatus
from shoal.ports import ExecutionStatus
from shoal.service import monitoring
from shoal.service.leasing import LeaseGranted
from tests.model import laws
from tests.model.cases import LEASE, TENANT, Held, runner
from tests.model.laws import Broken
from tests.model.replay import Interner, Programs, Raised, Tape, UseCase
from tests.model.scenarios import Faults, Scenario
from tests.model.world import (
    ACKNOWLEDGED,
    BURIER,
    EXECUTIONS,
    FAULTS,
    JOB,
    MARK,
    NOW,
    PARTS,
    QUEUE,
    RECOVERER,
    ROWS,
    SUMS,
    TALLIES,
    USER,
    WORKERS,
    ZOMBIES,
    Letter,
    Queue,
    Run,
    State,
    World,
    begun,
)


class Worker(NamedTuple):
    """What a worker does: idle, lease, run, report, beat or delete. `late` marks a lease that was
    written after a cancel was acknowledged.
    """

    mode: str = "idle"
    asks: int = 0
    letter: Letter | None = None
    place: int = -1
    held: Held | None = None
    late: bool = False


class User(NamedTuple):
    """Which wish is next, and where its request stands."""

    wish: int = 0
    place: int = -1


class Recoverer(NamedTuple):
    """Events of ended executions not yet handled, and where the handler stands.

    `swept` is the job and the executions that the last sweep saw: another would do the same.
    """

    events: int = 0
    place: int = -1
    swept: tuple[int, int] = (-1, -1)


class Burier(NamedTuple):
    """The dead letter in hand."""

    letter: Letter | None = None
    place: int = -1


class Zombies(NamedTuple):
    """Functions that go on though nobody waits for their answer."""

    places: tuple[int, ...] = ()


class Move(NamedTuple):
    """What happens, the state after it, and the law that this broke."""

    who: str
    what: str | int
    state: State
    broken: Broken | None = None


class _Draft:
    """A state in the making."""

    __slots__ = ("_interner", "broken", "numbers")

    def __init__(self, interner: Interner, state: State) -> None:
        self._interner = interner
        self.numbers = list(state)
        self.broken: Broken | None = None

    def get(self, at: int) -> Any:
        return self._interner.values[self.numbers[at]]

    def put(self, at: int, value: Hashable) -> None:
        self.numbers[at] = self._interner.plain(value)

    def spend(self, fault: str) -> None:
        faults = self.get(FAULTS)
        self.put(FAULTS, faults._replace(**{fault: getattr(faults, fault) - 1}))

    def leave(self, place: int) -> None:
        """Let a function go on by itself."""
        self.put(ZOMBIES, Zombies(tuple(sorted((*self.get(ZOMBIES).places, place)))))

    def run(self, index: int, run: Run) -> None:
        runs = self.get(EXECUTIONS)
        self.put(EXECUTIONS, (*runs[:index], run, *runs[index + 1 :]))

    def move(self, who: str, what: str | int) -> Move:
        return Move(who, what, tuple(self.numbers), self.broken)


_ENDS = {
    "completed": (ExecutionStatus.SUCCEEDED, "COMPLETED"),
    "failed": (ExecutionStatus.FAILED, None),
    "cancelled": (ExecutionStatus.SUCCEEDED, "CANCELLED"),
    "hand_over": (ExecutionStatus.SUCCEEDED, "HANDED_OVER"),
}
_AFTER = {"plan": "create", "create": "enqueue", "enqueue": "monitor", "wait": "monitor"}
START = 1_000.0
"""When the scenario begins, in leases."""
BLINK = 0.001
"""Time that passes without ending any lease."""
_WORKER_NAMES = ("worker 0", "worker 1")


class Model:
    """One scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.job_id = ids.keyed_job_id(TENANT, "key")
        self.interner = Interner()
        tape = Tape(scenario.jitter)
        self.programs = Programs(tape, runner(tape, scenario, self.job_id), self.interner)
        self.world = World(self.interner)
        self._lawful: set[tuple[int, ...]] = set()

    def patched(self) -> tuple[AbstractContextManager[Any], ...]:
        """Constants of the code that the scenario makes small."""
        return (
            patch.object(sizing, "TALLY_CHUNKS", self.scenario.tally_chunks),
            patch.object(monitoring, "CLOCK_SKEW", LEASE / 2),
            patch.object(monitoring, "HAND_OVER_PASSES", self.scenario.hand_over_passes),
        )

    def initial(self) -> State:
        """Nothing has happened."""
        number, plain = self.interner.number, self.interner.plain
        empty = number({})
        workers = [plain(Worker()) for _ in WORKERS]
        rows = [number(None)] * self.scenario.chunks
        return (
            number(START),
            number(None),
            *(empty, empty, empty),
            number(()),
            empty,
            plain(Queue((), (0,) * self.scenario.chunks)),
            plain(()),
            plain(Zombies()),
            plain(Recoverer()),
            plain(Burier()),
            plain(User()),
            number(False),  # noqa: FBT003
            plain(self.scenario.faults),
            *workers,
            *rows,
        )

    # Moves

    def moves(self, state: State) -> tuple[list[Move], bool]:
        """All that can happen, and whether the state is at rest: only faults can move it."""
        found = [
            *self._work(state),
            *self._executions(state),
            *self._recoverer(state),
            *self._burier(state),
            *self._zombies(state),
        ]
        if not (found and self.scenario.patient):
            found += self._user(state)
        calm = not found
        if calm:
            found += self._idle(state)
        rest = not found
        faults: Faults = self.interner.values[state[FAULTS]]
        if any(faults):
            found += self._faults(state, faults)
        return found, rest

    def _draft(self, state: State) -> _Draft:
        return _Draft(self.interner, state)

    def _begin(self, draft: _Draft, name: str, *args: Any) -> int:
        return self.programs.begin(UseCase(name, args), draft.get(NOW))

    def _step(self, draft: _Draft, place: int) -> tuple[int, int]:
        """Make the pending call; the place after it, and the number of the call."""
        call = self.programs.places[place].call
        assert call is not None
        done = self.world.apply(tuple(draft.numbers), call)
        draft.numbers[done.at] = done.value
        draft.broken = done.broken
        return self.programs.after(place, done.result, draft.get(NOW)), call

    def _ended(self, draft: _Draft, place: int) -> tuple[bool, Any]:
        """Whether the run is over, and what it gave."""
        end = self.programs.places[place].end
        if end is None:
            return False, None
        value = self.interner.values[end]
        if isinstance(value, Raised) and not value.expected:
            draft.broken = Broken("no use-case breaks", value.error)
        return True, value

    # Workers

    def _work(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        for index in range(self.scenario.workers):
            worker: Worker = values[state[WORKERS[index]]]
            if worker.mode == "idle":
                yield from self._receive(state, index, worker)
            elif worker.mode == "run":
                yield self._report(state, index, worker, final=True)
            elif worker.mode == "delete":
                draft = self._draft(state)
                assert worker.letter is not None
                draft.put(QUEUE, draft.get(QUEUE).delete(worker.letter))
                draft.put(WORKERS[index], Worker(asks=worker.asks))
                yield draft.move(_WORKER_NAMES[index], "deletes the message")
            else:
                draft = self._draft(state)
                yield self._worker_steps(draft, index, worker)

    def _receive(
        self, state: State, index: int, worker: Worker, *, twice: bool = False
    ) -> Iterator[Move]:
        now = self.interner.values[state[NOW]]
        for letter in self.interner.values[state[QUEUE]].letters:
            if letter.visible_at > now:
                continue
            draft = self._draft(state)
            if twice:
                draft.spend("duplicates")
            else:
                draft.put(QUEUE, draft.get(QUEUE).hide(letter, now + LEASE))
            asks = worker.asks + 1
            asking = Worker("lease", asks, letter)
            place = self._begin(draft, *self._request(index, asking))
            yield self._worker_steps(draft, index, asking._replace(place=place))

    def _request(self, index: int, worker: Worker) -> tuple[Any, ...]:
        assert worker.letter is not None
        return ("lease", _WORKER_NAMES[index], f"{index}.{worker.asks}", worker.letter.chunk)

    def _worker_steps(self, draft: _Draft, index: int, worker: Worker) -> Move:
        who, acknowledged = _WORKER_NAMES[index], draft.get(ACKNOWLEDGED)
        before = {at: draft.numbers[at] for at in range(ROWS, len(draft.numbers))}
        place, call = self._step(draft, worker.place)
        late = worker.late or (
            worker.mode == "lease"
            and acknowledged
            and any(draft.numbers[at] != number for at, number in before.items())
        )
        worker = worker._replace(place=place, late=late)
        ended, answer = self._ended(draft, place)
        if ended:
            worker = self._answered(draft, worker, answer)
        draft.put(WORKERS[index], worker)
        return draft.move(who, call)

    def _answered(self, draft: _Draft, worker: Worker, answer: Any) -> Worker:
        idle = Worker(asks=worker.asks)
        if isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("workers get answers", answer.error)
            return idle
        (told,) = answer
        if worker.mode == "lease":
            return self._leased(draft, worker, told)
        held = worker.held
        assert held is not None
        if worker.mode == "beat":
            return self._beaten(draft, worker, told.decision)
        self._check_report(draft, worker, told)
        if told == "stale":
            return idle
        if told == "accepted" and held.tasks:
            return worker._replace(mode="run", place=-1)
        return Worker("delete", worker.asks, worker.letter)

    def _leased(self, draft: _Draft, worker: Worker, told: Any) -> Worker:
        if isinstance(told, LeaseGranted):
            if worker.late:
                how = f"{told.chunk.lease}"
                draft.broken = Broken("no lease after an acknowledged cancel", how)
            chunk = told.chunk
            tasks = tuple((chunk.first + o, chunk.attempts[o]) for o in told.offsets)
            held = Held(chunk.number, chunk.epoch, chunk.generation, tasks)
            return Worker("run", worker.asks, worker.letter, held=held)
        if told.decision == "held":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.letter, now + LEASE))
            return Worker(asks=worker.asks)
        return Worker("delete", worker.asks, worker.letter)

    def _beaten(self, draft: _Draft, worker: Worker, decision: str) -> Worker:
        if decision == "extended":
            now = draft.get(NOW)
            draft.put(QUEUE, draft.get(QUEUE).hide(worker.letter, now + LEASE))
            return worker._replace(mode="run", place=-1)
        if decision == "cancelled":
            return Worker("delete", worker.asks, worker.letter)
        return Worker(asks=worker.asks)

    def _check_report(self, draft: _Draft, worker: Worker, told: str) -> None:
        """An accepted report stands; a stale one has lost its lease."""
        _, number, _, outcomes = self.programs.places[worker.place].use_case.args
        held = worker.held
        assert held is not None
        row = draft.get(ROWS + held.chunk)
        stands = any((part.epoch, part.report) == (held.epoch, number) for part in row.parts)
        if told == "accepted" and outcomes and not stands:
            draft.broken = Broken("an accepted report stands", f"{held} {number} in {row}")
        if told == "stale" and row.epoch == held.epoch:
            draft.broken = Broken("only who lost a lease is stale", f"{held} {row}")

    def _report(
        self, state: State, index: int, worker: Worker, *, final: bool, empty: bool = False
    ) -> Move:
        held = worker.held
        assert held is not None
        told = () if empty else held.tasks if final else held.tasks[:1]
        outcomes = tuple(
            self.scenario.outcome(task, attempt, held.generation) for task, attempt in told
        )
        number = held.reported + 1
        rest = () if final else held.tasks[1:]
        draft = self._draft(state)
        place = self._begin(
            draft, "report", held._replace(tasks=(), reported=0), number, final, outcomes
        )
        held = held._replace(tasks=rest, reported=number)
        if not final:
            draft.spend("partials")
        if empty:
            draft.spend("returns")
        reporting = worker._replace(mode="report", place=place, held=held)
        return self._worker_steps(draft, index, reporting)

    # The workflow

    def _executions(self, state: State) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            who = f"execution {run.generation}-{run.number}"
            draft = self._draft(state)
            if run.phase == "begun":
                entered = self._enter(draft, run, "plan")
                yield self._execution_steps(draft, index, entered)
            elif run.place >= 0:
                yield self._execution_steps(draft, index, run)
            elif run.phase == "waiting" and run.answered:
                draft.run(index, self._enter(draft, run, "monitor"))
                yield draft.move(who, "is woken")

    def _enter(self, draft: _Draft, run: Run, phase: str) -> Run:
        """The run at the beginning of a state."""
        g = run.generation
        run = run._replace(phase=phase, answered=False)
        if phase == "wait":
            run = run._replace(waits=run.waits + 1)
        args: dict[str, tuple[Any, ...]] = {
            "plan": (g, run.number),
            "create": (g,),
            "enqueue": (g,),
            "monitor": (g, run.passes, run.seen),
            "wait": (g, run.token),
            "fail": (g,),
        }
        return run._replace(place=self._begin(draft, phase, *args[phase]))

    def _execution_steps(self, draft: _Draft, index: int, run: Run) -> Move:
        who = f"execution {run.generation}-{run.number}"
        place, call = self._step(draft, run.place)
        run = draft.get(EXECUTIONS)[index]._replace(place=place, phase=run.phase, waits=run.waits)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("the workflow's functions work", answer.error)
        elif ended:
            run = self._go_on(draft, run, answer)
        draft.run(index, run)
        return draft.move(who, call)

    def _go_on(self, draft: _Draft, run: Run, answer: Any) -> Run:
        """The run after its function answered, in the state that comes next."""
        if run.phase == "fail":
            return self._end(draft, run, ExecutionStatus.FAILED, None)
        if run.phase == "monitor":
            return self._decided(draft, run, answer)
        if run.phase == "wait" and not run.answered:
            return run._replace(phase="waiting", place=-1)
        following = _AFTER[run.phase] if answer or run.phase != "plan" else "monitor"
        return self._enter(draft, run, following)

    def _decided(self, draft: _Draft, run: Run, answer: Any) -> Run:
        if answer.decision == "wait":
            passes = run.passes + (self.scenario.hand_over_passes < 1_000)
            return self._enter(draft, run._replace(seen=tuple(answer.seen), passes=passes), "wait")
        if answer.decision == "hand_over":
            runs = draft.get(EXECUTIONS)
            following = begun(run.generation, run.number + 1)
            if all(each[:2] != following[:2] for each in runs):
                draft.put(EXECUTIONS, (*runs, following))
        return self._end(draft, run, *_ENDS[answer.decision])

    def _end(self, draft: _Draft, run: Run, status: ExecutionStatus, output: str | None) -> Run:
        recoverer = draft.get(RECOVERER)
        draft.put(RECOVERER, recoverer._replace(events=recoverer.events + 1))
        return Run(
            run.generation,
            run.number,
            status,
            "ended",
            stopped_at=draft.get(NOW),
            output=output,
        )

    # Users, recovery, dead letters

    def _user(self, state: State) -> Iterator[Move]:
        user: User = self.interner.values[state[USER]]
        draft = self._draft(state)
        if user.place >= 0:
            yield self._user_steps(draft, user)
        elif user.wish < len(self.scenario.wishes) and self._wishes(state, user):
            wish = self.scenario.wishes[user.wish]
            if wish == "resume":  # people are slower than the clock is fine
                draft.numbers[NOW] = self.interner.number(draft.get(NOW) + BLINK)
            place = self._begin(draft, wish)
            yield self._user_steps(draft, user._replace(place=place))

    def _wishes(self, state: State, user: User) -> bool:
        """Whether the next wish makes sense now."""
        if self.scenario.wishes[user.wish] != "retry":
            return True
        job = self.interner.values[state[JOB]]
        return job is not None and job.status is JobStatus.FAILED

    def _user_steps(self, draft: _Draft, user: User) -> Move:
        place, call = self._step(draft, user.place)
        user = user._replace(place=place)
        ended, answer = self._ended(draft, place)
        if ended:
            granted = not isinstance(answer, Raised)
            if granted and self.scenario.wishes[user.wish] == "cancel":
                draft.numbers[ACKNOWLEDGED] = self.interner.number(True)  # noqa: FBT003
            user = User(user.wish + 1)
        draft.put(USER, user)
        return draft.move("user", call)

    def _recoverer(self, state: State) -> Iterator[Move]:
        recoverer: Recoverer = self.interner.values[state[RECOVERER]]
        draft = self._draft(state)
        if recoverer.place >= 0:
            yield self._recoverer_steps(draft, recoverer)
        elif recoverer.events:
            recoverer = Recoverer(recoverer.events - 1, self._begin(draft, "recover"))
            yield self._recoverer_steps(draft, recoverer)

    def _recoverer_steps(self, draft: _Draft, recoverer: Recoverer) -> Move:
        place, call = self._step(draft, recoverer.place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("recovery works", answer.error)
        draft.put(RECOVERER, recoverer._replace(place=-1 if ended else place))
        return draft.move("recovery", call)

    def _burier(self, state: State) -> Iterator[Move]:
        burier: Burier = self.interner.values[state[BURIER]]
        if burier.place >= 0:
            yield self._burier_steps(self._draft(state), burier)

    def _burier_steps(self, draft: _Draft, burier: Burier) -> Move:
        place, call = self._step(draft, burier.place)
        ended, answer = self._ended(draft, place)
        if ended and isinstance(answer, Raised):
            draft.broken = draft.broken or Broken("dead letters are handled", answer.error)
        draft.put(BURIER, Burier() if ended else burier._replace(place=place))
        return draft.move("dead letters", call)

    def _zombies(self, state: State) -> Iterator[Move]:
        places = self.interner.values[state[ZOMBIES]].places
        for index, place in enumerate(places):
            draft = self._draft(state)
            after, call = self._step(draft, place)
            ended, _ = self._ended(draft, after)
            rest = (*places[:index], *places[index + 1 :])
            draft.put(ZOMBIES, Zombies(rest if ended else tuple(sorted((*rest, after)))))
            name = self.programs.places[place].use_case.name
            yield draft.move(f"left-over {name}", call)

    # Time and the sweep, when nobody else can move

    def _idle(self, state: State) -> Iterator[Move]:
        values = self.interner.values
        now = values[state[NOW]]
        if any(letter.visible_at > now for letter in values[state[QUEUE]].letters):
            yield self._tick(state, LEASE)
        runs = values[state[EXECUTIONS]]
        if values[state[FAULTS]].rescues:
            for index, run in enumerate(runs):
                if run.phase == "waiting":
                    yield self._time_out(state, index, run, "rescues")
        running = any(run.status is ExecutionStatus.RUNNING for run in runs)
        sight = (state[JOB], state[EXECUTIONS])
        swept = values[state[RECOVERER]].swept
        if values[state[MARK]] and not running and sight != swept:
            draft = self._draft(state)
            place = self._begin(draft, "sweep")
            yield self._recoverer_steps(draft, Recoverer(place=place, swept=sight))

    def _time_out(self, state: State, index: int, run: Run, budget: str) -> Move:
        draft = self._draft(state)
        draft.spend(budget)
        if self.scenario.leap:
            draft.numbers[NOW] = self.interner.number(draft.get(NOW) + self.scenario.leap)
        draft.run(index, self._enter(draft, run, "monitor"))
        return draft.move(f"execution {run.generation}-{run.number}", "the wait times out")

    def _tick(self, state: State, seconds: float, *, lapse: bool = False) -> Move:
        draft = self._draft(state)
        if lapse:
            draft.spend("lapses")
        draft.numbers[NOW] = self.interner.number(draft.get(NOW) + seconds)
        return draft.move("clock", "time passes")

    # Faults

    def _faults(self, state: State, faults: Faults) -> Iterator[Move]:
        yield from self._worker_faults(state, faults)
        yield from self._workflow_faults(state, faults)
        yield from self._request_faults(state, faults)
        values = self.interner.values
        now = values[state[NOW]]
        letters = values[state[QUEUE]].letters
        if faults.lapses and (
            any(letter.visible_at > now for letter in letters)
            or any(
                row is not None and row.leased(now) for row in map(values.__getitem__, state[ROWS:])
            )
        ):
            yield self._tick(state, LEASE, lapse=True)
        if faults.burials and values[state[BURIER]].place < 0:
            for letter in letters:
                if letter.visible_at <= now:
                    draft = self._draft(state)
                    draft.spend("burials")
                    draft.put(QUEUE, draft.get(QUEUE).delete(letter))
                    place = self._begin(draft, "bury", letter.chunk)
                    yield self._burier_steps(draft, Burier(letter, place))

    def _worker_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index in range(self.scenario.workers):
            worker: Worker = self.interner.values[state[WORKERS[index]]]
            who = _WORKER_NAMES[index]
            if worker.mode == "idle":
                if faults.duplicates:
                    yield from self._receive(state, index, worker, twice=True)
                continue
            if faults.crashes:
                crashed = Worker(asks=worker.asks)
                yield from self._left(
                    state, WORKERS[index], crashed, worker.place, fault="crashes", who=who
                )
            if faults.losses and worker.place >= 0:
                yield from self._asks_again(state, index, worker)
            if worker.mode == "run":
                yield from self._unusual(state, index, worker, faults)

    def _unusual(self, state: State, index: int, worker: Worker, faults: Faults) -> Iterator[Move]:
        held = worker.held
        assert held is not None
        if faults.partials and len(held.tasks) > 1:
            yield self._report(state, index, worker, final=False)
        if faults.returns:
            yield self._report(state, index, worker, final=True, empty=True)
        if faults.beats:
            draft = self._draft(state)
            draft.spend("beats")
            place = self._begin(draft, "beat", held)
            yield self._worker_steps(draft, index, worker._replace(mode="beat", place=place))

    def _left(
        self, state: State, at: int, after: Hashable, place: int, *, fault: str, who: str
    ) -> Iterator[Move]:
        """Whoever was at this place is gone: with the function that it had called, or without."""
        draft = self._draft(state)
        draft.spend(fault)
        draft.put(at, after)
        yield draft.move(who, f"{fault}, and what it had called")
        if place >= 0 and self.scenario.zombies:
            draft = self._draft(state)
            draft.spend(fault)
            draft.put(at, after)
            draft.leave(place)
            yield draft.move(who, f"{fault}; what it had called goes on")

    def _asks_again(self, state: State, index: int, worker: Worker) -> Iterator[Move]:
        draft = self._draft(state)
        use_case = self.programs.places[worker.place].use_case
        again = worker._replace(place=self._begin(draft, use_case.name, *use_case.args))
        who = _WORKER_NAMES[index]
        yield from self._left(state, WORKERS[index], again, worker.place, fault="losses", who=who)

    def _workflow_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        for index, run in enumerate(self.interner.values[state[EXECUTIONS]]):
            if run.status is not ExecutionStatus.RUNNING:
                continue
            who = f"execution {run.generation}-{run.number}"
            if faults.timeouts and run.phase == "waiting":
                yield self._time_out(state, index, run, "timeouts")
            if faults.stops and run.place >= 0:
                draft = self._draft(state)
                draft.spend("stops")
                draft.run(index, self._enter(draft, run, run.phase))
                yield draft.move(who, "its function stops and is run again")
            if faults.breakdowns and run.phase not in ("begun", "fail"):
                draft = self._draft(state)
                draft.spend("breakdowns")
                draft.run(index, self._enter(draft, run, "fail"))
                yield draft.move(who, "its function fails for good")
            if faults.deaths:
                for left in (False, True) if run.place >= 0 and self.scenario.zombies else (False,):
                    draft = self._draft(state)
                    draft.spend("deaths")
                    draft.run(index, self._end(draft, run, ExecutionStatus.ABORTED, None))
                    if left:
                        draft.leave(run.place)
                    yield draft.move(who, f"is aborted{', its function goes on' * left}")

    def _request_faults(self, state: State, faults: Faults) -> Iterator[Move]:
        values = self.interner.values
        user, recoverer, burier = (values[state[at]] for at in (USER, RECOVERER, BURIER))
        if faults.regrets and user.place >= 0:
            use_case = self.programs.places[user.place].use_case
            again = user._replace(place=self._begin(self._draft(state), *use_case[:1]))
            yield from self._left(
                state, USER, again, user.place, fault="regrets", who="user asks again,"
            )
            gone = User(user.wish + 1)
            yield from self._left(
                state, USER, gone, user.place, fault="regrets", who="user gives up,"
            )
        if faults.unheard and (recoverer.events or recoverer.place >= 0):
            draft = self._draft(state)
            draft.spend("unheard")
            heard = recoverer.place >= 0
            draft.put(RECOVERER, Recoverer(recoverer.events - (not heard)))
            yield draft.move("recovery", "stops and its event is lost")
        if faults.stops and burier.place >= 0:
            draft = self._draft(state)
            draft.spend("stops")
            place = self._begin(draft, "bury", burier.letter.chunk)
            draft.put(BURIER, burier._replace(place=place))
            yield draft.move("dead letters", "its function stops and is run again")

    # Laws

    def broken(self, state: State) -> Broken | None:
        """The law that the state breaks."""
        rows = state[ROWS:]
        for row in rows:
            law = self._law((row, state[PARTS]), self._check_row)
            if law is not None:
                return law
        law = self._law((*rows, state[TALLIES], state[SUMS], -1), self._check_tallies)
        return law or self._law((*rows, state[JOB], -2), self._check_job)

    def _law(
        self, numbers: tuple[int, ...], check: Callable[[list[Any]], Broken | None]
    ) -> Broken | None:
        if numbers in self._lawful:
            return None
        broken = check([self.interner.values[number] for number in numbers if number >= 0])
        if broken is None:
            self._lawful.add(numbers)
        return broken

    def _check_row(self, values: list[Any]) -> Broken | None:
        row, parts = values
        if row is None:
            return None
        return laws.check_attempts(row, self.scenario.max_attempts) or laws.check_parts(row, parts)

    @staticmethod
    def _check_tallies(values: list[Any]) -> Broken | None:
        *rows, tallies, sums = values
        return laws.check_tallies(rows, tallies, sums)

    @staticmethod
    def _check_job(values: list[Any]) -> Broken | None:
        *rows, job = values
        return laws.check_job(job, rows)

    def broken_at_rest(self, state: State) -> Broken | None:
        """The law that the state breaks, given that nothing will move it but faults."""
        values = self.interner.values
        job: Job | None = values[state[JOB]]
        if job is None:
            return None
        return self._unfinished(state, job) or laws.check_rest(
            job, [values[number] for number in state[ROWS:]], values[state[TALLIES]]
        )

    def _unfinished(self, state: State, job: Job) -> Broken | None:
        runs = self.interner.values[state[EXECUTIONS]]
        last = max((run for run in runs if run.generation == job.generation), default=None)
        ended = None if last is None else (last.status, last.output)
        cancelled = self.interner.values[state[ACKNOWLEDGED]]
        broken = {
            "every job ends": job.live,
            "every execution ends": any(run.status is ExecutionStatus.RUNNING for run in runs),
            "the last execution and the job agree": ended != _ENDS.get(job.status.lower()),
            "nobody watches a closed job for ever": bool(self.interner.values[state[MARK]]),
            "the job ends as its tasks did": job.status not in self.scenario.ends,
            "an acknowledged cancel cancels": cancelled and job.status is not JobStatus.CANCELLED,
        }
        how = f"{job.status}, paused={job.paused}, {job.reason}, {runs}"
        return next((Broken(law, how) for law, found in broken.items() if found), None)
