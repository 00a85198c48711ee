-- The API asks for a person, whom it names in each statement (`api.person`, `api.rows`, `api.unmasked`): policies give it that person's
-- rows, and without a name none. Otherwise as sales-db-002-security.sql, whose procedure this replaces.
GRANT USAGE ON SCHEMA security TO api;
-- The views of staging show the rows of everybody.
REVOKE USAGE ON SCHEMA staging FROM api;
SET LOCAL ROLE owner;
CREATE POLICY api_asks_for ON security.user_regions FOR SELECT TO api USING (user_name = current_setting('api.person', true));
GRANT SELECT ON security.user_regions TO api;

CREATE OR REPLACE PROCEDURE security.guard() LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    guarded text;
BEGIN
    FOR guarded IN
        SELECT relname FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attname = 'region'
        WHERE relnamespace = 'public'::regnamespace AND relname IN ('customers', 'orders') AND relowner = 'owner'::regrole
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS programs ON %I', guarded);
        EXECUTE format('DROP POLICY IF EXISTS people_in_no_region ON %I', guarded);
        EXECUTE format('DROP POLICY IF EXISTS people_of_the_region ON %I', guarded);
        EXECUTE format('DROP POLICY IF EXISTS people_in_mode_academic ON %I', guarded);
        EXECUTE format('DROP POLICY IF EXISTS api_reads ON %I', guarded);
        EXECUTE format('DROP POLICY IF EXISTS api_adds ON %I', guarded);
        EXECUTE format('CREATE POLICY programs ON %I TO owner, trino_rw, ingest, grafana_ro USING (true)', guarded);
        EXECUTE format('CREATE POLICY api_reads ON %I FOR SELECT TO api USING (current_setting(''api.rows'', true) = ''all'' OR '
            'region IN (SELECT r.region FROM security.user_regions r WHERE r.user_name = current_setting(''api.person'', true)))', guarded);
        EXECUTE format('CREATE POLICY api_adds ON %I FOR INSERT TO api WITH CHECK (current_setting(''api.rows'', true) = ''all'')', guarded);
        EXECUTE format('CREATE POLICY people_in_no_region ON %I FOR SELECT TO people_all_rows USING (true)', guarded);
        EXECUTE format('CREATE POLICY people_of_the_region ON %I FOR SELECT TO people '
            'USING (region IN (SELECT r.region FROM security.user_regions r WHERE r.user_name = current_user))', guarded);
        EXECUTE format('CREATE POLICY people_in_mode_academic ON %I TO people_academic USING (true)', guarded);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', guarded);
        EXECUTE format('GRANT SELECT ON %I TO people', guarded);
    END LOOP;

    IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('customer_pii') AND relowner = 'owner'::regrole) THEN
        REVOKE ALL ON customer_pii FROM people, people_all_rows;
        GRANT SELECT ON customer_pii TO people_unmasked, auditor;
        -- With the owner's rights, so that nobody needs any on the table itself; the rows are filtered as those of customers.
        CREATE OR REPLACE VIEW security.customer_pii WITH (security_barrier) AS
            SELECT p.customer_id, left(p.email, 2) || '***' || coalesce(substring(p.email FROM '@.*'), '') AS email,
                '***-**-' || right(p.ssn, 4) AS ssn, '***-' || right(p.phone, 4) AS phone
            FROM public.customer_pii p JOIN public.customers c USING (customer_id)
            WHERE pg_has_role('people_all_rows', 'MEMBER')
                OR c.region IN (SELECT r.region FROM security.user_regions r WHERE r.user_name = current_user);
        GRANT SELECT ON security.customer_pii TO people;
        CREATE OR REPLACE VIEW security.api_customer_pii WITH (security_barrier) AS
            SELECT p.customer_id,
                CASE WHEN unmasked THEN p.email ELSE left(p.email, 2) || '***' || coalesce(substring(p.email FROM '@.*'), '') END AS email,
                CASE WHEN unmasked THEN p.ssn ELSE '***-**-' || right(p.ssn, 4) END AS ssn,
                CASE WHEN unmasked THEN p.phone ELSE '***-' || right(p.phone, 4) END AS phone
            FROM public.customer_pii p, (SELECT current_setting('api.unmasked', true) = 'yes' AS unmasked) asked
            WHERE current_setting('api.rows', true) = 'all';
        GRANT SELECT ON security.api_customer_pii TO api;
    END IF;
END $$;
CALL security.guard();
RESET ROLE;
