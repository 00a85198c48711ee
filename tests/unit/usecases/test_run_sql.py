"""`dm sql`: where statements come from, and the conversation that runs them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import cast

import pytest

from datameesh_cli.adapters.adapters import Adapters, adapters_for
from datameesh_cli.adapters.trino import TrinoSession
from datameesh_cli.core.sql_text import statements
from datameesh_cli.errors import SqlError, UserError
from datameesh_cli.render.sql import SqlOutput, print_result
from datameesh_cli.usecases.run_sql import Script, file_script, named_queries, run_script, script_of
from tests.fakes.adapters import FakeEngine, fake_adapters
from tests.fakes.sql import FakeSession


def _run(session: FakeSession, text: str, file: str = "") -> None:
    show = partial(print_result, output=SqlOutput.table, max_rows=10)
    run_script(adapters_for(), cast(TrinoSession, session), Script(statements(text), file), show)


def test_an_error_names_file_line_and_column_of_the_whole_text() -> None:
    session = FakeSession()
    session.refuses = SqlError("no such table", "", 2, 6)
    with pytest.raises(UserError) as wrong:
        _run(session, "\n-- about\nSELECT *\nFROM nope", file="q.sql")
    assert wrong.value.message == "q.sql, line 4:6: no such table"
    assert wrong.value.exit_code == 2


def test_the_first_error_ends_the_script() -> None:
    session = FakeSession()
    session.refuses = SqlError("no")
    with pytest.raises(UserError, match=r"^no$"):
        _run(session, "SELECT 1; SELECT 2")
    assert session.ran == ["SELECT 1"]


def _world(root: Path) -> Adapters:
    adapters, _ = fake_adapters(root, FakeEngine())
    folder = root / "services" / "web" / "queries"
    folder.mkdir(parents=True)
    (folder / "journey.sql").write_text("-- From lead\n-- to customer. And more.\nSELECT 1 -- one\n;\n")
    return adapters


def test_a_named_query_is_found_with_what_it_is_about(tmp_path: Path) -> None:
    adapters = _world(tmp_path)
    assert [(q.name, q.about) for q in named_queries(adapters)] == [("journey", "From lead to customer")]
    script = script_of(adapters, "@journey")
    assert [s.text for s in script.statements] == ["SELECT 1"]
    assert script.file == "services/web/queries/journey.sql"
    with pytest.raises(UserError, match="there is no query '@nope'") as wrong:
        script_of(adapters, "@nope")
    assert "journey" in wrong.value.hint


@pytest.mark.parametrize("text", ["", " ;", "-- nothing"])
def test_nothing_to_run_is_the_users_mistake(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError, match="holds no SQL"):
        script_of(_world(tmp_path), text)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nope\.sql cannot be read: No such file"):
        file_script(_world(tmp_path), tmp_path / "nope.sql")
