"""The validation: the good export passes it, and each file of tests/broken_exports is rejected by the stage that it names.

`validate` stops at the first stage that rejects, so what one rejects was accepted by all before it. What only a server refuses is
asked of one in tests/cluster/test_broken_exports.py.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.k8s.waivers import WAIVED
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.validate_export import ask_server, validate
from tests.broken_exports import GOOD, Broken, broken_exports
from tests.cluster.node.tools import Cache

WORLD = adapters_for()


def cases(*stages: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", broken_exports(*stages), ids=lambda case: case.name)


@pytest.fixture(autouse=True)
def with_what_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """kube-score may be installed, or built for the tests' cluster."""
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{Cache.default().bin}")


@pytest.fixture
def kube_score(with_what_is_built: None) -> None:
    if not shutil.which("kube-score"):
        pytest.skip("kube-score is neither installed nor built by tests/cluster/build")


def _rejection(case: Broken) -> str:
    with pytest.raises(UserError) as caught:
        validate(WORLD, case.objects)
    return caught.value.message


def test_a_good_export_passes_what_is_always_there() -> None:
    assert [stage.state for stage in validate(WORLD, GOOD)[:2]] == ["passed", "passed"]


def test_a_good_export_passes_kube_score(kube_score: None) -> None:
    *_, scored = validate(WORLD, GOOD)
    assert scored.state == "passed"
    assert {*scored.detail.removeprefix("waived by name: ").split(", ")} <= {*WAIVED}


@cases("schema", "graph")
def test_a_broken_export_is_rejected_by_the_rung_that_it_names(case: Broken) -> None:
    message = _rejection(case)
    assert case.rejected_by(message), message


@cases("kube-score")
def test_what_kube_score_calls_critical_is_rejected(case: Broken, kube_score: None) -> None:
    message = _rejection(case)
    assert case.rejected_by(message), message


@cases("server")
def test_what_only_a_server_refuses_passes_the_rungs_before(case: Broken) -> None:
    assert "failed" not in {stage.state for stage in validate(WORLD, case.objects)}


def test_every_rung_has_at_least_two_broken_exports() -> None:
    found = Counter(case.stage for case in broken_exports())
    assert {*found} == {stage.name for stage in (*validate(WORLD, GOOD), ask_server(WORLD, GOOD, None))}
    assert min(found.values()) >= 2, found
