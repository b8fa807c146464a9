-- The lake's tables as the Glue catalog has them, read in place by the namespace's own role.
CREATE EXTERNAL SCHEMA IF NOT EXISTS lake
FROM DATA CATALOG
DATABASE '${catalog}'
IAM_ROLE default;
