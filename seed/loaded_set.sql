-- What is loaded, one row per table, in each domain's database: dbt takes its freshness from it, checks their applicability.
-- `content` is a digest of everything the rows follow from; the two domains agree when their digests do.
CREATE SCHEMA IF NOT EXISTS datameesh;
GRANT USAGE ON SCHEMA datameesh TO PUBLIC;
CREATE TABLE IF NOT EXISTS datameesh.loaded_set (
    set_name   text NOT NULL,
    table_name text PRIMARY KEY,
    row_count  bigint NOT NULL,
    loaded_at  timestamptz NOT NULL DEFAULT now(),
    scale      integer NOT NULL DEFAULT 1,
    content    text NOT NULL
);
