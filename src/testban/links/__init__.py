"""Places to bytes: files, folders, globs, SDS archives, FDSN web services and SeedLink servers as sources of recordings. A door."""

from testban.links import fdsnws, seedlink
from testban.links.source import Source, Unit
from testban.links.urls import open_source

__all__ = ["Source", "Unit", "fdsnws", "open_source", "seedlink"]
