"""Records today's code: `python -m tests.compat.record FOLDER` writes fixtures/FOLDER.

A folder is one release. What is recorded is never edited and never recorded anew.
"""

import sys
from collections.abc import Sequence

from tests.compat import canonical
from tests.compat.chapter import FIXTURES, Stage, Step
from tests.compat.recorder import Recorder, Script
from tests.compat.scripts import CHAPTERS
from tests.compat.surface import surface
from tests.compat.world import surroundings


def recorded(stage: Stage, script: Script) -> list[Step]:
    """The steps of a script, played from empty tables."""
    stage.clear()
    recorder = Recorder(stage)
    script(recorder)
    return recorder.steps


def main(arguments: Sequence[str]) -> int:
    """Write a new release's fixtures; refuse to write over one that is there."""
    (name,) = arguments
    release = FIXTURES / name
    if release.exists():
        sys.stderr.write(f"{release} exists: a recorded release is never recorded again\n")
        return 1
    folder = release / "chapters"
    folder.mkdir(parents=True)
    (release / "surface.json").write_text(canonical.text(surface()))
    with surroundings() as world:
        stage = Stage(world)
        for chapter, script in CHAPTERS.items():
            steps = recorded(stage, script)
            (folder / f"{chapter}.json").write_text(
                canonical.text([step.recorded() for step in steps])
            )
            sys.stdout.write(f"{chapter}: {len(steps)} steps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
