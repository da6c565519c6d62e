"""Records the current code: `python -m tests.compat.record RELEASE` writes fixtures/RELEASE.

Never edit a recorded release, and never record it again.
"""

import sys
from collections.abc import Sequence

from tests.compat import canonical
from tests.compat.chapter import FIXTURES, Player, Step
from tests.compat.environment import provisioned
from tests.compat.recorder import Recorder, Script
from tests.compat.scripts import CHAPTERS
from tests.compat.surface import surface


def recorded(player: Player, script: Script) -> list[Step]:
    """Plays a script on empty tables, and returns its steps."""
    player.clear()
    recorder = Recorder(player)
    script(recorder)
    return recorder.steps


def main(arguments: Sequence[str]) -> int:
    """Writes the fixtures of a new release. Refuses to overwrite a recorded one."""
    (name,) = arguments
    release = FIXTURES / name
    if release.exists():
        sys.stderr.write(f"{release} exists; recorded releases are never overwritten\n")
        return 1
    folder = release / "chapters"
    folder.mkdir(parents=True)
    (release / "surface.json").write_text(canonical.text(surface()))
    with provisioned() as environment:
        player = Player(environment)
        for chapter, script in CHAPTERS.items():
            steps = recorded(player, script)
            (folder / f"{chapter}.json").write_text(
                canonical.text([step.recorded() for step in steps])
            )
            sys.stdout.write(f"{chapter}: {len(steps)} steps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
