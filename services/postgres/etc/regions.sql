-- Which region a person may see, as the file of people says, for a domain that filters by it. Run as the owner with what people.sql
-- printed. A pair is written once, when it comes into the file, and goes when it leaves it: what somebody added, changed or
-- removed by hand stays.
SELECT to_regclass('security.user_regions') IS NOT NULL AND :'regions' <> '' AS filtered \gset
\if :filtered
WITH person AS (
    SELECT user_name, regions FROM json_to_recordset(:'regions') AS listed (user_name text, regions text[])
), gone AS (
    DELETE FROM datameesh.listed_regions d
    WHERE CASE WHEN user_name IN (SELECT user_name FROM person)
        THEN NOT EXISTS (SELECT FROM person p WHERE p.user_name = d.user_name AND d.region = ANY (p.regions))
        ELSE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = user_name AND rolcanlogin) END
    RETURNING user_name, region
), taken AS (
    DELETE FROM security.user_regions u USING gone WHERE (u.user_name, u.region) = (gone.user_name, gone.region)
), come AS (
    INSERT INTO datameesh.listed_regions SELECT DISTINCT user_name, region FROM person, unnest(regions) AS region WHERE region <> ''
    ON CONFLICT DO NOTHING RETURNING user_name, region
)
INSERT INTO security.user_regions SELECT user_name, region FROM come ON CONFLICT DO NOTHING;
\endif
