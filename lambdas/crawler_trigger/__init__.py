"""The crawler trigger: "starts the appropriate AWS Glue crawler for the affected prefix", debounced (T178)."""
