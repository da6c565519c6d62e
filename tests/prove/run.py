"""One run from its decisions to its verdict."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shoal.domain.job import DAY, Job, JobStatus
from shoal.ports.workflow import ExecutionStatus
from tests.prove.auditor import Auditor
from tests.prove.decisions import Decisions, Place
from tests.prove.faults import PORT_FAULTS, Fault, Faults
from tests.prove.laws import Violation
from tests.prove.ports import Outage
from tests.prove.trace import Trace, shown
from tests.prove.users import User
from tests.prove.world import LEASE, SWEEP, TYPES, WAIT, Sizes, World

TENANTS: Final = ("acme", "bell")
CALM_SECONDS: Final = 6 * 3_600.0
"""How long after the last fault everything has to be at rest."""
_PODS: Final = 2
_MIXED: Final = 0.1
"""The part of the runs in which workers without a task type stay to the end."""
_AFTERLIFE: Final = 0.15
"""The share of runs that continue after weeks."""
_LIFE_DAYS: Final = 150
"""Days from the submit to the expiry of everything that belongs to a job."""
_LATER: Final = ((1.0, 60.0), (60.0, _LIFE_DAYS), (_LIFE_DAYS, 170.0))
"""Ranges of days after which users return."""
_STREAMED: Final = 0.4
"""The share of runs with events, webhooks and live connections."""
_INTRUDED: Final = 0.5
"""The share of runs with a worker that acts under the leases of others."""
_HEARTBEAT_FAULTS: Final = frozenset(
    {*PORT_FAULTS, Fault.FROZEN, Fault.OUTAGE, Fault.POD_FROZEN, Fault.SQS_LOST, Fault.PREEMPTED}
    | {Fault.API_ANSWER_LOST, Fault.API_REFUSED, Fault.API_REQUEST_LOST, Fault.UNREADABLE}
    | {Fault.ROLLED_BACK, Fault.PARTIAL, Fault.REPEATED, Fault.ROWS_APART, Fault.UNPROCESSED}
)
"""Faults that can delay the pause that a worker receives with its heartbeat."""
_WORLD: Final = "world"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a run."""

    violations: tuple[Violation, ...]
    decisions: Mapping[Place, int]
    calls: int
    switches: int
    seconds: float
    """Simulated."""
    faults: Counter[Fault]
    checked: Counter[str]
    branches: Counter[str]
    trace: Trace


def play(
    seed: int = 0,
    *,
    replayed: Mapping[Place, int] | None = None,
    wanted: frozenset[Fault] | None = None,
    stops: Callable[[Violation], bool] = lambda _: False,
) -> Outcome:
    """Run once, up to a violation that `stops` the run."""
    logging.getLogger("shoal.worker").setLevel(logging.CRITICAL + 1)
    decisions = Decisions(seed, replayed)
    faults = Faults(decisions, wanted)
    world = World(decisions=decisions, faults=faults, sizes=Sizes.drawn(decisions))
    simulation = world.simulation
    began = simulation.now

    def noted(violation: Violation) -> None:
        simulation.stopped = simulation.stopped or stops(violation)

    world.laws.noted = noted
    with world.wired():
        _Director(world).direct()
        for name, error in simulation.escaped:
            world.laws.broken("no exception escapes", f"{name}: {error!r}")
    return Outcome(
        violations=tuple(world.laws.violations),
        decisions=dict(decisions.taken),
        calls=world.calls.count,
        switches=simulation.switches,
        seconds=simulation.now - began,
        faults=faults.met,
        checked=world.laws.checked,
        branches=world.laws.branches,
        trace=world.trace,
    )


class _Director:
    """Lets users and faults loose, stops the faults, and waits for rest."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._auditor = Auditor(world, lease=LEASE, wait=WAIT, sweep=SWEEP)

    def direct(self) -> None:
        world, decisions = self._world, self._world.decisions
        simulation = world.simulation
        world.start_services()
        if decisions.chance(_WORLD, _STREAMED):
            world.start_streams(TENANTS)
        world.laws.prompt = not world.faults.rates.keys() & _HEARTBEAT_FAULTS
        simulation.spawn("deployment", self._keep_pods)
        simulation.spawn("auditor", self._auditor.serve)
        if decisions.chance(_WORLD, _INTRUDED):
            simulation.spawn("intruder", world.intruder.serve)
        count = decisions.integer(_WORLD, 1, 2)
        for number in range(count):
            tenant = TENANTS[number % len(TENANTS)]
            steps = decisions.integer(_WORLD, 0, 9)
            user = User(world, tenant, f"user{number + 1}", steps)
            world.users.append(user)
            simulation.spawn(user.name, user.live)
        self._plan_outages()
        end = simulation.now + decisions.between(_WORLD, 120.0, 2_400.0)
        simulation.run(lambda: False, end)
        simulation.run(lambda: all(user.done for user in world.users), end + 4 * 3_600.0)
        self._calm()
        rested = self._rest()
        if rested and decisions.chance(_WORLD, _AFTERLIFE):
            self._afterlife()
            self._rest()

    def _plan_outages(self) -> None:
        world, decisions = self._world, self._world.decisions
        if not world.faults.strikes(Fault.OUTAGE, _WORLD):
            return
        ports = ("queue", "chunks", "jobs", "workflow", "tenants", "types", "blobs")
        port = ports[decisions.integer(_WORLD, 0, len(ports) - 1)]
        begin = world.simulation.now + decisions.between(_WORLD, 0.0, 900.0)
        length = decisions.between(_WORLD, 1.0, 600.0)
        share = (1.0, 0.5, 0.3)[decisions.integer(_WORLD, 0, 2)]
        world.calls.outages.append(Outage(port, begin, begin + length, share))
        world.trace.add(
            begin, "outage", f"{port} is unavailable for {length:.0f} s", fault="outage"
        )

    def _keep_pods(self) -> None:
        """A deployment of pods and its faults."""
        world = self._world
        simulation, faults = world.simulation, world.faults
        while True:
            while len(world.pods.pods) < _PODS:
                world.new_pod(self._types())
            if world.laws.calm and not self._offers_all():
                world.new_pod()  # a task killed the only pod with all types
            simulation.sleep(8.0)
            for pod in list(world.pods.pods):
                if faults.strikes(Fault.POD_KILLED, f"{pod.name} fate"):
                    pod.kill()
                elif faults.strikes(Fault.POD_DRAINED, f"{pod.name} fate"):
                    pod.drain()
                elif faults.strikes(Fault.POD_FROZEN, f"{pod.name} fate"):
                    seconds = faults.between(f"{pod.name} fate", 10.0, 900.0)
                    pod.process.frozen_until = simulation.now + seconds
                    world.trace.add(
                        simulation.now,
                        pod.name,
                        f"freezes for {seconds:.0f} s",
                        fault="frozen",
                    )
            self._roll_back()
            if faults.strikes(Fault.QUEUE_WIPED, "queue fate"):
                world.queue.wipe()
                world.trace.add(simulation.now, "queue", "is wiped", fault="wiped")

    def _roll_back(self) -> None:
        """Some rows were written by a later version of the code, or cannot be read at all."""
        world, who = self._world, "row fate"
        simulation, faults, decisions = world.simulation, world.faults, world.decisions
        rows = world.jobs.rows
        if rows and faults.strikes(Fault.UNREADABLE, who):
            job = rows[decisions.integer(who, 0, len(rows) - 1)]
            world.jobs.unreadable.add(job.id)
            world.laws.branches["a row cannot be read"] += 1
            world.trace.add(simulation.now, shown(job), "cannot be read", fault="unreadable")
        if rows and faults.strikes(Fault.ROLLED_BACK, who):
            kinds: Sequence[tuple[str, set[Any], Sequence[Any]]] = (
                ("job", world.jobs.later, [job.id for job in rows]),
                ("chunk", world.chunks.later, world.chunks.keys),
                ("tally", world.jobs.later, world.jobs.keys_of_tallies),
            )
            kind, later, keys = kinds[decisions.integer(who, 0, len(kinds) - 1)]
            if keys:
                key = keys[decisions.integer(who, 0, len(keys) - 1)]
                later.add(key)
                world.laws.branches[f"a later version wrote a {kind}"] += 1
                world.trace.add(
                    simulation.now,
                    f"{kind} {key}",
                    "belongs to a later version",
                    fault="rolled back",
                )

    def _offers_all(self) -> bool:
        """Whether a pod offers every task type."""
        return any(pod.fork_client.types.keys() >= TYPES for pod in self._world.pods.pods)

    def _types(self) -> frozenset[str]:
        world = self._world
        if world.faults.active and world.decisions.chance(_WORLD, 0.15):
            return TYPES - {"sleep"}
        return TYPES

    def _calm(self) -> None:
        """Stop all faults, start pods that offer all types, and resume paused jobs."""
        world = self._world
        world.faults.active = False
        world.laws.calm = True
        world.laws.calm_at = world.simulation.now
        world.trace.add(world.simulation.now, "world", "faults stop")
        mixed = world.decisions.chance(_WORLD, _MIXED)
        for pod in list(world.pods.pods):
            pod.process.frozen_until = 0.0
            pod.process.skew = 0.0
            if not mixed and TYPES - pod.fork_client.types.keys():
                pod.drain()
        world.new_pod()
        self._settle()

    def _settle(self) -> None:
        for user in self._world.users:
            user.settled = False
            self._world.simulation.spawn(f"{user.name} settles", user.settle)

    def _afterlife(self) -> None:
        """After weeks, delete some of the expired rows, and let users continue."""
        world, simulation = self._world, self._world.simulation
        low, high = _LATER[world.decisions.integer(_WORLD, 0, len(_LATER) - 1)]
        days = world.decisions.between(_WORLD, low, high)
        if days < _LIFE_DAYS:  # the rows of an open job never expire
            for user in world.users:
                simulation.spawn(f"{user.name} leaves", user.leave)
            simulation.run(lambda: all(user.left for user in world.users), simulation.now + 900.0)
        simulation.jump(days * DAY)
        self._auditor.forget()
        world.laws.late = True
        now, chance = simulation.now, world.decisions.chance
        expired = {
            Fault.ROW_EXPIRED: [*world.jobs.expired(now), *world.chunks.expired(now)],
            Fault.OBJECT_EXPIRED: [*world.results.expired(now), *world.inputs.expired(now)],
        }
        world.trace.add(now, "world", f"{days:.0f} days pass")
        for fault, removals in expired.items():
            gone = [remove for remove in removals if not chance("expiry", 0.4)]
            for remove in gone:
                remove()
            world.faults.met[fault] += len(gone)
            world.trace.add(now, "world", f"{len(gone)} of {len(removals)} go", fault=fault.value)
        for user in world.users:
            simulation.spawn(f"{user.name} returns", user.return_late)
        simulation.run(lambda: all(user.returned for user in world.users), simulation.now + 900.0)

    def _rest(self) -> bool:
        world = self._world
        simulation, laws = world.simulation, world.laws
        if world.jobs.unreadable:
            self._rest_of_others()
        rested = simulation.run(self._at_rest, simulation.now + CALM_SECONDS)
        jobs = {job.id: job for job in world.jobs.rows if job.expires_at > simulation.now}
        if rested:
            world.laws_at_rest.jobs(jobs)
            world.laws_at_rest.actions(world.bulk, world.workflow.runs, world.webhooks)
            self._streams_at_rest(jobs)
        for job in jobs.values():
            laws.check("every job ends", not job.live, self._diagnosis(job))
            rows = world.chunks.of(job.id)
            keys = {k for row in rows for n in range(row.size) for k in row.history_of(n)}
            world.laws_at_rest.job(
                job,
                rows,
                world.chunks.parts(keys),
                world.jobs.tallies(job.id, range(job.tallies)),
                world.jobs.sums(job.id, job.generation),
            )
            self._agreement(job)
            self._writes(job)
        laws.check("messages at rest are 0", not world.queue.letters, shown(world.queue.letters))
        laws.check("tokens at rest are 0", not world.workflow.waiting, "")
        running = [run.name for run in world.workflow.runs.values() if run.stopped_at is None]
        laws.check("every execution ends", not running, shown(running))
        for tenant in TENANTS:
            counted = world.jobs.open_of(tenant)
            laws.check(
                "limits' counts at rest equal the open jobs", counted == (0, 0), str(counted)
            )
        return rested

    def _streams_at_rest(self, jobs: Mapping[str, Job]) -> None:
        """Every change was published, delivered and shown to those who watch."""
        world = self._world
        streams, check = world.streams, world.laws.check
        if not streams.running:
            return
        for event_id, tenant in streams.due.items():
            job_id = event_id.partition(".")[0]
            if ("JobEvents", job_id) in streams.dropped:
                continue
            check("every change of a job is published", event_id in streams.published, event_id)
            for hook in world.webhooks_of(tenant):
                sent = (hook.url, event_id) in streams.posted
                check(
                    "every event reaches each webhook",
                    sent or streams.deliveries.pending(event_id) or not hook.enabled,
                    f"{event_id} {hook.url}",
                )
        for viewer in world.viewers:
            for job in jobs.values():
                if job.tenant == viewer.tenant and ("LiveDeltas", job.id) not in streams.dropped:
                    viewer.check(job)

    def _writes(self, job: Job) -> None:
        world = self._world
        runs = [run for name, run in world.workflow.runs.items() if name.startswith(job.id)]
        world.laws_at_rest.writes(
            job,
            sum(run.waits for run in runs),
            len(runs),
            world.jobs.writes[job.id, "row"],
            world.jobs.writes[job.id, "sums"],
        )

    def _rest_of_others(self) -> None:
        """Jobs end although the row of another cannot be read."""
        world = self._world

        def others_ended() -> bool:
            unreadable = world.jobs.unreadable
            ended = all(job.id in unreadable or not job.live for job in world.jobs.rows)
            return ended and all(user.settled for user in world.users)

        world.simulation.run(others_ended, world.simulation.now + 2 * 3_600.0)
        for job in world.jobs.rows:
            if job.id not in world.jobs.unreadable:
                world.laws.check("every job ends", not job.live, self._diagnosis(job))
        world.jobs.unreadable.clear()
        self._settle()

    def _diagnosis(self, job: Job) -> str:
        """Describe the state of a job that hangs."""
        world = self._world
        prefix = f"{job.id}-{job.generation}-"
        states = [
            f"{run.name.removeprefix(prefix)} {run.status} in {run.interpreter.state}"
            for run in world.workflow.runs.values()
            if run.name.startswith(prefix) and run.interpreter is not None
        ]
        rows = world.chunks.of(job.id)
        letters = sum(job.id in letter.body for letter in world.queue.letters)
        facts = {
            "grants since the faults stopped": world.laws.calm_grants[job.id],
            "messages": letters,
            "window": world.windows.get(job),
            "resumed": bool(job.resumed_at),
            "behind": sum(row.generation != job.generation for row in rows),
            "executions": states,
            "watched": world.jobs.watches(job.id),
            "rows": [row.statuses for row in rows],
        }
        return f"{shown(job)} {', '.join(f'{name}: {fact}' for name, fact in facts.items())}"

    def _agreement(self, job: Job) -> None:
        """The last execution of the generation and the job agree."""
        world = self._world
        prefix = f"{job.id}-{job.generation}-"
        runs = [run for name, run in world.workflow.runs.items() if name.startswith(prefix)]
        if job.live or not runs:
            return
        last = max(runs, key=lambda run: int(run.name.rpartition("-")[2]))
        if job.status is JobStatus.FAILED:
            agree = last.status is ExecutionStatus.FAILED
        else:
            decision = (last.output or {}).get("decision")
            agree = decision == job.status.lower()
        world.laws.check(
            "the last execution and the job agree",
            agree,
            f"{shown(job)} {last.status} {last.output}",
        )

    def _at_rest(self) -> bool:
        world = self._world
        return (
            all(user.settled for user in world.users)
            and all(not job.live for job in world.jobs.rows)
            and all(run.stopped_at is not None for run in world.workflow.runs.values())
            and not world.queue.letters
            and not world.dead_hidden
            and not world.jobs.watched
            and not world.functions.running
            and world.streams.idle
        )
