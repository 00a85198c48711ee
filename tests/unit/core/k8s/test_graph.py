"""The graph check on the example, and what a table of broken exports cannot say. The table is tests/broken_exports."""

from __future__ import annotations

from typing import Any

import pytest

from datameesh_cli.core.k8s.graph import graph_problems
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.source import File
from tests.unit.core.k8s.example import FILES, draft, example

SOURCE = example()
GOOD = passes(draft(SOURCE), SOURCE)


def test_a_good_export_passes() -> None:
    assert graph_problems(GOOD) == []


@pytest.mark.parametrize(
    "name",
    sorted(o["metadata"]["name"] for o in GOOD if o["kind"] == "NetworkPolicy" and "-to-db" in o["metadata"]["name"]),
)
def test_no_policy_of_an_edge_that_is_used_is_dead(name: str) -> None:
    assert graph_problems(tuple(o for o in GOOD if o["metadata"]["name"] != name))


def test_a_comment_opens_no_connection_and_a_text_does() -> None:
    """The example's init.sql speaks of a service that is not there, in a comment."""
    real: Any = {"db-init": (File("", b"SELECT dblink('nowhere.sales-domain.svc.cluster.local:11');\n"),)}
    source = example(files={**FILES, **real})
    (problem,) = graph_problems(passes(draft(source), source))
    assert "config db-init speaks of nowhere.sales-domain.svc.cluster.local:11: there is no such Service" in problem
