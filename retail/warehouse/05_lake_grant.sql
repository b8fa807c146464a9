-- Analysts read the lake: of an external schema USAGE is the right to read its tables. Alone in its file, as Redshift
-- grants nothing on what is external within a transaction.
GRANT USAGE ON SCHEMA lake TO ROLE analysts;
