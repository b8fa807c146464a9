-- Analysts read everything and write nothing; of an external schema USAGE is the right to read its tables.
GRANT USAGE ON SCHEMA lake TO ROLE analysts;

GRANT USAGE ON SCHEMA retail TO ROLE analysts;

GRANT SELECT ON ALL TABLES IN SCHEMA retail TO ROLE analysts;

ALTER DEFAULT PRIVILEGES IN SCHEMA retail GRANT SELECT ON TABLES TO ROLE analysts;
