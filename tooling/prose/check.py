"""Checks the texts of files: extracts them, and runs textlint over all of them in one process."""

import json
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tooling.prose import extract

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ALLOWED = HERE / "allowed.toml"
NODE = ROOT / ".tools" / "node" / "bin"
MAX_WORDS = 40
TYPESCRIPT = {".js", ".mjs", ".ts", ".tsx"}
"""Suffixes of the files whose texts lint.mjs extracts, with the parser of TypeScript."""

UNCHECKED = (
    "docs/openapi.released.json",
    "eks/schemas",
    "frontend/src/lib/api/schema.ts",
    "layers/shoal/src/shoal/client/sync_client.py",
    "requirements",
    "tooling/prose/examples.toml",
    "tooling/prose/patterns.toml",
    "tooling/prose/terms.toml",
)
"""Generated files, texts of other people, and the rules with their examples."""


@dataclass(frozen=True)
class Problem:
    """An error in a text: its place, the rule that it breaks, and the better wording."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class NodeNotFoundError(Exception):
    """Node is neither in .tools nor on the PATH; `make check-prose` installs it."""


def files(paths: Sequence[str]) -> list[Path]:
    """Return the files of the repository under the paths whose texts are checked."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *paths]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)  # noqa: S603 - paths of a developer
    return [
        path
        for path in map(Path, sorted({*listed.stdout.split("\0")} - {""}))
        if (path.suffix in TYPESCRIPT or extract.is_readable(path))
        and not any(path.is_relative_to(each) for each in UNCHECKED)
        and (ROOT / path).exists()
    ]


def rules() -> list[dict[str, Any]]:
    """Return the patterns and the terms as options of the textlint rule `pattern`."""
    patterns = tomllib.loads((HERE / "patterns.toml").read_text())["rule"]
    terms = tomllib.loads((HERE / "terms.toml").read_text())["term"]
    return [
        *({**each, "match": "|".join(each["match"])} for each in patterns),
        *(
            {
                "name": "term",
                "match": rf"(?<![\w/.-])(?:{'|'.join(each['not'])})(?![\w/-]|[.:]\w)",
                "cased": each.get("cased", False),
                "say": f"write {each['use']}",
            }
            for each in terms
        ),
    ]


def check(paths: Sequence[Path], root: Path = ROOT) -> list[Problem]:
    """Return the errors in the texts of the files, in the order of files and lines."""
    node = shutil.which("node", path=NODE) or shutil.which("node")
    if node is None:
        raise NodeNotFoundError
    work = {
        "documents": [
            asdict(extract.document(root, path)) for path in paths if path.suffix not in TYPESCRIPT
        ],
        "typescript": [str(path) for path in paths if path.suffix in TYPESCRIPT],
        "patterns": rules(),
        "words": MAX_WORDS,
    }
    command = [node, str(HERE / "lint.mjs")]
    done = subprocess.run(  # noqa: S603 - our own script
        command, input=json.dumps(work), cwd=root, stdout=subprocess.PIPE, check=True, text=True
    )
    problems = [Problem(**each) for each in json.loads(done.stdout)]
    return sorted(problems, key=lambda each: (each.path, each.line, each.rule))


def without_allowed(problems: Sequence[Problem], paths: Sequence[Path]) -> list[Problem]:
    """Remove the errors that allowed.toml allows; an entry that allows none is an error."""
    left = list(problems)
    for entry in tomllib.loads(ALLOWED.read_text())["allow"]:
        allowed = [
            each
            for each in problems
            if (each.path, each.rule) == (entry["path"], entry["rule"])
            and entry["text"] in each.message
        ]
        if not allowed and Path(entry["path"]) in paths:
            unused = f"no error has the text “{entry['text']}”: remove the entry of allowed.toml"
            left.append(Problem(entry["path"], 1, entry["rule"], unused))
        left = [each for each in left if each not in allowed]
    return left
