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
