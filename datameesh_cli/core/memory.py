"""Memory sizes. Inside the program memory is an int in MiB; text is read and written only at the rim."""

from __future__ import annotations

import re

from datameesh_cli.errors import UserError

_UNITS = {"": 1 / 2**20, "k": 1 / 2**10, "m": 1, "g": 2**10, "t": 2**20}


def mib(quantity: str) -> float:
    """Given a size as a program prints it (`640Mi`, `1.5GiB`, `64k`, a number of bytes), return MiB.

    All units are binary (1 g = 1024 MiB), as in Docker. Raise ValueError for another text.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", quantity, re.IGNORECASE | re.ASCII)
    if not match:
        raise ValueError(f"'{quantity}' is not a memory size")
    return float(match[1]) * _UNITS[match[2].lower()]


def parse_mib(text: str) -> int:
    """Given a size that a user wrote, such as `1536m`, `6g`, `7.6 GiB` or `800MB`, return MiB, rounded down.

    A bare number is refused: nobody means 6 bytes. Raise UserError if it is not a size, or not more than 0 MiB.
    """
    try:
        size = int(mib(text)) if re.fullmatch(r".{,30}[kmgt]i?b?\s*", text, re.IGNORECASE) else None
    except ValueError:
        size = None
    if size is None:
        raise UserError(
            f"'{text}' is not a memory size", "write a number and a unit: --ram 1536m, --ram 4g, --ram 7.6g"
        )
    if size < 1:
        raise UserError(f"'{text}' is less than 1 MiB", "write a larger size, such as --ram 4g")
    return size


def format_mib(mib: int) -> str:
    """Given MiB, return text for people: `640 MiB`, `4 GiB`, `7.6 GiB`."""
    if mib < 1024 or (mib % 1024 and mib < 4096):
        return f"{mib} MiB"
    return f"{mib / 1024:.1f}".removesuffix(".0") + " GiB"
