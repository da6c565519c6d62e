import pytest

from shoal.domain.chunk import Chunk
from tests.model.checker import explore
from tests.model.mutations import MUTATIONS, Mutation, Replacement, applied


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_model_check_finds_the_mutation(mutation: Mutation) -> None:
    with applied(mutation.replacements):
        found = explore(mutation.scenario)

    assert found.broken is not None
    assert found.broken.invariant == mutation.invariant
    assert found.trace


def test_original_function_is_restored_after_a_mutation() -> None:
    original = Chunk.is_stale

    with applied([Replacement(Chunk, "is_stale", lambda _original: None)]):
        assert Chunk.is_stale is not original

    assert Chunk.is_stale is original


def test_mutation_of_an_unknown_name_is_an_error() -> None:
    unknown = Replacement(Chunk, "no_such_function", lambda original: original)

    with pytest.raises(AttributeError, match="no_such_function"), applied([unknown]):
        pass
