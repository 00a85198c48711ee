-- Other services have databases on this server: none of their roles comes into this one.
REVOKE ALL ON DATABASE :"DBNAME", postgres, template1 FROM PUBLIC;
