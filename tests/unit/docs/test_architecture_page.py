"""Tests that the architecture page names modules, directories and steps that exist."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/explanation/architecture.md").read_text()
SOURCES = ("layers", "functions", "worker_image", "local", "eks", "statemachine", "tests", "bench")
STEP = re.compile(r"\bsteps?\s+(\d+)(?:(?:,| and| to)\s+(\d+))*", re.IGNORECASE)
INVARIANT = re.compile(r"\binvariants?\s+(\d+)(?:(?:,| and| to)\s+(\d+))*", re.IGNORECASE)


def modules() -> list[str]:
    """Return the Python modules that the page names."""
    return sorted(set(re.findall(r"`((?:shoal|handlers)(?:\.[a-z_]+)+)`", PAGE)))


def directories() -> list[str]:
    """Return the paths of the table of directories."""
    table = PAGE.split("## Directories")[1].split("## Glossary")[0]
    first_cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    return [path for cell in first_cells for path in re.findall(r"`([^`]+)`", cell)]


def references() -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each line that refers to the page."""
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path == Path(__file__) or "node_modules" in path.parts:
                continue
            if path.suffix in {".py", ".yaml"}:
                for number, line in enumerate(path.read_text().splitlines(), start=1):
                    if "architecture.md" in line or "design.md" in line:
                        yield f"{path.relative_to(ROOT)}:{number}", line


@pytest.mark.parametrize("module", modules())
def test_named_module_exists(module: str) -> None:
    assert find_spec(module) is not None


@pytest.mark.parametrize("path", directories())
def test_named_directory_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_page_names_modules_and_directories() -> None:
    assert len(modules()) > 20
    assert len(directories()) > 10


def test_each_reference_names_a_step_or_an_invariant_of_the_page() -> None:
    steps = set(re.findall(r"^### Step (\d+)", PAGE, re.MULTILINE))
    invariants = re.findall(r"^(\d+)\. ", PAGE.split("## Invariants")[1], re.MULTILINE)
    found = list(references())

    for place, line in found:
        assert "design.md" not in line, f"{place} refers to a page outside the repository"
        for match in STEP.finditer(line):
            named = re.findall(r"\d+", match.group(0))
            assert set(named) <= steps, f"{place}: {line.strip()}"
        for match in INVARIANT.finditer(line):
            named = re.findall(r"\d+", match.group(0))
            assert set(named) <= set(invariants), f"{place}: {line.strip()}"
    assert found


def test_each_anchor_of_the_page_exists() -> None:
    headings = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_each_link_of_the_page_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", PAGE) if "://" not in link]

    assert [link for link in links if not (ROOT / "docs/explanation" / link).exists()] == []
