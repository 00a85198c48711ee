"""`dm k8s parity`: what counts as the same, as a declared difference, and as one that nobody declared."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.core.checks.exec import Exec
from datameesh_cli.core.checks.http import Http
from datameesh_cli.core.checks.psql import Psql
from datameesh_cli.core.checks.published import Published
from datameesh_cli.core.checks.resolve import Resolve
from datameesh_cli.core.checks.s3 import S3
from datameesh_cli.core.checks.sql import Sql
from datameesh_cli.core.expectation import Answer
from datameesh_cli.core.observations import INSIDE, facts_inside, facts_of_rows
from datameesh_cli.core.parity import DeclaredDifference, compare, declared_from, normalised
from datameesh_cli.errors import UserError
from tests.fakes.values import a_check


def test_equal_facts_are_counted_by_group() -> None:
    facts = {"memory/a": "1", "memory/b": "2", "user/a": "3"}
    parity = compare(facts, dict(facts), ())
    assert (parity.same, parity.differences) == ({"memory": 2, "user": 1}, ())


def test_a_difference_is_declared_or_not_and_a_fact_of_one_side_only_is_one() -> None:
    declared = [DeclaredDifference("kernel/* open-files", "no field for it")]
    here = {"kernel/minio open-files": "1", "memory/minio": "136 MiB", "user/minio": "1:1"}
    there = {"kernel/minio open-files": "2", "memory/minio": "128 MiB", "user/other": "1:1"}
    parity = compare(here, there, declared)
    found = {d.fact: (d.compose, d.kubernetes, d.because) for d in parity.differences}
    assert found == {
        "kernel/minio open-files": ("1", "2", "no field for it"),
        "memory/minio": ("136 MiB", "128 MiB", ""),
        "user/minio": ("1:1", None, ""),
        "user/other": (None, "1:1", ""),
    }
    assert [d.fact for d in parity.undeclared] == ["memory/minio", "user/minio", "user/other"]
    assert parity.outdated == ()


def test_a_declared_difference_that_does_not_occur_is_named() -> None:
    declared = [DeclaredDifference("user/*", "once so"), DeclaredDifference("memory/*", "still so")]
    parity = compare({"user/a": "1", "memory/a": "1"}, {"user/a": "1", "memory/a": "2"}, declared)
    assert [d.of for d in parity.outdated] == ["user/*"]
    assert not parity.undeclared


def test_what_neither_stack_tells_is_not_the_same() -> None:
    facts = {"seed/db": "not observed: no space left"}
    assert [d.fact for d in compare(facts, dict(facts), ()).undeclared] == ["seed/db"]


def test_the_first_declaration_that_fits_gives_the_reason() -> None:
    declared = [DeclaredDifference("user/a", "this one"), DeclaredDifference("user/*", "all")]
    parity = compare({"user/a": "1", "user/b": "1"}, {"user/a": "2", "user/b": "2"}, declared)
    assert [d.because for d in parity.differences] == ["this one", "all"]


def test_declarations_are_read() -> None:
    found = declared_from({"differences": [{"of": "user/*", "because": "so"}]}, "f.yaml")
    assert found == (DeclaredDifference("user/*", "so"),)
    assert declared_from({"differences": []}, "f.yaml") == ()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (None, "the content is empty"),
        ({"differences": {}}, "`differences` must be a list"),
        ({"differences": ["user/*"]}, "`differences[0]` must be a mapping"),
        ({"differences": [{"of": "user/*"}]}, "`differences[0].because` is missing"),
        ({"differences": [{"of": "user/*", "because": "x", "more": 1}]}, "`differences[0]` has no key 'more'"),
        ({"differences": [{"of": "user/*", "because": " "}]}, "`differences[0].because` cannot be ' '"),
        ({"differences": [{"of": "*", "because": "x"}]}, "`differences[0].of` cannot be '*'"),
        ({"differences": [{"of": "a/b", "because": "x"}] * 2}, "'a/b' is declared twice"),
    ],
)
def test_a_declaration_that_is_not_valid_is_named(data: Any, says: str) -> None:
    with pytest.raises(UserError) as refused:
        declared_from(data, "f.yaml")
    assert says in refused.value.message
    assert refused.value.message.startswith("f.yaml")


def test_the_order_of_rows_counts_only_where_the_check_says_so() -> None:
    one, other = (Answer(("a",), rows) for rows in (((1,), (2,)), ((2,), (1,))))
    loose, strict = a_check(Sql("SELECT 1")), a_check(Sql("SELECT 1"), {"rows": [[1], [2]]})
    assert normalised(loose, one) == normalised(loose, other)
    assert normalised(strict, one) != normalised(strict, other)


def test_a_plan_that_lists_a_scans_columns_in_another_order_is_the_same_plan() -> None:
    one = (
        "Fragment 1\n  TableScan[leads], dynamicFilters = {email = #df_318}\n    revenue := revenue\n    email := email"
    )
    other = (
        "Fragment 1\n  TableScan[leads], dynamicFilters = {email = #df_319}\n    email := email\n    revenue := revenue"
    )
    without = "Fragment 1\n  TableScan[leads]\n    email := email\n    revenue := revenue"
    check = a_check(Sql("EXPLAIN SELECT 1"), {"contains": ["TableScan["]})
    seen, again, unfiltered = (normalised(check, Answer(("Query Plan",), ((text,),))) for text in (one, other, without))
    assert seen == again
    assert seen != unfiltered


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Fragment 1\n    a := x\n  Join\n    b := y", "Fragment 1\n    b := y\n  Join\n    a := x"),
        ("CREATE TABLE t (\n   a integer,\n   b integer\n)", "CREATE TABLE t (\n   b integer,\n   a integer\n)"),
    ],
)
def test_the_order_of_other_lines_counts(one: str, other: str) -> None:
    check = a_check(Sql("SELECT 1"), {"contains": ["a"]})
    seen, moved = (normalised(check, Answer(("text",), ((text,),))) for text in (one, other))
    assert seen != moved


def test_a_row_of_nothing_is_a_row() -> None:
    check = a_check(Sql("SELECT 1"))
    none, one, two = (normalised(check, Answer(("a",), (("x",), *((("",),) * n)))) for n in (0, 1, 2))
    assert len({none, one, two}) == 3


def test_values_are_compared_as_checks_compare_them() -> None:
    psql, sql = Answer(("a", "b"), (("1", None),)), Answer(("a", "b"), ((1.0, None),))
    check = a_check(Psql("db", "d", "SELECT 1"))
    assert normalised(check, psql) == normalised(check, sql) == "a | b\n1 | NULL"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("query 20261121_072945_00013_vwc34 ended", "query 20261121_071707_00032_gchs6 ended"),
        (
            "a/20261121_072945_00013_vwc34_dcee1977-225e-4aeb-a8fc-2ec2441b9f32: PAR1",
            "a/20261121_071707_00032_gchs6_922be6fc-4863-48c4-bbad-aba246685efc: PAR1",
        ),
        ("metadata/snap-7709157108188638109-1-x.avro", "metadata/snap-2613452027111801108-1-x.avro"),
        ("at 2026-11-21T07:29:45.123Z took 1.53 s", "at 2026-11-20T01:02:03Z took 12.4s"),
        ("from 10.112.0.14", "from 172.18.0.3"),
        (
            "16:05:47  Finished running 12 data tests in 0 hours 0 minutes and 14.77 seconds (14.77s).",
            "09:13:01  Finished running 12 data tests in 0 hours 0 minutes and 11.55 seconds (11.55s).",
        ),
        (
            "DETAIL: Failing row contains (2000000000, 1, 2026-11-21 15:47:27, -1.00).",
            "DETAIL: Failing row contains (2000000000, 1, 2026-11-21 16:13:58, -1.00).",
        ),
        ("X-Amz-Request-Id: 18E9FEEFA130E122", "X-Amz-Request-Id: 18E9FEF27366D4BA"),
    ],
)
def test_what_no_two_runs_share_does_not_count(one: str, other: str) -> None:
    check = a_check(Exec("minio", ("ls",)), {"exit": 0})
    assert normalised(check, Answer(exit=0, text=one)) == normalised(check, Answer(exit=0, text=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("850 rows", "851 rows"),
        ("denied", "allowed"),
        ("v2.1", "v2.2"),
        ("max-memory=640m", "max-memory=64m"),
        ("timeout 30s", "timeout 60s"),
        ("size 4012888888881881", "size 4012888888881882"),
        ("3.1.0.4 is the version", "3.1.0.5 is the version"),
        ("version 17.5.0.1", "version 17.5.0.2"),
        ("opens at 08:30:00", "opens at 09:30:00"),
        ("Failing row contains (1, 2026-11-21 15:47:27, 2).", "Failing row contains (1, 2026-11-21 15:47:27, 3)."),
        ("valid until 2026-01-31", "valid until 2027-01-31"),
    ],
)
def test_everything_else_does(one: str, other: str) -> None:
    check = a_check(Exec("minio", ("ls",)), {"exit": 0})
    assert normalised(check, Answer(exit=0, text=one)) != normalised(check, Answer(exit=0, text=other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("08:30:00", "09:30:00"),
        ("2024-01-15 10:23:45", "2024-01-15 10:23:46"),
        ("2024-01-15T10:23:45Z", "2024-01-15T10:23:46Z"),
        ("640m", "64m"),
        ("1.53 s", "2.53 s"),
        ("in 12 seconds", "in 13 seconds"),
        ("4012888888881881", "4012888888881882"),
        (4012888888881881, 4012888888881882),
        ("3.1.0.4", "3.1.0.5"),
        ("10.0.0.1", "10.0.0.2"),
        ("Date: a", "Date: b"),
    ],
)
def test_every_cell_of_a_table_counts(one: Any, other: Any) -> None:
    check = a_check(Sql("SELECT 1"))
    seen = [normalised(check, Answer(("a", "b"), ((1, value),))) for value in (one, other)]
    assert seen[0] != seen[1]


def test_what_belongs_to_one_run_is_left_out_of_a_table_too() -> None:
    check = a_check(Sql("SELECT 1"))
    one = Answer(("id", "at"), (("20261121_072945_00013_vwc34", "http://172.18.0.3:8080"),))
    other = Answer(("id", "at"), (("20261121_071707_00032_gchs6", "http://10.112.0.14:8080"),))
    assert normalised(check, one) == normalised(check, other) == "id | at\n<query> | http://<address>:8080"


def test_what_neither_stack_was_asked_is_no_agreement() -> None:
    why = "not asked: needs data set flow; loaded: journey"
    here = {"check/a": why, "check/b": why, "check/c": why, "check/d": "1"}
    there = {"check/a": why, "check/b": why, "check/c": "1", "check/d": "1"}
    parity = compare(here, there, ())
    assert (parity.same, parity.unasked) == ({"check": 1}, {"needs data set flow; loaded: journey": 2})
    assert [d.fact for d in parity.undeclared] == ["check/c"], "what one of them was asked differs"
    apart = compare({"check/a": why}, {"check/a": "not asked: db does not run"}, ())
    assert [d.fact for d in apart.undeclared] == ["check/a"], "and so does the reason"


def test_a_long_text_differs_at_its_end_too() -> None:
    check = a_check(Exec("minio", ("ls",)), {"exit": 0})
    one, other = (normalised(check, Answer(exit=0, text="x" * 1000 + end)) for end in "ab")
    assert one != other
    assert len(one) < 500


def test_each_kind_of_check_keeps_what_both_targets_must_share() -> None:
    address = Answer(("service", "inside", "address", "port"), (("minio", 9000, "127.0.0.1", 30900),))
    assert normalised(a_check(Published(("minio",))), address) == "minio:9000"
    assert normalised(a_check(Published(("db",))), Answer()) == "none"
    assert normalised(a_check(Http("P")), Answer(status=200, text="at 12:00")) == "status 200"
    resolved = Answer(("name", "address"), (("db", "10.0.0.1"),), exit=1, text="no such")
    assert normalised(a_check(Resolve(("db",))), resolved) == "exit code 1: db"
    listed = Answer(("key", "size"), (("b", 1), ("a", 2), ("a", 3)))
    assert normalised(a_check(S3("lake/"), {"row_count": 2}), listed) == "a; b"
    wanted = a_check(S3("lake/"), {"contains": ["raw/a", "raw/z"]})
    beside = Answer(("key", "size"), (("raw/a.csv", 1), (".check/1", 2)))
    assert normalised(wanted, beside) == "raw/a: there; raw/z: missing"
    one_row = Answer(("a", "b"), ((1, 2),))
    assert normalised(a_check(Sql("x"), {"columns": ["a", "b"]}), one_row) == "a | b"
    assert normalised(a_check(Sql("x")), Answer(error="no such table")) == "refused: no such table"


def test_what_a_container_says_of_itself_becomes_facts() -> None:
    digest = "a" * 64
    text = (
        "user 999:999\nmemory 92274688\nsecurity CapEff 0000000000000000\nkernel dns-search a b\n"
        f"environment PGDATABASE 2c26b46b68ffc68f\nenvironment BARE\nfile {digest} /etc/x y\nsh: warning\n"
    )
    assert facts_inside("db", text) == {
        "user/db": "999:999",
        "memory/db": "88 MiB",
        "security/db CapEff": "0000000000000000",
        "kernel/db dns-search": "a b",
        "environment/db PGDATABASE": "2c26b46b68ffc68f",
        "environment/db BARE": "not observed: no hash of its value",
        "file/db /etc/x y": digest,
    }
    assert facts_inside("db", "memory max\n") == {"memory/db": "max"}


def test_the_values_of_variables_are_compared_and_not_shown(tmp_path: Path) -> None:
    """As a container would: the script reads the environment of its first process."""
    values = {"PLAIN": "a", "EMPTY": "", "WORDS": "a b'c\"d $HOME `id`", "LINES": "a\nb", "EQUALS": "a=b"}
    (tmp_path / "environ").write_text("".join(f"{k}={v}\0" for k, v in values.items()))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "db-password").write_text("a b'c\"d $HOME `id`\n")
    script = INSIDE.replace("/proc/1/environ", str(tmp_path / "environ")).replace(
        "/run/secrets", str(tmp_path / "secrets")
    )
    done = subprocess.run(["sh", "-c", script, "facts"], capture_output=True, text=True, check=True)
    found = {k: v for k, v in facts_inside("db", done.stdout).items() if k.startswith("environment/")}
    hashes = {k: hashlib.sha256(v.encode()).hexdigest()[:16] for k, v in values.items()}
    hashes["WORDS"] = "the secret db-password"
    assert found == {f"environment/db {k}": v for k, v in hashes.items()}
    assert "a b'c" not in done.stdout


def test_rows_become_facts_named_by_their_first_columns() -> None:
    seen = Answer(("who", "what", "answer"), (("ingest", "DELETE orders", "denied"), ("admin", None, True)))
    assert facts_of_rows("denial", "sales-db", seen, 2) == {
        "denial/sales-db ingest.DELETE orders": "denied",
        "denial/sales-db admin.NULL": "true",
    }
