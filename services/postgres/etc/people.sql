-- What the secrets of a domain's database say, taken over: the passwords of its roles, and its people. start-postgres runs this as
-- the superuser at the start and when a secret changes. Prints the people's regions, for regions.sql.
-- No password gets into a log: the server writes nothing of this session but what is raised as LOG, and psql prints codes only.
\set VERBOSITY sqlstate
SET log_min_messages = log;
SET log_min_error_statement = panic;
SET log_error_verbosity = terse;
SET pgaudit.log = 'none';
SET search_path = pg_catalog, pg_temp;
SET datameesh.domain = :'domain';

-- /run/secrets/<domain>-<role>-password: what is written there opens the role, and what was there before does not.
DO $$
DECLARE
    secret record;
    password text;
BEGIN
    FOR secret IN
        SELECT file, rolname FROM pg_ls_dir('/run/secrets') AS file
        JOIN pg_roles ON rolname = replace(substring(file FROM '^' || current_setting('datameesh.domain') || '-(.*)-password$'), '-', '_')
        WHERE rolcanlogin AND NOT EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid AND roleid = 'people'::regrole)
    LOOP
        password := rtrim(pg_read_file('/run/secrets/' || secret.file), E'\n');
        IF password = '' THEN
            RAISE LOG 'secret % is empty: role % keeps its password', secret.file, secret.rolname;
        ELSE
            EXECUTE format('ALTER ROLE %I PASSWORD %L', secret.rolname, password);
        END IF;
    END LOOP;
END $$;

SELECT (pg_stat_file('/run/secrets/' || :'domain' || '-people', true)).size IS NOT NULL AS listed \gset
\if :listed
-- A line a person: name, groups, regions, password, with tabs between, and in mode academic the word `everything` as a fifth. A line
-- that is wrong changes nothing for whom it names.
CREATE FUNCTION pg_temp.lines() RETURNS TABLE (place bigint, fields text[]) LANGUAGE sql AS $$
    SELECT place, string_to_array(line, E'\t')
    FROM regexp_split_to_table(pg_read_file('/run/secrets/' || current_setting('datameesh.domain') || '-people'), E'\n')
        WITH ORDINALITY AS written (line, place)
    WHERE line <> ''
$$;

CREATE FUNCTION pg_temp.wrong(fields text[], above text[]) RETURNS text LANGUAGE sql AS $$
    SELECT CASE
        WHEN cardinality(fields) NOT IN (4, 5) THEN format('it has %s fields instead of 4', cardinality(fields))
        WHEN fields[1] !~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$' OR fields[1] ~ '^(pg|group)_' THEN 'nobody can be called that'
        WHEN fields[1] = ANY (above) THEN 'a line above names the same person'
        WHEN fields[2] <> '' AND fields[2] !~ '^[A-Za-z0-9._-]{1,50}(,[A-Za-z0-9._-]{1,50})*$' THEN 'no group can be called that'
        WHEN fields[4] = '' THEN 'it has no password'
        WHEN fields[5] <> 'everything' THEN 'its fifth field is not the word everything'
        WHEN EXISTS (SELECT FROM pg_roles r WHERE rolname = fields[1]
            AND NOT EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid AND roleid = 'people'::regrole))
            THEN 'a role of the server has that name'
    END
$$;

-- Gives a person a login and exactly the roles that the groups mean. Nobody can become one of these roles: who could be
-- `people` instead of a name would be asked for the regions of `people`.
CREATE FUNCTION pg_temp.take(person text, groups text[], password text, everything boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text[] := ARRAY(SELECT 'group_' || name FROM unnest(groups) AS name) || ARRAY['people'];
    other text;
BEGIN
    IF everything THEN
        wanted := wanted || ARRAY['people_academic'];
    END IF;
    IF everything OR 'admin' = ANY (groups) THEN
        wanted := wanted || ARRAY['people_unmasked'];
    END IF;
    IF everything OR 'admin' = ANY (groups) OR NOT 'regions' = ANY (groups) THEN
        wanted := wanted || ARRAY['people_all_rows'];
    END IF;
    IF to_regrole(quote_ident(person)) IS NULL THEN
        EXECUTE format('CREATE ROLE %I', person);
        RAISE LOG 'people: % is made', person;
    END IF;
    PERFORM set_config('scram_iterations', '4096', true);        -- a password that a person chose may be guessed
    EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', person, password);
    FOR other IN SELECT name FROM unnest(wanted) AS name WHERE to_regrole(quote_ident(name)) IS NULL LOOP
        EXECUTE format('CREATE ROLE %I NOLOGIN', other);
    END LOOP;
    FOR other IN SELECT r.rolname FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid
        WHERE member = to_regrole(quote_ident(person)) AND NOT r.rolname = ANY (wanted) LOOP
        EXECUTE format('REVOKE %I FROM %I', other, person);
        RAISE LOG 'people: % is no longer in %', person, other;
    END LOOP;
    FOR other IN SELECT name FROM unnest(wanted) AS name WHERE NOT EXISTS (SELECT FROM pg_auth_members
        WHERE member = to_regrole(quote_ident(person)) AND roleid = to_regrole(quote_ident(name))) LOOP
        EXECUTE format('GRANT %I TO %I WITH INHERIT TRUE, SET FALSE', other, person);
        RAISE LOG 'people: % is in %', person, other;
    END LOOP;
END $$;

DO $$
DECLARE
    line record;
    named text[] := '{}';
    gone text;
    reason text;
BEGIN
    FOR line IN SELECT place, fields FROM pg_temp.lines() LOOP
        CONTINUE WHEN line.fields[1] = current_user;             -- the superuser comes through the socket, without a password
        reason := pg_temp.wrong(line.fields, named);
        IF reason IS NULL THEN
            BEGIN
                PERFORM pg_temp.take(line.fields[1], string_to_array(line.fields[2], ','), line.fields[4],
                    line.fields[5] IS NOT NULL);
            EXCEPTION WHEN OTHERS THEN
                reason := 'error ' || SQLSTATE;
            END;
        END IF;
        IF reason IS NOT NULL THEN
            RAISE LOG 'people: line % is refused: %', line.place, reason;
        END IF;
        named := named || line.fields[1];
    END LOOP;
    FOR gone IN SELECT rolname FROM pg_auth_members JOIN pg_roles r ON r.oid = member
        WHERE roleid = 'people'::regrole AND rolcanlogin AND NOT rolname = ANY (named) LOOP
        BEGIN
            EXECUTE format('DROP ROLE %I', gone);
            RAISE LOG 'people: % is removed', gone;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', gone);
            RAISE LOG 'people: % cannot log in any more; the role stays, for something was granted to it by name', gone;
        END;
    END LOOP;
END $$;

SELECT count(pg_terminate_backend(pid)) AS ended FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = usesysid
WHERE backend_type = 'client backend' AND usesysid IS NOT NULL AND r.rolcanlogin IS NOT TRUE \gset

SELECT coalesce(json_agg(json_build_object('user_name', fields[1], 'regions', string_to_array(fields[3], ','))), '[]')
FROM pg_temp.lines() JOIN pg_roles ON rolname = fields[1] AND cardinality(fields) IN (4, 5)
WHERE EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid AND roleid = 'people'::regrole);
\endif
