"""Lines of logs as the services write them, and what is read from them."""

from __future__ import annotations

from datameesh_cli.core.log_trail import authentications, database_happenings, sign_ins

DATABASE = """\
2026-11-21T23:03:17.650123456Z 2026-11-21 23:03:17.650 UTC [1] LOG:  listening on IPv4 address "0.0.0.0", port 5432
2026-11-21T23:04:00.100Z 2026-11-21 23:04:00.100 UTC [71] alex@sales_db dm sql ERROR:  permission denied for table orders
2026-11-21T23:04:00.100Z 2026-11-21 23:04:00.100 UTC [71] alex@sales_db dm sql STATEMENT:  DELETE FROM orders
2026-11-21T23:04:00.100Z \tWHERE true
2026-11-21T23:04:02Z 2026-11-21 23:04:02.000 UTC [80] sarah@sales_db x FATAL:  password authentication failed
2026-11-21T23:04:03Z 2026-11-21 23:04:03.000 UTC [47] LOG:  checkpoint starting: time
2026-11-21T23:04:03Z \ta second line of the server's own
2026-11-21T23:04:04Z 2026-11-21 23:04:04.000 UTC [81] mike@sales_db  LOG:  AUDIT: SESSION,1,1,READ,SELECT,TABLE,orders,SELECT 1
not a line with a time
"""
# The first four are Dex's own lines, word for word, but for the ids of requests; the last are the query engine's.
SIGN_IN = """\
2026-11-22T02:38:01.429Z {"time":"2026-11-22T02:38:01.4291Z","level":"INFO"\
,"msg":"keys rotated","next_rotation":"2026-11-23T02:38:01.426880934Z"}
2026-11-22T02:38:01.262Z {"time":"2026-11-22T02:38:01.2628Z","level":"ERROR"\
,"msg":"failed to get signing algorithm","err":"failed to get keys: not found"}
2026-11-22T02:41:16.519Z {"time":"2026-11-22T02:41:16.5197Z","level":"ERROR"\
,"msg":"failed login attempt: Invalid credentials.","user":"nobody \\"x\\"","request_id":"f"}
2026-11-22T02:41:17.054Z {"time":"2026-11-22T02:41:17.0546Z","level":"INFO"\
,"msg":"login successful","connector_id":"local","username":"Alex","preferred_username":"alex"\
,"email":"alex@datameesh.example","groups":["data-scientist"]}
2026-11-22T02:41:18Z {"level": "INFO", "msg": "login cut off
2026-11-22T02:41:19Z [1, "login"]
2026-11-22T02:42:00.5Z 2026-11-22T02:42:00.500Z\tWARN\thttp-worker-44\tsign-in\t\
level=ERROR msg="login refused: wrong name or password" user="sarah" address=172.21.0.1
2026-11-22T02:42:01Z 2026-11-22T02:42:01.000Z\tINFO\tdispatcher-query-0\tio.trino.event.QueryMonitor\t\
TIMELINE: Query x :: user=login password
"""


def test_a_database_s_log_tells_of_persons_and_not_of_the_server() -> None:
    found = database_happenings("sales-db", DATABASE.splitlines())
    assert [(h.at, h.person, h.database, h.source, h.kind, h.text) for h in found] == [
        ("2026-11-21 23:04:00.100", "alex", "sales_db", "dm sql", "ERROR", "permission denied for table orders"),
        ("2026-11-21 23:04:00.100", "alex", "sales_db", "dm sql", "STATEMENT", "DELETE FROM orders WHERE true"),
        (
            "2026-11-21 23:04:02",
            "sarah",
            "sales_db",
            "x",
            "FATAL",
            "password authentication failed",
        ),
        (
            "2026-11-21 23:04:04",
            "mike",
            "sales_db",
            "",
            "LOG",
            "AUDIT: SESSION,1,1,READ,SELECT,TABLE,orders,SELECT 1",
        ),
    ]
    assert {h.service for h in found} == {"sales-db"}


def test_who_was_not_let_in_is_an_access() -> None:
    found = authentications(database_happenings("sales-db", DATABASE.splitlines()))
    assert [(h.person, h.kind) for h in found] == [("sarah", "FATAL")]


def test_a_sign_in_s_log_tells_who_came_and_who_did_not() -> None:
    found = sign_ins("provider", SIGN_IN.splitlines())
    assert [(h.at, h.person, h.source, h.kind, h.text) for h in found] == [
        ("2026-11-22 02:41:16.519", 'nobody "x"', "", "ERROR", "failed login attempt: Invalid credentials."),
        ("2026-11-22 02:41:17.054", "alex", "local", "INFO", "login successful"),
        ("2026-11-22 02:42:00.5", "sarah", "172.21.0.1", "ERROR", "login refused: wrong name or password"),
    ]
