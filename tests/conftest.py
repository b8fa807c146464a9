"""What any test may ask for."""

from tests.parts import aws, postgres, shop_cache

__all__ = ["aws", "postgres", "shop_cache"]
