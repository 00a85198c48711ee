"""docs/security.md: its five layers, its sixteen threats, and that each test and check that it names is there."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.contract.repo import ROOT

TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
LAYERS = ("Network security", "Authentication", "Authorization", "Data encryption and secrets", "Audit and monitoring")
WITHOUT = "Nothing to try yet: "
"""A threat to something that is not built."""


def named(text: str) -> list[tuple[str, str]]:
    """The tests and checks that a text of the page names: file, name."""
    lines = re.findall(r"(?m)^- `([\w./-]+\.(?:py|yaml))`: (.+)$", text)
    return [(file, name.strip().strip("`")) for file, names in lines for name in names.split(" · ")]


def missing(text: str) -> list[str]:
    """What is named and is not there."""
    gone = []
    for file, name in named(text):
        said = (ROOT / file).read_text(encoding="utf-8") if (ROOT / file).is_file() else ""
        if file.endswith(".py"):
            there = re.search(rf"(?m)^def {name}\(", said) is not None
        else:
            there = name in [check["name"] for check in (yaml.safe_load(said) or {"checks": []})["checks"]]
        gone += [] if there else [f"{file}: {name}"]
    return gone


@pytest.mark.row("S-SEC-74")
def test_there_is_a_heading_for_each_of_the_five_layers() -> None:
    assert re.findall(r"(?m)^## Layer (\d): (.+)$", TEXT) == [(str(n), each) for n, each in enumerate(LAYERS, 1)]
    parts = re.split(r"(?m)^## ", TEXT)[1:]
    assert [part for part in parts if part.startswith("Layer") and part.count("\n| ") < 3] == [], "an empty layer"


@pytest.mark.row("S-SEC-22")
def test_saml_is_said_to_be_unsupported_with_the_reason() -> None:
    assert re.search(r"SAML \(S-SEC-22: unsupported\), because [^.]{60,}\.", " ".join(TEXT.split()))


def test_there_are_sixteen_threats_and_each_says_what_tries_it() -> None:
    threats = re.split(r"(?m)^### ", TEXT.split("\n## Threats\n")[1])[1:]
    assert [threat.split(". ")[0] for threat in threats] == [str(n) for n in range(1, 17)]
    assert [t.splitlines()[0] for t in threats if not named(t) and WITHOUT not in t] == []
    assert len(named(TEXT)) >= 80


def test_every_test_and_check_that_is_named_is_there() -> None:
    assert missing(TEXT) == []


def test_what_is_not_there_is_noticed() -> None:
    other = TEXT.replace("a name alone opens nothing", "a name alone opens everything").replace("def test_", "")
    other = other.replace("`test_privileges_are_dropped`", "`test_privileges_are_kept`").replace(
        "test_away.py", "gone.py"
    )
    assert [each.split(": ")[1] for each in missing(other)] == [
        "a name alone opens everything",
        "test_privileges_are_kept",
        "test_statements_go_on_without_the_collector_and_are_counted_as_missed",
        "test_rows_wait_for_a_database_that_is_away",
    ]
