-- Who asked what. Rows are added and read; nobody who logs in changes or deletes one:
--   audit_writer  the collector: adds events, reads none        audit_reader  reads, in read-only transactions
\set role audit_writer
\set secret /run/secrets/audit-writer-password
\i /etc/postgresql/login.sql
\set role audit_reader
\set secret /run/secrets/audit-reader-password
\i /etc/postgresql/login.sql
ALTER ROLE audit_reader SET default_transaction_read_only = on;
ALTER ROLE audit_reader SET statement_timeout = '30s';
SELECT 'CREATE ROLE audit_owner NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'audit_owner') \gexec

REVOKE ALL ON DATABASE audit FROM PUBLIC;
GRANT CONNECT ON DATABASE audit TO audit_writer, audit_reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
CREATE SCHEMA audit AUTHORIZATION audit_owner;
GRANT USAGE ON SCHEMA audit TO audit_writer, audit_reader;
SET ROLE audit_owner;

CREATE TABLE audit.events (
    written      timestamptz NOT NULL DEFAULT now(),
    kind         text NOT NULL CHECK (kind IN ('begun', 'ended', 'lost')),
    at           timestamptz NOT NULL,
    person       text,
    signed_in_as text,                  -- who acts for the person, if somebody does
    source       text,
    address      text,
    query_id     text CHECK (query_id ~ '^\d{8}_\d{6}_\d{5}_\w{5}$'),
    statement    text CHECK (length(statement) <= 10000),
    tables       text[],                -- catalog.schema.table
    columns      text[],                -- catalog.schema.table.column, of those that were read
    outcome      text CHECK (outcome IN ('finished', 'refused', 'failed', 'cancelled')),
    error        text,
    duration_ms  bigint,
    rows_read    bigint,
    rows_written bigint,
    lost         bigint CHECK (lost > 0),
    CHECK ((kind = 'lost') = (lost IS NOT NULL)),
    CHECK ((kind = 'ended') = (outcome IS NOT NULL)),
    CHECK (kind = 'lost' OR (person IS NOT NULL AND query_id IS NOT NULL AND statement IS NOT NULL))
);
CREATE INDEX events_at ON audit.events (at);
CREATE INDEX events_query ON audit.events (query_id);

-- A row a statement. Who has begun and not ended runs, if the engine is the one that answered last.
CREATE VIEW audit.statements AS
SELECT DISTINCT ON (query_id) at, person, signed_in_as, source, address, query_id, statement, tables, columns,
       CASE WHEN kind = 'ended' THEN outcome
            WHEN right(query_id, 5) = (SELECT right(query_id, 5) FROM audit.events WHERE kind <> 'lost' ORDER BY at DESC LIMIT 1) THEN 'running'
            ELSE 'unfinished' END AS outcome,
       error, duration_ms, rows_read, rows_written
FROM audit.events WHERE kind <> 'lost' ORDER BY query_id, kind DESC;

-- What is missing follows from the ids: one start of the engine (its last five letters) counts its statements of a day from 0 on.
-- The newest 15 s are left out, in which a row may be on its way.
CREATE VIEW audit.missed AS
WITH seen AS (
    SELECT left(query_id, 8) AS day, right(query_id, 5) AS engine, substr(query_id, 17, 5)::integer AS number, min(at) AS at, min(written) AS written
    FROM audit.events WHERE kind <> 'lost' GROUP BY 1, 2, 3
), settled AS (
    SELECT day, engine, max(number) AS newest FROM seen WHERE written < now() - interval '15 s' GROUP BY 1, 2
)
SELECT day, engine, min(at) AS first_at, max(at) AS last_at, newest + 1 - count(*) AS missed
FROM seen JOIN settled USING (day, engine) WHERE number <= newest GROUP BY day, engine, newest HAVING newest + 1 > count(*);

-- How long rows are kept is the owner's to say (a statement of the superuser in the container); the writer may only ask that it be done.
CREATE TABLE audit.retention (days integer NOT NULL CHECK (days BETWEEN 1 AND 3650), one boolean PRIMARY KEY DEFAULT true CHECK (one));
INSERT INTO audit.retention (days) VALUES (90);
CREATE PROCEDURE audit.drop_old() LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM audit.events WHERE at < (SELECT date_trunc('day', now()) - make_interval(days => days) FROM audit.retention)
$$;
REVOKE ALL ON PROCEDURE audit.drop_old() FROM PUBLIC;

GRANT INSERT (kind, at, person, signed_in_as, source, address, query_id, statement, tables, columns, outcome, error, duration_ms, rows_read, rows_written, lost)
    ON audit.events TO audit_writer;
GRANT EXECUTE ON PROCEDURE audit.drop_old() TO audit_writer;
GRANT SELECT ON audit.events, audit.statements, audit.missed, audit.retention TO audit_reader;
RESET ROLE;
