"""Reading what a YAML file declares, with every mistake named by file and key."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from datameesh_cli.errors import UserError


@dataclass(frozen=True, slots=True)
class Node:
    """A value in a declaration, with the file and the key path it stands at."""

    value: Any
    file: str
    path: str = ""

    def wrong(self, problem: str, hint: str = "see seed/README.md") -> UserError:
        """Given what is wrong here, return the error to raise."""
        return UserError(f"{self.file}: {self.path + ': ' if self.path else ''}{problem}", hint)

    def at(self, key: str) -> Node:
        """Given a key of this mapping, return its node (the value is None where the key is missing)."""
        return Node(self.mapping().get(key), self.file, f"{self.path}.{key}" if self.path else key)

    def mapping(self, *allowed: str) -> Mapping[str, Any]:
        """Return the mapping that stands here. Raise UserError if it is none, or has a key that is not allowed."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("is missing" if self.value is None else f"must be a mapping, not {self.value!r}")
        if allowed:
            for name in self.value:
                if name not in allowed:
                    raise self.wrong(f"there is no key '{name}'", "keys: " + ", ".join(allowed))
        return self.value

    def items(self) -> Iterator[tuple[str, Node]]:
        """Return the keys and nodes of the mapping that stands here."""
        for name in self.mapping():
            yield str(name), self.at(name)

    def entries(self) -> list[Node]:
        """Return the nodes of the list that stands here; a missing list is empty."""
        if self.value is None:
            return []
        if not isinstance(self.value, list):
            raise self.wrong(f"must be a list, not {self.value!r}")
        return [Node(entry, self.file, f"{self.path}[{i}]") for i, entry in enumerate(self.value)]

    def text(self) -> str:
        """Return the text that stands here."""
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("is missing" if self.value is None else f"must be a text, not {self.value!r}")
        return self.value

    def whole(self, low: int = 0, default: int | None = None) -> int:
        """Return the whole number that stands here, at least `low`."""
        value = default if self.value is None else self.value
        if isinstance(value, bool) or not isinstance(value, int) or value < low:
            raise self.wrong("is missing" if value is None else f"must be a whole number from {low}, not {value!r}")
        return value

    def cents(self, default: int | None = None) -> int:
        """Return the amount of money that stands here, in cents."""
        if self.value is None and default is not None:
            return default
        try:
            amount = Decimal(str(self.value)) * 100
        except InvalidOperation:
            amount = Decimal("0.5")
        if isinstance(self.value, bool) or amount != int(amount) or amount < 0:
            raise self.wrong(
                "is missing" if self.value is None else f"must be an amount with two decimals, not {self.value!r}"
            )
        return int(amount)

    def moment(self) -> datetime.datetime:
        """Return the moment that stands here; a plain date means its midnight."""
        if isinstance(self.value, datetime.datetime):
            return self.value
        if isinstance(self.value, datetime.date):
            return datetime.datetime(self.value.year, self.value.month, self.value.day)
        raise self.wrong(
            "is missing" if self.value is None else f"must be a date like 2024-01-31 08:15:00, not {self.value!r}"
        )

    def texts(self) -> tuple[str, ...]:
        """Return the texts of the list that stands here."""
        return tuple(entry.text() for entry in self.entries())
