-- People log in as themselves (people.sql makes their roles from the secret <domain>-people) and only read.
--   people            everybody: may connect; reads what a table gives to `people`, and of it the rows that its policy shows
--   people_all_rows   who is in no group `regions`: reads every table of the domain
--   people_unmasked   who is in group `admin`: also what others see masked
--   auditor           nobody: what this role may read is written into the log when anybody reads it (pgaudit)
CREATE ROLE people NOLOGIN;
CREATE ROLE people_all_rows NOLOGIN;
CREATE ROLE people_unmasked NOLOGIN;
CREATE ROLE auditor NOLOGIN;
GRANT CONNECT ON DATABASE :"DBNAME" TO people;
GRANT USAGE ON SCHEMA public TO people;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT ON TABLES TO people_all_rows;

-- PostgreSQL hides the statistics of a table with row security from everybody whom a policy names, and Trino plans with them. So its
-- role, which sees all rows anyway, finds a `pg_stats` of its own first, with the figures that name no value.
CREATE SCHEMA statistics;
CREATE VIEW statistics.pg_stats WITH (security_barrier) AS
    SELECT c.relnamespace::regnamespace::name AS schemaname, c.relname AS tablename, a.attname, s.stainherit AS inherited,
        s.stanullfrac AS null_frac, s.stawidth AS avg_width, s.stadistinct AS n_distinct
    FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = s.staattnum
    WHERE NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT');
GRANT USAGE ON SCHEMA statistics TO trino_rw;
GRANT SELECT ON statistics.pg_stats TO trino_rw;
ALTER ROLE trino_rw IN DATABASE :"DBNAME" SET search_path = statistics, pg_catalog, public;

-- A view asks with its owner's rights, and row security is asked about the owner then. So those of the superuser and of the owner
-- ask with the rights of whoever reads them, but for the owner's in schema `security`, whose purpose it is to show less.
CREATE FUNCTION migrations.views_ask_as_their_reader() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made text;
BEGIN
    FOR made IN
        SELECT c.oid::regclass::text FROM pg_event_trigger_ddl_commands() d JOIN pg_class c ON c.oid = d.objid
        JOIN pg_roles r ON r.oid = c.relowner
        WHERE d.classid = 'pg_class'::regclass AND c.relkind = 'v'
            AND (r.rolsuper OR r.rolname = 'owner' AND c.relnamespace::regnamespace::text <> 'security')
            AND NOT 'security_invoker=true' = ANY (coalesce(c.reloptions, '{}'))
    LOOP
        EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', made);
    END LOOP;
END $$;
CREATE EVENT TRIGGER views_ask_as_their_reader ON ddl_command_end WHEN TAG IN ('CREATE VIEW', 'ALTER VIEW', 'ALTER TABLE', 'CREATE SCHEMA')
    EXECUTE FUNCTION migrations.views_ask_as_their_reader();

-- What is there on a volume of before.
DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN
        SELECT c.oid::regclass::text AS name, relkind FROM pg_class c
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v') AND relowner = 'owner'::regrole
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO people_all_rows', thing.name);
        IF thing.relkind = 'v' THEN
            EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', thing.name);
        END IF;
    END LOOP;
END $$;
