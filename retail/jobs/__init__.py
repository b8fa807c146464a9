"""The Glue job: raw JSON to curated Parquet. Plain Spark; `awsglue` only at the edge, in the script that Glue loads."""
