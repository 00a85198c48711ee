"""How the files of tests/broken_exports are read: a change that means nothing is an error, for it would break nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.broken_exports import GOOD, changed

WEB = "Service data-platform/web"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"object": WEB, "op": "test", "path": "/spec"}, "no such change"),
        ({"object": WEB, "op": "remove", "path": "/spec", "value": 1}, "no such change"),
        ({"object": WEB, "op": "replace", "path": "/spec"}, "no such change"),
        ({"op": "add", "value": "text"}, "no such change"),
        ({"object": "Service web", "op": "remove"}, "there are 0 of it"),
        ({"object": WEB, "op": "remove", "path": "/spec/port"}, "'port'"),
        ({"object": WEB, "op": "replace", "path": "/spec/port", "value": 1}, "'port'"),
        ({"object": WEB, "op": "replace", "path": "/spec/ports/2", "value": 1}, "out of range"),
        ({"object": WEB, "op": "replace", "path": "/spec/ports/-1", "value": 1}, "the list has 2 entries"),
        ({"object": WEB, "op": "add", "path": "/spec/ports/first", "value": 1}, "invalid literal"),
        ({"object": WEB, "op": "add", "path": "/spec/type", "value": 1}, "it is there already"),
        ({"object": WEB, "op": "add", "path": "/spec/type/x", "value": 1}, "'str' object"),
        ({"object": WEB, "op": "replace", "path": "spec", "value": 1}, "a path begins with /"),
        ({"object": WEB, "op": "replace", "path": "/spec/type", "value": "NodePort"}, "it says that already"),
    ],
)
def test_a_change_that_means_nothing_is_an_error(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError) as caught:
        changed(GOOD, [change])
    assert says in str(caught.value)


def test_a_change_leaves_what_it_is_given_as_it_is() -> None:
    before = changed(GOOD, [])
    after = changed(GOOD, [{"object": WEB, "op": "remove", "path": "/spec/ports/0"}])
    (one,) = (o for o in after if o not in before)
    assert [port["port"] for port in one["spec"]["ports"]] == [5001]
    assert before == GOOD
