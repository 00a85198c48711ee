"""Memory sizes at the rim."""

from __future__ import annotations

import pytest

from datameesh_cli.core.memory import format_mib, mib, parse_mib
from datameesh_cli.errors import UserError


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("1536m", 1536),
        ("6g", 6144),
        ("4G", 4096),
        ("7.6 GiB", 7782),
        ("800MB", 800),
        (" 2gb ", 2048),
        ("1t", 1048576),
        ("2048k", 2),
        ("1.9m", 1),
    ],
)
def test_sizes_are_read_in_binary_units_and_rounded_down(text: str, mib: int) -> None:
    assert parse_mib(text) == mib


@pytest.mark.parametrize(
    "text",
    [
        "12x",
        "-1g",
        "+1g",
        "4096",
        "0",
        "",
        " ",
        "g",
        "1,5g",
        "1.g",
        ".5g",
        "1e3m",
        "4g4",
        "4 g b",
        "nan",
        "infg",
        "½g",
        "9" * 400 + "g",
    ],
)
def test_garbage_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_mib(text)
    assert f"'{text}' is not a memory size" in caught.value.message
    assert "--ram 4g" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("quantity", "size"),
    [("640Mi", 640), ("20Gi", 20480), ("1.5GiB", 1536), ("64k", 1 / 16), (str(2**21), 2), ("0B", 0)],
)
def test_what_a_program_prints_is_read_too(quantity: str, size: float) -> None:
    assert mib(quantity) == size


@pytest.mark.parametrize("quantity", ["--", "", "Mi", "1,5Gi", "-1Mi", "½Gi"])
def test_another_text_is_no_quantity(quantity: str) -> None:
    with pytest.raises(ValueError, match="is not a memory size"):
        mib(quantity)


@pytest.mark.parametrize("text", ["0m", "0g", "0.0g", "1k", "0.9m"])
def test_less_than_one_mib_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is less than 1 MiB"):
        parse_mib(text)


@pytest.mark.parametrize(
    ("mib", "text"),
    [
        (1, "1 MiB"),
        (640, "640 MiB"),
        (1024, "1 GiB"),
        (1536, "1536 MiB"),
        (4096, "4 GiB"),
        (7782, "7.6 GiB"),
        (24105, "23.5 GiB"),
    ],
)
def test_sizes_are_written_for_people(mib: int, text: str) -> None:
    assert format_mib(mib) == text


def test_what_is_written_can_be_read_again() -> None:
    for size in range(1, 4097):
        assert parse_mib(format_mib(size)) == size
