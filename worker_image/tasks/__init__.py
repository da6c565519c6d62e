"""The built-in task types: `noop`, `cpu`, `io`, `matrix`, `container`."""

from tasks.compute import cpu, matrix
from tasks.container import container
from tasks.network import io
from tasks.noop import noop

__all__ = ["container", "cpu", "io", "matrix", "noop"]
