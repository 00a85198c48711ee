"""Every column of a table whose rows are filtered stands in the file of people: another would tell of rows that are not shown."""

from __future__ import annotations

import re

import yaml

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.usecases.derive_secrets import read_file
from tests.contract.repo import ROOT


def test_no_column_of_a_filtered_table_is_left_out() -> None:
    said = read_file(adapters_for())
    assert said
    tables = {
        name: set(table["columns"])
        for file in sorted((ROOT / "seed").glob("*/dataset.yaml"))
        for name, table in yaml.safe_load(file.read_text())["tables"].items()
    }
    filtered = {name for each in said.filters for name in tables if re.fullmatch(each.tables, name)}
    assert filtered == {"customers", "orders"}
    for each in said.filters:
        columns = set().union(*(tables[name] for name in filtered if re.fullmatch(each.tables, name)))
        assert set(each.columns) == columns
