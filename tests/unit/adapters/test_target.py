"""What psql and the look-up script print, read back."""

from __future__ import annotations

from datameesh_cli.adapters.target import PSQL_NULL, psql_command, psql_observation, resolve_observation


def test_psql_stops_at_the_first_error_and_reads_no_file_of_the_user() -> None:
    command = psql_command("sales_db", "ingest", "SELECT 1")
    assert command[0] == "psql"
    assert "-X" in command
    assert "ON_ERROR_STOP=1" in command
    assert command[-6:] == ["-U", "ingest", "-d", "sales_db", "-c", "SELECT 1"]


def test_a_table_is_read_with_its_names_commas_quotes_and_line_ends() -> None:
    seen = psql_observation(0, f'id,name\n1,"Brown, ""D"""\n2,{PSQL_NULL}\n3,""\n4,"two\nlines"\n', "")
    assert seen.columns == ("id", "name")
    assert seen.rows == (("1", 'Brown, "D"'), ("2", None), ("3", ""), ("4", "two\nlines"))
    assert seen.error == ""


def test_a_statement_without_a_result_gives_no_rows() -> None:
    assert psql_observation(0, "", "").rows == ()


def test_an_empty_table_keeps_its_columns() -> None:
    seen = psql_observation(0, "id\n", "")
    assert (seen.columns, seen.rows) == (("id",), ())


def test_a_refusal_is_an_error_and_no_table() -> None:
    assert psql_observation(1, "", "ERROR:  permission denied\nLINE 1\n").error == "ERROR: permission denied LINE 1"
    assert psql_observation(2, "", "").error == "psql ended with exit code 2"


def test_names_are_found_with_their_addresses() -> None:
    seen = resolve_observation(1, "sales-db 10.0.0.2\nnobody does not resolve\n")
    assert seen.rows == (("sales-db", "10.0.0.2"),)
    assert seen.exit == 1
    assert "nobody" in seen.text
