-- The metastore logs in as a role of its own, which owns the tables and is no superuser. The database itself and the notes of the
-- migrations stay the superuser's: a database's owner says where the superuser's statements look names up.
-- From here on `public` is another's: the superuser reads nothing in it, and what a migration calls says its schema.
\set role metastore
\set secret /run/secrets/metastore-db-password
\i /etc/postgresql/login.sql
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO metastore;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO metastore;
DO $$
DECLARE thing record;
BEGIN
    FOR thing IN
        SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
            c.oid::regclass::text AS name
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype IN ('a', 'i', 'e'))
        UNION ALL
        SELECT 'ROUTINE', p.oid::regprocedure::text
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
        UNION ALL
        SELECT 'TYPE', t.oid::regtype::text
        FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')
            AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e')
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO metastore', thing.kind, thing.name);
    END LOOP;
END
$$;
