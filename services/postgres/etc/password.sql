-- What file :secret says is the password of role :role, and what it said before is not. No password gets into a log: the server
-- writes nothing of this session but what is raised as LOG, and psql prints codes only.
\set VERBOSITY sqlstate
SET log_min_messages = log;
SET log_min_error_statement = panic;
SET log_statement = none;
\set password `cat :'secret'`
SELECT length(:'password') > 0 AS said, to_regrole(quote_ident(:'role')) IS NOT NULL AS there \gset
\if :said
    \if :there
        -- As many iterations as now: a client of this role may refuse fewer.
        SELECT set_config('scram_iterations', coalesce(substring(rolpassword FROM '^SCRAM-SHA-256\$(\d+):'), current_setting('scram_iterations')), false) AS iterations
            FROM pg_authid WHERE rolname = :'role' \gset
        ALTER ROLE :"role" PASSWORD :'password';
    \endif
\endif
