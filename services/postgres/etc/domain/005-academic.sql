-- Mode academic: every person reads and changes every row of the domain, unmasked. Who is in the role follows from the file of people
-- (people.sql), so the switch back takes all of it away: in this mode, too, nobody is given anything by name, owns or makes a table,
-- changes a rule, or writes down whose regions are whose.
CREATE ROLE people_academic NOLOGIN;
GRANT USAGE ON SCHEMA public TO people_academic;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO people_academic;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO people_academic;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO people_academic;
ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO people_academic;
