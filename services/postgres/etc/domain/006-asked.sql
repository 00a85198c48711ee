-- What is asked for by a row. A statement that somebody hands to the database through Trino runs as Trino's role, which reads what is
-- masked for whoever asks, so only an administrator may; whoever builds models writes a row into `asked`, and that is done. None is kept.
SET LOCAL ROLE owner;

CREATE TABLE datameesh.asked (what text NOT NULL, name text NOT NULL, said text NOT NULL);

CREATE FUNCTION datameesh.do_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE NEW.what
        WHEN 'make mart' THEN CALL datameesh.make_mart(NEW.name, NEW.said::json);
        WHEN 'swap mart' THEN CALL datameesh.swap_mart(NEW.name);
        WHEN 'make view' THEN PERFORM staging.make_view(NEW.name, NEW.said);
        ELSE RAISE EXCEPTION 'nobody here can %', quote_literal(NEW.what) USING HINT = 'make mart, swap mart, make view';
    END CASE;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION datameesh.do_asked() FROM PUBLIC;
CREATE TRIGGER do_asked BEFORE INSERT ON datameesh.asked FOR EACH ROW EXECUTE FUNCTION datameesh.do_asked();
GRANT SELECT, INSERT ON datameesh.asked TO trino_rw;
RESET ROLE;
