"""core/images: what Dockerfiles say, the order of builds, and when an image is out of date."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from datameesh_cli.core import images
from datameesh_cli.core.images import ImageSource, input_hashes, parse_dockerfile, to_build
from datameesh_cli.errors import UserError

VERSION = 'LABEL org.opencontainers.image.version="476"\n'
BASE = ImageSource("base", "13")
BUILD = ImageSource("build", "13", ("datameesh/base:13",))
TRINO = ImageSource("trino", "476", ("datameesh/build:13", "datameesh/base:13"))
POSTGRES = ImageSource("postgres", "17", ("datameesh/base:13",))
ALL = (BASE, BUILD, POSTGRES, TRINO)
FILES = {i.name: {f"services/{i.name}/Dockerfile": i.name.encode()} for i in ALL}


def hashes(**changed: bytes) -> dict[str, str]:
    """The hashes of ALL, with the Dockerfile of some changed."""
    return input_hashes(ALL, FILES | {name: {f"services/{name}/Dockerfile": text} for name, text in changed.items()})


def test_dockerfile_gives_version_parents_and_copied_files() -> None:
    text = (
        "# FROM datameesh/not-this:1\n"
        "FROM datameesh/build:13 AS build\n"
        "COPY pom.xml lib/ /src/\n"
        "FROM datameesh/base:13\n" + VERSION + "COPY --from=build /out /opt\n"
        "COPY --chmod=755 \\\n    # a comment in between\n    start-trino /usr/local/bin/\n"
        'COPY ["with space.txt", "/etc/"]\n'
    )
    assert parse_dockerfile("trino", text) == ImageSource(
        "trino",
        "476",
        ("datameesh/build:13", "datameesh/base:13"),
        ("pom.xml", "lib/", "start-trino", "with space.txt"),
    )
    assert parse_dockerfile("trino", text).reference == "datameesh/trino:476"


def test_copy_from_another_image_makes_it_a_parent() -> None:
    source = parse_dockerfile("x", VERSION + "FROM scratch\nCOPY --from=datameesh/postgres:17 /a /b\n")
    assert source.parents == ("datameesh/postgres:17",)
    assert source.copies == ()


def test_context_and_rootfs_are_read() -> None:
    source = parse_dockerfile(
        "x", 'ARG ROOTFS=debian:t@sha256:0\nFROM ${ROOTFS}\nLABEL datameesh.context="../.."\n' + VERSION
    )
    assert (source.context, source.rootfs, source.parents) == ("../..", "debian:t@sha256:0", ())


@pytest.mark.parametrize("line", ["COPY $WHAT /", "RUN --mount=type=bind,target=/src make"])
def test_what_cannot_be_known_counts_as_everything(line: str) -> None:
    assert parse_dockerfile("x", VERSION + line).copies == (".",)


def test_missing_version_names_the_file() -> None:
    with pytest.raises(UserError, match="services/x/Dockerfile: the label"):
        parse_dockerfile("x", "FROM datameesh/base:13\n")


def test_build_order_is_parents_first_whatever_the_input_order() -> None:
    assert images.in_build_order(reversed(ALL)) == (BASE, BUILD, POSTGRES, TRINO)


def test_unknown_parent_and_circle_are_refused() -> None:
    with pytest.raises(UserError, match=r"services/build/Dockerfile: no folder makes datameesh/base:13"):
        images.in_build_order([BUILD])
    with pytest.raises(UserError, match="built from each other"):
        images.in_build_order([replace(BASE, parents=("datameesh/build:13",)), BUILD])


def test_named_takes_folder_or_reference_and_refuses_others() -> None:
    assert images.named(ALL, ["trino", "datameesh/trino:476", "base"]) == (TRINO, BASE)
    with pytest.raises(UserError, match="there is no image 'nope'"):
        images.named(ALL, ["nope"])


def test_shipped_leaves_out_what_only_builds_need() -> None:
    assert images.shipped(ALL, ["datameesh/trino:476"]) == (POSTGRES, TRINO)
    assert BASE in images.shipped(ALL, ["datameesh/base:13"])


def test_a_changed_parent_changes_every_child_and_nothing_else() -> None:
    before, after = hashes(), hashes(build=b"changed")
    assert {r for r in before if before[r] != after[r]} == {"datameesh/build:13", "datameesh/trino:476"}


def test_moving_or_renaming_a_file_changes_the_hash() -> None:
    assert input_hashes([BASE], {"base": {"a": b"1", "b": b"2"}}) != input_hashes(
        [BASE], {"base": {"a": b"2", "b": b"1"}}
    )


def test_nothing_to_build_when_all_is_there() -> None:
    assert to_build(ALL, ALL, hashes(), hashes()) == ()


def test_missing_parents_of_an_image_that_is_there_are_not_built() -> None:
    there = {r: h for r, h in hashes().items() if r == "datameesh/trino:476"}
    assert to_build(ALL, [TRINO], hashes(), there) == ()


def test_a_missing_image_is_built_after_the_parents_that_are_missing_too() -> None:
    assert to_build(ALL, [TRINO], hashes(), {}) == (BASE, BUILD, TRINO)
    assert to_build(ALL, [TRINO], hashes(), {"datameesh/base:13": hashes()["datameesh/base:13"]}) == (BUILD, TRINO)


def test_a_changed_file_rebuilds_its_image_only() -> None:
    assert to_build(ALL, ALL, hashes(postgres=b"changed"), hashes()) == (POSTGRES,)


DBT = ImageSource("dbt", "1", ("datameesh/build:13", "datameesh/base:13"))
STORE = ImageSource("store", "1", ("datameesh/build:13", "datameesh/base:13"))
TRAINED = ImageSource("trained", "1", ("datameesh/trino:476", "datameesh/postgres:17", "datameesh/store:1"))
GRAPH = (BASE, BUILD, POSTGRES, DBT, STORE, TRINO, TRAINED)


@pytest.mark.parametrize(
    ("running", "done", "at_once", "begin"),
    [
        ((), (), 3, "base"),
        ((BASE,), (), 3, ""),  # all others stand on it
        ((), (BASE,), 3, "build postgres"),  # more wait for the toolchain
        ((BUILD, POSTGRES), (BASE,), 3, ""),
        ((POSTGRES,), (BASE, BUILD), 3, "store trino"),  # dbt last: nothing waits for it
        ((STORE, TRINO), (BASE, BUILD, POSTGRES), 3, "dbt"),
        ((STORE, TRINO), (BASE, BUILD, POSTGRES), 2, ""),
        ((DBT,), (BASE, BUILD, POSTGRES, STORE, TRINO), 3, "trained"),
        ((), GRAPH, 3, ""),
    ],
)
def test_builds_begin_when_their_parents_are_ready_and_the_most_awaited_first(
    running: tuple[ImageSource, ...], done: tuple[ImageSource, ...], at_once: int, begin: str
) -> None:
    assert " ".join(i.name for i in images.next_builds(GRAPH, running, done, at_once)) == begin


def test_a_parent_that_is_not_to_be_built_holds_nothing_up() -> None:
    assert images.next_builds((TRAINED,), (), (), 3) == (TRAINED,)


def test_fresh_builds_everything_that_the_wanted_stand_on() -> None:
    there = hashes()
    assert to_build(ALL, [TRINO], there, there) == ()
    assert to_build(ALL, [TRINO], there, there, fresh=True) == (BASE, BUILD, TRINO)


def test_an_old_base_is_named_from_its_thirtieth_day_on() -> None:
    made = {
        "a": "2026-10-22T12:00:01+00:00",  # 29 days and 23:59:59
        "b": "2026-10-22T12:00:00+00:00",  # 30 days
        "c": "2026-08-01T00:00:00.123456789Z",  # as the engine writes it
        "d": "",
    }
    assert images.old_images(made, datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc)) == {"c": 112, "b": 30}
