"""The workspace of a child: its directory for temporary files and, if the operator sets a range of
uids, its user. The fork server removes what a child has left there.

Files that a task makes with `tempfile`, or in TMPDIR, do not outlive its child. A child that runs
as another user can read no file of its worker, such as tokens of the pod, and leaves no file and no
process to the next child. That needs a worker with CAP_SETUID, CAP_SETGID and CAP_KILL.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections import deque
from pathlib import Path
from typing import Final, NamedTuple

from shoal.worker.process import PR_SET_NO_NEW_PRIVS, prctl

_LOG: Final = logging.getLogger("shoal.worker")
_CAPABILITIES: Final = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7}
_CAPABILITY_VERSION: Final = 0x20080522
_SHARED: Final = tuple(map(Path, ("/tmp", "/var/tmp", "/dev/shm")))  # noqa: S108 - to clean them up
_WRITABLE_BY_ALL: Final = 0o1777


class Workspace(NamedTuple):
    """The directory of a child, if there is one that the fork server knows, and its uid."""

    directory: Path | None
    uid: int | None


class Workspaces:
    """Workspaces of the children of a fork server. Only the fork server makes and removes them."""

    def __init__(self, uids: range | None = None) -> None:
        self._free = None if uids is None else deque(uids)
        self.root = self._new_root()
        """The directory of all workspaces; None if nothing is writable."""
        self._cleaners: dict[int, Workspace] = {}

    def _new_root(self) -> Path | None:
        try:
            root = Path(tempfile.mkdtemp(prefix="shoal-worker-"))
        except OSError:  # nothing is writable
            return None
        if self._free is not None:
            root.chmod(_WRITABLE_BY_ALL)
        return root

    def take(self, number: int) -> Workspace | None:
        """Returns a workspace for a new child; None while all uids are in use."""
        if self._free is None:
            return Workspace(self.root and self.root / str(number), None)
        return Workspace(None, self._free.popleft()) if self._free else None

    def enter(self, workspace: Workspace) -> None:
        """Makes this process, a new child, use the workspace."""
        if workspace.uid is not None:
            become(workspace.uid)
        directory = workspace.directory
        if directory is not None:
            directory.mkdir(mode=0o700, parents=True)
        elif self.root is not None:
            directory = Path(tempfile.mkdtemp(dir=self.root))
        if directory is not None:
            names = ["TMPDIR"] if workspace.uid is None else ["TMPDIR", "HOME"]
            os.environ |= dict.fromkeys(names, str(directory))  # noqa: TID251 - tasks read them
            tempfile.tempdir = None  # read TMPDIR again

    def leave(self, workspace: Workspace) -> None:
        """Removes what an ended child has left, in another process if there is anything."""
        if workspace.uid is None and _is_removed(workspace.directory):
            return
        pid = os.fork()
        if pid == 0:
            self._clean(workspace)
        self._cleaners[pid] = workspace

    def _clean(self, workspace: Workspace) -> None:
        code = 1
        try:
            if workspace.directory is not None:
                shutil.rmtree(workspace.directory, ignore_errors=True)
            if workspace.uid is not None:
                become(workspace.uid)
                _remove_traces(workspace.uid, self.root)
            code = 0
        finally:
            os._exit(code)

    def on_exit(self, pid: int, code: int) -> None:
        """Handles the exit of a process of `leave`; ignores other processes."""
        workspace = self._cleaners.pop(pid, None)
        if workspace is None or workspace.uid is None or self._free is None:
            return
        if code == 0:
            self._free.append(workspace.uid)
        else:
            _LOG.error("cannot clean up uid %d; it is not used again", workspace.uid)

    def close(self) -> None:
        """Removes everything, after all children have ended."""
        for pid in self._cleaners:
            os.waitpid(pid, 0)
        if self.root is not None:
            shutil.rmtree(self.root, ignore_errors=True)


def _is_removed(directory: Path | None) -> bool:
    """Removes the directory if it is empty."""
    try:
        if directory is not None:
            directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def become(uid: int) -> None:
    """Makes this process one of the user, with the group of the same number and no privileges."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _drop_capabilities()
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o077)


def _drop_capabilities() -> None:
    """Drops the capabilities. Linux does so only when root becomes another user."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "cannot drop the capabilities")


def _remove_traces(uid: int, root: Path | None) -> None:
    """Kills all other processes of this process's user, and removes its files."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    for shared in (*filter(None, [root]), *_SHARED):
        for directory, folders, files in os.walk(shared):
            for name in (*folders, *files):
                _remove(Path(directory, name), uid)
            folders[:] = [name for name in folders if _is_writable_by_all(Path(directory, name))]


def _remove(entry: Path, uid: int) -> None:
    with contextlib.suppress(OSError):
        if entry.lstat().st_uid != uid:
            return
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink()


def _is_writable_by_all(folder: Path) -> bool:
    """Whether any user may have files in the folder."""
    try:
        return bool(folder.lstat().st_mode & stat.S_IWOTH)
    except OSError:  # it was removed
        return False


def problem(uids: range) -> str | None:
    """Returns why children cannot run as these users; None if they can."""
    if sys.platform != "linux":
        return "it needs Linux"
    if os.getuid() in uids:
        return f"the range contains {os.getuid()}, the uid of the worker"
    if missing := _missing_capabilities():
        return f"the worker lacks {', '.join(missing)}; a container gets them only as root"
    reasons = map(_trial, (uids[0], uids[-1]))
    return next(filter(None, reasons), None)


def _missing_capabilities() -> list[str]:
    status = Path("/proc/self/status").read_text()
    (effective,) = (line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return [name for name, bit in _CAPABILITIES.items() if not int(effective, 16) >> bit & 1]


def _trial(uid: int) -> str | None:
    """Becomes the user in a forked process. Returns why a child cannot."""
    pid = os.fork()
    if pid == 0:
        _try_as(uid)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    reasons = {
        _NOT_BECOME: f"no process can get uid {uid}, perhaps because of a user namespace",
        _NOT_READABLE: f"uid {uid} cannot read the working directory {Path.cwd()}",
    }
    return reasons.get(code)


_NOT_BECOME: Final = 1
_NOT_READABLE: Final = 2


def _try_as(uid: int) -> None:
    code = _NOT_BECOME
    try:
        become(uid)
        code = _NOT_READABLE
        os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        code = 0
    finally:
        os._exit(code)
