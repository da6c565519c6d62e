"""Class names that several modules share: `python -m tests.architecture.class_names`."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("layers/shoal/src", "functions", "local", "eks", "worker_image")


def shared_names(folders: Iterable[Path]) -> Mapping[str, list[Path]]:
    """The top-level classes that more than one module of the folders defines, by name."""
    found = defaultdict[str, list[Path]](list)
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            for node in ast.parse(file.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(file)
    return {name: files for name, files in sorted(found.items()) if len(files) > 1}


def main() -> None:
    """Print how many there are, and where each is."""
    shared = shared_names(ROOT / source for source in SOURCES)
    sys.stdout.write(f"{len(shared)} class names are in several modules\n")
    for name, files in shared.items():
        modules = ", ".join(str(file.relative_to(ROOT)) for file in files)
        sys.stdout.write(f"{name}: {modules}\n")


if __name__ == "__main__":
    main()
