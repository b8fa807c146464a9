"""The notification function: "publishes to the SNS order notifications topic", which fans out."""
