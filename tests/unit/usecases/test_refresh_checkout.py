"""What follows from the folders is made from them, and nothing is written where it is so already."""

from __future__ import annotations

import shutil
from pathlib import Path

from datameesh_cli.adapters import yaml_text
from datameesh_cli.usecases.refresh_checkout import FILE, refresh_checkout, sources
from tests.contract.repo import ROOT
from tests.fakes.adapters import FakeEngine, fake_adapters


def test_dbt_has_every_table_of_every_domain_with_the_moment_of_its_load(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    shutil.copytree(ROOT / "seed", tmp_path / "seed")
    assert sources(adapters.repository) == {}, "without a project there is nothing to tell"
    (tmp_path / "dbt" / "models" / "staging").mkdir(parents=True)
    (tmp_path / "dbt" / "dbt_project.yml").write_text("name: x\n")
    said: list[str] = []
    refresh_checkout(adapters, said.append)
    assert said == ["compose/ now says what the service folders say", f"dbt/{FILE} now says what the data sets say"]
    found = {s["name"]: s for s in yaml_text.load((tmp_path / "dbt" / FILE).read_text())["sources"]}
    assert sorted(found) == ["marketing", "marketing_loads", "sales", "sales_loads"]
    assert [t["name"] for t in found["marketing"]["tables"]] == ["campaigns", "leads", "metrics"]
    assert found["sales"]["database"] == "{{ 'sales_db' if target.name == 'pg' else 'sales' }}"
    query = "select max(loaded_at) from sales.datameesh.loaded_set where table_name = 'orders'"
    assert query in [t["config"]["loaded_at_query"] for t in found["sales"]["tables"]]
    shutil.rmtree(tmp_path / "seed" / "marketing")
    refresh_checkout(adapters, said.append)
    assert "marketing" not in (tmp_path / "dbt" / FILE).read_text()
    assert len(said) == 3
    refresh_checkout(adapters, said.append)
    assert len(said) == 3, "what is so already is left alone"


def test_whoever_is_in_a_hurry_reads_the_data_sets_only_where_they_are_others(tmp_path: Path) -> None:
    adapters, _ = fake_adapters(tmp_path, FakeEngine())
    shutil.copytree(ROOT / "seed", tmp_path / "seed")
    (tmp_path / "dbt" / "models" / "staging").mkdir(parents=True)
    (tmp_path / "dbt" / "dbt_project.yml").write_text("name: x\n")
    made, said = tmp_path / "dbt" / FILE, []
    refresh_checkout(adapters, said.append, unless_made_of_it=True)
    whole = made.read_text()
    made.write_text("changed by hand\n" + whole)
    refresh_checkout(adapters, said.append, unless_made_of_it=True)
    assert made.read_text().startswith("changed by hand"), "the data sets are the same"
    refresh_checkout(adapters, said.append)
    assert made.read_text() == whole, "dm up is not in a hurry"
    shutil.rmtree(tmp_path / "seed" / "marketing")
    refresh_checkout(adapters, said.append, unless_made_of_it=True)
    assert "marketing" not in made.read_text()
