"""Writes down how the tests that assert rows of the fact matrix went: `.dm/rows-pytest.json`, which `dm dev coverage` reads."""

from __future__ import annotations

import json
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from datameesh_cli.adapters.repository import Repository
from datameesh_cli.usecases.mark_inputs import of_tests

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".dm" / "rows-pytest.json"

_OUTCOMES = pytest.StashKey[dict[str, dict[str, Any]]]()
_RAN_ON = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_OUTCOMES] = {}
    config.stash[_RAN_ON] = of_tests(Repository(ROOT))
    # Under nohup, and in the background of some shells, these are ignored, and every `dm` that a test starts would do so too.
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    rows = [row for mark in item.iter_markers("row") for row in mark.args]
    if rows:
        before = item.config.stash[_OUTCOMES].get(item.nodeid, {}).get("outcome")
        # A failure in set-up or tear-down counts; a test that was skipped has shown nothing.
        outcome = "failed" if report.failed or before == "failed" else before or "not run"
        if report.when == "call" and report.passed and outcome != "failed":
            outcome = "passed"
        item.config.stash[_OUTCOMES][item.nodeid] = {
            "rows": rows,
            "outcome": outcome,
            "ran_on": item.config.stash[_RAN_ON],
        }
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    fresh = session.config.stash[_OUTCOMES]
    if not fresh:
        return
    # Tests that this run did not touch keep their last outcome, unless their file is gone or one of this run's files.
    touched = set() if session.config.getoption("keyword") else {node.split("::")[0] for node in fresh if "::" in node}
    single = any("::" in str(arg) for arg in session.config.args)
    old = {} if not RESULTS.exists() else json.loads(RESULTS.read_text(encoding="utf-8"))
    kept = {
        node: result
        for node, result in old.items()
        if (ROOT / node.split("::")[0]).exists() and (single or node.split("::")[0] not in touched)
    }
    RESULTS.parent.mkdir(mode=0o700, exist_ok=True)
    part = RESULTS.with_suffix(".part")
    part.write_text(json.dumps(kept | fresh, indent=1, sort_keys=True), encoding="utf-8")
    part.replace(RESULTS)
