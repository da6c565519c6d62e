"""The built-in task types: `noop`, `cpu`, `io`, `matrix`."""

from tasks.compute import cpu, matrix
from tasks.network import io
from tasks.noop import noop

__all__ = ["cpu", "io", "matrix", "noop"]
