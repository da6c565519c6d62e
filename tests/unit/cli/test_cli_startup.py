"""The start of `shoal`: which modules it imports, and which packages it needs."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.cli.commands import environment


def test_help_imports_no_slow_module() -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['--help'])\n"
        "slow = {'httpx', 'pydantic', 'rich', 'boto3', 'pygments'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_list_imports_no_module_that_draws(server: Any, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom shoal.__main__ import main\nmain(['list'])\n"
        "slow = {'rich', 'boto3', 'pygments', 'click'} & sys.modules.keys()\n"
        "sys.exit(str(slow) if slow else 0)"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        env=environment(server, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_worker_is_in_the_help_and_accepts_a_profile(shoal: Any) -> None:
    offered = json.loads(shoal("--profile", "any", "worker", "check").stdout)

    assert "  worker " in shoal("--help").stdout
    assert [each["name"] for each in offered] == ["sized"]


def test_worker_needs_no_typer() -> None:
    code = (
        "import sys\nsys.modules['typer'] = None\nfrom shoal.__main__ import main\n"
        "sys.exit(main(['worker', 'check']))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )

    assert "SHOAL_TASKS" in done.stderr
