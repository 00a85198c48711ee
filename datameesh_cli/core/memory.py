"""Memory sizes. Inside the program memory is an int in MiB; text is read and written only at the rim."""

from __future__ import annotations

import re

from datameesh_cli.errors import UserError

_UNITS = {"k": 1 / 1024, "m": 1, "g": 1024, "t": 1024 * 1024}


def parse_mib(text: str) -> int:
    """Given a size such as `1536m`, `6g`, `7.6 GiB` or `800MB`, return MiB, rounded down.

    All units are binary (1 g = 1024 MiB), as in Docker. A bare number is refused: nobody means 6 bytes.
    Raise UserError if it is not a size, or not more than 0 MiB.
    """
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*([kmgt])(?:i?b)?\s*", text, re.IGNORECASE)
    if not match:
        raise UserError(
            f"'{text}' is not a memory size", "write a number and a unit: --ram 1536m, --ram 4g, --ram 7.6g"
        )
    mib = int(float(match[1]) * _UNITS[match[2].lower()])
    if mib < 1:
        raise UserError(f"'{text}' is less than 1 MiB", "write a larger size, such as --ram 4g")
    return mib


def format_mib(mib: int) -> str:
    """Given MiB, return text for people: `640 MiB`, `4 GiB`, `7.6 GiB`."""
    if mib < 1024 or (mib % 1024 and mib < 4096):
        return f"{mib} MiB"
    return f"{mib / 1024:.1f}".removesuffix(".0") + " GiB"
