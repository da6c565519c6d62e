"""A worker that was taken over: it has the credentials of workers, and all but valid tokens.

It acts under the leases of other workers: it knows their names, chunks and epochs, and the tokens
of earlier epochs. Nothing that it sends changes anything or is answered with data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from shoal.domain.chunk import Chunk
from tests.prove.decisions import Weights
from tests.prove.gateway import NoAnswer
from tests.prove.trace import shown

if TYPE_CHECKING:
    from tests.prove.world import World

REFUSED: Final = "a request without the token of the lease is refused"
CHANGES_NOTHING: Final = "a request without the token of the lease changes nothing"
NOUNS: Final = ("reports", "heartbeats", "parts", "effects", "artifacts")
_ROUTES: Final = Weights((40.0, 20.0, 15.0, 15.0, 10.0))
_MOMENTS: Final = ("granted", "reported", "reset")
_LEASED: Final = 0.8
"""The share of requests about a chunk that has a lease."""
_OK: Final = 200
_REFUSALS: Final = frozenset(("stale", "cancelled", "unavailable"))
_GUESSED: Final = "0" * 64
_NAME: Final = "intruder"


class Intruder:
    """Sends requests under the leases of others."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[tuple[str, int], dict[int, str]] = {}
        """The tokens that were granted, by chunk and epoch."""
        self._workers: dict[tuple[str, int, int], str] = {}

    def heard(self, noun: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Remember the tokens of an answer, for later epochs."""
        for lease in answer["leases"] if noun == "leases" else ():
            if lease["decision"] == "granted":
                job, chunk, epoch = lease["job_id"], lease["chunk"], lease["epoch"]
                self._tokens.setdefault((job, chunk), {})[epoch] = lease["token"]
                self._workers[job, chunk, epoch] = asked["worker"]

    def serve(self) -> None:
        """Send requests until the faults stop."""
        world = self._world
        while world.faults.active:
            if world.decisions.chance(_NAME, 0.4):
                moment = _MOMENTS[world.decisions.integer(_NAME, 0, len(_MOMENTS) - 1)]
                world.laws.wait_for(moment, 120.0)
            world.simulation.sleep(world.decisions.between(_NAME, 0.01, 40.0))
            row = self._row()
            if row is not None and world.faults.active:
                self._attack(row)

    def _row(self) -> Chunk | None:
        """One of the chunks of live jobs that were granted or reset once."""
        world = self._world
        live = [job.id for job in world.jobs.rows if job.live]
        rows = [row for job_id in live for row in world.chunks.of(job_id) if row.epoch]
        leased = [row for row in rows if row.lease is not None]
        if leased and world.decisions.chance(_NAME, _LEASED):
            rows = leased
        return rows[world.decisions.integer(_NAME, 0, len(rows) - 1)] if rows else None

    def _attack(self, row: Chunk) -> None:
        world = self._world
        noun = NOUNS[world.decisions.choose(_NAME, _ROUTES)]
        body = self._body(noun, row)
        world.laws.checked[CHANGES_NOTHING] += 1
        try:
            status, text, _ = world.gateway.request(
                *("Callbacks", "POST", f"/api/v1/{noun}"),
                body=json.dumps(body),
                headers={},
                forged=True,
            )
        except NoAnswer:
            return
        answer = json.loads(text)
        now, sent = world.simulation.now, json.dumps(body)
        world.trace.add(now, _NAME, f"forged {noun}", (sent,), answer)
        world.laws.branches[f"forged {noun}: {_said(status, answer)}"] += 1
        world.laws.check(REFUSED, _is_refused(status, answer), f"{noun} {answer} {shown(row)}")

    def _body(self, noun: str, row: Chunk) -> dict[str, Any]:
        worker = self._victim(row)
        lease: dict[str, Any] = {"job_id": row.job, "chunk": row.number, "epoch": row.epoch}
        token = self._token(row)
        if token is not None:
            lease["token"] = token
        index = row.first + self._world.decisions.integer(_NAME, 0, row.size - 1)
        match noun:
            case "reports":
                return {"worker": worker, "reports": [lease | self._report(row)]}
            case "heartbeats":
                return {"worker": worker, "leases": [lease | {"index": index, "progress": 0.9}]}
            case "parts":
                return {"worker": worker, **lease, "report": row.reported + 1, "size": 300_000}
            case "effects":
                forged = {"effect": {"value": "forged"}}
                stores = self._world.decisions.chance(_NAME, 0.5)
                more = {"index": index, "key": "k"} | (forged if stores else {})
                return {"worker": worker, **lease, **more}
            case _:
                return {"worker": worker, **lease, "index": index, "name": "file", "size": 7}

    def _victim(self, row: Chunk) -> str:
        if row.lease is not None:
            return row.lease.worker
        return self._workers.get((row.job, row.number, row.epoch), "pod1")

    def _report(self, row: Chunk) -> dict[str, Any]:
        """A report that every RUNNING task completed, or a repeat of an earlier report."""
        decisions = self._world.decisions
        outcomes = [
            {
                "index": row.first + offset,
                "attempt": row.attempts[offset],
                "outcome": "completed",
                "started_at": "2027-01-15T08:00:00Z",
                "duration": 1.0,
                "result": "forged",
            }
            for offset in row.running
        ]
        again = max(1, row.reported)
        number = row.reported + 1 if decisions.chance(_NAME, 0.8) else again
        return {"report": number, "final": decisions.chance(_NAME, 0.5), "outcomes": outcomes}

    def _token(self, row: Chunk) -> str | None:
        """No token, a wrong one, one of an earlier epoch, or one of another chunk."""
        granted = self._tokens.get((row.job, row.number), {})
        earlier = [token for epoch, token in granted.items() if epoch < row.epoch]
        others = [
            t for key, each in self._tokens.items() if key[1] != row.number for t in each.values()
        ]
        match self._world.decisions.integer(_NAME, 0, 3):
            case 0:
                return None
            case 1 if earlier:
                return earlier[-1]
            case 2 if others:
                return others[-1]
            case _:
                return _GUESSED


def _is_refused(status: int, answer: Any) -> bool:
    if status != _OK:
        return True
    decisions = {each["decision"] for each in _decided(answer)}
    return bool(decisions) and decisions <= _REFUSALS


def _said(status: int, answer: Any) -> str:
    decisions = [each["decision"] for each in _decided(answer)] if status == _OK else []
    return decisions[0] if decisions else str(status)


def _decided(answer: Any) -> list[Any]:
    decided: list[Any] = answer.get("reports") or answer.get("leases") or []
    return decided
