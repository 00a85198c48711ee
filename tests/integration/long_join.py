"""A statement that both nodes work on for as long as is asked, whatever else the machine does."""

LONG = """\
SELECT count(*), sum(a.k) FROM
TABLE(sales.system.query(query => 'SELECT k FROM pg_sleep({seconds}), generate_series(1, 100000) AS k')) AS a
JOIN (SELECT x * 100 + y AS k FROM UNNEST(sequence(0, 999)) AS t (x) CROSS JOIN UNNEST(sequence(1, 100)) AS u (y)) AS b
ON a.k = b.k"""
"""The first side arrives after so many seconds. Both are partitioned over the nodes, so each has a part of the join throughout."""
ANSWER = "100000,5000050000"
"""Each of the numbers from 1 to 100000 meets itself once."""
ON_THE_WORKER = """\
SELECT count(*) FROM system.runtime.tasks t JOIN system.runtime.nodes n ON t.node_id = n.node_id
JOIN system.runtime.queries q ON t.query_id = q.query_id
WHERE NOT n.coordinator AND t.state = 'RUNNING' AND q.state = 'RUNNING' AND q.query LIKE 'SELECT count(*), sum(a.k)%'"""
