-- Who may see which rows and columns of the sales domain. `security.user_regions` says which person sees which region: a new row
-- there works at the next query, here and through Trino.
CREATE SCHEMA security AUTHORIZATION owner;
GRANT USAGE ON SCHEMA security TO people, trino_rw;
SET LOCAL ROLE owner;

CREATE TABLE security.user_regions (user_name text NOT NULL, region text NOT NULL, PRIMARY KEY (user_name, region));
ALTER TABLE security.user_regions ENABLE ROW LEVEL SECURITY;
CREATE POLICY trino ON security.user_regions FOR SELECT TO trino_rw USING (true);
CREATE POLICY people_own ON security.user_regions FOR SELECT TO people USING (user_name = current_user);
GRANT SELECT ON security.user_regions TO people, trino_rw;
-- What of it came from the file of people.
CREATE TABLE datameesh.listed_regions (user_name text NOT NULL, region text NOT NULL, PRIMARY KEY (user_name, region));

-- Puts rules on those of the domain's tables that are there: the load calls it when it has made them (seed/sales/schema.sql).
-- Whoever no policy names sees no row. The programs see all: Trino filters for people itself, the API and dashboards serve
-- everybody alike, and the owner keeps customers.revenue in a trigger. `dm seed` puts FORCE aside for its COPY.
CREATE PROCEDURE security.guard() LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
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
        EXECUTE format('CREATE POLICY programs ON %I TO owner, trino_rw, ingest, api, grafana_ro USING (true)', guarded);
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
    END IF;
END $$;
CALL security.guard();
RESET ROLE;
