"""Two concepts never share a class name; ADR 34 gives the reason for each name in two modules."""

import re
from pathlib import Path

from tests.architecture.class_names import ROOT, SOURCES, shared_names

ADR = ROOT / "docs/adr/0034-names-come-from-the-field.md"


def justified() -> list[str]:
    """The names of the ADR's table of shared names."""
    text = ADR.read_text()
    table = text.split("## Class names that modules share")[1].split("## Map")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_each_shared_class_name_is_justified() -> None:
    shared = shared_names(ROOT / source for source in SOURCES)

    assert sorted(shared) == sorted(justified())


def test_name_in_two_modules_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("class Report: ...\nclass Lease: ...\n")
    (tmp_path / "two.py").write_text("class Report: ...\nclass Job:\n    class Lease: ...\n")

    assert list(shared_names([tmp_path])) == ["Report"]
