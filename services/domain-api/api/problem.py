"""What goes wrong for whoever asks: RFC 9457, application/problem+json."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is none: its status, what is wrong, and further headers."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more

    @property
    def body(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }


def away(what: str) -> Problem:
    """Given what cannot be reached, return the problem: come back in two seconds."""
    return Problem(503, f"{what} cannot be reached", {"Retry-After": "2"})
