"""Seeded mistakes: a method with a piece of its source exchanged, for a while."""

import __future__

import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock


@contextmanager
def swapped(owner: type, method: str, old: str, new: str) -> Iterator[None]:
    """Let a method run with `new` where its source has `old`, which must be there once."""
    source = inspect.getsource(getattr(owner, method))
    assert source.count(old) == 1, f"{owner.__name__}.{method} reads otherwise by now"
    made: dict[str, object] = {}
    code = compile(
        textwrap.dedent(source.replace(old, new)),
        f"<{owner.__name__}.{method}, changed>",
        "exec",
        flags=__future__.annotations.compiler_flag,
    )
    exec(code, vars(sys.modules[owner.__module__]), made)  # noqa: S102 - our own source
    with mock.patch.object(owner, method, made[method]):
        yield
