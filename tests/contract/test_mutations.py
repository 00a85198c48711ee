"""The list of mutations is one that can be tried: each change still meets the text it names, and says who has to notice it."""

from __future__ import annotations

import pytest

from tests.contract.repo import ROOT
from tests.mutations import Mutation, mutations


def test_there_are_forty_of_them_each_once() -> None:
    names = [m.name for m in mutations()]
    assert len(names) == len(set(names)) >= 40


@pytest.mark.parametrize("mutation", mutations(), ids=lambda m: m.name)
def test_a_mutation_changes_a_text_that_stands_there_once(mutation: Mutation) -> None:
    text = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert text.count(mutation.find) == 1, f"{mutation.file} has it {text.count(mutation.find)} times"
    assert mutation.find != mutation.put
    assert bool(mutation.pytest) != bool(mutation.verify), "either tests or checks have to notice it"
    for place in mutation.pytest:
        assert (ROOT / place).exists(), place
