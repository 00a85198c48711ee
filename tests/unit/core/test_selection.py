"""What a name on the command line starts, over the services as their folders say they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.core.selection import Selection, members, missed, reduced, together, understood
from datameesh_cli.errors import UserError

MODEL = Repository(Path(__file__).parents[3]).model()
LAKE = {"hive-metastore", "hive-metastore-db", "minio"}
MARKETING_API = {"marketing-api", "marketing-api-1", "marketing-api-2"}
APIS = MARKETING_API | {"sales-api", "sales-api-1", "sales-api-2", "sales-api-db"}
PLATFORM = LAKE | {"audit", "sign-in", "trino-coordinator", "trino-worker", "sales-db", "marketing-db"}


def _names(wanted: Selection) -> set[str]:
    return {s.name for s in members(MODEL, wanted)}


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Selection(), set()),
        (Selection(("core",)), {"sales-db", "marketing-db"} | APIS),
        (Selection(("analytics",)), PLATFORM | APIS | {"dbt"}),
        (Selection(services=("sales-db",)), {"sales-db"}),
        (Selection(services=("hive-metastore",)), LAKE),
        (Selection(services=("trino-coordinator",)), PLATFORM),
        (Selection(services=("trino-worker",)), PLATFORM),
        (Selection(services=("dbt",)), PLATFORM | {"dbt"}),
        (Selection(services=("minio", "sales-db")), {"minio", "sales-db"}),
        (Selection(("core",), ("hive-metastore",)), LAKE | {"sales-db", "marketing-db"} | APIS),
        # The balancer, both that it shares out among, and what these ask; not the other domain.
        (Selection(services=("marketing-api",)), {*MARKETING_API, "marketing-db", "sign-in", "hive-metastore-db"}),
        # What only a service that is left out needs is not there; it is itself, to be named as left out.
        (
            Selection(services=("trino-coordinator",), without=("hive-metastore", "audit", "sign-in")),
            PLATFORM - {"hive-metastore-db"},
        ),
    ],
)
def test_a_service_comes_with_everything_it_needs(wanted: Selection, names: set[str]) -> None:
    assert _names(wanted) == names


def test_they_stand_in_the_order_in_which_they_wait_for_each_other() -> None:
    order = [s.name for s in members(MODEL, Selection(services=("trino-coordinator",)))]
    assert order.index("hive-metastore-db") < order.index("hive-metastore")


def test_a_profile_may_stand_among_the_services() -> None:
    typed = Selection((), ("core", "minio"), ("trino-worker",))
    assert understood(MODEL, typed) == Selection(("core",), ("minio",), ("trino-worker",))
    assert understood(MODEL, Selection(("analytics",))).profiles == ("core", "analytics")


@pytest.mark.parametrize(
    ("typed", "message", "hint"),
    [
        (Selection(services=("trino-wrker",)), "there is no service 'trino-wrker'", "did you mean 'trino-worker'?"),
        (Selection(without=("minoi",)), "there is no service 'minoi'", "did you mean 'minio'?"),
        (Selection(without=("core",)), "there is no service 'core'", "services: "),
        (Selection(("analitics",)), "there is no profile 'analitics'", "did you mean 'analytics'?"),
        (Selection((), ("minio",), ("minio",)), "'minio' is to be started and to be left out", "say one of them"),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_right_one(typed: Selection, message: str, hint: str) -> None:
    with pytest.raises(UserError) as refused:
        understood(MODEL, typed)
    assert refused.value.message == message
    assert hint in refused.value.hint


def test_what_is_asked_for_joins_what_runs() -> None:
    both = together(MODEL, Selection(("core",)), Selection((), ("minio",)))
    assert both == Selection(("core",), ("minio",))
    assert together(MODEL, both, Selection()) == both


def test_what_was_left_out_stays_so_until_it_is_asked_for() -> None:
    without = Selection(("core", "analytics"), without=("minio", "trino-worker"))
    assert together(MODEL, without, Selection()) == without
    assert together(MODEL, without, Selection((), ("minio",))).without == ("trino-worker",)
    assert together(MODEL, without, Selection(("analytics",))).without == ()
    assert together(MODEL, without, Selection(("analytics",), (), ("minio",))).without == ("minio",)
    assert together(MODEL, Selection((), ("minio", "sales-db")), Selection(without=("minio",))).services == (
        "sales-db",
    )


def test_what_goes_takes_with_it_what_was_started_for_it_alone() -> None:
    assert _names(reduced(MODEL, Selection((), ("hive-metastore",)), ["hive-metastore"])) == set()
    both = Selection((), ("hive-metastore", "minio"))
    assert _names(reduced(MODEL, both, ["hive-metastore"])) == {"minio"}
    of_profile = reduced(MODEL, Selection(("core",)), ["sales-db"])
    assert of_profile == Selection(("core",), (), ("sales-db",))
    assert reduced(MODEL, of_profile, ["marketing-db"]).without == ("sales-db", "marketing-db")


def test_who_talks_to_what_is_left_out_is_told_and_who_waits_for_it_refuses() -> None:
    services = members(MODEL, Selection(("analytics",)))

    def told(*names: str) -> tuple[str, ...]:
        gone = [s for s in services if s.name in names]
        return missed([s for s in services if s not in gone], gone)

    assert told("trino-worker") == (), "its folder says that the coordinator also works"
    (line,) = told("minio")
    assert line.startswith("warning: hive-metastore, trino-coordinator, trino-worker will not reach minio")
    assert "dbt" in told("trino-coordinator")[0]
    with pytest.raises(UserError, match="hive-metastore cannot start without hive-metastore-db"):
        told("hive-metastore-db")
    assert "hive-metastore-db" not in " ".join(told("hive-metastore-db", "hive-metastore", "audit", "sign-in"))


def test_it_is_told_in_words() -> None:
    assert str(Selection(("core", "analytics"))) == "profiles core, analytics"
    assert str(Selection((), ("minio",))) == "minio with what it takes"
    assert (
        str(Selection(("core",), ("minio",), ("sales-db",)))
        == "profiles core and minio with what it takes, without sales-db"
    )
