-- How a mart comes into `public`, where Trino's role makes nothing itself: make_mart makes an empty table beside the served
-- one, the caller fills it, swap_mart puts it in the old one's place, in one transaction. Both run as the owner, so they take
-- a mart's name and types of PostgreSQL's own, and nothing else.
SET LOCAL ROLE owner;

CREATE OR REPLACE PROCEDURE datameesh.make_mart(mart text, columns json) LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '15s' AS $$
DECLARE
    made text;
    odd text;
BEGIN
    IF mart !~ '^mart_[a-z0-9_]{1,50}$' OR mart LIKE '%\_\_new' THEN
        RAISE EXCEPTION 'no mart can be called %', quote_literal(mart) USING HINT = 'mart_, then small letters, digits, _';
    END IF;
    SELECT string_agg(format('%I %s', name, format_type(to_regtype(type), to_regtypemod(type))), ', ' ORDER BY place),
        string_agg(type, ', ') FILTER (WHERE NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = to_regtype(type)
            AND t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype = 'b'))
    INTO made, odd
    FROM ROWS FROM (json_to_recordset(columns) AS (name text, type text)) WITH ORDINALITY AS listed (name, type, place);
    IF odd IS NOT NULL OR made IS NULL THEN
        RAISE EXCEPTION 'mart % has no columns, or a type that is not PostgreSQL''s own: %', mart, odd;
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS public.%I', mart || '__new');
    EXECUTE format('CREATE TABLE public.%I (%s)', mart || '__new', made);
    EXECUTE format('REVOKE ALL ON public.%I FROM trino_rw, ingest, api, grafana_ro', mart || '__new');
    EXECUTE format('GRANT INSERT ON public.%I TO trino_rw', mart || '__new');
END $$;

CREATE OR REPLACE PROCEDURE datameesh.swap_mart(mart text) LANGUAGE plpgsql SECURITY DEFINER
    -- Behind a long-running reader everybody else would queue as well: give up instead, the old table stays.
    SET search_path = pg_catalog, pg_temp SET lock_timeout = '15s' AS $$
BEGIN
    IF mart !~ '^mart_[a-z0-9_]{1,50}$' OR to_regclass(format('public.%I', mart || '__new')) IS NULL THEN
        RAISE EXCEPTION 'there is no new mart %', quote_literal(mart) USING HINT = 'make it: CALL datameesh.make_mart(...)';
    END IF;
    EXECUTE format('DROP TABLE IF EXISTS public.%I', mart);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', mart || '__new', mart);
    EXECUTE format('REVOKE INSERT ON public.%I FROM trino_rw', mart);
    EXECUTE format('GRANT SELECT ON public.%I TO trino_rw, api, grafana_ro', mart);
    EXECUTE format('ANALYZE public.%I', mart);
END $$;

REVOKE ALL ON PROCEDURE datameesh.make_mart(text, json), datameesh.swap_mart(text) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE datameesh.make_mart(text, json), datameesh.swap_mart(text) TO trino_rw;
RESET ROLE;
