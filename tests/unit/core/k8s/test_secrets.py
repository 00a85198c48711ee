"""A rotation makes pods anew that read the secret at their start, and no others; files say nothing of values."""

from __future__ import annotations

from dataclasses import replace

from datameesh_cli.core.k8s.objects import Objects, workload_of
from datameesh_cli.core.k8s.passes.ingress import own_certificates
from datameesh_cli.core.k8s.passes.secrets import STAMP, secret_objects, stamped
from datameesh_cli.core.k8s.pipeline import passes
from datameesh_cli.core.k8s.report import report_of
from datameesh_cli.core.k8s.target import Ingress, Target
from datameesh_cli.core.model import Service
from tests.unit.core.k8s.example import DB, NIGHTLY, WEB, draft, example, found

PEM = (("PRIVATE KEY", 1), ("CERTIFICATE", 2), ("CERTIFICATE", 3))
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


def test_a_way_in_by_name_has_a_certificate_of_ours_unless_an_issuer_makes_it() -> None:
    """The Secret that the Ingress names is there, in its namespace, as an Ingress takes it: key and certificates apart."""
    ways = Target(name="x", ingress=Ingress("mesh.example.org"))
    source = example(DB, NIGHTLY, KEYED, target=ways)
    assert own_certificates(source) == {"web-page-tls": ("data-platform", "web-page.mesh.example.org")}
    key, leaf, ca = (f"-----BEGIN {kind}-----\n{n}\n-----END {kind}-----\n" for kind, n in PEM)
    made = {
        o["metadata"]["name"]: o for o in secret_objects(source, VALUES | {"web-page-tls": key + leaf + ca, "x": "y"})
    }
    assert made["web-page-tls"] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": made["web-page-tls"]["metadata"],
        "stringData": {"tls.key": key, "tls.crt": leaf + ca},
        "type": "kubernetes.io/tls",
    }
    way_in = found(passes(draft(source), source), "Ingress", "web-page")
    assert way_in["metadata"]["namespace"] == made["web-page-tls"]["metadata"]["namespace"] == "data-platform"
    assert way_in["spec"]["tls"] == [{"hosts": ["web-page.mesh.example.org"], "secretName": "web-page-tls"}]
    assert report_of(source, {}, (), (), ())["secrets expected"]["web-page-tls"] == ["data-platform"]
    issued = replace(source, target=replace(ways, ingress=Ingress("mesh.example.org", issuer="letsencrypt")))
    assert own_certificates(issued) == own_certificates(example()) == {}
    assert {o["type"] for o in secret_objects(issued, VALUES)} == {"Opaque"}


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
