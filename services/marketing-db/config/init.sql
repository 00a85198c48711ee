-- Run once, in marketing_db, when the volume is empty.
\set domain marketing-db
\ir /etc/postgresql/domain-roles.sql
