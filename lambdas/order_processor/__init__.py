"""The order processor: "writes the order to Aurora, and archives the event payload to the S3 data lake"."""
