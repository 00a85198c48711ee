-- What is there?
SHOW CATALOGS;
SHOW SCHEMAS FROM sales;
SHOW TABLES FROM sales.public;
SHOW TABLES FROM marketing.public
