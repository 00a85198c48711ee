"""What is asked of a running stack beside its checks: the scripts, and how their answers become facts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from datameesh_cli.core.expectation import Answer, text_of
from datameesh_cli.core.parity import UNSEEN

INSIDE = r"""
echo "user $(id -u):$(id -g)"
echo "memory $(cat /sys/fs/cgroup/memory.max 2> /dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes)"
sed -n 's/^\(CapEff\|NoNewPrivs\|Seccomp\):[[:space:]]*/security \1 /p' /proc/1/status
grep -q '^[^ ]* / [^ ]* ro[, ]' /proc/mounts && echo "security root-filesystem read-only"
for folder in /tmp /run/secrets; do
  if [ ! -d $folder ]; then continue; fi
  if touch $folder/.dm-probe 2> /dev/null; then rm $folder/.dm-probe; echo "security $folder writable"
  else echo "security $folder read-only"; fi
done
sed -n 's/^Max open files  *\([0-9a-z]*\) .*/kernel open-files \1/p' /proc/1/limits
echo "kernel shared-memory $(stat -f -c '%b blocks of %S' /dev/shm 2> /dev/null || echo none)"
echo "kernel dns-search $(sed -n 's/^search //p' /etc/resolv.conf)"
xargs -0 -r -n 1 sh -c 'echo "environment ${1%%=*} $(printf %s "${1#*=}" | sha256sum | cut -c 1-16)"' each < /proc/1/environ
for secret in /run/secrets/*; do
  if [ -f "$secret" ]; then echo "secret $(printf %s "$(cat "$secret")" | sha256sum | cut -c 1-16) ${secret##*/}"; fi
done
for place in "$@"; do
  find -L "$place" -type f ! -path '*/..*' -exec sha256sum {} + | sed 's/^\([0-9a-f]*\)  /file \1 /'
done
exit 0
"""
"""For `sh -c` in a container; its arguments are the paths of the configs that are mounted there. Of a variable it prints a hash,
for programs keep passwords in them; and of each secret, so that one is told by its name and not by its value."""

DENIALS = """
CREATE TEMP TABLE dm_seen (who text, what text, answer text);
DO $$
DECLARE
    person text; thing text; field text; action text; said text;
BEGIN
    FOR person IN SELECT rolname FROM pg_roles WHERE rolcanlogin LOOP
        FOR thing, field IN
            SELECT format('%I.%I', table_schema, table_name), quote_ident(min(column_name::text))
            FROM information_schema.columns JOIN pg_tables ON (schemaname, tablename) = (table_schema, table_name)
            WHERE table_schema IN ('public', 'datameesh') AND tableowner = 'owner' GROUP BY 1
        LOOP
            FOREACH action IN ARRAY ARRAY['SELECT count(*) FROM %1$s', 'INSERT INTO %1$s DEFAULT VALUES',
                'UPDATE %1$s SET %2$s = DEFAULT WHERE false', 'DELETE FROM %1$s WHERE false', 'TRUNCATE %1$s']
            LOOP
                BEGIN
                    EXECUTE format('SET LOCAL ROLE %I', person);
                    EXECUTE format(action, thing, field);
                    RAISE EXCEPTION 'done';
                EXCEPTION
                    WHEN insufficient_privilege THEN said := 'denied';
                    WHEN OTHERS THEN said := 'allowed';
                END;
                INSERT INTO dm_seen VALUES (person, split_part(action, ' ', 1) || ' ' || thing, said);
            END LOOP;
        END LOOP;
        FOREACH action IN ARRAY ARRAY['CREATE TABLE public.dm_probe (x int)', 'CREATE SCHEMA dm_probe', 'CREATE ROLE dm_probe',
            'SELECT pg_read_file(''/etc/hostname'')']
        LOOP
            BEGIN
                EXECUTE format('SET LOCAL ROLE %I', person);
                EXECUTE action;
                RAISE EXCEPTION 'done';
            EXCEPTION
                WHEN insufficient_privilege THEN said := 'denied';
                WHEN OTHERS THEN said := 'allowed';
            END;
            INSERT INTO dm_seen VALUES (person, action, said);
        END LOOP;
    END LOOP;
END $$;
SELECT who, what, answer FROM dm_seen ORDER BY who, what
"""
"""Every person and every action on every table, tried and undone: what PostgreSQL refuses, not what a catalogue says of it.

Only on the owner's tables: what others hung on theirs would run in a superuser's session."""

CHECKSUMS = """
CREATE TEMP TABLE dm_sums (thing text, lines bigint, checksum text);
DO $$
DECLARE thing text;
BEGIN
    FOR thing IN SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tableowner = 'owner'
    LOOP
        EXECUTE format('INSERT INTO dm_sums SELECT %L, count(*), '
            || 'coalesce(sum((''x'' || left(md5(t::text), 12))::bit(48)::bigint), 0) FROM %s t', thing, thing);
    END LOOP;
END $$;
SELECT thing, lines, checksum FROM dm_sums ORDER BY thing
"""
"""A sum over all rows, so their order does not count and no table has to fit into memory."""

COLUMNS = """
SELECT table_schema, table_name, column_name, ordinal_position, data_type, is_nullable
FROM {catalog}.information_schema.columns WHERE table_schema <> 'information_schema'
"""
"""The schema of a catalog as Trino sees it."""


def facts_inside(service: str, text: str) -> dict[str, str]:
    """Given a service and what the script printed in its container, return its facts."""
    found: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        name, _, value = rest.partition(" ")
        if kind == "user":
            found[f"user/{service}"] = rest
        elif kind == "memory":
            found[f"memory/{service}"] = f"{int(rest) // 2**20} MiB" if rest.isdigit() else rest
        elif kind in ("security", "kernel"):
            found[f"{kind}/{service} {name}"] = value
        elif kind == "environment":
            found[f"environment/{service} {name}"] = value or UNSEEN + "no hash of its value"
        elif kind == "secret":
            secrets[name] = f"the secret {value}"
        elif kind == "file" and re.fullmatch(r"[0-9a-f]{64}", name):
            found[f"file/{service} {value}"] = name
    # The stores of two stacks hold other passwords under the same name.
    return {
        fact: secrets.get(value, value) if fact.startswith("environment/") else value for fact, value in found.items()
    }


def facts_of_rows(group: str, owner: str, seen: Answer, key: int) -> dict[str, str]:
    """Given a group, whose rows they are, a table and how many of its first columns name a fact, return a fact for each row."""
    named = {}
    for row in seen.rows:
        cells = [text_of(cell) or "NULL" for cell in row]
        named[f"{group}/{owner} {'.'.join(cells[:key])}"] = ", ".join(cells[key:])
    return named


def merged(parts: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Given facts from several places, return them as one."""
    return {name: value for part in parts for name, value in part.items()}
