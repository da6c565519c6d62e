"""The session of the docs is what the command line prints today."""

from pathlib import Path

import pytest

from tests.twin.recorded_session import PAGE, recorded

pytestmark = [pytest.mark.twin, pytest.mark.timeout(600)]


def test_the_recorded_session_is_what_its_commands_print(layer_home: Path, tmp_path: Path) -> None:
    page = PAGE.read_text()

    assert recorded(tmp_path, layer_home, page) == page, (
        "`python -m tests.twin.recorded_session` records it anew"
    )
