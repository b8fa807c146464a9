"""The inventory handler: "decrements available stock in Aurora and invalidates the affected product's cache entry"."""
