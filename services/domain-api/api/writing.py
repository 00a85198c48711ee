"""A row more, once: whoever sends the same request again, because no answer came, gets the answer of the first."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from api.database import FOR_WHOM, Connection
from api.problem import Problem
from api.resource import Resource, single


def add_once(
    conn: Connection, resource: Resource, given: dict[str, Any], whom: tuple[str, str, str], key: str
) -> tuple[str, bool]:
    """Given a row for a resource, for whom and the request's key, return the row as JSON, and whether it was there already.

    Raise Problem (422) if the key was used for something else, or if what the row names is not there.
    """
    assert resource.addition
    mark = hashlib.sha256(json.dumps([resource.path, given], sort_keys=True, default=str).encode()).hexdigest()
    conn.autocommit = False
    try:
        with conn.cursor() as cursor:
            cursor.execute(FOR_WHOM, whom)
            cursor.execute(
                "INSERT INTO api.requests (person, key, mark) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING true",
                (whom[0], key, mark),
            )
            # Who sends it twice at once waits here for the first, whose answer is there then.
            if cursor.fetchone() is None:
                cursor.execute("SELECT mark, answer FROM api.requests WHERE (person, key) = (%s, %s)", (whom[0], key))
                kept = cursor.fetchone()
                conn.rollback()
                if kept is None or kept[0] != mark:
                    raise Problem(422, "this Idempotency-Key was used for another request")
                return kept[1], True
            cursor.execute(resource.addition.statement, given)
            made = cursor.fetchone()
            if made is None:
                raise Problem(422, resource.addition.missing)
            one = single(resource)
            if one.name not in conn.prepared:
                cursor.execute(one.prepare)
                conn.prepared.add(one.name)
            cursor.execute(one.execute, made)
            body = str(cursor.fetchone()[0])
            cursor.execute("UPDATE api.requests SET answer = %s WHERE (person, key) = (%s, %s)", (body, whom[0], key))
            cursor.execute("DELETE FROM api.requests WHERE at < now() - interval '1 day'")
        conn.commit()
        return body, False
    except BaseException:
        if not conn.closed:
            conn.rollback()
        raise
    finally:
        if not conn.closed:
            conn.autocommit = True
