import pytest

from shoal.domain.chunk import Chunk
from tests.model.checker import explore
from tests.model.mistakes import MISTAKES, Change, Mistake, made


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    with made(mistake.changes):
        found = explore(mistake.scenario)

    assert found.broken is not None
    assert found.broken.law == mistake.law
    assert found.trace


def test_the_real_code_is_back_after_a_mistake() -> None:
    before = Chunk.report.__code__

    with made([Change(Chunk.report, "if epoch != self.epoch:", "if False:")]):
        assert Chunk.report.__code__ is not before

    assert Chunk.report.__code__ is before


def test_a_mistake_must_fit_the_code_as_it_is() -> None:
    change = Change(Chunk.report, "something that is not there", "")

    with pytest.raises(ValueError, match="occurs 0 times"), made([change]):
        pass
