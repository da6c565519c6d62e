"""The state machine in memory; it only records executions."""

from __future__ import annotations

from shoal.adapters.memory.restorable import Restorable
from shoal.ports.workflow import Execution, ExecutionStatus


class MemoryWorkflow(Restorable):
    """Executions by job, generation and number, and the answers of each token."""

    def __init__(self) -> None:
        self._executions: dict[tuple[str, int, int], Execution] = {}
        self._answered: dict[str, int] = {}

    def start(self, job_id: str, generation: int, number: int) -> None:
        running = Execution(ExecutionStatus.RUNNING)
        self._executions.setdefault((job_id, generation, number), running)

    def describe(self, job_id: str, generation: int, number: int) -> Execution | None:
        return self._executions.get((job_id, generation, number))

    def answer(self, token: str) -> None:
        self._answered[token] = self._answered.get(token, 0) + 1

    def answered(self, token: str) -> bool:
        """Return whether the token was answered."""
        return token in self._answered

    def end(self, job_id: str, generation: int, number: int, execution: Execution) -> None:
        """End an execution."""
        self._executions[job_id, generation, number] = execution
