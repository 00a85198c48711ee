"""The repository's own files of checks: valid against the model, and about rows that the matrix has."""

from __future__ import annotations

from datameesh_cli.adapters.outside import outside
from datameesh_cli.usecases.count_rows import count_rows
from datameesh_cli.usecases.read_checks import read_checks
from tests.contract.repo import ROOT


def test_every_file_of_checks_is_valid() -> None:
    world = outside(root=ROOT)
    checks = read_checks(world, world.repository.model())
    assert len({check.file for check in checks}) >= 5
    assert len({check.id for check in checks}) == len(checks)


def test_every_row_that_a_check_or_test_names_is_one_of_the_matrix() -> None:
    coverage = count_rows(outside(root=ROOT))
    assert coverage.covered > 0
    assert coverage.total == 822
