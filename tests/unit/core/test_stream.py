"""Lines with a result at their end."""

from __future__ import annotations

import pytest

from datameesh_cli.core.stream import Stream, heard


def _two_lines() -> Stream[int]:
    yield "a"
    yield "b"
    return 7


def test_every_line_is_heard_and_the_result_returned() -> None:
    lines: list[str] = []
    assert heard(_two_lines(), lines.append) == 7
    assert lines == ["a", "b"]


def test_a_stream_that_breaks_is_no_end() -> None:
    def broken() -> Stream[int]:
        yield "a"
        raise OSError

    with pytest.raises(OSError):
        heard(broken(), lambda _line: None)
