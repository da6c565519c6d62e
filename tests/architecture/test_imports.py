"""The import contracts hold, and a planted violation breaks each of them."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    "layers/shoal/src/shoal",
    "functions/handlers",
    "worker_image/tasks",
    "examples/invoices/src/invoices",
    "local",
]
PLANTED = [
    ("directories", "shoal/service/job_updates.py", "import shoal.adapters.memory"),
    ("directories", "shoal/domain/ids.py", "import shoal.wire"),
    ("directories", "shoal/helpers.py", ""),
    ("pure-domain", "shoal/domain/retry.py", "import random"),
    ("aws", "handlers/sweep.py", "import boto3"),
    ("users", "shoal/client/api.py", "import shoal.service.job_updates"),
    ("users", "shoal/client/api.py", "import boto3"),
    ("users", "shoal/cli/parsing.py", "import shoal.worker.weighted_round_robin"),
    ("handlers", "handlers/api.py", "import shoal.adapters.memory"),
    ("telemetry", "shoal/worker/reporter.py", "import prometheus_client"),
    ("telemetry", "shoal/service/job_updates.py", "import opentelemetry.trace"),
    ("user-code", "tasks/noop.py", "import shoal.service.job_updates"),
    ("user-code", "invoices/tasks.py", "import shoal.adapters.s3"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the packages in the contracts."""
    ignore = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        source = ROOT / package
        shutil.copytree(source, tmp_path / source.name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(tree: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [word for contract in contracts for word in ("--contract", contract)]
    return subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).parent / "lint-imports", "--no-cache", *chosen],
        cwd=tree,
        env={"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_contracts_hold(tree: Path) -> None:
    result = lint(tree)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED)
def test_planted_violation_breaks_its_contract(
    tree: Path, contract: str, file: str, line: str
) -> None:
    path = tree / file
    before = path.read_text() if path.exists() else '"""Planted."""\n'
    path.write_text(f"{before}\n{line}\n")

    result = lint(tree, contract)

    assert result.returncode == 1
    assert "BROKEN" in result.stdout or "exhaustive" in result.stdout.lower()


def test_tests_do_not_import_the_benches() -> None:
    """Shared code is in tests/support. Only tests/unit/bench tests the benches."""
    importers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if "bench" in imported_packages(path)
    ]

    assert importers
    assert [each for each in importers if not each.startswith("tests/unit/bench/")] == []


def imported_packages(path: Path) -> set[str]:
    """Return the top-level packages that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.partition(".")[0])
    return names
