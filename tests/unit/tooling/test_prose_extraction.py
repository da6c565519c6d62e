"""Texts are extracted from code with the lines on which they are, and code is left out."""

from pathlib import Path

import pytest

from tooling.prose.check import ROOT, Problem, check, files, without_allowed

DOCSTRING = '''
def load() -> None:
    """Read the rows.

    The worker deletes its message
    and writes the rows anew.
    """
'''
LIST = """
- The worker deletes its message
  and writes the rows anew.
"""
JSX = """
export const Note = () => (
  <p>
    The worker <b>deletes</b> {count} messages
    and writes the rows anew.
  </p>
);
"""
BLOCK = """
Comment: >-
  The worker deletes its message
  and writes the rows anew.
"""


# Each file has the word in one text, on the given line.
TEXTS = {
    "docstring.py": (DOCSTRING, 6),
    "list.md": (LIST, 3),
    "note.tsx": (JSX, 5),
    "machine.asl.yaml": (BLOCK, 4),
    "comment.py": ("\nx = 1  # reads the rows\n# writes the rows\n# anew\n", 4),
    "test_rows.py": ("\ndef test_rows_are_written_anew() -> None: ...\n", 2),
    "label.tsx": ('\nconst a = <Button ariaLabel="Anew" />;\n', 2),
    "joined.tsx": ("\nconst a = `${rows} are written anew`;\n", 2),
    "Makefile": ('\nall:\n\t@echo "write the rows anew"\n', 3),
    "page.html": ("<p>\n<b>Writes</b> the rows anew.\n</p>\n", 2),
    "style.css": ("\n/* Draws the row anew. */\n", 2),
    "openapi.json": ('{\n"description": "Writes.\\n\\nThen writes anew."\n}\n', 2),
}
CODE = {
    "code.md": "Call `anew` first.\n\n```\nwrite anew\n```\n",
    "code.py": 'anew = "anew"\nkey = f"{anew} rows"\nexpression = "SET anew = :anew"\n',
    "code_in_docstring.py": '"""Call `anew` first."""\n',
    "code.tsx": 'import { anew } from "./anew";\nconst a = <Row className="anew a-b" />;\n',
    "values.yaml": "anew: anew\nexpression: '{% $anew and not then %}'\n",
}


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> list[Problem]:
    root = tmp_path_factory.mktemp("texts")
    sources = {name: source for name, (source, _) in TEXTS.items()} | CODE
    for name, source in sources.items():
        (root / name).write_text(source)
    return check([*map(Path, sources)], root)


@pytest.mark.parametrize("name", TEXTS)
def test_error_is_on_the_line_of_its_words(name: str, problems: list[Problem]) -> None:
    _, line = TEXTS[name]

    assert [(each.line, each.rule) for each in problems if each.path == name] == [(line, "anew")]


@pytest.mark.parametrize("name", CODE)
def test_code_is_not_checked(name: str, problems: list[Problem]) -> None:
    assert [each for each in problems if each.path == name] == []


def test_generated_and_foreign_files_are_left_out() -> None:
    found = {str(path) for path in files(["."])}

    assert {"README.md", "docs/openapi.json", "mk/prose.mk", "template.yaml"} <= found
    assert not found & {"docs/openapi.released.json", "frontend/src/lib/api/schema.ts"}


def test_allowed_error_is_removed() -> None:
    here = Path(__file__).relative_to(ROOT)
    allowed = Problem(str(here), 9, "anew", "“writes the rows anew”: write again")
    other = Problem(str(here), 9, "long-sentence", "40 words")

    assert without_allowed([allowed, other], [here]) == [other]


def test_entry_that_allows_no_error_is_an_error() -> None:
    here = Path(__file__).relative_to(ROOT)

    (problem,) = without_allowed([], [here])

    assert problem.path == str(here)
    assert "remove the entry" in problem.message
