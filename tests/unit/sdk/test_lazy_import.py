"""The import of `shoal`, and its types."""

import subprocess
import sys
from pathlib import Path

import shoal

MINE = """
from shoal import Context, Retri, task

@task(timeout=60)
def half(n: int, *, ctx: Context) -> float:
    return n / 2

half("1", ctx=Context.fake())
word: str = half(1, ctx=Context.fake())
"""


def test_importing_shoal_does_not_import_the_sdk() -> None:
    code = "import sys, shoal.domain.ids; sys.exit('pydantic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603 - our own code

    assert done.returncode == 0


def test_unknown_name_is_an_attribute_error() -> None:
    code = "import shoal\ntry: shoal.nothing\nexcept AttributeError: print('raised')"

    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout == "raised\n"


def test_package_has_a_typing_marker() -> None:
    assert Path(shoal.__file__).with_name("py.typed").exists()


def test_type_checker_knows_tasks_and_finds_misspelt_names(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)

    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "mine.py"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    found = [line.partition("[")[2] for line in done.stdout.splitlines()[:-1]]
    assert found == ["attr-defined]", "arg-type]", "assignment]"]
