"""Places to bytes: files, folders, globs, SDS archives and FDSN web services as sources of recordings. A door."""

from testban.links import fdsnws
from testban.links.source import Source, Unit
from testban.links.urls import open_source

__all__ = ["Source", "Unit", "fdsnws", "open_source"]
