-- Nobody over the network is a superuser: `owner` owns the domain's tables and loads them, `admin` comes through the local
-- socket only (pg_hba.conf), and no other role makes anything in `public`, where the owner's names are looked up.
-- On a volume of an older image everything in here belonged to admin, and trino_rw could make tables.
\set role owner
\set secret /run/secrets/:domain-owner-password
\ir ../login.sql
GRANT pg_use_reserved_connections TO owner;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO owner;
GRANT USAGE, CREATE ON SCHEMA public TO owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC, trino_rw;

CREATE SCHEMA IF NOT EXISTS datameesh;
ALTER SCHEMA datameesh OWNER TO owner;
REVOKE ALL ON SCHEMA datameesh FROM PUBLIC, trino_rw, ingest, api, grafana_ro;
GRANT USAGE ON SCHEMA datameesh TO trino_rw;

DO $$
DECLARE thing record;
BEGIN
    -- What admin made: tables, views, sequences of their own, functions, types.
    FOR thing IN
        SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
            c.oid::regclass::text AS name
        FROM pg_class c WHERE relnamespace IN ('public'::regnamespace, 'datameesh'::regnamespace)
            AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relowner = current_user::regrole
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i', 'e'))
        UNION ALL
        SELECT 'ROUTINE', p.oid::regprocedure::text
        FROM pg_proc p WHERE pronamespace IN ('public'::regnamespace, 'datameesh'::regnamespace) AND proowner = current_user::regrole
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
        UNION ALL
        SELECT 'TYPE', t.oid::regtype::text
        FROM pg_type t WHERE typnamespace IN ('public'::regnamespace, 'datameesh'::regnamespace) AND typowner = current_user::regrole
            AND typtype IN ('d', 'e')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e')
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO owner', thing.kind, thing.name);
    END LOOP;
    -- The marts that dbt served as trino_rw, if nothing of trino_rw's hangs on them that would run for whoever reads them.
    FOR thing IN
        SELECT oid::regclass::text AS name FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relowner = 'trino_rw'::regrole AND relname LIKE 'mart\_%'
            AND NOT (relhasindex OR relhasrules OR relhastriggers OR relhassubclass OR relrowsecurity) AND relchecks = 0
            AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                            WHERE a.attrelid = c.oid AND a.attnum > 0 AND (a.atthasdef OR t.typnamespace <> 'pg_catalog'::regnamespace))
    LOOP
        EXECUTE format('ALTER TABLE %s OWNER TO owner', thing.name);
        EXECUTE format('REVOKE ALL ON %s FROM trino_rw', thing.name);
        EXECUTE format('GRANT SELECT ON %s TO trino_rw', thing.name);
    END LOOP;
    -- A function or operator of somebody else's may be meant for the owner's next statement: nobody finds it here.
    CREATE SCHEMA set_aside;
    FOR thing IN
        SELECT 'ROUTINE' AS kind, p.oid::regprocedure::text AS name FROM pg_proc p
        WHERE pronamespace = 'public'::regnamespace AND proowner NOT IN (current_user::regrole, 'owner'::regrole)
        UNION ALL
        SELECT 'OPERATOR', o.oid::regoperator::text FROM pg_operator o
        WHERE oprnamespace = 'public'::regnamespace AND oprowner NOT IN (current_user::regrole, 'owner'::regrole)
    LOOP
        RAISE WARNING '% % in schema public is not the owner''s: it is in schema set_aside now', thing.kind, thing.name;
        EXECUTE format('ALTER %s %s SET SCHEMA set_aside', thing.kind, thing.name);
    END LOOP;
    IF NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = 'set_aside'::regnamespace) THEN
        DROP SCHEMA set_aside;
    END IF;
END $$;

-- Rights on tables come with the table, in `public` only: what dm writes down for itself (schema datameesh) is nobody's to change.
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM trino_rw, ingest, api, grafana_ro;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM trino_rw, ingest, api;
ALTER DEFAULT PRIVILEGES FOR ROLE trino_rw REVOKE ALL ON TABLES FROM api, grafana_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE owner REVOKE EXECUTE ON ROUTINES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO trino_rw;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO api;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT INSERT ON TABLES TO ingest;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON TABLES TO grafana_ro;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO trino_rw, api, ingest;

REVOKE ALL ON ALL TABLES IN SCHEMA datameesh FROM PUBLIC, trino_rw, ingest, api, grafana_ro;
GRANT SELECT ON ALL TABLES IN SCHEMA datameesh TO trino_rw;
