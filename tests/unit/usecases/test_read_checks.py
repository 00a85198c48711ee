"""Which checks there are, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.read_checks import read_checks
from tests.fakes.adapters import FakeEngine, fake_adapters

CHECK = 'checks:\n  - {name: lives, exec: {service: db, command: ["true"]}, expect: {exit: 0}}\n'


def _world(root: Path, **files: str) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return adapters


def test_the_services_own_come_before_the_journeys(tmp_path: Path) -> None:
    adapters = _world(tmp_path, tests__journeys__a_yaml=CHECK, services__db__smoke_yaml=CHECK)
    found = read_checks(adapters, adapters.repository.model())
    assert [check.file for check in found] == ["services/db/smoke.yaml", "tests/journeys/a.yaml"]


def test_a_checkout_without_checks_is_no_checkout(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    with pytest.raises(UserError, match=r"no services/\*/smoke\.yaml"):
        read_checks(adapters, adapters.repository.model())


def test_a_check_of_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    adapters = _world(tmp_path, services__db__smoke_yaml=CHECK.replace("service: db", "service: nobody"))
    with pytest.raises(UserError, match="nobody") as refused:
        read_checks(adapters, adapters.repository.model())
    assert "services/db/smoke.yaml" in refused.value.message


def test_a_statement_may_stand_in_a_file_with_more_after_it(tmp_path: Path) -> None:
    check = "checks:\n  - {name: q, sql: {file: q.sql, then: SELECT 2}, expect: {scalar: 2}}\n"
    adapters = _world(tmp_path, services__db__smoke_yaml=check)
    with pytest.raises(UserError, match=r"there is no file 'q\.sql'"):
        read_checks(adapters, adapters.repository.model())
    (tmp_path / "q.sql").write_text("SELECT 1;\n")
    [found] = read_checks(adapters, adapters.repository.model())
    assert "SELECT 1;\\nSELECT 2" in repr(found)
