"""Reading seed/: what is missing or changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.read_datasets import read_datasets

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Repository:
    shutil.copytree(ROOT / "seed", tmp_path / "seed")
    return Repository(tmp_path)


def test_the_repository_declares_four_sets_in_two_domains() -> None:
    declared = read_datasets(Repository(ROOT))
    assert [s.name for s in declared.people.sets] == ["small", "flow", "journey", "pushdown"]
    assert [d.domain for d in declared.datasets] == ["marketing", "sales"]


def test_the_content_follows_from_the_files_the_set_and_the_scale(checkout: Repository) -> None:
    before = read_datasets(checkout)
    assert read_datasets(checkout).content("small", 1) == before.content("small", 1)
    assert len({before.content("small", 1), before.content("small", 2), before.content("flow", 1)}) == 3
    for name in ("people.yaml", "sales/schema.sql", "lake/03-curated.sql"):
        path = checkout.root / "seed" / name
        old = path.read_text()
        path.write_text(old + "\n# one line more\n" if name.endswith("yaml") else old + "\n-- one line more\n")
        assert read_datasets(checkout).content("small", 1) != before.content("small", 1), name
        path.write_text(old)


def test_a_missing_file_is_named(checkout: Repository) -> None:
    (checkout.root / "seed" / "sales" / "schema.sql").unlink()
    with pytest.raises(UserError, match=r"seed/sales/schema\.sql is missing"):
        read_datasets(checkout)
    shutil.rmtree(checkout.root / "seed" / "sales")
    shutil.rmtree(checkout.root / "seed" / "marketing")
    with pytest.raises(UserError, match="no data set was found"):
        read_datasets(checkout)
    (checkout.root / "seed" / "people.yaml").unlink()
    with pytest.raises(UserError, match=r"seed/people\.yaml is missing"):
        read_datasets(checkout)


def test_a_domain_is_added_by_its_folder(checkout: Repository) -> None:
    folder = checkout.root / "seed" / "hr"
    folder.mkdir()
    (folder / "schema.sql").write_text("CREATE TABLE IF NOT EXISTS staff (staff_id integer PRIMARY KEY, name text)")
    (folder / "dataset.yaml").write_text(
        "about: people who work here\n"
        "database: {service: hr-db, name: hr_db, login: admin, password: hr-db-admin-password}\n"
        "random: 3\n"
        "tables:\n"
        "  staff:\n"
        "    about: one row per person\n"
        "    each: listed\n"
        "    columns:\n"
        "      staff_id: {about: number, number: 1}\n"
        "      name: {about: name, field: name}\n"
        "    rows: {fields: [staff_id, name], values: [[1, Alex], [2, Sarah]]}\n"
    )
    assert [d.domain for d in read_datasets(checkout).datasets] == ["hr", "marketing", "sales"]
