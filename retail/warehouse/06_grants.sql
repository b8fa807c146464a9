-- Analysts read everything and write nothing.
GRANT USAGE ON SCHEMA retail TO ROLE analysts;

GRANT SELECT ON ALL TABLES IN SCHEMA retail TO ROLE analysts;

ALTER DEFAULT PRIVILEGES IN SCHEMA retail GRANT SELECT ON TABLES TO ROLE analysts;
