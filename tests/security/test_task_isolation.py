"""The code of a task has no credentials, and nothing of other tenants.

Real workers run hostile tasks without capabilities, as in a pod: a root user without them is an
ordinary user of its files and processes.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.task_platform import StubPlatform, job_of

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
                *("traces", "inherits", "searches_its_memory", "shrinks_shared_memory"),
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
    assert kinds.count("pipe") == 2  # its output, and the log of the worker
    assert "anon_inode" not in kinds


def test_task_cannot_shrink_the_memory_that_it_shares_with_its_worker(findings: Findings) -> None:
    assert findings["shrinks_shared_memory"] == ["PermissionError"]


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
    later = [platform.add("takes", tenant="b", content=f"input of b {n}") for n in range(4)]

    platform.run()

    assert "own" in note.read_text()
    assert "input of b" not in note.read_text()
    processes = {platform.result(key) for key in later}
    assert len(processes) == 1
    assert platform.result(first) not in processes


OUTCOME = {"attempt": 1, "outcome": "completed", "started_at": "2026-01-01T00:00:00.000Z"}


def forged(index: int | str, **fields: object) -> str:
    """Return an outcome as a worker expects it."""
    named = {"index": index, **OUTCOME, "duration": 0.5, **fields}
    return json.dumps(named, separators=(",", ":")).replace('"INDEX"', "INDEX")


def forged_report(job: str, chunk: int) -> str:
    """Return an outcome that continues with a report of another chunk."""
    place = f'"job_id":"{job}","chunk":{chunk},"epoch":1,"report":1,"final":true'
    return forged("INDEX", result=1) + "]},{" + place + ',"outcomes":[' + forged(0, result="forged")


CORRUPTIONS = {
    "no outcome": ("writes_outcomes", {"text": "no outcome"}),
    "outcome of another task": ("writes_outcomes", {"text": forged(0, result="forged")}),
    "no attempt": ("writes_outcomes", {"text": forged("INDEX", attempt="x")}),
    "report of another chunk": ("writes_outcomes", {"text": forged_report(job_of("b"), 0)}),
    "position": ("writes_numbers", {"what": "position"}),
    "printed": ("writes_numbers", {"what": "printed"}),
    "used": ("writes_numbers", {"what": "used"}),
    "started": ("writes_numbers", {"what": "started"}),
    "messages": ("floods_messages", {}),
}


class Corrupted:
    """The outcomes of hostile tasks that corrupt their processes, and of a harmless tenant."""

    def __init__(self, folder: Path) -> None:
        self.platform = platform = StubPlatform(folder)
        self.harmless = [platform.add("takes", tenant="b", content="first")]
        self.hostile = {}
        for tenant, (name, (task_type, given)) in zip(
            "cdefghijk", CORRUPTIONS.items(), strict=True
        ):
            self.hostile[name] = platform.add(task_type, tenant=tenant, timeout=1.0, **given)
            self.harmless.append(platform.add("takes", tenant="b", content=name))
        platform.run()


@pytest.fixture(scope="module")
def corrupted(tmp_path_factory: pytest.TempPathFactory) -> Corrupted:
    return Corrupted(tmp_path_factory.mktemp("corrupted"))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_task_that_corrupts_its_process_fails(corrupted: Corrupted, name: str) -> None:
    assert corrupted.platform.outcomes[corrupted.hostile[name]]["outcome"] == "failed"


def test_task_that_corrupts_its_process_harms_only_its_tenant(corrupted: Corrupted) -> None:
    results = [corrupted.platform.result(key) for key in corrupted.harmless]

    assert [type(result) for result in results] == [int] * 10  # process ids, not forged


def test_environment_of_the_process_that_starts_the_worker_is_not_readable(tmp_path: Path) -> None:
    """As in the image, whose init process has the environment of the pod."""
    launcher = tmp_path / "launcher"
    shutil.copyfile("/bin/sh", launcher)
    launcher.chmod(0o111)
    platform = StubPlatform(tmp_path)
    found = platform.add("reads_environments")

    shell = ["/bin/sh", "-c", 'exec "$@"', "sh"]  # gives up the capabilities, as a container does
    platform.run(launcher=[*shell, str(launcher), "-c", '"$@"; exit $?', "launcher"])

    assert platform.result(found) == []


def test_temporary_files_of_a_child_are_removed(tmp_path: Path) -> None:
    platform = StubPlatform(tmp_path)
    left = platform.add("leaves_files", tenant="a", content="file of a")
    found = platform.add("reads_files", tenant="b", path=str(tmp_path))

    platform.run()

    path = Path(platform.result(left))
    assert path.is_relative_to(tmp_path)
    assert not path.exists()
    assert platform.result(found) == []
    assert list(tmp_path.glob("shoal-worker-*")) == []


# A separate user for each child

CAPABILITIES = (5, 6, 7)
"""CAP_KILL, CAP_SETGID and CAP_SETUID."""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class OtherUsers:
    """The results of hostile tasks of two tenants, in a worker that has a range of uids."""

    def __init__(self, folder: Path) -> None:
        shared, token = folder / "shared", folder / "token"
        shared.mkdir()
        shared.chmod(0o1777)
        token.write_text("a token of the pod")
        token.chmod(0o600)
        platform = StubPlatform(folder)
        add = platform.add
        keys = {
            "identity": add("identity", tenant="a"),
            "environment": add("environment", tenant="a"),
            "signals": add("signals", tenant="a"),
            "token": add("reads_files", tenant="a", path=str(token)),
            "left": add("leaves_files", tenant="a", content="file of a", path=str(shared)),
            "own": add("reads_files", tenant="a", path=str(shared)),
            "process": add("leaves_a_process", tenant="a"),
            "other identity": add("identity", tenant="b"),
            "theirs": add("reads_files", tenant="b", path=str(shared)),
            "opens_memories": add("opens_memories", tenant="b"),
        }
        done = platform.worker(capabilities=CAPABILITIES, SHOAL_TASK_UIDS="731000-731019")
        assert done.returncode == 0, done.stdout
        self.results = {name: platform.result(key) for name, key in keys.items()}
        self.left = list(folder.glob("shoal-worker-*"))


@pytest.fixture(scope="module")
def searchable_folder() -> Iterator[Path]:
    """A folder that all users can enter. The folders of pytest are private."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@pytest.fixture(scope="module")
def other_users(searchable_folder: Path) -> OtherUsers:
    return OtherUsers(searchable_folder)


@needs_root
def test_each_child_is_a_user_without_privileges(other_users: OtherUsers) -> None:
    found = [other_users.results[name] for name in ("identity", "other identity")]

    uids = [each["Uid"] for each in found]
    assert uids == [["731000"] * 4, ["731001"] * 4]
    assert [each["Gid"] for each in found] == uids
    for each in found:
        assert (each["Groups"], each["NoNewPrivs"]) == ([], ["1"])
        assert all(int(each[name][0], 16) == 0 for name in ("CapPrm", "CapEff", "CapInh", "CapAmb"))


@needs_root
def test_directories_of_users_are_removed(other_users: OtherUsers) -> None:
    assert other_users.left == []


@needs_root
def test_home_of_a_child_is_its_own_directory(other_users: OtherUsers) -> None:
    seen = other_users.results["environment"]

    assert seen["HOME"] == seen["TMPDIR"]


@needs_root
def test_user_of_a_child_cannot_read_the_tokens_of_the_pod(other_users: OtherUsers) -> None:
    assert other_users.results["token"] == []


@needs_root
def test_user_of_a_child_cannot_read_files_of_another_tenant(other_users: OtherUsers) -> None:
    assert other_users.results["own"] == ["file of a"]
    assert other_users.results["theirs"] == []


@needs_root
def test_user_of_a_child_cannot_signal_or_read_its_worker(other_users: OtherUsers) -> None:
    assert other_users.results["signals"] == []
    assert other_users.results["opens_memories"] == []


def has_ended(pid: int) -> bool:
    """Whether the process has ended, or ends within seconds. A zombie has ended."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(process, select.POLLIN)
    ended = bool(poll.poll(10_000))
    os.close(process)
    return ended


@needs_root
def test_no_process_of_a_user_outlives_its_child(other_users: OtherUsers) -> None:
    assert has_ended(other_users.results["process"])


@needs_root
@pytest.mark.parametrize("nested", [False, True])
def test_uid_is_used_again_once_its_files_are_removed(
    searchable_folder: Path, *, nested: bool
) -> None:
    platform = StubPlatform(searchable_folder)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        Path(name).chmod(0o1777)
        path = name if nested else str(Path(name).parent)
        left = [
            platform.add("leaves_files", tenant=tenant, content=tenant, path=path)
            for tenant in "abcde"
        ]

        done = platform.worker(capabilities=CAPABILITIES, SHOAL_TASK_UIDS="731100-731101")

        assert done.returncode == 0, done.stdout
        assert not [path for path in map(platform.result, left) if Path(path).exists()]


@pytest.mark.parametrize(
    ("uids", "reason"),
    [
        ("20000-20002", "SHOAL_TASK_UIDS has 3 uids; a worker with 2 slots needs 4"),
        ("20000-20099", "the worker lacks CAP_KILL, CAP_SETGID, CAP_SETUID"),
    ],
)
def test_worker_refuses_a_range_that_it_cannot_use(tmp_path: Path, uids: str, reason: str) -> None:
    done = StubPlatform(tmp_path).worker(slots=2, SHOAL_TASK_UIDS=uids)

    assert done.returncode == 2
    assert reason in done.stdout
