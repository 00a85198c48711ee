-- What the Sales API was asked. The API adds rows and sums them up; it changes and removes none.
\set role api
\set secret /run/secrets/sales-api-db-api-password
\i /etc/postgresql/login.sql
\set role grafana_ro
\set secret /run/secrets/sales-api-db-grafana-ro-password
\i /etc/postgresql/login.sql
ALTER ROLE grafana_ro SET default_transaction_read_only = on;
ALTER ROLE grafana_ro SET statement_timeout = '30s';
CREATE ROLE api_owner NOLOGIN;

REVOKE ALL ON DATABASE sales_api_db, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE sales_api_db TO api, grafana_ro;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO api_owner;
GRANT USAGE ON SCHEMA public TO api, grafana_ro;
SET LOCAL ROLE api_owner;

CREATE TABLE api_logs (
    log_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ts          timestamptz NOT NULL,
    method      text NOT NULL,
    path        text NOT NULL,             -- without the query, which may hold an address
    endpoint    text NOT NULL,             -- the path with {id} in the place of numbers
    status      integer NOT NULL,
    duration_ms double precision NOT NULL,
    person      text NOT NULL,             -- who asked, '' where nobody known did
    client      text NOT NULL,             -- from which address
    replica     text NOT NULL
);
CREATE INDEX api_logs_ts ON api_logs (ts);

CREATE TABLE metrics (
    ts            timestamptz NOT NULL,    -- the minute
    endpoint      text NOT NULL,
    request_count bigint NOT NULL,
    error_count   bigint NOT NULL,         -- statuses from 500 on
    avg_ms        double precision NOT NULL,
    p95_ms        double precision NOT NULL,
    PRIMARY KEY (ts, endpoint)
);

-- Calls are kept for 30 days, the figures of their minutes for good.
CREATE FUNCTION forget_old_calls() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ DELETE FROM api_logs WHERE ts < now() - interval '30 days' $$;
REVOKE ALL ON FUNCTION forget_old_calls() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_old_calls() TO api;

GRANT SELECT, INSERT ON api_logs TO api;
GRANT SELECT, INSERT, UPDATE ON metrics TO api;
GRANT SELECT ON api_logs, metrics TO grafana_ro;
RESET ROLE;
