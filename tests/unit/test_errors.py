"""Each error class ends in the exit code that the README promises."""

from __future__ import annotations

import pytest

from datameesh_cli.errors import DmError, HostError, UnhealthyError, UserError


@pytest.mark.parametrize(("kind", "code"), [(DmError, 1), (UserError, 2), (HostError, 3), (UnhealthyError, 4)])
def test_exit_codes(kind: type[DmError], code: int) -> None:
    error = kind("what is wrong", "what to do")
    assert (error.exit_code, error.message, error.hint, str(error)) == (
        code,
        "what is wrong",
        "what to do",
        "what is wrong",
    )
