"""Passwords as services keep them: bcrypt of a cost that they take, the same as long as the password is."""

from __future__ import annotations

import bcrypt

from datameesh_cli.adapters.password_hash import hashes


def test_a_hash_is_bcrypt_as_the_query_engine_knows_it() -> None:
    found = hashes({"alex": "a-password"}, None)["alex"]["hash"]
    assert found.startswith("$2y$10$"), "it refuses $2b$, and a cost below 8"
    assert bcrypt.checkpw(b"a-password", found.encode())
    assert not bcrypt.checkpw(b"another", found.encode())


def test_it_stays_while_the_password_does() -> None:
    before = hashes({"alex": "one", "mike": "two"}, None)
    after = hashes({"alex": "one", "mike": "three", "emma": "four"}, before)
    assert after["alex"] == before["alex"]
    assert bcrypt.checkpw(b"three", after["mike"]["hash"].encode())
    assert set(after) == {"alex", "mike", "emma"}
    assert set(hashes({"alex": "one"}, after)) == {"alex"}, "who went leaves nothing behind"


def test_what_was_kept_and_is_broken_is_made_anew() -> None:
    for broken in (None, [], {"alex": "x"}, {"alex": {"hash": "$2y$10$x", "mark": "y"}}, {"alex": {"hash": 3}}):
        assert bcrypt.checkpw(b"one", hashes({"alex": "one"}, broken)["alex"]["hash"].encode())
