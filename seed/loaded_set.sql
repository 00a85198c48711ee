-- What is loaded, one row per table, in each domain's database: dbt takes its freshness from it, checks their applicability.
-- `content` is a digest of everything the rows follow from; the two domains agree when their digests do. `checksum` is one of
-- the rows themselves, as they were when the load ended: whoever changes them later is not overwritten without being asked.
-- The schema comes with the database (services/postgres). Only Trino's role reads here, for dbt; nobody but the owner writes.
CREATE TABLE IF NOT EXISTS datameesh.loaded_set (
    set_name   text NOT NULL,
    table_name text PRIMARY KEY,
    row_count  bigint NOT NULL,
    loaded_at  timestamptz NOT NULL DEFAULT now(),
    scale      integer NOT NULL DEFAULT 1,
    content    text NOT NULL
);
ALTER TABLE datameesh.loaded_set ADD COLUMN IF NOT EXISTS checksum text;
GRANT SELECT ON datameesh.loaded_set TO trino_rw;
