"""The deployed functions, run by the genuine Lambda runtime behind their event source mappings."""
