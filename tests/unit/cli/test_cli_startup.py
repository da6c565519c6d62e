"""What `shoal` loads, and that it starts with what is installed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.cli.commands import told


def test_starting_loads_nothing_that_is_slow() -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['--help'])\n"
        "slow = {'httpx', 'pydantic', 'rich', 'boto3', 'pygments'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_asking_the_api_loads_nothing_that_draws(door: Any, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['list'])\n"
        "slow = {'rich', 'boto3', 'pygments', 'click'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=told(door, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_workers_half_is_in_the_help_and_can_be_reached_with_a_profile(shoal: Any) -> None:
    offered = json.loads(shoal("--profile", "any", "worker", "check").stdout)

    assert "  worker " in shoal("--help").stdout
    assert [each["name"] for each in offered] == ["sized"]


def test_workers_need_no_typer() -> None:
    code = (
        "import sys\nsys.modules['typer'] = None\nfrom shoal.__main__ import main\n"
        "sys.exit(main(['worker', 'check']))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "SHOAL_TASKS" in done.stderr
