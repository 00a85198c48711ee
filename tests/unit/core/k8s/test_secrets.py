"""A rotation makes pods anew that read the secret at their start, and no others; files say nothing of values."""

from __future__ import annotations

from dataclasses import replace

from datameesh_cli.core.k8s.objects import Objects, workload_of
from datameesh_cli.core.k8s.passes.secrets import STAMP, stamped
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.model import Service
from tests.unit.core.k8s.example import DB, NIGHTLY, WEB, draft, example

VALUES = {"db-password": "first", "web-key": "second"}
KEYED = replace(WEB, secrets=("web-key",))


def _stamps(values: dict[str, str], *services: Service) -> dict[str, str | None]:
    source = example(*(services or (DB, NIGHTLY, KEYED)))
    objects = stamped(passes(draft(source), source), source, values)
    return {s.service.name: _stamp(objects, s.service.name) for s in source.parts}


def _stamp(objects: Objects, name: str) -> str | None:
    made = workload_of(objects, name)
    assert made
    found: str | None = (made["spec"]["template"]["metadata"].get("annotations") or {}).get(STAMP)
    return found


def test_a_new_value_changes_the_pods_that_read_it_and_no_others() -> None:
    before, after = _stamps(VALUES), _stamps({**VALUES, "db-password": "another"})
    assert before == _stamps(VALUES), "the same values make the same pods"
    assert before["db"] != after["db"]
    assert before["web"] == after["web"] is not None
    assert before["nightly"] is None, "a job's pods are new each time"


def test_what_is_read_again_or_made_of_others_makes_no_new_pods() -> None:
    patient = replace(DB, rereads=("db-*",))
    assert _stamps(VALUES, patient, NIGHTLY, KEYED)["db"] is None
    assert _stamps({"web-key": "second"})["db"] is None, "who is given no value of it has none in the digest"


def test_no_value_stands_in_an_object_and_done_twice_is_done_once() -> None:
    source = example(DB, NIGHTLY, KEYED)
    objects = passes(draft(source), source)
    once = stamped(objects, source, VALUES)
    assert not [value for value in VALUES.values() if f"'{value}'" in str(once)]
    assert stamped(once, source, VALUES) == once
    assert STAMP not in str(objects), "an export itself has none"


def test_who_may_swap_two_values_is_seen() -> None:
    both = replace(WEB, secrets=("a", "b"))
    assert _stamps({"a": "1", "b": "2"}, DB, NIGHTLY, both) != _stamps({"a": "2", "b": "1"}, DB, NIGHTLY, both)
