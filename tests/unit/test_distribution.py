"""How the test suite is distributed over processes."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import LONGEST_FIRST, OWN_TWIN, group_of

ROOT = Path(__file__).parents[2]
NOTING = """
import os, pytest

@pytest.mark.parametrize("n", range(8))
def test_it(n):
    with open("{file}", "a") as noted:
        noted.write("{name} " + os.environ["PYTEST_XDIST_WORKER"] + chr(10))
"""


def test_every_file_that_is_named_exists() -> None:
    missing = [path for path in (*LONGEST_FIRST, *OWN_TWIN) if not (ROOT / path).exists()]

    assert missing == []


def test_files_that_share_a_twin_run_in_one_process() -> None:
    assert group_of("tests/twin/test_jobs.py::test_a") == group_of(
        "tests/twin/test_live.py::test_b"
    )


def test_a_file_that_boots_its_own_twin_is_a_separate_group() -> None:
    files = [*OWN_TWIN, "tests/twin/test_jobs.py"]

    assert len({group_of(f"{file}::test_a") for file in files}) == len(files)


def test_the_tests_of_a_file_run_in_one_process() -> None:
    tests = (
        "tests/unit/domain/test_limits.py::test_a",
        "tests/unit/domain/test_limits.py::test_b[x]",
    )

    assert {group_of(test) for test in tests} == {"tests/unit/domain/test_limits.py"}


def test_pytest_distributes_by_these_groups(tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    for name in ("one", "other"):
        (tmp_path / f"test_{name}.py").write_text(NOTING.format(name=name, file=noted))

    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "tests.conftest", tmp_path],
        env={"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )

    seen = {tuple(line.split()) for line in noted.read_text().splitlines()}
    assert sorted(name for name, _ in seen) == ["one", "other"]
    assert len({process for _, process in seen}) == 2
