"""The code of a task has no credentials, and nothing of other tenants.

Real workers run hostile tasks without capabilities, as in a pod: a root user without them is an
ordinary user of its files and processes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.security.task_platform import StubPlatform

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are isolated on Linux")


class Findings:
    """The results of hostile tasks that ran in one worker."""

    def __init__(self, folder: Path) -> None:
        self.platform = platform = StubPlatform(folder)
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        self.keys = {
            name: platform.add(name)
            for name in (
                *("environment", "reads_environments", "reads_command_lines", "opens_memories"),
                *("traces", "inherits", "searches_its_memory"),
            )
        }
        self.keys["stores"] = platform.add("stores", name="model.bin")
        platform.run()

    def __getitem__(self, name: str) -> object:
        return self.platform.result(self.keys[name])


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    return Findings(tmp_path_factory.mktemp("worker"))


def test_task_sees_no_credential_in_its_environment(findings: Findings) -> None:
    seen = findings["environment"]

    assert isinstance(seen, dict)
    assert not [value for value in seen.values() if "canary" in value]
    assert not seen.keys() & {"AWS_ACCESS_KEY_ID", "SHOAL_API_URL", "SHOAL_WORKER_ID"}
    assert seen.keys() >= {"PATH", "PYTHONPATH", "TMPDIR", "AWS_REGION"}


def test_task_finds_no_credential_in_the_environment_of_a_process(findings: Findings) -> None:
    assert findings["reads_environments"] == []


def test_task_finds_no_credential_in_a_command_line(findings: Findings) -> None:
    assert findings["reads_command_lines"] == []


def test_task_cannot_open_the_memory_of_a_process(findings: Findings) -> None:
    assert findings["opens_memories"] == []


def test_task_cannot_trace_a_process(findings: Findings) -> None:
    assert findings["traces"] == []


def test_task_has_no_credential_in_its_memory(findings: Findings) -> None:
    assert findings["searches_its_memory"] == []


def test_task_inherits_no_descriptor_of_its_parents(findings: Findings) -> None:
    kinds = findings["inherits"]

    assert isinstance(kinds, list)
    assert kinds.count("socket") == 2  # its assignments, and its calls
    assert "anon_inode" not in kinds


def test_worker_signs_the_calls_of_a_task(findings: Findings) -> None:
    assert findings["stores"] == "stored"

    platform = findings.platform
    calls = [asked for noun, asked in platform.calls if noun in {"effects", "artifacts"}]
    assert len(calls) == 4
    assert {each["worker"] for each in calls} == {"w-1"}
    assert all(platform.signed)


@pytest.mark.parametrize("labels", [True, False])
def test_task_that_patches_its_process_reads_no_input_of_another_tenant(
    tmp_path: Path, *, labels: bool
) -> None:
    platform = StubPlatform(tmp_path, labels=labels)
    note = tmp_path / "note"
    first = platform.add("patches_its_process", tenant="a", note=str(note))
    platform.add("takes", tenant="a", content="own")
    later = [platform.add("takes", tenant="b", content=f"of b {n}") for n in range(4)]

    platform.run()

    assert "own" in note.read_text()
    assert "of b" not in note.read_text()
    processes = {platform.result(key) for key in later}
    assert len(processes) == 1
    assert platform.result(first) not in processes
