"""Profiles that require each other, services that wait for each other, names that must be there once."""

from __future__ import annotations

import pytest

from datameesh_cli.adapters.adapters import adapters_for
from datameesh_cli.core.declaration import Url
from datameesh_cli.core.model import Model, Port, Profile, in_dependency_order, in_waves, model_of
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.derive_secrets import makers_of
from tests.fakes.values import a_service, smallest_mesh


def test_who_needs_whom_comes_later_and_who_needs_each_other_comes_together() -> None:
    """Written down by hand from the fragments of the repository."""
    services = adapters_for().repository.model().services
    waves = [[s.name for s in wave] for wave in in_waves(services, services)]
    place = {name: number for number, wave in enumerate(waves) for name in wave}
    assert ["trino-coordinator", "trino-worker"] in waves
    assert place["hive-metastore-db"] < place["audit"] < place["trino-coordinator"] < place["dbt"]
    assert place["minio"] < place["hive-metastore"] < place["trino-coordinator"]
    assert place["hive-metastore-db"] < place["sign-in"]
    assert sorted(place) == sorted(s.name for s in services)


def test_a_service_reads_once_what_it_does_not_say_it_reads_again() -> None:
    named = {s.name: s for s in adapters_for().repository.model().services}
    made = makers_of(named.values())
    once = {
        name: [secret for secret in s.secrets if s.reads_once(secret) and secret not in made]
        for name, s in named.items()
    }
    assert once["sales-db"] == once["marketing-db"] == once["hive-metastore-db"] == []
    assert once["minio"] == ["minio-access-key", "minio-secret-key"]
    assert once["hive-metastore"] == ["metastore-db-password", "metastore-lake-password"]
    assert "trino-lake-password" in once["trino-coordinator"]
    assert "healthcheck-password" not in once["trino-coordinator"]
    assert not named["audit"].reads_once("sales-db-admin-password")


def _profiles(**requires: tuple[str, ...]) -> Model:
    return Model((), tuple(Profile(name, needs, "") for name, needs in requires.items()))


def test_closure_puts_required_profiles_first_and_each_once() -> None:
    model = _profiles(core=(), analytics=("core",), catalog=("analytics",), streaming=("analytics", "core"))
    assert model.closure(["catalog", "streaming", "core"]) == ("core", "analytics", "catalog", "streaming")
    assert model.closure([]) == ()


@pytest.mark.parametrize(
    ("requires", "circle"),
    [({"a": ("a",)}, "a -> a"), ({"a": ("b",), "b": ("c",), "c": ("a",)}, "a -> b -> c -> a")],
)
def test_profiles_in_a_circle_are_refused(requires: dict[str, tuple[str, ...]], circle: str) -> None:
    with pytest.raises(UserError, match=circle):
        _profiles(**requires).closure(["a"])


def test_a_diamond_of_profiles_is_no_circle() -> None:
    assert _profiles(a=(), b=("a",), c=("a",), d=("b", "c")).closure(["d"]) == ("a", "b", "c", "d")


def test_an_unknown_profile_or_service_is_named_with_those_that_exist() -> None:
    model = smallest_mesh()
    with pytest.raises(UserError) as caught:
        model.closure(["nope"])
    assert caught.value.message == "there is no profile 'nope'"
    assert "core, analytics" in caught.value.hint
    with pytest.raises(UserError) as caught:
        model.service("trino")
    assert caught.value.message == "there is no service 'trino'"
    assert "trino-coordinator" in caught.value.hint


def test_services_of_a_profile_include_what_it_requires_and_its_jobs() -> None:
    names = [s.name for s in smallest_mesh().of_profiles(["analytics"])]
    assert "sales-db" in names
    assert "dbt" in names
    assert [s.name for s in smallest_mesh().of_profiles(["core"])] == ["marketing-db", "sales-db"]


def test_dependencies_come_first_and_ties_are_in_order_of_name() -> None:
    services = smallest_mesh().of_profiles(["analytics"])
    place = {s.name: i for i, s in enumerate(services)}
    for service in services:
        assert all(place[name] < place[service.name] for name in service.depends_on)
    assert in_dependency_order(reversed(services)) == services
    assert [
        s.name for s in in_dependency_order([a_service("b"), a_service("a"), a_service("c", depends_on=("b",))])
    ] == ["a", "b", "c"]


def test_a_dependency_outside_the_profiles_is_ignored() -> None:
    assert [s.name for s in in_dependency_order([a_service("a", depends_on=("elsewhere",))])] == ["a"]


def test_services_in_a_circle_are_refused() -> None:
    circle = [a_service("a", depends_on=("b",)), a_service("b", depends_on=("a",)), a_service("c")]
    with pytest.raises(UserError, match="depend on each other: a, b"):
        in_dependency_order(circle)


def test_two_services_of_one_name_are_refused_with_both_folders() -> None:
    with pytest.raises(UserError) as caught:
        model_of([a_service("db", folder="one"), a_service("db", folder="two")], [Profile("core", (), "")])
    assert "services/two/compose.yaml, service 'db'" in caught.value.message
    assert "services/one" in caught.value.message


def test_a_service_of_a_profile_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        model_of([a_service("db", profile="cor")], [Profile("core", (), "")])
    assert caught.value.message == "services/db/compose.yaml, service 'db': there is no profile 'cor'"
    assert caught.value.hint == "profiles: core"


def test_a_url_needs_a_published_port() -> None:
    lonely = a_service("web", urls=(Url("Web", "WEB_PORT"),))
    with pytest.raises(UserError, match="url 'Web' has port WEB_PORT, which is not published"):
        model_of([lonely], [Profile("core", (), "")])
    proxy = a_service("proxy", ports=(Port("WEB_PORT", 30000, 80),))
    assert len(model_of([lonely, proxy], [Profile("core", (), "")]).services) == 2


def test_the_prefix_of_a_service_s_variables() -> None:
    assert a_service("trino-coordinator").env_prefix == "TRINO_COORDINATOR"
