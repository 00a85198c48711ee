"""dbt's sources: every table of every domain, as its dataset.yaml describes it, with the moment it was loaded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from datameesh_cli.core.seed.dataset import Dataset

_FRESHNESS = {"warn_after": {"count": 7, "period": "day"}, "error_after": {"count": 90, "period": "day"}}


def sources_of(datasets: Iterable[Dataset]) -> dict[str, Any]:
    """Given the domains' data sets, return the content of dbt's file of sources: two for each domain, its tables and its loads."""
    return {"version": 2, "sources": [source for dataset in datasets for source in (_tables(dataset), _loads(dataset))]}


def _tables(dataset: Dataset) -> dict[str, Any]:
    domain, database = dataset.domain, dataset.database.name
    return {
        "name": domain,
        "description": f"The {domain} domain's own tables, read in place: {dataset.about}.",
        # Inside the database itself (target pg) the same tables stand under the database's name.
        "database": f"{{{{ '{database}' if target.name == 'pg' else '{domain}' }}}}",
        "schema": "public",
        "config": {"freshness": _FRESHNESS},
        "tables": [
            {
                "name": table.name,
                "description": f"{table.about[0].upper()}{table.about[1:]}.",
                "config": {
                    "loaded_at_query": f"select max(loaded_at) from {domain}.datameesh.loaded_set where table_name = '{table.name}'"
                },
            }
            for table in dataset.tables
        ],
    }


def _loads(dataset: Dataset) -> dict[str, Any]:
    about = "One row per table with the data set it holds, its row count and the moment of loading."
    return {
        "name": f"{dataset.domain}_loads",
        "description": f"What the seeding last loaded into the {dataset.domain} domain.",
        "database": dataset.domain,
        "schema": "datameesh",
        "tables": [{"name": "loaded_set", "description": about}],
    }
