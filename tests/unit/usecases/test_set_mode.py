"""`dm security mode`: governed is the default, academic opens everything and is said, and back."""

from __future__ import annotations

import json

import pytest

from datameesh_cli.adapters.adapters import Adapters
from datameesh_cli.errors import UserError
from datameesh_cli.usecases.set_mode import set_mode, show_mode
from tests.unit.usecases.test_change_people import _started
from tests.unit.usecases.test_derive_secrets import adapters

__all__ = ["adapters"]  # the fixture


def _who_owns_all(adapters: Adapters) -> str:
    return str(json.loads(adapters.state.derived("web-rules"))["tables"][0]["user"])


def test_there_and_back(adapters: Adapters) -> None:
    _started(adapters)
    assert (show_mode(adapters).mode, show_mode(adapters).warning) == ("governed", "")
    assert _who_owns_all(adapters) == "admin"
    found = set_mode(adapters, "academic")
    assert "every person may read and write everything" in found.warning
    assert set(found.secrets) == {"web-rules", "lake-people", "db-people"}
    assert _who_owns_all(adapters).split("|")[:3] == ["admin", "alex", "emea_user"]
    assert show_mode(adapters).mode == "academic"
    assert set_mode(adapters, "governed").warning == ""
    assert _who_owns_all(adapters) == "admin"


def test_a_mode_that_is_none_is_refused(adapters: Adapters) -> None:
    with pytest.raises(UserError, match="there is no mode 'rbac'"):
        set_mode(adapters, "rbac")
    assert show_mode(adapters).mode == "governed"
