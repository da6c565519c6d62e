"""The machine that runs the bench."""

import os
import platform
import re
from pathlib import Path


def machine() -> str:
    """Its cores and system."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    return f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}), Linux"
