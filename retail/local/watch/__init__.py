"""The page to watch the platform on: the narrative's eight steps as a live picture, at /_platform."""

from retail.local.watch.web import application

__all__ = ["application"]
