-- Staging as views, where dbt is asked for them (dbt run --target pg). They are a role's that reads what dashboards read: not what is
-- masked. A function in a view runs with the rights of whoever reads it, so Trino's role, which reads everything, is kept out.
CREATE ROLE stager NOLOGIN;
GRANT grafana_ro TO stager;
ALTER SCHEMA staging OWNER TO owner;
GRANT USAGE, CREATE ON SCHEMA staging TO stager;
GRANT USAGE ON SCHEMA staging TO people_all_rows, api, grafana_ro;

-- What dbt made as Trino's role on a volume of before.
DO $$
DECLARE
    made text;
BEGIN
    FOR made IN
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace = 'staging'::regnamespace AND relkind = 'v' AND relowner = 'trino_rw'::regrole
    LOOP
        EXECUTE format('ALTER VIEW %s OWNER TO stager', made);
        EXECUTE format('ALTER VIEW %s RESET (security_invoker)', made);
        EXECUTE format('REVOKE ALL ON %s FROM trino_rw', made);
    END LOOP;
END $$;

CREATE FUNCTION staging.make_view(name text, query text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '15s' AS $$
DECLARE
    opened refcursor;
BEGIN
    -- A cursor takes one statement, so that no other can hang on that of the view.
    OPEN opened FOR EXECUTE query;
    CLOSE opened;
    EXECUTE format('CREATE OR REPLACE VIEW staging.%I WITH (security_invoker = false) AS %s', name, query);
    EXECUTE format('GRANT SELECT ON staging.%I TO people_all_rows, api, grafana_ro', name);
END $$;
ALTER FUNCTION staging.make_view(text, text) OWNER TO stager;
REVOKE ALL ON FUNCTION staging.make_view(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION staging.make_view(text, text) TO owner;
