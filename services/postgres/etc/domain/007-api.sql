-- The domain's API: what it has carried out, by who asked and the key of the request, so that the same request twice is carried out
-- once. It says in each statement for whom it asks (`api.person`, `api.rows`, `api.unmasked`), and policies go by that; without a
-- word it sees nothing of a table that has them.
CREATE SCHEMA api AUTHORIZATION owner;
GRANT USAGE ON SCHEMA api TO api;
SET LOCAL ROLE owner;
CREATE TABLE api.requests (
    person text NOT NULL,
    key    text NOT NULL,
    mark   text NOT NULL,              -- of what was asked
    answer text,
    at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, key)
);
CREATE INDEX requests_at ON api.requests (at);
GRANT SELECT, INSERT, UPDATE, DELETE ON api.requests TO api;

-- A trigger of the domain's tables: the API keeps pages until it hears of a change.
CREATE FUNCTION api.changed() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('api_changed', TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME);
    RETURN NULL;
END $$;
RESET ROLE;
