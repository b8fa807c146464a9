"""The shop's first stock: its categories and products, and the pictures of them, which are drawn and not stored."""
